"""Secrets that have to be read again, such as that of an authenticator app: closed with Fernet (AES and HMAC)
under a key made of the pepper, so that a copy of the database alone opens none of them.

Each names its pepper, as digests do: old peppers go on opening what they closed.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from tillroll.access.digests import find_pepper, pepper_id


class SealBroken(Exception):
    """What is kept does not open: its pepper is lost, or it was changed."""


def seal(secret: bytes) -> str:
    """What is kept of a secret."""
    return f"{pepper_id()}:{_make_fernet(settings.KEY_PEPPER).encrypt(secret).decode()}"


def unseal(kept: str) -> bytes:
    """The secret again; SealBroken where it does not open."""
    name, _, closed = kept.partition(":")
    pepper = find_pepper(name)
    if pepper is None:
        raise SealBroken(f"The pepper {name} is lost.")
    try:
        return _make_fernet(pepper).decrypt(closed.encode())
    except InvalidToken as error:
        raise SealBroken("What is kept was changed.") from error


def is_current(kept: str) -> bool:
    """Whether the pepper in force closed it."""
    return kept.startswith(f"{pepper_id()}:")


def _make_fernet(pepper: str) -> Fernet:
    key = hmac.digest(pepper.encode(), b"tillroll sealing", hashlib.sha256)
    return Fernet(base64.urlsafe_b64encode(key))
