"""Zones, and the moments at which days, weeks and years are easily got wrong.

Local times become UTC by the zone itself, never by the code under test.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

ZONES = (
    "-12", "-3.5", "-09:30", "UTC", "+5.5", "+05:45", "+12.75", "+14",
    "America/New_York", "Europe/Paris", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu",
    "America/St_Johns", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Chatham", "America/Sao_Paulo",
    "America/Havana", "Asia/Beirut", "Asia/Tehran", "America/Santiago", "Africa/Casablanca",
)  # fmt: skip
"""From UTC-12 to +14, half and quarter hours, clocks that change at and over midnight, and a skipped day."""


def get_zone(name: str) -> tzinfo:
    """The zone of a name or of an offset in hours, read here on its own."""
    if name == "UTC":
        return UTC
    if name[0] not in "+-":
        return ZoneInfo(name)
    hours, _, minutes = name[1:].partition(":")
    offset = timedelta(hours=float(hours), minutes=int(minutes or 0))
    return timezone(offset if name[0] == "+" else -offset)


@lru_cache
def find_changes(name: str) -> tuple[date, ...]:
    """The local days on which the zone's clock was changed, 2006 to 2026."""
    zone, found = get_zone(name), []
    noon = datetime(2006, 1, 1, 12, tzinfo=UTC)
    for _ in range(366 * 20):
        if noon.astimezone(zone).utcoffset() != (noon + timedelta(days=1)).astimezone(zone).utcoffset():
            found += [noon.astimezone(zone).date(), (noon + timedelta(days=1)).astimezone(zone).date()]
        noon += timedelta(days=1)
    return tuple(found)


EDGES = (
    date(2024, 1, 1), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 1), date(2025, 3, 1),
    date(2023, 6, 30), date(2023, 7, 1), date(2023, 9, 30), date(2023, 10, 1), date(2023, 12, 31),
    date(2024, 12, 31), date(2024, 12, 29), date(2024, 12, 30), date(2025, 6, 1), date(2025, 6, 2),
)  # fmt: skip
"""First and last days of months, quarters, years and weeks, and a leap day."""

CLOCKS = (
    time(0, 0, 0),
    time(0, 0, 0, 1),
    time(0, 30),
    time(1, 59, 59),
    time(2, 30),
    time(12, 0, 0, 500_000),
    time(23, 30),
    time(23, 59, 59),
    time(23, 59, 59, 999_999),
)


def at_clock(day: date, clock: time, zone: tzinfo, fold: int = 0) -> datetime:
    """The UTC moment of a local time; of one that is skipped or comes twice, one of the two."""
    return datetime.combine(day, clock, tzinfo=zone).replace(fold=fold).astimezone(UTC)


def draw_now(random: Random, name: str) -> datetime:
    """Some moment at which an API is asked: at an edge, or around a change of the clock."""
    changes = find_changes(name)
    day = random.choice(changes) if changes and random.random() < 0.5 else random.choice(EDGES)
    return at_clock(day, random.choice(CLOCKS), get_zone(name), random.randrange(2))


def draw_moment(random: Random, now: datetime, name: str) -> datetime:
    """Some moment at which something is sold: at the ends of the days that periods begin and end with."""
    zone = get_zone(name)
    today = now.astimezone(zone).date()
    month = today.replace(day=1)
    quarter = month.replace(month=(month.month - 1) // 3 * 3 + 1)
    year = date(today.year, 1, 1)
    day = random.choice(
        (
            today,
            today,
            today - timedelta(days=1),
            today + timedelta(days=1),
            today - timedelta(days=random.randrange(16)),
            today - timedelta(days=random.choice((29, 30, 31))),
            month,
            month - timedelta(days=1),
            (month - timedelta(days=1)).replace(day=1),
            quarter,
            quarter - timedelta(days=1),
            (quarter - timedelta(days=85)).replace(day=1),
            year,
            year - timedelta(days=1),
            date(today.year - 1, 1, 1),
            date(today.year - 2, 12, 31),
        )
    )
    return at_clock(day, random.choice(CLOCKS), zone, random.randrange(2))
