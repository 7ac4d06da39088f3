"""How often a key may ask: requests a minute, a day and a month, the latter two in the shop's own days.

A minute's limit is the limiter's. A day's and a month's are counted in the `logs` database, from which a
worker takes a small lease of requests at a time, so that all workers together never give more than the
limit, also after a restart. What a worker doesn't use goes back. Keys without a limit are counted too, once
a second. A counter that can't be reached lets requests pass, says so in the log and is counted.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo
from enum import Enum, auto
from time import monotonic

import msgspec
from django.conf import settings
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tillroll.access.background import background
from tillroll.access.counting import UNCOUNTED, Calendar, add_counts, get_calendar, name_key, take
from tillroll.access.keys import Caller
from tillroll.access.limiter import limiter

logger = logging.getLogger(__name__)

LARGEST_LEASE = 500
"""Requests that a worker takes at once at the most: a second's work of a busy one."""

SHARE_OF_LEASE = 100
"""A lease is at most this part of the limit, so that what a killed worker takes along is hardly noticed."""

IDLE_SECONDS = 5.0
"""After so long without a request a worker gives back what it holds."""

EMPTY_SECONDS = 1.0
"""How long a worker believes that nothing is left: another one may have given something back since."""

RESTS_SECONDS = 5.0
"""How long counters that can't be reached are left alone."""

WAIT_MILLISECONDS = 2_000
"""How long a request waits for its lease while the log is being written."""


class Window(msgspec.Struct, frozen=True):
    """One limit as its holder sees it: the limit, its length in seconds, what is left of it, and in how many
    seconds more is."""

    name: str
    limit: int
    length: int
    left: int
    resets_in: int


Allowance = tuple[Window, ...]
"""What is left of each of a key's limits; empty for a key without any."""


class QuotaExceeded(Exception):
    """A limit is used up; `window` says which and when to come again, `allowance` all of them."""

    def __init__(self, window: Window, allowance: Allowance) -> None:
        super().__init__(f"The limit of {window.limit} requests a {window.name} is used up.")
        self.window = window
        self.allowance = allowance


class _Taken(Enum):
    """What a request got of a lease; one that passes uncounted has nothing to give back."""

    ONE = auto()
    NONE = auto()
    UNCOUNTED = auto()


