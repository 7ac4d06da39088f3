"""How a run is to measure; every part gets one, and gives its rows as they are measured."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.load import Load, measure
from bench.questions import Question
from bench.results import Row


@dataclass(frozen=True)
class Plan:
    shops: Path
    rounds: int = 5
    seconds: float = 2
    only: str = ""
    """Words that a question's name must have."""
    is_short: bool = False
    """A part of the questions alone."""
    orders: int = 0
    """Of the shop to measure on, where a part leaves that open; 0 is the part's own size."""

    def choose(self, questions: Sequence[Question]) -> list[Question]:
        return [
            question
            for question in questions
            if self.only in question.name and (question.in_short or not self.is_short)
        ]

    def take_turns(self, *sides: Callable[[], Load]) -> list[list[Load]]:
        """The loads of each side, measured in turn, so that what disturbs one disturbs the others too."""
        rounds = [[side() for side in sides] for _ in range(self.rounds)]
        return [list(loads) for loads in zip(*rounds, strict=True)]

    def load(self, urls: str | Sequence[str], headers: dict[str, str] | None = None) -> Callable[[], Load]:
        """A side: one round of a question."""
        return lambda: measure(urls, self.seconds, headers)


Part = Callable[[Plan], Iterator[Row]]
