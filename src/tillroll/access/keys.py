"""Key and secret in, caller out.

What a key is and may do is read once for each revision of access and then kept by the worker, so that a key
that was changed or revoked counts as it is now from the next request on.
"""

import hmac
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from django.utils import timezone

from tillroll.access.addresses import is_in_networks
from tillroll.access.digests import digest_token, find_pepper, pepper_id
from tillroll.access.policy import OPEN, Policy, Run, join_held, list_role_policies, make_policy, narrow
from tillroll.shop import statements
from tillroll.shop.moments import read_time

FIND_KEY = """
SELECT k.id, k.token_digest, k.pepper_id, k.bearer_digest, k.bearer_pepper_id, k.label, k.expires_at,
       k.networks, k.customer_id, k.meter_id, k.source_id, k.endpoints, k.hidden_fields, k.rate_minute,
       k.quota_day, k.quota_month, u.wire_id, u.login, u.capabilities, u.role_slugs,
       CASE WHEN k.revoked_at IS NULL AND u.is_active THEN 1 ELSE 0 END
FROM access_apikey k JOIN access_user u ON u.wire_id = k.user_id WHERE k.public_key = %s
"""


class SecretKind(StrEnum):
    """What a client sends beside the public key."""

    TOKEN = "token"  # noqa: S105 (a name)
    BEARER = "bearer"


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and their whole view: `capabilities` and `policy` decide what is fetched, `customer_id`
    makes it that customer's own records alone. `meter` is the id under which the requests are counted."""

    user_id: int
    user_name: str
    key_id: int | None
    key_label: str
    capabilities: frozenset[str]
    policy: Policy = OPEN
    customer_id: int | None = None
    meter: int = 0
    is_imported: bool = False

    def can(self, capability: str) -> bool:
        return capability in self.capabilities

    def may_ask(self, endpoint: str) -> bool:
        return self.policy.endpoints is None or endpoint in self.policy.endpoints

    def hides(self, kind: str) -> bool:
        return kind in self.policy.hidden


PUBLIC = Caller(0, "", None, "", frozenset())
"""Somebody without a key: public products and nothing else."""


class Found(NamedTuple):
    """A caller, whether the digest that let them in was made under an old pepper, and when their key ends."""

    caller: Caller
    is_outdated: bool = False
    expires_at: datetime | None = None


class UnknownKey(Exception):
    """No key of that name is in force."""


class KeyRefused(Exception):
    """The key is known, but not this way: names its holder for the log."""

    def __init__(self, caller: Caller) -> None:
        super().__init__(type(self).__doc__)
        self.caller = caller


class WrongToken(KeyRefused):
    """The token or bearer secret does not belong to the key."""


class WrongAddress(KeyRefused):
    """The key may not be used from that address."""


class Digest(msgspec.Struct, frozen=True):
    """What is kept of a secret, and the pepper that it was made under: None where that is lost."""

    digest: str
    pepper: str | None
    is_outdated: bool

    def fits(self, secret: str) -> bool:
        """Compares in constant time."""
        if not self.digest or self.pepper is None:
            return False
        return hmac.compare_digest(self.digest, digest_token(secret, self.pepper))


class Key(msgspec.Struct, frozen=True):
    """A key as the store has it, with a digest for each kind of secret."""

    caller: Caller
    token: Digest
    bearer: Digest
    networks: tuple[str, ...]
    expires_at: datetime | None
    is_in_force: bool


def find_caller(
    public_key: str,
    secret: str,
    run: Run = statements.run,
    *,
    now: datetime | None = None,
    revision: object = None,
    kind: SecretKind = SecretKind.TOKEN,
    address: str = "",
) -> Found:
    """The holder of a key in force whose secret is right; compares in constant time.

    Raises UnknownKey, WrongToken or WrongAddress; the latter two name the key's holder for the log.
    """
    key = find_key(public_key, run, revision)
    if key is None or not key.is_in_force or _is_over(key, now or timezone.now()):
        raise UnknownKey
    digest = key.token if kind is SecretKind.TOKEN else key.bearer
    if not digest.fits(secret):
        raise WrongToken(key.caller)
    if key.networks and not is_in_networks(address, key.networks):
        raise WrongAddress(key.caller)
    return Found(key.caller, digest.is_outdated, key.expires_at)


def _is_over(key: Key, now: datetime) -> bool:
    return key.expires_at is not None and key.expires_at <= now


class _Kept:
    """Keys under one revision of access. A request that still reads an older one fills its own."""

    def __init__(self, revision: object) -> None:
        self.revision = revision
        self.keys: dict[str, Key] = {}


_kept = _Kept(None)

MOST_KEPT = 2_000
"""Keys that a worker keeps: about a megabyte."""


def find_key(public_key: str, run: Run = statements.run, revision: object = None) -> Key | None:
    """The key of a name, in force or not; kept for one revision of access, of one store (None: read anew)."""
    global _kept
    kept = _kept
    if revision and kept.revision != revision:
        kept = _kept = _Kept(revision)
    if revision and (key := kept.keys.get(public_key)) is not None:
        return key
    rows = run(FIND_KEY, (public_key,))
    if not rows:
        return None
    key = _make_key(rows[0], list_role_policies(run, revision))
    if revision and len(kept.keys) < MOST_KEPT:
        kept.keys[public_key] = key
    return key


def _make_key(row: tuple[Any, ...], roles: dict[str, Policy]) -> Key:
    (
        key_id,
        token_digest,
        token_pepper,
        bearer_digest,
        bearer_pepper,
        label,
        expires_at,
        networks,
        customer_id,
        meter_id,
        source_id,
        *limits,
        user_id,
        login,
        capabilities,
        role_slugs,
        is_in_force,
    ) = row
    caller = Caller(
        user_id,
        login,
        key_id,
        label,
        frozenset() if customer_id is not None else _read_capabilities(capabilities),
        narrow(join_held(roles, role_slugs), make_policy(*limits)),
        customer_id,
        meter_id or key_id,
        source_id is not None,
    )
    return Key(
        caller,
        _make_digest(token_digest, token_pepper),
        _make_digest(bearer_digest, bearer_pepper),
        tuple(networks.split()),
        read_time(expires_at) if expires_at is not None else None,
        bool(is_in_force),
    )


def _make_digest(digest: str, pepper: str) -> Digest:
    return Digest(digest, find_pepper(pepper), pepper != pepper_id())


@lru_cache(maxsize=256)
def _read_capabilities(text: str) -> frozenset[str]:
    """A set of capabilities from its text; a shop has a handful of different ones."""
    return frozenset(text.split())


def forget() -> None:
    """Drops what is kept: for a store that was exchanged under a running process."""
    global _kept
    _kept = _Kept(0)
