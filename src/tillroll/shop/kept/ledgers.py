"""What a figure of the orders is: which rows it has, and what an order enters into them.

Amounts are in shop currency and are summed in two parts, whole units and 10^-9 units, which no shop can
overflow; they are carried in the table, and joined to units in Python.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import Any

from tillroll.shop.fields import UNITS
from tillroll.shop.models.orders import GROSS, NET

Run = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
"""Runs a statement and gives its rows."""

Key = tuple[Any, ...]
Figures = tuple[int, ...]
"""Counts, then amounts in 10^-9 units."""

IN_GROSS = f"o.status IN ({', '.join(map(repr, GROSS))})"
IN_NET = f"o.status IN ({', '.join(map(repr, NET))})"


@dataclass(frozen=True, eq=False)
class Source:
    """The rows that are read of orders `o`: the orders themselves, or what belongs to them."""

    tables: str
    joined: str = "TRUE"

    @property
    def by_item(self) -> str:
        """The tables in the order for a question about one product: by the orders it would take a product's
        items once for each order of the shop."""
        return self.tables.replace(_BY_ORDER, "shop_orderitem i CROSS JOIN shop_order o")


_BY_ORDER = "shop_order o CROSS JOIN shop_orderitem i"

ORDERS = Source("shop_order o")
ITEMS = Source(
    f"{_BY_ORDER} LEFT JOIN shop_orderitem p ON p.id = i.parent_id",
    "i.order_id = o.id",
)
"""Items `i`, and for those of refunds the items `p` that they take back. A cross join has SQLite begin with
the orders, of which a condition always leaves few; it would begin with the items of all products."""

FEES = Source(
    f"{_BY_ORDER} JOIN shop_orderadjustment a ON a.item_id = i.id",
    "i.order_id = o.id AND a.type <> 'discount'",
)
"""Fees and credits `a` of items."""

DISCOUNTS = Source(
    "shop_order o CROSS JOIN shop_orderadjustment a",
    "a.order_id = CASE WHEN o.type = 'refund' THEN o.parent_id ELSE o.id END"
    " AND a.type = 'discount' AND a.item_id IS NULL",
)
"""Discounts `a` of whole orders; of a refund those of its sale."""

SOURCES = (ORDERS, ITEMS, FEES, DISCOUNTS)


@dataclass(frozen=True, eq=False)
class Entry:
    """What a row of a source enters, when, and where: SQL for the key of the ledger's row, and for numbers.

    Counts come before amounts. SQL stands here as it is executed with values: %% for %. `is_text` says that
    the key is no number.
    """

    source: Source
    when: str
    key: str
    counts: tuple[str, ...]
    amounts: tuple[str, ...]
    is_text: bool = False

    @cached_property
    def sums(self) -> tuple[str, ...]:
        """SQL of the sums of all numbers, each amount's in two parts."""
        numbers = (*self.counts, *(f"({each}) {part}" for each in self.amounts for part in _PARTS))
        return tuple(f"CAST(COALESCE(SUM({number}), 0) AS BIGINT)" for number in numbers)


_PARTS = (f"/ {UNITS}", f"%% {UNITS}")


def count_if(condition: str) -> str:
    """1 for a row of which a condition is true."""
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


@dataclass(frozen=True)
class Column:
    """A figure of a row: a count in a column of its name, an amount in name_whole and name_rest."""

    name: str
    is_amount: bool = False

    @property
    def stored(self) -> tuple[str, ...]:
        return (f"{self.name}_whole", f"{self.name}_rest") if self.is_amount else (self.name,)


