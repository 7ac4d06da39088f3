"""Leases: a worker takes a few requests of a counter at a time, gives them out from memory, and gives back
what it does not use.

All workers together never give more than the limit, also after a restart; a worker that is killed takes
along what it holds, a hundredth of the limit at the most.
"""

import logging
import threading
from collections.abc import Callable
from enum import Enum, auto
from time import monotonic

from django.conf import settings
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tillroll.access.counting import take
from tillroll.databases import get_reason

logger = logging.getLogger(__name__)

LARGEST_LEASE = 10_000
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


class Taken(Enum):
    """What a request got of a lease; one that passes uncounted has nothing to give back."""

    ONE = auto()
    NONE = auto()
    UNCOUNTED = auto()


class _Lease:
    """What this worker may still give of a counter in a period; `others_left` is what was left behind."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.period = ""
        self.limit = 0
        self.left = 0
        self.others_left = 0
        self.size = 1
        self.taken_at = 0.0
        self.used_at = 0.0
        self.empty_until = 0.0


class Leases:
    """A worker's leases by subject and kind of period. `give_back` takes what goes back to a counter:
    subject, period, number."""

    def __init__(self, give_back: Callable[[str, str, int], None]) -> None:
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._lock = threading.Lock()
        self._rests_until = 0.0
        self._give_back = give_back

    def take(self, subject: str, name: str, period: str, limit: int) -> tuple[Taken, int]:
        """One request of a lease, and how many are left in all as far as is known."""
        lease = self._leases.get((subject, name))
        if lease is None:
            with self._lock:
                lease = self._leases.setdefault((subject, name), _Lease())
        with lease.lock:
            clock = monotonic()
            if lease.period != period or lease.limit != limit:
                self._return(subject, lease)
                lease.period, lease.limit, lease.empty_until, lease.others_left = period, limit, 0.0, 0
            lease.used_at = clock
            if lease.left == 0:
                if clock < lease.empty_until:
                    return Taken.NONE, 0
                if clock < self._rests_until or not self._renew(subject, lease, clock):
                    return Taken.UNCOUNTED, lease.others_left
            if lease.left == 0:
                lease.empty_until = clock + EMPTY_SECONDS
                return Taken.NONE, 0
            lease.left -= 1
            return Taken.ONE, lease.others_left + lease.left

    def draw(self, subject: str, name: str, period: str, limit: int, wanted: int) -> tuple[int, int]:
        """Several requests of what is held already: how many, and how many are left beside them as far as is
        known."""
        lease = self._leases[subject, name]
        with lease.lock:
            if lease.period != period or lease.limit != limit:
                return 0, 0
            drawn = min(lease.left, wanted)
            lease.left -= drawn
            return drawn, lease.others_left + lease.left

    def put_back(self, subject: str, name: str, period: str, number: int = 1) -> None:
        """So many requests were not made after all."""
        lease = self._leases.get((subject, name))
        if lease is None:
            return
        with lease.lock:
            if lease.period == period:
                lease.left += number
            else:
                self._give_back(subject, period, number)

    def look(self, subject: str, name: str, period: str, limit: int) -> int:
        """How many are left in all, as far as this worker knows without asking."""
        lease = self._leases.get((subject, name))
        if lease is None or lease.limit != limit or lease.period != period:
            return limit
        return lease.others_left + lease.left

    def is_idle(self, is_last: bool) -> bool:
        """Whether there is a lease to give back."""
        clock = monotonic()
        return any(_is_idle(lease, clock, is_last) for lease in list(self._leases.values()))

    def release(self, is_last: bool) -> None:
        """Gives back what nobody used for a while; at the end, all."""
        clock = monotonic()
        for (subject, _), lease in list(self._leases.items()):
            with lease.lock:
                if _is_idle(lease, clock, is_last):
                    self._return(subject, lease)

    def forget(self) -> None:
        with self._lock:
            self._leases.clear()
            self._rests_until = 0.0

    def _renew(self, subject: str, lease: _Lease, clock: float) -> bool:
        """Takes the next lease, twice as large where the last one was gone within a second; False when the
        counters can't be reached."""
        is_hurried = clock - lease.taken_at < 1
        most = max(1, min(LARGEST_LEASE, lease.limit // SHARE_OF_LEASE))
        lease.size = min(lease.size * 2 if is_hurried else max(1, lease.size // 2), most)
        try:
            with _Patience():
                lease.left, lease.others_left = take(subject, lease.period, lease.size, lease.limit)
        except Error as error:
            self._rests_until = clock + RESTS_SECONDS
            reason = get_reason(error)
            logger.error("Quotas can't be counted (%s): requests pass without.", reason)
            return False
        lease.taken_at = clock
        return True

    def _return(self, subject: str, lease: _Lease) -> None:
        if lease.left:
            self._give_back(subject, lease.period, lease.left)
            lease.left = 0


def _is_idle(lease: _Lease, clock: float, is_last: bool) -> bool:
    return lease.left > 0 and (is_last or clock - lease.used_at > IDLE_SECONDS)


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
