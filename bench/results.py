"""What a run of the bench leaves: the machine, and a row for each comparison, kept as lines of JSON.

A rate or a time is the median of its rounds with the least and the most, so that the noise is always shown; a
ratio is that of two medians of the same run.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Literal

import msgspec

RATE = "answers a second"
TIME = "ms an answer"


class Spread(msgspec.Struct, frozen=True):
    """The median of some rounds, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))


class Machine(msgspec.Struct, frozen=True, tag="machine"):
    """Where and with what was measured."""

    day: str
    cores: int
    processor: str
    memory_gb: float
    system: str
    python: str
    sqlite: str
    generator: str
    asked: str
    """The bench's own arguments, such as rounds and seconds."""


class Row(msgspec.Struct, frozen=True, tag="row", omit_defaults=True, kw_only=True):
    """One figure of Tillroll's and, where something stands beside it, that figure in the same unit."""

    part: str
    name: str
    form: str = ""
    """How the question was asked (`first time`, `repeated`, `304`), or what else splits a part's table."""
    unit: str = RATE
    ours: Spread | None = None
    beside: str = ""
    """What the other figure is of."""
    other: Spread | None = None
    p50: float | None = None
    p99: float | None = None
    """Milliseconds within which half, and 99 of 100, of our answers were there."""
    size: int | None = None
    """Bytes of our answer."""
    note: str = ""
    """What else is to be known; of a row without figures why there are none."""

    @property
    def ratio(self) -> float | None:
        """Ours as a share, or a multiple, of the other's."""
        if self.ours is None or self.other is None or not self.other.median:
            return None
        return self.ours.median / self.other.median


class Verdict(msgspec.Struct, frozen=True, tag="verdict"):
    """What became of a goal."""

    goal: str
    compares: str
    bound: str
    found: float | None
    where: str
    outcome: Literal["held", "missed", "not measured"]


Line = Machine | Row | Verdict


def encode(line: Line) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def load(path: Path) -> list[Line]:
    """The lines of a file that `--save` wrote."""
    return [msgspec.json.decode(line, type=Line) for line in path.read_bytes().splitlines() if line]


def list_rows(lines: Iterable[Line]) -> list[Row]:
    return [line for line in lines if isinstance(line, Row)]
