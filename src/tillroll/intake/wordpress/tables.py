"""How the parts of the mapping name the tables that they take, and get their rows."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from tillroll.intake.wordpress.rows import Row

TakeRows = Callable[[Iterable[Row]], None]


class Taken(NamedTuple):
    """What is wanted of a table: these columns, in this order, given in batches to `take`."""

    columns: tuple[str, ...]
    take: TakeRows
