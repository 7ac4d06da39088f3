"""What a list is made of: which rows, and in which order. Pieces of SQL that queries.py puts together."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec


class Stretch(NamedTuple):
    """The members of a list in one of its blocks (shop/ranks.py), or those of them that are asked for."""

    level: int
    block: int
    members: int


class Filter(msgspec.Struct, frozen=True):
    """A condition on a list and its values.

    What else is known of the list: the tallies that count it when it is whole; the name under which its
    blocks are kept; the stretches, newest first, that hold all of it and nothing else; whether it was
    counted, with the number, or None for too many.
    """

    condition: str
    values: tuple[object, ...] = ()
    tallies: tuple[str, ...] = ()
    name: str = ""
    stretches: tuple[Stretch, ...] = ()
    is_counted: bool = False
    total: int | None = None
    is_cut: bool = False

    def and_(self, condition: str, values: Sequence[object]) -> "Filter":
        """The list narrowed further; nothing else is known of it any more."""
        return Filter(f"{condition} AND {self.condition}", (*values, *self.values), is_cut=self.is_cut)

    def up_to(self, column: str, row_id: int) -> "Filter":
        """The part of the list that begins at an id, by the id's column. A later beginning takes the place of
        an earlier one: of two, SQLite may search by the wrong one."""
        if self.is_cut:
            return Filter(self.condition, (*self.values[:-1], row_id), is_cut=True)
        return Filter(f"{self.condition} AND {column} <= %s", (*self.values, row_id), is_cut=True)


class Order(msgspec.Struct, frozen=True):
    """How a list is ordered. `columns` name one row together, the last of them being its id: by their values
    a cursor goes on; without them none can."""

    sql: str
    columns: tuple[str, ...] = ()
    is_ascending: bool = False

    @property
    def is_by_id(self) -> bool:
        """Newest id first: the order of which blocks know the places, and in which streams are read."""
        return len(self.columns) == 1 and not self.is_ascending

    @property
    def is_random(self) -> bool:
        """Another order each time: it can't be read in parts."""
        return "RANDOM()" in self.sql

    def after(self, rows: Filter, position: Sequence[object]) -> Filter:
        """The part of a list behind the row that has these values."""
        if self.is_by_id:
            return rows.up_to(self.columns[0], int(str(position[0])) - 1)
        marks = ", ".join(["%s"] * len(self.columns))
        sign = ">" if self.is_ascending else "<"
        return rows.and_(f"({', '.join(self.columns)}) {sign} ({marks})", position)


def order_by(*columns: str, is_ascending: bool = False) -> Order:
    """An order in which a cursor can go on."""
    direction = "ASC" if is_ascending else "DESC"
    return Order(", ".join(f"{column} {direction}" for column in columns), columns, is_ascending)
