"""What the back office says of a shop that follows another: on each page that it does, on the first one how
that goes."""

from datetime import datetime
from typing import NamedTuple

from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.backoffice.rights import may
from tillroll.shop.services import get_mirror

LATE = 4
"""Rounds after which the records are called old."""

LATE_SECONDS = 120.0
"""Before these are over nothing is called old, however short the rounds are."""


class MirrorState(NamedTuple):
    """`badge` and `colour` are those of every page."""

    source: str
    address: str
    age: str
    good_at: datetime
    checked_at: datetime
    tried_at: datetime
    problem: str
    is_late: bool

    @property
    def badge(self) -> str:
        if self.problem:
            return f"Mirror in trouble, {self.age} old"
        return f"Mirror, {self.age} old"

    @property
    def colour(self) -> str:
        return "danger" if self.problem else "warning" if self.is_late else "info"


def describe_mirror(request: HttpRequest) -> MirrorState | None:
    """How the mirror goes; None for a shop that follows no other, and for who is not logged in. Where the
    source is, and what exactly is wrong, is for those who run the shop."""
    if not request.user.is_authenticated:
        return None
    mirror = get_mirror()
    if mirror is None:
        return None
    is_owner = may(request.user, Capability.MANAGE_SHOP_SETTINGS)
    return MirrorState(
        source=mirror.source.name,
        address=mirror.address if is_owner else "",
        age=tell_length(mirror.age),
        good_at=mirror.good_at,
        checked_at=mirror.checked_at,
        tried_at=mirror.tried_at,
        problem=mirror.problem if is_owner else mirror.trouble,
        is_late=mirror.age > max(mirror.every * LATE, LATE_SECONDS),
    )


def tell_length(seconds: int) -> str:
    """A length of time in its largest unit: 12 s, 5 min, 3 h, 2 d."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
