"""How fast another shop is asked: one request at a time, a few in a second, and slower when it says so."""

import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from django.utils import timezone

RATE = 5.0
"""Requests in a second at most, unless told otherwise: what a browser with one visitor makes, so that a
small shop's customers notice nothing."""

LONGEST_BACKOFF = 60.0
LONGEST_WAIT = 3_600.0
"""Seconds. A shop that wants to be left alone for longer is asked again by the next pull."""


class Pace:
    """Spaces requests out. `now` (seconds on any clock) and `sleep` may be a test's own."""

    def __init__(
        self,
        rate: float = RATE,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._gap = 1 / rate
        self._next = 0.0
        self.now = now
        self.sleep = sleep

    def wait(self) -> None:
        """Returns when the next request may be sent."""
        now = self.now()
        if now < self._next:
            self.sleep(self._next - now)
            now = self._next
        self._next = now + self._gap


def get_backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 and so on."""
    return float(min(2.0 ** min(failures - 1, 10), LONGEST_BACKOFF))


def read_retry_after(text: str | None) -> float | None:
    """The seconds of a `Retry-After`, which may be a number or a date (RFC 9110 10.2.3); None for neither."""
    value = (text or "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        return None
    return max((moment - timezone.now()).total_seconds(), 0.0)