@dataclass(frozen=True, eq=False)
class Ledger:
    """A table of figures. Its rows go by the key of the entries, by the local day of the order, or by both.

    `is_column` says that the figures are columns of a record, which is there or not; else they have rows of
    their own, which come when they are needed. Columns are in the order of the entries' numbers. `name` is
    what people call a row, by its keys; `plural` many of them.
    """

    name: str
    plural: str
    table: str
    columns: tuple[Column, ...]
    entries: tuple[Entry, ...] = field(repr=False)
    key: str = ""
    by_day: bool = False
    is_column: bool = False

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return (self.key,) * bool(self.key) + ("day",) * self.by_day

    @cached_property
    def stored(self) -> tuple[str, ...]:
        return tuple(name for column in self.columns for name in column.stored)

    @cached_property
    def _amounts(self) -> range:
        """Where the amounts begin among the stored numbers."""
        return range(sum(not column.is_amount for column in self.columns), len(self.stored), 2)

    def get_row(self, key: int | str, day: date | None) -> Key:
        """A row's own key, from that of an entry and the day."""
        return (key,) * bool(self.key) + (day,) * self.by_day

    def join(self, numbers: Sequence[int]) -> Figures:
        """The figures of stored or measured numbers: the parts of each amount joined to units."""
        amounts = [numbers[place] * UNITS + numbers[place + 1] for place in self._amounts]
        return (*numbers[: len(self.columns) - len(amounts)], *amounts)

    def split(self, figures: Figures) -> list[int]:
        """What is stored of figures."""
        numbers: list[int] = []
        for column, figure in zip(self.columns, figures, strict=True):
            numbers += split_units(figure) if column.is_amount else (figure,)
        return numbers


_kept: list[Ledger] = []


def keep(*ledgers: Ledger) -> None:
    """From now on these ledgers change with the orders."""
    _kept.extend(ledger for ledger in ledgers if ledger not in _kept)


def list_ledgers() -> tuple[Ledger, ...]:
    """All that change with the orders: those of the records, and what upper layers keep."""
    return tuple(_kept)


@lru_cache(maxsize=64)
def list_entries(ledgers: tuple[Ledger, ...], source: Source | None = None) -> tuple[Entry, ...]:
    """All entries into some ledgers, each once; or those from one source."""
    entries = dict.fromkeys(entry for ledger in ledgers for entry in ledger.entries)
    return tuple(entry for entry in entries if source is None or entry.source is source)


@lru_cache(maxsize=64)
def list_takers(ledgers: tuple[Ledger, ...], entry: Entry) -> tuple[Ledger, ...]:
    """Those of some ledgers that an entry goes into."""
    return tuple(ledger for ledger in ledgers if entry in ledger.entries)


@lru_cache(maxsize=256)
def write_sums(entries: tuple[Entry, ...], which: str, *, by_item: bool = False) -> str:
    """One statement for what many orders enter together: rows of the entry's place, the key, and the sums,
    filled up with zeros.

    `which` is a condition on the orders, and may name the entry's {key}; its values are bound once for each
    entry. The keys are all numbers or all texts.
    """
    width = max(len(entry.sums) for entry in entries)
    return " UNION ALL ".join(
        f"SELECT {place}, {entry.key}, {', '.join((*entry.sums, *('0',) * (width - len(entry.sums))))}"
        f" FROM {entry.source.by_item if by_item else entry.source.tables}"
        f" WHERE {entry.source.joined} AND {entry.when} AND {which.format(key=entry.key)}"
        " GROUP BY 2"
        for place, entry in enumerate(entries)
    )


@lru_cache(maxsize=256)
def write_rows(source: Source, entries: tuple[Entry, ...], orders: int) -> str:
    """A statement for what so many orders, whose ids are bound, enter from a source: rows of the order's id,
    type, status and time, and for each entry the key, or NULL where nothing is entered, and the numbers."""
    columns = [
        column
        for entry in entries
        for column in (f"CASE WHEN {entry.when} THEN {entry.key} END", *entry.counts, *entry.amounts)
    ]
    marks = ", ".join(["%s"] * orders)
    state = "o.id, o.type, o.status, o.created_at"
    where = f"{source.joined} AND o.id IN ({marks})"
    return f"SELECT {state}, {', '.join(columns)} FROM {source.tables} WHERE {where}"


def add_figures(rows: dict[Key, Figures], row: Key, figures: Figures, sign: int = 1) -> None:
    """Adds figures to a row, or takes them off it."""
    before = rows.get(row)
    if before is None:
        rows[row] = figures if sign > 0 else tuple(-figure for figure in figures)
    else:
        rows[row] = tuple(old + sign * new for old, new in zip(before, figures, strict=True))


def split_units(units: int) -> tuple[int, int]:
    """An amount's whole and rest, both with its sign, as the store divides."""
    whole, rest = divmod(abs(units), UNITS)
    return (whole, rest) if units >= 0 else (-whole, -rest)
