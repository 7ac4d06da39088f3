"""Figures added to what a ledger keeps: one statement for many rows."""

from collections.abc import Mapping
from functools import lru_cache

from django.utils import timezone

from tillroll.shop.fields import UNITS
from tillroll.shop.kept.ledgers import Column, Figures, Key, Ledger
from tillroll.shop.moments import bind_time
from tillroll.shop.statements import cut, run

BATCH = 100
"""Rows of a statement: SQLite may be built for 999 values."""


def add(ledger: Ledger, changes: Mapping[Key, Figures], *, is_change: bool = True) -> None:
    """Adds figures to the rows of a ledger; rows of records that are not there are left out. Those that are
    have changed, since the API shows their figures, unless all is only counted anew."""
    rows = [(*key, *ledger.split(figures)) for key, figures in changes.items() if any(figures)]
    for some in cut(rows, BATCH):
        values: list[object] = [value for row in some for value in row]
        if is_dated := is_change and ledger.is_column:
            values.append(bind_time(timezone.now()))
        run(_write_addition(ledger, len(some), is_dated), values)


@lru_cache(maxsize=256)
def _write_addition(ledger: Ledger, rows: int, is_dated: bool) -> str:
    """One statement that adds so many rows to what is kept, and carries."""
    names = (*ledger.keys, *ledger.stored)
    marks = ", ".join([f"({', '.join(['%s'] * len(names))})"] * rows)
    sums = ", ".join(_write_sum(column) for column in ledger.columns)
    if ledger.is_column:
        matches = " AND ".join(f"kept.{key} = excluded.{key}" for key in ledger.keys)
        return (
            f"WITH excluded ({', '.join(names)}) AS (VALUES {marks})"
            f" UPDATE {ledger.table} AS kept SET {sums}{', modified_at = %s' if is_dated else ''}"
            f" FROM excluded WHERE {matches}"
        )
    return (
        f"INSERT INTO {ledger.table} AS kept ({', '.join(names)}) VALUES {marks}"
        f" ON CONFLICT ({', '.join(ledger.keys)}) DO UPDATE SET {sums}"
    )


def _write_sum(column: Column) -> str:
    if not column.is_amount:
        return f"{column.name} = kept.{column.name} + excluded.{column.name}"
    whole, rest = column.stored
    return (
        f"{whole} = kept.{whole} + excluded.{whole} + (kept.{rest} + excluded.{rest}) / {UNITS},"
        f" {rest} = (kept.{rest} + excluded.{rest}) %% {UNITS}"
    )
