"""Tillroll's own statements as text, taken once when the floor starts: so both always ask the same.

The texts have the marks that psycopg takes (%s); floor.py turns them for sqlite3.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from bench.floor_shop import Row, Run
from tillroll.eddapi import queries
from tillroll.eddapi.filters import Filter, Order, order_by

Asked = dict[str, str]


def take(ask: Callable[..., object], *arguments: object) -> str:
    """The statement that a function of Tillroll runs for these arguments; it is run on nothing."""
    taken: list[str] = []

    def run(query: str, _values: Sequence[object]) -> list[Row]:
        taken.append(query)
        return []

    with suppress(LookupError):  # one that expects a row finds none
        ask(run, *arguments)
    [text] = taken
    return text


@cache
def take_for(ask: Callable[..., object], count: int) -> str:
    """The statement of a function that takes a list of ids, for so many of them."""
    return take(ask, range(count))


class Chosen(NamedTuple):
    """A list, for one way to choose its rows: the page, the count behind it, and for a list in the order of
    its ids the id at which a later page begins, and the page from there on."""

    page: str
    total: str
    """Empty where the list was counted already."""
    place: str
    begun: str
    is_whole: bool

    @classmethod
    def of(
        cls, ask: Callable[..., object], table: str, column: str, rows: Filter, order: Order | None = None
    ) -> "Chosen":
        order = order or order_by(column)
        total = "" if rows.is_counted else take(queries.count_rows, table, rows)
        place = begun = ""
        if order.is_by_id:
            place = take(queries.get_id_at, table, column, rows, 1)
            begun = take(ask, rows.up_to(column, 1), order.sql, 1, 0)
        return cls(take(ask, rows, order.sql, 1, 0), total, place, begun, bool(rows.tallies))

    def read(self, run: Run, asked: Asked, values: Sequence[object] = ()) -> list[Row]:
        """The page's rows; the total is asked for where the list may go on behind them, as Tillroll does."""
        size = int(asked.get("number", 10))
        rows = self._read_page(run, values, size, size * (int(asked.get("page", 1)) - 1))
        if len(rows) == size and self.total:
            run(self.total, () if self.is_whole else values)
        return rows

    def _read_page(self, run: Run, values: Sequence[object], size: int, offset: int) -> list[Row]:
        if not offset or not self.place:
            return run(self.page, (*values, size, offset))
        [(first,)] = run(self.place, (*values, offset))
        return run(self.begun, (*values, first, size, 0))

    def read_one(self, run: Run, value: object) -> list[Row]:
        """The row that a value names."""
        return run(self.page, (value, 1, 0))
