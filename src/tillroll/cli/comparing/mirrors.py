"""A Tillroll that follows another shop is some seconds behind it: what differs counts after that."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tillroll.cli.comparing.answers import Answer, Round
from tillroll.cli.comparing.questions import Question

if TYPE_CHECKING:
    from tillroll.cli.comparing.sides import Side

PAUSE = 5.0
"""Seconds between two looks at how far a mirror is."""

LONGEST = 60.0
"""Seconds that one question may wait in all."""

COARSE = timedelta(seconds=2)
"""What both headers may be short of, as each drops the part of a second."""


def read_round(headers: Mapping[str, str]) -> Round | None:
    """None for what is no mirror, or doesn't say so readably."""
    try:
        began_at = datetime.fromisoformat(headers.get("X-Tillroll-Mirror-Round", ""))
        age = timedelta(seconds=int(headers.get("X-Tillroll-Mirror-Age", "")))
        return Round(began_at.astimezone(UTC), began_at.astimezone(UTC) + age)
    except (ValueError, OverflowError):
        return None


class Patience:
    """The waiting of one comparison. A mirror that began no round in time is waited for no more."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep
        self._stuck: set[str] = set()

    def wait(self, question: Question, answered: tuple[tuple["Side", Answer], ...]) -> None:
        """Until each side of them answers from a round that began after it was asked at first."""
        left = LONGEST
        for side, answer in answered:
            if answer.round is None or side.name in self._stuck:
                continue
            until = answer.round.answered_at + COARSE
            reached: Round | None = answer.round
            while reached is not None and reached.began_at < until:
                if left < PAUSE:
                    self._stuck.add(side.name)
                    break
                self._sleep(PAUSE)
                left -= PAUSE
                reached = side.ask(question).round
