"""What a role lets keys do, and how several roles and a key's own limits go together.

The most generous role counts: endpoints add up, a field is hidden only when all roles hide it, and of two
quotas the larger one holds. A user without a role is not limited here; without capabilities they see nothing
anyway. A key may narrow endpoints and hide more; its own rates and quotas stand in place of its roles'.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from tillroll.access.capabilities import ENDPOINTS

Run = Callable[[str, Sequence[Any]], list[tuple[Any, ...]]]
"""Runs one SELECT and gives its rows."""


class Policy(msgspec.Struct, frozen=True):
    """`endpoints` are those allowed, None for all; `hidden` the kinds of data that come out empty; the
    rates are requests in a minute, a day and a month, None without a limit."""

    endpoints: frozenset[str] | None = None
    hidden: frozenset[str] = frozenset()
    minute: int | None = None
    day: int | None = None
    month: int | None = None

    @property
    def is_open(self) -> bool:
        return self == OPEN

    @property
    def has_limits(self) -> bool:
        return not (self.minute is None and self.day is None and self.month is None)

    def list_endpoints(self) -> list[str]:
        return [name for name in ENDPOINTS if self.endpoints is None or name in self.endpoints]


OPEN = Policy()
"""Neither narrowed nor limited."""


@lru_cache(maxsize=1024)
def make_policy(
    endpoints: str, hidden: str, minute: int | None, day: int | None, month: int | None
) -> Policy:
    """A policy from a record's columns."""
    return Policy(
        frozenset(endpoints.split()) if endpoints.strip() else None,
        frozenset(hidden.split()),
        minute,
        day,
        month,
    )


def join_roles(policies: Iterable[Policy]) -> Policy:
    """What several roles allow together."""
    joined: Policy | None = None
    for one in policies:
        joined = one if joined is None else _join(joined, one)
    return joined or OPEN


def join_held(roles: Mapping[str, Policy], role_slugs: str) -> Policy:
    """What the roles of a user allow together, by their names one a line, as a user keeps them."""
    return join_roles(roles[slug] for slug in role_slugs.split("\n") if slug in roles)


def _join(one: Policy, other: Policy) -> Policy:
    return Policy(
        None if one.endpoints is None or other.endpoints is None else one.endpoints | other.endpoints,
        one.hidden & other.hidden,
        *(
            None if mine is None or theirs is None else max(mine, theirs)
            for mine, theirs in ((one.minute, other.minute), (one.day, other.day), (one.month, other.month))
        ),
    )


def narrow(roles: Policy, key: Policy) -> Policy:
    """What a key with limits of its own may do, under the roles of its holder."""
    if key.endpoints is None:
        endpoints = roles.endpoints
    else:
        endpoints = key.endpoints if roles.endpoints is None else roles.endpoints & key.endpoints
    return Policy(
        endpoints,
        roles.hidden | key.hidden,
        roles.minute if key.minute is None else key.minute,
        roles.day if key.day is None else key.day,
        roles.month if key.month is None else key.month,
    )


LIST_ROLES = "SELECT slug, endpoints, hidden_fields, rate_minute, quota_day, quota_month FROM access_role"

_kept: dict[object, dict[str, Policy]] = {}


def list_role_policies(run: Run, revision: object) -> dict[str, Policy]:
    """Each role's policy by its slug, read once for each revision of access (None: not kept)."""
    roles = _kept.get(revision)
    if roles is None:
        roles = {slug: make_policy(*columns) for slug, *columns in run(LIST_ROLES, ())}
        if revision:
            _kept.clear()
            _kept[revision] = roles
    return roles


def forget() -> None:
    """Drops what is kept: for a store that was exchanged under a running process."""
    _kept.clear()
