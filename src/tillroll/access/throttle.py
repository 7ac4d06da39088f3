"""Guesses at keys are slowed down by address: unknown keys and wrong tokens (passwords: attempts.py)."""

from collections import OrderedDict
from threading import Lock

from django.conf import settings

from tillroll.access.limiter import limiter

MOST_KNOWN = 10_000
"""Keys and addresses that a worker remembers as having been right together."""


class TooManyFailures(Exception):
    """An address guessed too often; `seconds` says when it may try again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many failed attempts from this address; wait {seconds} seconds.")
        self.seconds = seconds


class KeyThrottle:
    """Wrong keys and tokens in a minute by address. A key that was right from an address before goes on being
    heard, so that one bad client behind a proxy does not shut the others out."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._failed = False
        self._lock = Lock()

    def check(self, public_key: str, address: str) -> None:
        """Raises TooManyFailures for an address that failed too often; free of charge while nobody fails."""
        if not (self._failed and address) or (public_key, address) in self._known:
            return
        standing = limiter.look(f"failed:{address}", settings.FAILED_TRIES_A_MINUTE)
        if not standing.is_within:
            raise TooManyFailures(standing.resets_in)

    def note_failure(self, address: str) -> None:
        if address:
            self._failed = True
            limiter.hit(f"failed:{address}", settings.FAILED_TRIES_A_MINUTE)

    def note_success(self, public_key: str, address: str) -> None:
        pair = (public_key, address)
        if pair in self._known:
            return
        with self._lock:
            self._known[pair] = None
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)

    def forget(self) -> None:
        with self._lock:
            self._known.clear()
            self._failed = False


key_throttle = KeyThrottle()
