"""How often a key may ask: requests a minute, a day and a month, the latter two in the shop's own days.

A minute's limit is the limiter's, a day's and a month's are leases of counters that all workers share. Keys
without a limit are counted too, once a second. A counter that can't be reached lets requests pass, says so in
the log and is counted.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo

import msgspec
from django.db import Error

from tillroll.access.background import background
from tillroll.access.counting import UNCOUNTED, Calendar, add_counts, get_calendar, name_key
from tillroll.access.keys import Caller
from tillroll.access.leases import Leases, Taken
from tillroll.access.limiter import limiter


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


class Quotas:
    """A worker's leases and what it has yet to add to the counters."""

    def __init__(self) -> None:
        self._leases = Leases(self._give_back)
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._lock = threading.Lock()

    def admit(self, caller: Caller, zone: tzinfo, now: datetime) -> Allowance:
        """Counts a request of a key; what is left of its limits. Raises QuotaExceeded."""
        background.start()
        policy, subject, calendar = caller.policy, name_key(caller.meter), get_calendar(now, zone)
        periods = (("day", policy.day, calendar.day), ("month", policy.month, calendar.month))
        if not policy.has_limits:
            self._note((subject, period) for _, _, period in periods)
            return ()
        windows: list[Window] = []
        if policy.minute is not None:
            standing = limiter.hit(subject, policy.minute)
            windows.append(Window("minute", policy.minute, 60, standing.left, standing.resets_in))
            if not standing.is_within:
                raise QuotaExceeded(windows[0], (*windows, *self._look(subject, periods, calendar, now)))
        given: list[tuple[str, str]] = []
        refused: Window | None = None
        for name, limit, period in periods:
            if limit is None:
                continue
            taken, left = Taken.NONE, 0
            if refused is None:
                taken, left = self._leases.take(subject, name, period, limit)
            window = _make_window(name, limit, left, calendar, now)
            windows.append(window)
            if taken is Taken.ONE:
                given.append((name, period))
            elif taken is Taken.UNCOUNTED:
                limiter.note_uncounted()
            elif refused is None:
                refused = window
        if refused is not None:
            for name, period in given:
                self._leases.put_back(subject, name, period)
            raise QuotaExceeded(refused, tuple(windows))
        self._note((subject, period) for _, limit, period in periods if limit is None)
        return tuple(windows)

    def _look(
        self, subject: str, periods: Iterable[tuple[str, int | None, str]], calendar: Calendar, now: datetime
    ) -> list[Window]:
        """Day and month without counting, for a request that the minute stopped."""
        return [
            _make_window(name, limit, self._leases.look(subject, name, period, limit), calendar, now)
            for name, limit, period in periods
            if limit is not None
        ]

    def _note(self, names: Iterable[tuple[str, str]]) -> None:
        with self._lock:
            for name in names:
                self._counts[name] += 1

    def _give_back(self, subject: str, period: str, number: int) -> None:
        with self._lock:
            self._counts[subject, period] -= number

    def is_waiting(self, is_last: bool) -> bool:
        """Whether a flush has anything to do."""
        return bool(self._counts) or limiter.has_uncounted or self._leases.is_idle(is_last)

    def flush(self, now: datetime, zone: tzinfo, *, is_last: bool = False) -> None:
        """Writes what was counted, and gives back leases that nobody used for a while; all at the end."""
        self._leases.release(is_last)
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
        self._leases.forget()
        with self._lock:
            self._counts.clear()


def _make_window(name: str, limit: int, left: int, calendar: Calendar, now: datetime) -> Window:
    if name == "day":
        length, end = calendar.day_length, calendar.day_end
    else:
        length, end = calendar.month_length, calendar.month_end
    return Window(name, limit, length, left, max(1, round((end - now).total_seconds())))


quotas = Quotas()
