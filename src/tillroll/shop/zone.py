"""A shop's time zone, by name or as the fixed offset WordPress keeps, and UTC moments on the shop's clock.

Records are kept in UTC. The zone is applied only where a local time or a local day is asked for.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

_OFFSET = re.compile(
    r"(?:UTC|GMT)?(?P<sign>[+-]?)(?P<hours>[0-9]{1,2})(?:\.(?P<fraction>[0-9]{1,6})|:?(?P<minutes>[0-9]{2}))?",
    re.IGNORECASE,
)
_DAY = 24 * 60
_CLOCK = tuple(f" {minute // 60:02}:{minute % 60:02}" for minute in range(_DAY))
_MINUTES = {text: minute for minute, text in enumerate(_CLOCK)}
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
"""Days stop here: a local day of year 1 or 9999 may reach past what a datetime can hold."""

_WEST, _EAST = -12 * 60, 14 * 60
"""The ends of the offsets in use, and of those that WordPress offers, in minutes east of UTC."""

_SERVERS_OWN = frozenset({"localtime", "posixrules", "Factory"})
"""Names that a zone folder holds, but that say nothing about the shop."""


class ZoneError(ValueError):
    """A text that names no time zone; the message is a sentence for the shop's owner."""


@lru_cache(maxsize=256)
def parse_zone(text: str) -> tzinfo:
    """The zone of "America/New_York", "UTC", "" (UTC), or an offset: "+5.5", "-3", "UTC+5:30", "GMT-03:30".

    An offset counts east of UTC, from -12:00 to +14:00, and becomes a `datetime.timezone`. Raises ZoneError.
    """
    name = text.strip()
    if name.upper() in {"", "UTC", "GMT"}:
        return UTC
    if match := _OFFSET.fullmatch(name):
        return _fixed_zone(match, text)
    if name in _SERVERS_OWN or name.startswith("right/"):  # right/ counts leap seconds: 27 s off
        raise _unknown(text)
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise _unknown(text) from None


def to_local(moment: datetime, zone: tzinfo) -> datetime:
    """An aware moment on the zone's clock; before year 1 or after 9999 it stops at that end."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        if moment.year < 5000:
            return datetime.min.replace(tzinfo=zone)
        return datetime.max.replace(tzinfo=zone)


def describe_time(moment: datetime, zone: tzinfo) -> str:
    """A time on the shop's clock, to the minute."""
    return f"{to_local(moment, zone):%Y-%m-%d %H:%M}"


def get_day_start(day: date, zone: tzinfo) -> datetime:
    """The first instant at which the zone's clock shows this day or a later one."""
    midnight = datetime.combine(day, time.min)
    before, after = (_to_utc(midnight.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    if after >= before:  # a plain midnight, or one that comes twice: fold 0 is the first
        return before
    # The clock jumps over midnight somewhere in (after, before], not always from midnight itself.
    late, early = before, after
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if to_local(middle, zone).date() >= day:
            late = middle
        else:
            early = middle
    return late


def get_day_end(day: date, zone: tzinfo) -> datetime:
    """The first instant behind this day, which is the next one's start."""
    return LATEST if day == date.max else get_day_start(day + timedelta(days=1), zone)


def get_day(moment: datetime, zone: tzinfo) -> date | None:
    """The local day that an aware moment belongs to: the last that has begun by `get_day_start`, which is the
    latest that the clock has shown. None before the first day of year 1."""
    day = to_local(moment, zone).date()
    while moment < _get_bounds(day, zone)[0]:
        if day == date.min:
            return None
        day -= timedelta(days=1)
    while day < date.max and moment >= _get_bounds(day, zone)[1]:
        day += timedelta(days=1)
    return day


@lru_cache(maxsize=4096)
def _get_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    return get_day_start(day, zone), get_day_end(day, zone)


def _to_utc(local: datetime) -> datetime:
    try:
        offset = local.utcoffset() or timedelta()
        return (local.replace(tzinfo=None) - offset).replace(tzinfo=UTC)
    except OverflowError:
        return EARLIEST if local.year == 1 else LATEST


def to_local_text(utc_text: str, zone: tzinfo) -> str:
    """A UTC "YYYY-MM-DD HH:MM:SS" in the same form on the zone's clock.

    Called for every row of a list. Rows share their days: a day's offset is looked up, the rest is text.
    Raises ValueError for a text in another form; the seconds are taken as they stand.
    """
    shift = _get_shift(utc_text[:10], zone)
    minute = _MINUTES.get(utc_text[10:16])
    if shift is None or minute is None:
        return _convert(utc_text, zone)
    minute += shift.minutes
    if minute < 0:
        return shift.day_before + _CLOCK[minute + _DAY] + utc_text[16:]
    if minute >= _DAY:
        return shift.day_after + _CLOCK[minute - _DAY] + utc_text[16:]
    return utc_text[:10] + _CLOCK[minute] + utc_text[16:]


class _Shift(NamedTuple):
    minutes: int
    day_before: str
    day_after: str


@lru_cache(maxsize=16384)
def _get_shift(day: str, zone: tzinfo) -> _Shift | None:
    """The zone's offset on a UTC day and the days around; None if it changes, is no whole minute, or no day.

    An offset that is the same at both ends of a day is the same in between: no zone goes there and back.
    """
    try:
        noon = datetime.fromisoformat(day + " 12:00:00").replace(tzinfo=UTC)
        offsets = {(noon + timedelta(hours=hours)).astimezone(zone).utcoffset() for hours in (-12, 12)}
        around = [(noon + timedelta(days=days)).date().isoformat() for days in (-1, 1)]
    except (ValueError, OverflowError):
        return None
    offset = offsets.pop()
    if noon.date().isoformat() != day or offsets or offset is None or offset % timedelta(minutes=1):
        return None
    return _Shift(offset // timedelta(minutes=1), *around)


def _convert(utc_text: str, zone: tzinfo) -> str:
    if not _TIME.fullmatch(utc_text):  # fromisoformat takes many other forms
        raise ValueError(f"{utc_text!r} is not a time in the form YYYY-MM-DD HH:MM:SS.")
    moment = datetime.fromisoformat(utc_text).replace(tzinfo=UTC)
    return to_local(moment, zone).replace(microsecond=0, tzinfo=None).isoformat(" ")


def _fixed_zone(match: re.Match[str], text: str) -> tzinfo:
    minutes = int(match["hours"]) * 60
    if match["fraction"]:
        part, rest = divmod(int(match["fraction"]) * 60, 10 ** len(match["fraction"]))
        if rest:
            raise ZoneError(f"The time zone offset {text!r} is not a whole number of minutes.")
        minutes += part
    elif match["minutes"]:
        if int(match["minutes"]) > 59:
            raise ZoneError(f"The time zone offset {text!r} has more than 59 minutes.")
        minutes += int(match["minutes"])
    if match["sign"] == "-":
        minutes = -minutes
    if not _WEST <= minutes <= _EAST:
        raise ZoneError(f"The time zone offset {text!r} is outside -12:00 to +14:00.")
    return timezone(timedelta(minutes=minutes)) if minutes else UTC


def _unknown(text: str) -> ZoneError:
    return ZoneError(
        f"{text!r} is not a time zone: give a name such as America/New_York,"
        " or an offset such as +5.5 or -03:30."
    )
