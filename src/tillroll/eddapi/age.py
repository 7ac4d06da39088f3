"""How old a mirrored shop's records are: each of its answers says so, until they are too old to be given."""

from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple

from tillroll.eddapi.errors import Unavailable
from tillroll.eddapi.reading import Run
from tillroll.eddapi.shop import Shop
from tillroll.shop.moments import read_time

LONGEST = 1.0
"""Seconds for which the time of the last good round is taken for known."""

HEADER, ROUND_HEADER = "X-Tillroll-Mirror-Age", "X-Tillroll-Mirror-Round"


class Age(NamedTuple):
    """Whole seconds since the last good round began, and that moment."""

    seconds: int
    good_at: datetime

    @property
    def headers(self) -> list[tuple[str, str]]:
        return [(HEADER, str(self.seconds)), (ROUND_HEADER, self.round)]

    @property
    def round(self) -> str:
        return f"{self.good_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class _Known(NamedTuple):
    every: float | None
    good_at: datetime | None
    until: float


_known = _Known(None, None, 0.0)


def find_age(run: Run, shop: Shop, now: datetime) -> Age | None:
    """The age of the records; None for a shop that follows no other."""
    global _known
    if shop.mirrored_every is None:
        return None
    known = _known
    if known.every != shop.mirrored_every or monotonic() >= known.until:
        rows = run("SELECT good_at FROM shop_mirror", ())
        good_at = read_time(rows[0][0]) if rows else None
        known = _known = _Known(shop.mirrored_every, good_at, monotonic() + LONGEST)
    if known.good_at is None:
        return None
    return Age(max(0, int((now - known.good_at).total_seconds())), known.good_at)


def refuse_too_old(age: Age | None, shop: Shop) -> None:
    """Raises Unavailable for records that are older than the shop's setting allows."""
    if age is None or not shop.settings.mirror_max_age or age.seconds <= shop.settings.mirror_max_age:
        return
    retry = max(1, round(shop.mirrored_every or 1))
    raise Unavailable(
        f"The shop's records are {age.seconds} seconds old, which is too old to be shown!",
        {"Retry-After": str(retry)},
    )


def forget() -> None:
    """Drops what is known: for a store that was exchanged under a running process."""
    global _known
    _known = _Known(None, None, 0.0)
