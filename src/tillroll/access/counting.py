"""Counters of the `logs` database: added to in one statement, read many at once."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from django.db import connections, transaction

from tillroll.access.models import Counter
from tillroll.shop.zone import get_day_start, to_local

UNCOUNTED = "uncounted"
"""The counter of requests that passed because a counter could not be reached."""

_ADD = (
    "INSERT INTO access_counter (subject, period, used) VALUES (%s, %s, %s)"
    " ON CONFLICT (subject, period) DO UPDATE SET used = access_counter.used + EXCLUDED.used"
)


class Calendar(NamedTuple):
    """The shop's day and month at a moment: their names (2026-11-26, 2026-11), the day's ends, and, in
    seconds since 1970, when day and month are over; lengths in seconds."""

    day: str
    month: str
    day_start: datetime
    day_end: datetime
    day_over: float
    month_over: float
    day_length: int
    month_length: int


_kept: dict[tzinfo, Calendar] = {}


def get_calendar(moment: datetime, zone: tzinfo) -> Calendar:
    """The day and month of a moment on the zone's clock; today's is kept."""
    kept = _kept.get(zone)
    if kept is None or not kept.day_start <= moment < kept.day_end:
        day = to_local(moment, zone).date()
        first = day.replace(day=1)
        day_start, day_end = (get_day_start(day + timedelta(days=more), zone) for more in (0, 1))
        month_start = get_day_start(first, zone)
        month_end = get_day_start((first + timedelta(days=32)).replace(day=1), zone)
        kept = Calendar(
            day.isoformat(),
            day.isoformat()[:7],
            day_start,
            day_end,
            day_end.timestamp(),
            month_end.timestamp(),
            round((day_end - day_start).total_seconds()),
            round((month_end - month_start).total_seconds()),
        )
        if len(_kept) > 8:
            _kept.clear()
        _kept[zone] = kept
    return kept


def name_key(meter: int) -> str:
    """The counter of a key and its successors."""
    return f"key:{meter}"


def add_counts(counts: Mapping[tuple[str, str], int]) -> None:
    """Adds to counters, by subject and period, in one transaction and one order; what is below zero takes
    away."""
    rows = [(*name, count) for name, count in sorted(counts.items()) if count]
    if rows:
        with transaction.atomic(using="logs"), connections["logs"].cursor() as cursor:
            cursor.executemany(_ADD, rows)


def get_count(subject: str, period: str) -> int:
    found = Counter.objects.filter(subject=subject, period=period).values_list("used", flat=True).first()
    return found or 0


def list_counts(subjects: Iterable[str], period: str) -> dict[str, int]:
    """Counts of many subjects in one period; those without any are left out."""
    found = Counter.objects.filter(subject__in=list(subjects), period=period)
    return dict(found.values_list("subject", "used"))


def take(subject: str, period: str, wanted: int, limit: int) -> tuple[int, int]:
    """Takes up to `wanted` of what is left below a limit: how many it was, and how many are left then."""
    lock = " FOR UPDATE" if connections["logs"].vendor == "postgresql" else ""
    with transaction.atomic(using="logs"), connections["logs"].cursor() as cursor:
        cursor.execute(_ADD, (subject, period, 0))
        cursor.execute(
            f"SELECT used FROM access_counter WHERE subject = %s AND period = %s{lock}",  # noqa: S608 (a constant)
            (subject, period),
        )
        left = max(limit - int(cursor.fetchone()[0]), 0)
        taken = min(wanted, left)
        if taken:
            cursor.execute(_ADD, (subject, period, taken))
    return taken, left - taken
