"""In which time zone a shop keeps its clock, which its API does not say: told by the sales, whose times it
gives in UTC and as the shop shows them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import available_timezones

from tillroll.shop.zone import parse_zone, to_local_text

WELL_KNOWN = (
    "UTC", "Europe/London", "Europe/Berlin", "Europe/Athens", "America/New_York", "America/Chicago",
    "America/Denver", "America/Phoenix", "America/Los_Angeles", "America/Toronto", "America/Sao_Paulo",
    "America/Halifax", "America/St_Johns", "Asia/Kolkata", "Asia/Dubai", "Asia/Singapore", "Asia/Shanghai",
    "Asia/Tokyo", "Australia/Brisbane", "Australia/Sydney", "Australia/Adelaide", "Africa/Johannesburg",
    "Africa/Lagos", "Pacific/Auckland",
)  # fmt: skip
"""Asked first: of several zones that have always agreed, the one that most shops would name."""

_QUIET = timedelta(days=120)
"""Between summer and winter time lies at most two thirds of a year: dates that leave no longer gap than this
show both where there are both."""

_WHOLE_YEAR = timedelta(days=365)


class FoundZone(NamedTuple):
    """A zone's name as the settings take it, and how it was found, as a sentence."""

    name: str
    reason: str


class Clock:
    """Gathers times as a shop shows them beside the same in UTC; one of each hour is enough."""

    def __init__(self) -> None:
        self._pairs: dict[str, tuple[str, str]] = {}

    def note(self, utc: str, local: str) -> None:
        if len(utc) == len(local) == 19:
            self._pairs.setdefault(utc[:13], (utc, local))

    def fits(self, zone: tzinfo) -> bool:
        """Whether a zone's clock shows all the times as the shop does."""
        try:
            return all(to_local_text(utc, zone) == local for utc, local in self._pairs.values())
        except ValueError:
            return False

    def find(self, asked: str | None, kept: str) -> FoundZone:
        """The zone that was asked for; else the one that is kept here, one that is known, or an offset."""
        if asked is not None:
            doubt = "" if self.fits(parse_zone(asked)) else ", though the sales' times are of another"
            return FoundZone(asked, f"as --timezone says{doubt}")
        if not self._pairs:
            return FoundZone(kept, "as it was here: no sale shows the shop's clock; --timezone names another")
        if kept != "UTC" and self.fits(parse_zone(kept)):
            return FoundZone(kept, "as it was here; the sales' times agree")
        offset = self._get_offset()
        if offset is not None and not self._spans_a_year():
            return FoundZone(
                _name_offset(offset),
                "by the sales' times, which are too few to tell summer time; --timezone names the zone",
            )
        for name in self._list_candidates(offset):
            if self.fits(parse_zone(name)):
                return FoundZone(name, "by the sales' times; --timezone names another that has the same")
        if offset is not None:
            return FoundZone(_name_offset(offset), "by the sales' times, which are always so far from UTC")
        return FoundZone(kept, "assumed: no zone has the sales' times; --timezone names it")

    def _get_offset(self) -> timedelta | None:
        """The one distance from UTC that all times have."""
        try:
            offsets = {
                datetime.fromisoformat(local) - datetime.fromisoformat(utc)
                for utc, local in self._pairs.values()
            }
        except ValueError:
            return None
        offset = offsets.pop()
        return None if offsets or abs(offset) > timedelta(hours=14) else offset

    def _spans_a_year(self) -> bool:
        moments = sorted(datetime.fromisoformat(utc) for utc, _ in self._pairs.values())
        gaps = (after - before for before, after in pairwise(moments))
        return moments[-1] - moments[0] >= _WHOLE_YEAR and max(gaps) <= _QUIET

    def _list_candidates(self, offset: timedelta | None) -> Iterable[str]:
        """Zones by name; for a shop whose clock never changes, UTC or one of those alone that never do."""
        if offset is None:
            names = [*WELL_KNOWN, *sorted(available_timezones() - {*WELL_KNOWN})]
            few = Clock()
            few._pairs = dict(sorted(self._pairs.items())[:: max(len(self._pairs) // 50, 1)])
            return (name for name in names if _is_place(name) and few.fits(parse_zone(name)))
        return ("UTC",) if not offset else WELL_KNOWN


def _is_place(name: str) -> bool:
    return name == "UTC" or ("/" in name and not name.startswith(("Etc/", "SystemV/", "right/", "posix/")))


def _name_offset(offset: timedelta) -> str:
    if not offset:
        return "UTC"
    minutes = int(offset.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def to_utc(local: str, zone: tzinfo) -> str | None:
    """A time as a shop shows it, in UTC; None for what is no time. Of an hour that comes twice the first."""
    try:
        moment = datetime.fromisoformat(local)
    except ValueError:
        return None
    if moment.tzinfo is not None:
        return None
    try:
        return moment.replace(tzinfo=zone, microsecond=0).astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    except (OverflowError, ValueError):
        return None
