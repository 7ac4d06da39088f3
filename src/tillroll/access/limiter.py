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
from typing import NamedTuple

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, Storage
from limits.strategies import FixedWindowRateLimiter

from tillroll.access.digests import pepper_id

logger = logging.getLogger(__name__)

REDIS_SECONDS = 0.25
"""How long Redis may take: a request that waited longer would be slower than one that is not counted."""

RESTS_SECONDS = 5.0
"""How long a Redis that failed is left alone."""


LARGEST_BATCH = 100
SAME_MINUTE = 2.0
"""Seconds by which Redis may tell the end of one minute differently from one time to the next."""

SHARE_OF_BATCH = 100
"""Requests are counted in batches of at most this many and of this part of the limit: what another worker may
miss until the minute is over, for a tenth of the time that counting each takes."""


class Standing(NamedTuple):
    """Whether a request is within its limit, how many are left, and in how many seconds all are again."""

    is_within: bool
    left: int
    resets_in: int


class _Batch:
    """Requests that were counted in advance, good until their minute is over."""

    def __init__(self, limit: int, left: int, others: int, ends: float) -> None:
        self.limit = limit
        self.left = left
        self.others = others
        self.ends = ends


class Limiter:
    """Requests of a subject in a minute, which begins with its first request. Which store it uses is decided
    when it is first asked."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._strategy: FixedWindowRateLimiter | None = None
        self._batches: dict[str, _Batch] = {}
        self._rests_until = 0.0
        self._uncounted = 0

    def hit(self, subject: str, limit: int) -> Standing:
        """Counts one more request."""
        standing = self._give(subject, limit)
        if standing is None:
            with self._counting:  # who waited for another's batch takes of that
                standing = self._give(subject, limit) or self._ask(
                    lambda strategy: self._count(strategy, subject, limit), limit
                )
        return standing

    def _give(self, subject: str, limit: int) -> Standing | None:
        """One request of what was counted in advance."""
        clock = time()
        with self._lock:
            batch = self._batches.get(subject)
            if batch and batch.left and batch.limit == limit and clock < batch.ends:
                batch.left -= 1
                return Standing(True, batch.others + batch.left, max(1, round(batch.ends - clock)))
        return None

    def draw(self, subject: str, limit: int, wanted: int) -> tuple[int, int, float]:
        """Takes some of what was counted in advance: how many, how many are left beside them, and when the
        minute is over."""
        with self._lock:
            batch = self._batches.get(subject)
            if batch is None or batch.limit != limit or time() >= batch.ends:
                return 0, 0, 0.0
            drawn = min(batch.left, wanted)
            batch.left -= drawn
            return drawn, batch.others + batch.left, batch.ends

    def put_back(self, subject: str, ends: float, number: int) -> None:
        """So many were not asked for after all; a minute that is over takes none."""
        with self._lock:
            batch = self._batches.get(subject)
            if batch is not None and abs(batch.ends - ends) < SAME_MINUTE:
                batch.left += number

    def look(self, subject: str, limit: int) -> Standing:
        """The same without counting: whether one more would be within the limit."""
        item = _get_item(self._get_share(limit))

        def read(strategy: FixedWindowRateLimiter) -> Standing:
            resets_at, left = strategy.get_window_stats(item, subject)
            return Standing(left > 0, left, _until(resets_at))

        return self._ask(read, limit)

    def _count(self, strategy: FixedWindowRateLimiter, subject: str, limit: int) -> Standing:
        share = self._get_share(limit)
        item = _get_item(share)
        size = min(LARGEST_BATCH, share // SHARE_OF_BATCH)
        if size > 1:
            size = min(size, strategy.get_window_stats(item, subject).remaining)
        size = max(size, 1)
        is_within = strategy.hit(item, subject, cost=size)
        if not is_within and size > 1:  # another worker was quicker
            size = 1
            is_within = strategy.hit(item, subject)
        resets_at, left = strategy.get_window_stats(item, subject)
        if is_within and size > 1:
            batch = _Batch(limit, size - 1, left, resets_at)
            with self._lock:
                self._batches[subject] = batch
        return Standing(is_within, left + size - 1 if is_within else 0, _until(resets_at))

    def forget(self) -> None:
        """Begins anew, with the store that the settings name now."""
        with self._lock:
            self._strategy = None
            self._batches.clear()
            self._rests_until = 0.0

    def note_uncounted(self) -> None:
        """One more request passed because a counter can't be reached."""
        with self._lock:
            self._uncounted += 1

    @property
    def has_uncounted(self) -> bool:
        return self._uncounted > 0

    def take_uncounted(self) -> int:
        """How many passed uncounted since this was last asked."""
        with self._lock:
            count, self._uncounted = self._uncounted, 0
        return count

    def _get_share(self, limit: int) -> int:
        """What of a limit this worker gives: all of it where the workers count together."""
        return limit if settings.REDIS_URL else -(-limit // settings.WORKERS)

    def _ask(self, question: Callable[[FixedWindowRateLimiter], Standing], limit: int) -> Standing:
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
        return Standing(True, limit, 60)

    def _get_strategy(self) -> FixedWindowRateLimiter:
        strategy = self._strategy
        if strategy is None:
            with self._lock:
                strategy = self._strategy = self._strategy or FixedWindowRateLimiter(_open_storage())
        return strategy


def _open_storage() -> Storage:
    if not settings.REDIS_URL:
        return MemoryStorage()
    return RedisStorage(
        settings.REDIS_URL,
        wrap_exceptions=True,
        key_prefix=f"tillroll:{pepper_id()}",  # one Redis may serve several shops
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
    )


@lru_cache(maxsize=256)
def _get_item(limit: int) -> RateLimitItemPerMinute:
    return RateLimitItemPerMinute(limit)


def _until(moment: float) -> int:
    return max(1, round(moment - time()))


limiter = Limiter()
