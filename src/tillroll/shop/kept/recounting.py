"""Ledgers measured anew from all orders, beside what is kept of them: to be set right, or to be compared.

It goes by days and by batches of records, so that memory holds a part at a time, whatever the shop's size.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from typing import NamedTuple

from tillroll.shop.kept.additions import add
from tillroll.shop.kept.ledgers import (
    Figures,
    Key,
    Ledger,
    add_figures,
    list_entries,
    list_takers,
    write_sums,
)
from tillroll.shop.moments import bind_time, read_time
from tillroll.shop.statements import cut, run
from tillroll.shop.zone import EARLIEST, LATEST, get_day, get_day_end, get_day_start

RECORDS = 5_000
"""Records whose figures are measured at once."""

BATCH = 100
"""Records that one statement names by their ids."""


class Stretch(NamedTuple):
    """A part of time in which something was created: a local day, or None for what lies before the first.
    The last has no end."""

    day: date | None
    start: datetime
    end: datetime

    def limit(self, time: str) -> str:
        """The condition on a column, whose values are `bounds`."""
        return f"{time} >= %s" if self.end == LATEST else f"{time} >= %s AND {time} < %s"

    @property
    def bounds(self) -> list[datetime | str]:
        return [bind_time(each) for each in (self.start, self.end)[: 1 if self.end == LATEST else 2]]


def get_stretch(day: date, zone: tzinfo) -> Stretch:
    return Stretch(day, get_day_start(day, zone), get_day_end(day, zone))


def list_stretches(table: str, zone: tzinfo) -> Iterator[Stretch]:
    """The days on which records of a table were created, in order."""
    start = EARLIEST
    while True:
        query = f"SELECT created_at FROM {table} WHERE created_at >= %s ORDER BY created_at LIMIT 1"
        if not (found := run(query, (bind_time(start),))):
            return
        day = get_day(read_time(found[0][0]), zone)
        if day is None:
            stretch = Stretch(None, EARLIEST, get_day_start(date.min, zone))
        else:
            stretch = get_stretch(day, zone)
        yield stretch
        if (start := stretch.end) == LATEST:
            return


class Recount(NamedTuple):
    """Some rows of a ledger, as they are kept and as the orders make them. A row that is missing on a side is
    all zeros there."""

    ledger: Ledger
    kept: dict[Key, Figures]
    real: dict[Key, Figures]

    def list_changes(self) -> dict[Key, Figures]:
        """What has to be added to what is kept."""
        changes = dict(self.real)
        for row, figures in self.kept.items():
            add_figures(changes, row, figures, -1)
        return {row: figures for row, figures in changes.items() if any(figures)}


def recount(ledgers: tuple[Ledger, ...], zone: tzinfo, *, is_change: bool = False) -> None:
    """Sets ledgers right, inside the caller's transaction; records whose figures were wrong are changed ones
    where that is said."""
    for ledger in ledgers:
        if not ledger.is_column:
            run(f"DELETE FROM {ledger.table}")
    for some in list_recounts(ledgers, zone):
        add(some.ledger, some.list_changes(), is_change=is_change)


def recount_records(ledger: Ledger, keys: Iterable[int]) -> None:
    """Sets right what some records keep in columns of their own, inside the caller's transaction; those that
    were wrong have changed."""
    for some in cut(sorted(set(keys)), BATCH):
        marks = ", ".join(["%s"] * len(some))
        columns = f"{ledger.key}, {', '.join(ledger.stored)}"
        found = run(f"SELECT {columns} FROM {ledger.table} WHERE {ledger.key} IN ({marks})", some)
        sums = write_sums(ledger.entries, f"{{key}} IN ({marks})", by_item=True)
        real: dict[Key, Figures] = {}
        for _, key, *numbers in run(sums, some * len(ledger.entries)):
            add_figures(real, (key,), ledger.join(numbers))
        held = {(key,): ledger.join(numbers) for key, *numbers in found}
        real = {key: figures for key, figures in real.items() if key in held}
        add(ledger, Recount(ledger, held, real).list_changes())


def list_recounts(ledgers: tuple[Ledger, ...], zone: tzinfo) -> Iterator[Recount]:
    """All rows of some ledgers."""
    for ledger in ledgers:
        if ledger.is_column:
            yield from _recount_records(ledger)
    if own := tuple(ledger for ledger in ledgers if not ledger.is_column):
        yield from _recount_days(own, zone)


def _recount_records(ledger: Ledger) -> Iterator[Recount]:
    last, columns = -1, f"{ledger.key}, {', '.join(ledger.stored)}"
    statement = write_sums(ledger.entries, "{key} > %s AND {key} <= %s")
    while True:
        found = run(
            f"SELECT {columns} FROM {ledger.table} WHERE {ledger.key} > %s ORDER BY {ledger.key} LIMIT %s",
            (last, RECORDS),
        )
        kept = {(key,): ledger.join(numbers) for key, *numbers in found}
        if not kept:
            return
        first, (last,) = last, max(kept)
        real: dict[Key, Figures] = {}
        for _, key, *numbers in run(statement, (first, last) * len(ledger.entries)):
            if (key,) in kept:
                add_figures(real, (key,), ledger.join(numbers))
        yield Recount(ledger, kept, real)


def _recount_days(ledgers: tuple[Ledger, ...], zone: tzinfo) -> Iterator[Recount]:
    """Day by day, then the days that nothing is left of, then the ledgers without days."""
    every = list_entries(ledgers)
    kinds = [tuple(entry for entry in every if entry.is_text is is_text) for is_text in (False, True)]
    daily = [ledger for ledger in ledgers if ledger.by_day]
    totals: dict[Ledger, dict[Key, Figures]] = {ledger: {} for ledger in ledgers if not ledger.by_day}
    seen: set[date] = set()
    for stretch in list_stretches("shop_order", zone):
        days: dict[Ledger, dict[Key, Figures]] = {ledger: {} for ledger in daily}
        for entries in filter(None, kinds):
            statement = write_sums(entries, stretch.limit("o.created_at"))
            for place, key, *numbers in run(statement, stretch.bounds * len(entries)):
                for ledger in list_takers(ledgers, entries[place]):
                    rows = days[ledger] if ledger.by_day else totals[ledger]
                    add_figures(rows, ledger.get_row(key, stretch.day), ledger.join(numbers))
        if stretch.day:
            seen.add(stretch.day)
            for ledger, rows in days.items():
                yield Recount(ledger, _read_kept(ledger, stretch.day), rows)
    for ledger in daily:
        days_kept = {day for (day,) in run(f"SELECT DISTINCT day FROM {ledger.table}")}
        for day in sorted(days_kept - seen):
            yield Recount(ledger, _read_kept(ledger, day), {})
    for ledger, rows in totals.items():
        yield Recount(ledger, _read_kept(ledger), rows)


def _read_kept(ledger: Ledger, day: date | None = None) -> dict[Key, Figures]:
    where, values = (" WHERE day = %s", (day,)) if day else ("", ())
    found = run(f"SELECT {', '.join((*ledger.keys, *ledger.stored))} FROM {ledger.table}{where}", values)
    keys = len(ledger.keys)
    return {row[:keys]: ledger.join(row[keys:]) for row in found}
