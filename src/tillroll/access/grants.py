"""Grants: a few requests of a key that were counted already, given out one by one without asking anybody.

They are drawn at once from what this worker holds of the key's minute, day and month, and go back there when
the key is another one, when the minute or the day is over, or when nobody asks for a while.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tillroll.access.policy import Policy

LARGEST = 100
"""Requests of a grant: so many that drawing them costs each of them next to nothing."""

IDLE_SECONDS = 5.0


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


class Part(NamedTuple):
    """What was drawn of one limit: how many are left beside the grant, when it begins anew in seconds since
    1970, and how what is left of the grant goes back."""

    name: str
    limit: int
    length: int
    beside: int
    ends: float
    put_back: Callable[[int], None]


class Grant:
    def __init__(self, policy: Policy, number: int, parts: list[Part], clock: float) -> None:
        self._lock = threading.Lock()
        self._policy = policy
        self._left = number
        self._parts = parts
        self._until = min(part.ends for part in parts)
        self._drawn_at = clock

    def give(self, policy: Policy, clock: float) -> Allowance:
        """One request, and what is left of the limits then; nothing when the grant is over or of another
        policy."""
        with self._lock:
            if not self._left or policy is not self._policy or clock >= self._until:
                return ()
            self._left -= 1
            left = self._left
        return tuple(
            [
                Window(name, limit, length, beside + left, max(1, round(ends - clock)))
                for name, limit, length, beside, ends, _ in self._parts
            ]
        )

    def is_idle(self, clock: float, is_last: bool) -> bool:
        return self._left > 0 and (is_last or clock - self._drawn_at > IDLE_SECONDS)

    def end(self) -> None:
        """Gives back what is left."""
        with self._lock:
            left, self._left = self._left, 0
        if left:
            for part in self._parts:
                part.put_back(left)
