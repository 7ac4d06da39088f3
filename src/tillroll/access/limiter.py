"""Limits a minute, kept by `limits`: in Redis where one is set, else in the worker, which then gives its
share.

A store that can't be reached lets requests pass, is left alone for a while, says so in the log and is
counted.
"""

import logging
import threading
from collections.abc import Callable
from functools import lru_cache
from time import monotonic, time
from typing import TypeVar

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import SlidingWindowCounterRateLimiter

logger = logging.getLogger(__name__)

T = TypeVar("T")

REDIS_SECONDS = 0.25
"""How long Redis may take: a request that waited longer would be slower than one that is not counted."""

RESTS_SECONDS = 5.0
"""How long a Redis that failed is left alone."""


class Limiter:
    """Requests of one subject in a minute. Which store it uses is decided at the first of them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._strategy: SlidingWindowCounterRateLimiter | None = None
        self._rests_until = 0.0
        self._uncounted = 0

    def hit(self, subject: str, limit: int) -> tuple[bool, int, int]:
        """Counts one more: whether it is within the limit, how many are left, and in how many seconds more
        are."""
        item = _get_item(self._get_share(limit))

        def count(strategy: SlidingWindowCounterRateLimiter) -> tuple[bool, int, int]:
            is_within = strategy.hit(item, subject)
            stats = strategy.get_window_stats(item, subject)
            return is_within, stats.remaining, _until(stats.reset_time)

        return self._ask(count, (True, limit, 60))

    def look(self, subject: str, limit: int) -> tuple[bool, int, int]:
        """The same without counting: whether one more would be within the limit."""
        item = _get_item(self._get_share(limit))

        def read(strategy: SlidingWindowCounterRateLimiter) -> tuple[bool, int, int]:
            stats = strategy.get_window_stats(item, subject)
            return stats.remaining > 0, stats.remaining, _until(stats.reset_time)

        return self._ask(read, (True, limit, 60))

    def forget(self) -> None:
        """Begins anew, with the store that the settings name now."""
        with self._lock:
            self._strategy = None
            self._rests_until = 0.0

    def note_uncounted(self) -> None:
        """One more request passed because a counter can't be reached."""
        with self._lock:
            self._uncounted += 1

    def take_uncounted(self) -> int:
        """How many passed uncounted since this was last asked."""
        with self._lock:
            count, self._uncounted = self._uncounted, 0
        return count

    def _get_share(self, limit: int) -> int:
        """What of a limit this worker gives: all of it where the workers count together."""
        return limit if settings.REDIS_URL else -(-limit // settings.WORKERS)

    def _ask(self, question: Callable[[SlidingWindowCounterRateLimiter], T], otherwise: T) -> T:
        if monotonic() >= self._rests_until:
            try:
                return question(self._get_strategy())
            except StorageError as error:
                self._rests_until = monotonic() + RESTS_SECONDS
                logger.error(
                    "Redis can't be reached (%s): requests pass without being counted.",
                    type(error.storage_error).__name__,
                )
        self.note_uncounted()
        return otherwise

    def _get_strategy(self) -> SlidingWindowCounterRateLimiter:
        strategy = self._strategy
        if strategy is None:
            with self._lock:
                strategy = self._strategy = self._strategy or SlidingWindowCounterRateLimiter(_open_storage())
        return strategy


def _open_storage() -> Storage:
    if not settings.REDIS_URL:
        return MemoryStorage()
    return RedisStorage(
        settings.REDIS_URL,
        wrap_exceptions=True,
        key_prefix="tillroll",
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )


@lru_cache(maxsize=256)
def _get_item(limit: int) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(limit)


def _until(moment: float) -> int:
    return max(1, round(moment - time()))


limiter = Limiter()
