"""Charts as the server draws them: the content policy lets no script or style into a page, but shapes with
classes may be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil, floor

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


MOST_LABELS = 7
"""Steps that are named below a chart; a phone shows every third one of them."""

_EDGE = 94
"""Where in per cent a label begins to be cut off, unless it ends at the edge."""

_ROUND = (1, 2, 5, 10)
"""What the lines of a chart are apart, times a power of ten."""


@dataclass(frozen=True, slots=True)
class Series:
    """What bars of one kind show: the name of their class in the stylesheet, and what people call them."""

    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Step:
    """One place of a chart: what stands below it, its whole name, and a value of each series."""

    label: str
    title: str
    values: tuple[Decimal, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """A bar of a series, in per cent of the drawing."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A step: the ground behind it, its bars, and what they say."""

    x: float
    width: float
    title: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A label of an axis, or a line across: where in per cent, and what it says. A `minor` one is left out
    where there is little room."""

    place: float
    label: str
    anchor: str = "middle"
    is_minor: bool = False


@dataclass(frozen=True, slots=True)
class TimeChart:
    """Bars over time with the lines behind them and the labels of both axes."""

    series: tuple[Series, ...]
    columns: tuple[Column, ...]
    lines: tuple[Mark, ...]
    labels: tuple[Mark, ...]
    zero: float


def draw_steps(series: Sequence[Series], steps: Sequence[Step]) -> TimeChart:
    """Steps in their order; of each the bars stand one before another, the later ones narrower. Values may be
    below zero."""
    values = [value for step in steps for value in step.values]
    apart, low, high = _scale_axis(min([*values, Decimal(0)]), max([*values, Decimal(0)]))
    span = high - low

    def place(value: Decimal) -> float:
        return round(float((high - value) / span * 100), 3)

    lines = tuple(
        Mark(place(low + apart * number), _shorten(low + apart * number))
        for number in range(int(span / apart) + 1)
    )
    wide = 100 / max(len(steps), 1)
    columns = tuple(
        Column(
            round(number * wide, 3),
            round(wide, 3),
            step.title,
            tuple(
                _draw_shape(one.name, value, place, number, wide, 0.84 - 0.3 * behind)
                for behind, (one, value) in enumerate(zip(series, step.values, strict=True))
                if value
            ),
        )
        for number, step in enumerate(steps)
    )
    return TimeChart(tuple(series), columns, lines, _list_labels(steps, wide), place(Decimal(0)))


def _draw_shape(
    name: str, value: Decimal, place: Callable[[Decimal], float], number: int, wide: float, part: float
) -> Shape:
    top, bottom = sorted((place(value), place(Decimal(0))))
    x = (number + (1 - part) / 2) * wide
    return Shape(name, round(x, 3), top, round(wide * part, 3), round(max(bottom - top, 0.4), 3))


def _scale_axis(low: Decimal, high: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """How far the lines are apart, and the lowest and the highest one: three to six of them, 0 among them."""
    if low == high:
        high = Decimal(1)
    span = high - low
    power = Decimal(1).scaleb((span / 4).adjusted())
    apart = next(power * step for step in _ROUND if power * step * 4 >= span)
    return apart, floor(low / apart) * apart, ceil(high / apart) * apart


def _list_labels(steps: Sequence[Step], wide: float) -> tuple[Mark, ...]:
    every = max(-(-len(steps) // MOST_LABELS), 1)
    marks = []
    for place, number in enumerate(range(0, len(steps), every)):
        at, anchor = (number + 0.5) * wide, "middle"
        if len(steps) > 3 and (number == 0 or at > _EDGE):
            at, anchor = (0, "start") if number == 0 else (100, "end")
        marks.append(Mark(round(at, 3), steps[number].label, anchor, bool(place % 3)))
    return tuple(marks)


def _shorten(value: Decimal) -> str:
    """A value of an axis: 1,500 is "1.5k"."""
    for size, letter in ((Decimal(10**9), "bn"), (Decimal(10**6), "m"), (Decimal(10**3), "k")):
        if abs(value) >= size:
            return f"{(value / size).normalize():f}{letter}"
    return f"{value.normalize():f}" if value else "0"
