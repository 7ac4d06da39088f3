"""How often a key may ask: requests a minute, a day and a month, the latter two in the shop's own days.

A minute's limit is the limiter's, a day's and a month's are leases of counters that all workers share. Keys
without a limit are counted too, once a second. A counter that can't be reached lets requests pass, says so in
the log and is counted.
"""

import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import partial

import msgspec
from django.db import Error
from django.utils import timezone

from tillroll.access.background import background
from tillroll.access.counting import UNCOUNTED, add_counts, get_calendar, name_key
from tillroll.access.grants import LARGEST, Allowance, Grant, Part, Window
from tillroll.access.keys import Caller
from tillroll.access.leases import Leases, Taken
from tillroll.access.limiter import limiter


class QuotaExceeded(Exception):
    """A limit is used up; `window` says which and when to come again, `allowance` all of them."""

    def __init__(self, window: Window, allowance: Allowance) -> None:
        super().__init__(f"The limit of {window.limit} requests a {window.name} is used up.")
        self.window = window
        self.allowance = allowance


class _Period(msgspec.Struct):
    """The day or the month of a request: its limit, its name, its length and what is left of it in
    seconds."""

    kind: str
    limit: int | None
    name: str
    length: int
    rest: float

    def show(self, limit: int, left: int) -> Window:
        """What a client is told of a limit."""
        return Window(self.kind, limit, self.length, left, max(1, round(self.rest)))


class Quotas:
    """A worker's leases and what it has yet to add to the counters."""

    def __init__(self) -> None:
        self._leases = Leases(self._give_back)
        self._grants: dict[int, Grant] = {}
        self._counts: defaultdict[tuple[str, str], int] = defaultdict(int)
        self._lock = threading.Lock()

    def admit(self, caller: Caller, zone: tzinfo, now: datetime) -> Allowance:
        """Counts a request of a key; what is left of its limits. Raises QuotaExceeded."""
        grant = self._grants.get(caller.key_id or 0)
        if grant is not None:
            if allowance := grant.give(caller.policy, now.timestamp()):
                return allowance
            grant.end()
        return self._admit(caller, zone, now)

    def _admit(self, caller: Caller, zone: tzinfo, now: datetime) -> Allowance:
        """The same without a grant, which is then drawn for the next requests."""
        background.start()
        policy, subject, calendar = caller.policy, name_key(caller.meter), get_calendar(now, zone)
        if not policy.has_limits:
            self._note(((subject, calendar.day), (subject, calendar.month)))
            return ()
        clock = now.timestamp()
        periods = (
            _Period("day", policy.day, calendar.day, calendar.day_length, calendar.day_over - clock),
            _Period(
                "month", policy.month, calendar.month, calendar.month_length, calendar.month_over - clock
            ),
        )
        windows: list[Window] = []
        if policy.minute is not None:
            standing = limiter.hit(subject, policy.minute)
            windows.append(Window("minute", policy.minute, 60, standing.left, standing.resets_in))
            if not standing.is_within:
                raise QuotaExceeded(windows[0], (*windows, *self._look(subject, periods)))
        given: list[_Period] = []
        unlimited: list[tuple[str, str]] = []
        refused: Window | None = None
        for period in periods:
            limit = period.limit
            if limit is None:
                unlimited.append((subject, period.name))
                continue
            taken, left = Taken.NONE, 0
            if refused is None:
                taken, left = self._leases.take(subject, period.kind, period.name, limit)
            window = period.show(limit, left)
            windows.append(window)
            if taken is Taken.ONE:
                given.append(period)
            elif taken is Taken.UNCOUNTED:
                limiter.note_uncounted()
            elif refused is None:
                refused = window
        if refused is not None:
            for period in given:
                self._leases.put_back(subject, period.kind, period.name)
            raise QuotaExceeded(refused, tuple(windows))
        if unlimited:
            self._note(unlimited)
        elif policy.minute is not None and len(given) == len(periods):
            self._draw(caller, subject, periods, clock)
        return tuple(windows)

    def _draw(self, caller: Caller, subject: str, periods: Iterable["_Period"], clock: float) -> None:
        """A grant of what this worker holds of all three limits, where that is more than one request."""
        minute = caller.policy.minute or 0
        number, beside, ends = limiter.draw(subject, minute, LARGEST)
        put_back = partial(limiter.put_back, subject, ends)
        parts = [Part("minute", minute, 60, beside, ends, put_back)]
        drawn = [number]
        for period in periods:
            limit = period.limit or 0
            number, beside = self._leases.draw(subject, period.kind, period.name, limit, min(drawn))
            put_back = partial(self._leases.put_back, subject, period.kind, period.name)
            parts.append(Part(period.kind, limit, period.length, beside, clock + period.rest, put_back))
            drawn.append(number)
        least = min(drawn)
        for place, more in enumerate(drawn):
            if more > least:
                parts[place].put_back(more - least)
                parts[place] = parts[place]._replace(beside=parts[place].beside + more - least)
        if not least:
            return
        grant = Grant(caller.policy, least, parts, clock)
        with self._lock:  # another thread may have drawn one as well
            before = self._grants.get(caller.key_id or 0)
            self._grants[caller.key_id or 0] = grant
        if before is not None:
            before.end()

    def _look(self, subject: str, periods: Iterable["_Period"]) -> list[Window]:
        """Day and month without counting, for a request that the minute stopped."""
        return [
            period.show(period.limit, self._leases.look(subject, period.kind, period.name, period.limit))
            for period in periods
            if period.limit is not None
        ]

    def _note(self, names: Iterable[tuple[str, str]]) -> None:
        with self._lock:
            for name in names:
                self._counts[name] += 1

    def _give_back(self, subject: str, period: str, number: int) -> None:
        with self._lock:
            self._counts[subject, period] -= number

    def _end_grants(self, is_last: bool) -> None:
        clock = timezone.now().timestamp()
        for grant in list(self._grants.values()):
            if grant.is_idle(clock, is_last):
                grant.end()

    def is_waiting(self, is_last: bool) -> bool:
        """Whether a flush has anything to do."""
        self._end_grants(is_last)
        return bool(self._counts) or limiter.has_uncounted or self._leases.is_idle(is_last)

    def flush(self, now: datetime, zone: tzinfo, *, is_last: bool = False) -> None:
        """Writes what was counted, and gives back leases that nobody used for a while; all at the end."""
        self._end_grants(is_last)
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
        self._grants.clear()
        with self._lock:
            self._counts.clear()


quotas = Quotas()
