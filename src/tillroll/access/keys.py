"""Key and token in, caller out; and how a pair is made.

A token is md5(secret + public key), as EDD's clients send it. What is kept is its HMAC-SHA256 under the
pepper, so that neither a stolen database nor a log opens the API.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.db import connection

Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs one SELECT and gives its rows."""

FIND_KEY = """
SELECT k.id, k.token_digest, k.label, u.wire_id, u.login, u.capabilities,
       CASE WHEN k.revoked_at IS NULL AND u.is_active THEN 1 ELSE 0 END
FROM access_apikey k JOIN access_user u ON u.wire_id = k.user_id WHERE k.public_key = %s
"""


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and what they may do. `capabilities` decide what is fetched."""

    user_id: int
    user_name: str
    key_id: int | None
    key_label: str
    capabilities: frozenset[str]

    def can(self, capability: str) -> bool:
        return capability in self.capabilities


PUBLIC = Caller(0, "", None, "", frozenset())
"""Somebody without a key: public products and nothing else."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A fresh pair, to be shown once."""

    public_key: str
    token: str


class UnknownKey(Exception):
    """No key of that name is in force."""


class WrongToken(Exception):
    """The key is known; the token is not its own."""

    def __init__(self, caller: Caller) -> None:
        super().__init__("The token does not belong to the key.")
        self.caller = caller


def pepper_id() -> str:
    """The name of the pepper in force, which every digest carries."""
    return hashlib.sha256(settings.KEY_PEPPER.encode()).hexdigest()[:8]


def make_token(secret: str, public_key: str) -> str:
    """The token that EDD's clients send for a secret and its public key ([3.6] 2.1)."""
    return hashlib.md5((secret + public_key).encode(), usedforsecurity=False).hexdigest()


def digest_token(token: str) -> str:
    """What is kept of a token."""
    return hmac.digest(settings.KEY_PEPPER.encode(), token.encode("utf-8", "replace"), "sha256").hex()


def make_pair() -> Pair:
    """A public key of EDD's form (32 hex) with its token; the secret is forgotten at once."""
    public_key = secrets.token_hex(16)
    return Pair(public_key, make_token(secrets.token_hex(16), public_key))


def _run_alone(query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())


def find_caller(public_key: str, token: str, run: Run = _run_alone) -> Caller:
    """The holder of a key in force whose token is right; compares in constant time.

    Raises UnknownKey, or WrongToken, which names the key's holder for the log.
    """
    found = _find(public_key, run)
    if found is None or not found.is_in_force:
        raise UnknownKey
    caller, digest, _ = found
    if not hmac.compare_digest(digest, digest_token(token)):
        raise WrongToken(caller)
    return caller


def find_holder(public_key: str) -> Caller | None:
    """The holder of a key, whatever the token, also of one that was revoked: for the log alone, which is to
    tell who still tries."""
    found = _find(public_key, _run_alone)
    return found.caller if found else None


class _Found(NamedTuple):
    caller: Caller
    digest: str
    is_in_force: bool


def _find(public_key: str, run: Run) -> _Found | None:
    rows = run(FIND_KEY, (public_key,))
    if not rows:
        return None
    key_id, digest, label, user_id, login, capabilities, is_in_force = rows[0]
    caller = Caller(user_id, login, key_id, label, _read_capabilities(capabilities))
    return _Found(caller, digest, bool(is_in_force))


@lru_cache(maxsize=256)
def _read_capabilities(text: str) -> frozenset[str]:
    """A set of capabilities from its text; a shop has a handful of different ones."""
    return frozenset(text.split())
