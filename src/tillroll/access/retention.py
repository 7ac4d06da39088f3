"""What is removed from the `logs` database when it gets old: lines of the request log by age and by size, old
counters, sessions that have ended, wrong passwords.

Everything goes in short batches, each a transaction of its own, so that the log's writer and readers come
through between two of them. An SQLite file keeps its size; the room is used again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from time import monotonic, sleep

from django.conf import settings
from django.db import connections, transaction

from tillroll.shop.moments import bind_time
from tillroll.shop.zone import to_local

MOST_DAYS = 36_500
"""A hundred years, which stand for ever."""

BATCH = 1_000
"""Rows of one transaction: a few hundredths of a second, which nobody who waits for the lock notices."""

DAY_COUNTERS_KEPT = timedelta(days=62)
MONTH_COUNTERS_KEPT = 24
"""How long counters stay: days for two months, months for two years, for whoever looks back."""

LINE_OVERHEAD = {"sqlite": 250, "postgresql": 300}
"""Bytes of a line beside its texts, with its part of the indexes, as measured at a million lines."""

MEGABYTE = 1_000_000

_TEXTS = ("user_name", "key_label", "key_start", "version", "endpoint", "question", "error", "address")

Batch = Callable[[], int]
"""Removes one batch, and says how many rows went: none means done."""


@dataclass(frozen=True, slots=True)
class LogSize:
    """How many lines there are, and about how many bytes one takes with its part of the indexes."""

    lines: int
    bytes_per_line: float

    @property
    def size(self) -> int:
        return round(self.lines * self.bytes_per_line)


def measure_log() -> LogSize:
    """The log's size, from its lines: a file or a table does not shrink when lines go."""
    connection = connections["logs"]
    lengths = " + ".join(f"LENGTH({name})" for name in _TEXTS)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*), AVG({lengths}) FROM access_requestlogentry")  # noqa: S608 (constants)
        lines, texts = cursor.fetchone()
    return LogSize(int(lines), float(texts or 0) + LINE_OVERHEAD[connection.vendor])


def prune_age(days: int, now: datetime) -> Batch:
    """Lines that are older than so many days, oldest first; 0 keeps all."""
    before = bind_time(now - timedelta(days=min(days, MOST_DAYS)), using="logs")

    def remove() -> int:
        return _delete_lines(BATCH, "WHERE at < %s", before) if days else 0

    return remove


def prune_size(megabytes: int) -> Batch:
    """The oldest lines of a log that is larger than so many megabytes (of 1,000,000 bytes); 0 keeps all. How
    many they are is found out once, at the first batch."""
    left: list[int] = []

    def remove() -> int:
        if not megabytes:
            return 0
        if not left:
            found = measure_log()
            left.append(max(0, found.lines - int(megabytes * MEGABYTE / found.bytes_per_line)))
        removed = _delete_lines(min(BATCH, left[0]))
        left[0] = left[0] - removed if removed else 0
        return removed

    return remove


def _delete_lines(count: int, where: str = "", *values: datetime | str) -> int:
    if count < 1:
        return 0
    return _delete("access_requestlogentry", "id", f"{where} ORDER BY at, id LIMIT {count}", *values)


def _delete(table: str, key: str, which: str, *values: datetime | str) -> int:
    with transaction.atomic(using="logs"), connections["logs"].cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} {which})",  # noqa: S608 (constants)
            values,
        )
        return max(int(cursor.rowcount), 0)


def prune_counters(now: datetime, zone: tzinfo) -> Iterator[Batch]:
    """Counters of days and months that nobody asks for any more. Periods of one kind are of one form, so they
    compare as texts."""
    local = to_local(now, zone)
    day = (local.date() - DAY_COUNTERS_KEPT).isoformat()
    months = local.year * 12 + local.month - 1 - MONTH_COUNTERS_KEPT
    month = f"{months // 12:04}-{months % 12 + 1:02}"
    for form, first_kept in (
        ("____-__-__", day),
        ("____-__", month),
    ):
        yield _prune_periods(form, first_kept)


def _prune_periods(form: str, first_kept: str) -> Batch:
    def remove() -> int:
        which = f"WHERE period LIKE %s AND period < %s LIMIT {BATCH}"
        return _delete("access_counter", "id", which, form, first_kept)

    return remove


def prune_sessions(now: datetime) -> Batch:
    """Sessions that have ended."""
    moment = bind_time(now, using="logs")

    def remove() -> int:
        return _delete("django_session", "session_key", f"WHERE expire_date < %s LIMIT {BATCH}", moment)

    return remove


def prune_attempts(now: datetime) -> Batch:
    """Wrong passwords that no longer keep anybody waiting."""
    before = bind_time(now - timedelta(minutes=settings.FAILED_LOGIN_MINUTES), using="logs")

    def remove() -> int:
        return _delete("axes_accessattempt", "id", f"WHERE attempt_time < %s LIMIT {BATCH}", before)

    return remove


def list_batches(now: datetime, zone: tzinfo, *, days: int, megabytes: int) -> list[Batch]:
    """All that is removed in a night, in its order."""
    return [
        prune_age(days, now),
        prune_size(megabytes),
        *prune_counters(now, zone),
        prune_sessions(now),
        prune_attempts(now),
    ]


def run_batches(batch: Batch, on_batch: Callable[[int], object] = lambda _removed: None) -> int:
    """Removes all of a kind, resting after each batch for as long as it took: others get their turn. How many
    rows went."""
    total = 0
    while True:
        started = monotonic()
        removed = batch()
        if not removed:
            return total
        total += removed
        on_batch(removed)
        sleep(min(monotonic() - started, 1.0))
