"""How secrets are made and what is kept of them: a keyed digest, HMAC-SHA256 under a pepper.

A token is md5(secret + public key), as EDD's clients send it. A bearer secret is our own: a prefix that
scanners of leaked secrets know, the public key, the secret itself and a checksum. The pepper can be changed:
each digest names its own, old peppers go on opening old digests, and a digest is renewed when its secret is
next seen.
"""

import hashlib
import hmac
import re
import secrets
import string
import zlib
from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings

BEARER_PREFIX = "tillroll_"
_LETTERS = string.digits + string.ascii_letters
_SECRET_LENGTH = 40
"""Letters and digits of a bearer secret: 238 bits, so that a plain keyed hash is enough."""
_CHECKSUM_LENGTH = 6
_BEARER = re.compile(
    rf"{BEARER_PREFIX}([A-Za-z0-9]{{1,64}})_([A-Za-z0-9]{{{_SECRET_LENGTH}}})([A-Za-z0-9]{{{_CHECKSUM_LENGTH}}})"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """What a fresh key is used with, to be shown once; no repr holds a secret."""

    public_key: str
    token: str = field(repr=False)
    bearer: str = field(default="", repr=False)


def pepper_id(pepper: str | None = None) -> str:
    """The name of a pepper (without one: of the pepper in force), which every digest carries."""
    return _name_pepper(pepper or settings.KEY_PEPPER)


@lru_cache(maxsize=16)
def _name_pepper(pepper: str) -> str:
    return hashlib.sha256(pepper.encode()).hexdigest()[:8]


def find_pepper(name: str) -> str | None:
    """The pepper of a name, in force or an old one; None when it is lost."""
    for pepper in (settings.KEY_PEPPER, *settings.OLD_KEY_PEPPERS):
        if _name_pepper(pepper) == name:
            return str(pepper)
    return None


def list_pepper_ids() -> frozenset[str]:
    """The names of the pepper in force and of the old ones."""
    return frozenset(map(_name_pepper, (settings.KEY_PEPPER, *settings.OLD_KEY_PEPPERS)))


def make_token(secret: str, public_key: str) -> str:
    """The token that EDD's clients send for a secret and its public key ([3.6] 2.1)."""
    return hashlib.md5((secret + public_key).encode(), usedforsecurity=False).hexdigest()


def digest_token(token: str, pepper: str | None = None) -> str:
    """What is kept of a token or a bearer secret."""
    key = (pepper or settings.KEY_PEPPER).encode()
    return hmac.digest(key, token.encode("utf-8", "replace"), "sha256").hex()


def make_pair() -> Pair:
    """A public key of EDD's form (32 hex) with its token and bearer secret; EDD's secret is forgotten."""
    public_key = secrets.token_hex(16)
    token = make_token(secrets.token_hex(16), public_key)
    return Pair(public_key, token, make_bearer(public_key))


def make_bearer(public_key: str) -> str:
    """A fresh bearer secret of a key, such as tillroll_0123…_Ab3…: a checksum ends it."""
    secret = "".join(secrets.choice(_LETTERS) for _ in range(_SECRET_LENGTH))
    body = f"{BEARER_PREFIX}{public_key}_{secret}"
    return body + _get_checksum(body)


def read_bearer(text: str) -> str | None:
    """The public key that a bearer secret is of; None for what is no such secret, or was mistyped."""
    found = _BEARER.fullmatch(text)
    if found is None or _get_checksum(text[:-_CHECKSUM_LENGTH]) != found[3]:
        return None
    return found[1]


def _get_checksum(body: str) -> str:
    """CRC-32 in base 62, as the secrets of other services end."""
    rest, written = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_LENGTH):
        rest, digit = divmod(rest, len(_LETTERS))
        written = _LETTERS[digit] + written
    return written