class _Lease:
    """What this worker may still give of a counter in a period."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.period = ""
        self.limit = 0
        self.left = 0
        self.total_left = 0
        self.size = 1
        self.taken_at = 0.0
        self.used_at = 0.0
        self.empty_until = 0.0


class Quotas:
    """A worker's leases and what it has yet to add to the counters."""

    def __init__(self) -> None:
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._lock = threading.Lock()
        self._rests_until = 0.0

    def admit(self, caller: Caller, zone: tzinfo, now: datetime) -> Allowance:
        """Counts a request of a key; what is left of its limits. Raises QuotaExceeded."""
        policy = caller.policy
        subject = name_key(caller.meter)
        calendar = get_calendar(now, zone)
        periods = (("day", policy.day, calendar.day), ("month", policy.month, calendar.month))
        if not policy.has_limits:
            self._note((subject, period) for _, _, period in periods)
            return ()
        windows: list[Window] = []
        if policy.minute is not None:
            standing = limiter.hit(subject, policy.minute)
            windows.append(Window("minute", policy.minute, 60, standing.left, standing.resets_in))
            if not standing.is_within:
                raise QuotaExceeded(windows[0], (*windows, *self._look(caller, calendar, now)))
        given: list[tuple[str, str]] = []
        refused: Window | None = None
        for name, limit, period in periods:
            if limit is None:
                continue
            taken, left = self._take(subject, name, period, limit) if refused is None else (_Taken.NONE, 0)
            window = _make_window(name, limit, left, calendar, now)
            windows.append(window)
            if taken is _Taken.ONE:
                given.append((name, period))
            elif taken is _Taken.NONE and refused is None:
                refused = window
        if refused is not None:
            for name, period in given:
                self._give_back(subject, name, period)
            raise QuotaExceeded(refused, tuple(windows))
        self._note((subject, period) for _, limit, period in periods if limit is None)
        return tuple(windows)

    def _look(self, caller: Caller, calendar: Calendar, now: datetime) -> list[Window]:
        """Day and month without counting, for a request that the minute stopped."""
        found = []
        for name, limit in (("day", caller.policy.day), ("month", caller.policy.month)):
            if limit is not None:
                lease = self._leases.get((name_key(caller.meter), name))
                left = lease.total_left + lease.left if lease and lease.limit == limit else limit
                found.append(_make_window(name, limit, left, calendar, now))
        return found

    def _note(self, names: Iterable[tuple[str, str]]) -> None:
        with self._lock:
            for name in names:
                self._counts[name] += 1
        background.start()

    def _take(self, subject: str, name: str, period: str, limit: int) -> tuple[_Taken, int]:
        """One request of a lease, and how many are left in all as far as is known."""
        lease = self._leases.get((subject, name))
        if lease is None:
            with self._lock:
                lease = self._leases.setdefault((subject, name), _Lease())
            background.start()
        with lease.lock:
            clock = monotonic()
            if lease.period != period or lease.limit != limit:
                self._return(subject, lease)
                lease.period, lease.limit, lease.empty_until, lease.total_left = period, limit, 0.0, 0
            lease.used_at = clock
            if lease.left == 0:
                if clock < lease.empty_until:
                    return _Taken.NONE, 0
                if clock < self._rests_until or not self._renew(subject, lease, clock):
                    limiter.note_uncounted()
                    return _Taken.UNCOUNTED, lease.total_left
            if lease.left == 0:
                lease.empty_until = clock + EMPTY_SECONDS
                return _Taken.NONE, 0
            lease.left -= 1
            return _Taken.ONE, lease.total_left + lease.left

    def _renew(self, subject: str, lease: _Lease, clock: float) -> bool:
        """Takes the next lease, twice as large where the last one was gone within a second; False when the
        counters can't be reached."""
        is_hurried = clock - lease.taken_at < 1
        most = max(1, min(LARGEST_LEASE, lease.limit // SHARE_OF_LEASE))
        lease.size = min(lease.size * 2 if is_hurried else max(1, lease.size // 2), most)
        try:
            with _Patience():
                lease.left, lease.total_left = take(subject, lease.period, lease.size, lease.limit)
        except Error as error:
            self._rests_until = clock + RESTS_SECONDS
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            logger.error("Quotas can't be counted (%s): requests pass without.", reason)
            return False
        lease.taken_at = clock
        return True

    def _give_back(self, subject: str, name: str, period: str) -> None:
        lease = self._leases[subject, name]
        with lease.lock:
            if lease.period == period:
                lease.left += 1

    def _return(self, subject: str, lease: _Lease) -> None:
        """What a lease still holds goes back to its counter, with the next flush."""
        if lease.left:
            with self._lock:
                self._counts[subject, lease.period] -= lease.left
            lease.left = 0

    def is_waiting(self, is_last: bool) -> bool:
        """Whether a flush has anything to do."""
        clock = monotonic()
        return (
            bool(self._counts)
            or limiter.has_uncounted
            or any(
                lease.left and (is_last or clock - lease.used_at > IDLE_SECONDS)
                for lease in list(self._leases.values())
            )
        )

    def flush(self, now: datetime, zone: tzinfo, *, is_last: bool = False) -> None:
        """Writes what was counted, and gives back leases that nobody used for a while; all at the end."""
        clock = monotonic()
        for (subject, _), lease in list(self._leases.items()):
            with lease.lock:
                if is_last or (lease.left and clock - lease.used_at > IDLE_SECONDS):
                    self._return(subject, lease)
        if uncounted := limiter.take_uncounted():
            with self._lock:
                self._counts[UNCOUNTED, get_calendar(now, zone).month] += uncounted
        with self._lock:
            counts, self._counts = self._counts, defaultdict(int)
        try:
            add_counts(counts)
        except Error:
            with self._lock:
                for name, count in counts.items():
                    self._counts[name] += count
            raise

    def forget(self) -> None:
        """Drops leases and counts: for a store that was exchanged under a running process."""
        with self._lock:
            self._leases.clear()
            self._counts.clear()
            self._rests_until = 0.0


class _Patience:
    """A short wait for the counters' lock in place of a write's long one."""

    def __enter__(self) -> None:
        self._connection: BaseDatabaseWrapper = connections["logs"]
        if not self._connection.in_atomic_block:
            self._connection.close_if_unusable_or_obsolete()
        self._is_sqlite = self._connection.vendor == "sqlite"
        if self._is_sqlite:
            self._set(WAIT_MILLISECONDS)

    def __exit__(self, *_: object) -> None:
        if self._is_sqlite and self._connection.connection is not None:
            self._set(int(settings.WRITE_TIMEOUT * 1000))

    def _set(self, milliseconds: int) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")


def _make_window(name: str, limit: int, left: int, calendar: Calendar, now: datetime) -> Window:
    if name == "day":
        length, end = calendar.day_length, calendar.day_end
    else:
        length, end = calendar.month_length, calendar.month_end
    return Window(name, limit, length, left, max(1, round((end - now).total_seconds())))


quotas = Quotas()
