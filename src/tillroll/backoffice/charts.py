"""Charts as the server draws them: the content policy lets no script or style into a page, but shapes with
classes may be."""

from collections.abc import Sequence
from dataclasses import dataclass

from tillroll.access.logbook import DayCount, KeyCount

HEIGHT = 100
"""Of the drawing, in its own units; the stylesheet says how large it is shown."""

MOST_KEYS = 8
"""Keys that have a bar of their own; the rest are drawn as one."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A day: its place from the left, its heights, and what it says."""

    place: float
    height: float
    error_height: float
    count: DayCount

    @property
    def top(self) -> float:
        return HEIGHT - self.height

    @property
    def error_top(self) -> float:
        return HEIGHT - self.error_height


@dataclass(frozen=True, slots=True)
class DayChart:
    bars: tuple[Bar, ...]
    most: int
    calls: int
    errors: int

    @property
    def width(self) -> int:
        return len(self.bars)


@dataclass(frozen=True, slots=True)
class KeyBar:
    """A key: its lengths of 100."""

    count: KeyCount
    length: float
    error_length: float
    is_rest: bool = False


def draw_days(counts: Sequence[DayCount]) -> DayChart:
    most = max((one.calls for one in counts), default=0)
    bars = (
        Bar(place + 0.1, _scale(one.calls, most), _scale(one.errors, most), one)
        for place, one in enumerate(counts)
    )
    return DayChart(tuple(bars), most, sum(one.calls for one in counts), sum(one.errors for one in counts))


def draw_keys(counts: Sequence[KeyCount]) -> list[KeyBar]:
    shown, rest = list(counts[:MOST_KEYS]), counts[MOST_KEYS:]
    if len(rest) == 1:
        shown, rest = [*shown, *rest], ()
    most = max((one.calls for one in shown), default=0)
    bars = [KeyBar(one, _scale(one.calls, most), _scale(one.errors, most)) for one in shown]
    if rest:
        calls, errors = sum(one.calls for one in rest), sum(one.errors for one in rest)
        most = max(most, calls)
        bars = [KeyBar(one, _scale(one.calls, most), _scale(one.errors, most)) for one in shown]
        others = KeyCount(None, f"{len(rest)} other keys", calls, errors)
        bars.append(KeyBar(others, _scale(calls, most), _scale(errors, most), is_rest=True))
    return bars


def _scale(count: int, most: int) -> float:
    """A length of 100; what is there at all can be seen."""
    return round(max(count / most * HEIGHT, 1.0), 2) if count else 0.0
