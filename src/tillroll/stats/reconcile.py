"""Everything that is kept, beside what the records make of it: the proof that no figure has drifted.

Goes by days and batches of records in one snapshot: memory stays bounded, and nobody waits for it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import Any, NamedTuple

from tillroll.shop import kept, ranks
from tillroll.shop.fields import from_units
from tillroll.shop.kept import Column, Ledger
from tillroll.shop.kept.ledgers import Key
from tillroll.shop.kept.recounting import get_stretch, list_recounts
from tillroll.shop.locale import get_zone
from tillroll.shop.statements import run, snapshot

MOST_ORDERS = 10
"""Ids that are named behind a difference; a day of a large shop has thousands."""

BATCH = 5_000


class Orders(NamedTuple):
    """The orders that make a figure: the first ids, and how many there are."""

    ids: tuple[int, ...] = ()
    total: int = 0

    def __str__(self) -> str:
        if not self.total:
            return "no order"
        named = f"{'order' if self.total == 1 else 'orders'} {', '.join(map(str, self.ids))}"
        more = self.total - len(self.ids)
        return f"{named} and {more:,} more" if more else named


class Difference(NamedTuple):
    """A figure of a row that is kept wrongly."""

    row: str
    figure: str
    kept: object
    real: object
    orders: Orders


class Reconciliation:
    """Iterating compares everything, in one snapshot, and gives the differences; `compared` then says how
    many rows of each kind there were."""

    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()

    def __iter__(self) -> Iterator[Difference]:
        with snapshot():
            zone = get_zone()
            yield from self._compare_ledgers(zone)
            yield from self._compare_downloads()
            yield from self._compare_terms()
            yield from self._compare_tallies()
            yield from self._compare_blocks()

    def _compare_ledgers(self, zone: tzinfo) -> Iterator[Difference]:
        for ledger, stored, real in list_recounts(kept.list_ledgers(), zone):
            rows = sorted(stored.keys() | real.keys())
            self.compared[ledger.plural] += len(rows)
            nothing = (0,) * len(ledger.columns)
            for row in rows:
                behind: Orders | None = None
                for column, ours, theirs in zip(
                    ledger.columns, stored.get(row, nothing), real.get(row, nothing), strict=True
                ):
                    if ours != theirs:
                        shown = (_show(column, ours), _show(column, theirs))
                        name = ledger.name.format(**dict(zip(ledger.keys, row, strict=True)))
                        behind = behind or _list_behind(ledger, row, zone)
                        yield Difference(name, column.name, *shown, behind)

    def _compare_downloads(self) -> Iterator[Difference]:
        last = -1
        while found := run(_DOWNLOADS, (last, BATCH)):
            last = found[-1][0]
            for customer, ours, theirs in found:
                if ours != theirs:
                    behind = _list_orders(_DOWNLOADED, (customer,))
                    yield Difference(f"customer {customer}", "download_count", ours, theirs, behind)

    def _compare_terms(self) -> Iterator[Difference]:
        stored: dict[int, int] = dict(run("SELECT id, count FROM shop_term"))
        self.compared["terms"] += len(stored)
        for term, theirs in sorted(run(kept.TERMS)):
            if stored[term] != theirs:
                yield Difference(f"term {term}", "count", stored[term], theirs, Orders())

    def _compare_tallies(self) -> Iterator[Difference]:
        stored, real = kept.compare_tallies()
        self.compared["counts"] += len(stored.keys() | real.keys())
        for name in sorted(stored.keys() | real.keys()):
            if stored[name] != real[name]:
                kind, *which = name.split(":")
                behind = _list_orders(_OF_KIND, which) if kind == "order" else Orders()
                yield Difference(f"count {name}", "value", stored[name], real[name], behind)

    def _compare_blocks(self) -> Iterator[Difference]:
        self.compared["blocks of lists"] += run("SELECT COUNT(*) FROM shop_block")[0][0]
        for each in ranks.find_differences():
            row = f"block {each.block} of level {each.level} of {each.name}"
            if each.is_misdated:
                yield Difference(row, "times", "others", "those of its members", Orders())
            if each.kept != each.counted:
                yield Difference(row, "value", each.kept, each.counted, Orders())


_DOWNLOADS = """
SELECT c.id, c.download_count, (SELECT COUNT(*) FROM shop_filedownload d WHERE d.customer_id = c.id)
FROM shop_customer c WHERE c.id > %s ORDER BY c.id LIMIT %s
"""
_DOWNLOADED = "SELECT d.order_id AS id FROM shop_filedownload d WHERE d.customer_id = %s AND d.order_id > 0"
_OF_KIND = "SELECT o.id FROM shop_order o WHERE o.type = %s AND o.status = %s"


def _show(column: Column, figure: int) -> object:
    return f"{from_units(figure).normalize():f}" if column.is_amount else figure


def _list_behind(ledger: Ledger, row: Key, zone: tzinfo) -> Orders:
    """The orders that enter something into a row of a ledger."""
    given = dict(zip(ledger.keys, row, strict=True))
    stretch = get_stretch(given["day"], zone) if ledger.by_day else None
    limit = f" AND {stretch.limit('o.created_at')}" if stretch else ""
    values: list[Any] = []
    queries = []
    for entry in ledger.entries:
        # of a day the orders are looked at, and no index of the key; else all that the key has
        bare = "+" if stretch and not entry.is_text else ""
        key = f" AND {bare}({entry.key}) = %s" if ledger.key else ""
        tables = entry.source.tables if stretch or not ledger.key else entry.source.by_item
        queries.append(f"SELECT o.id FROM {tables} WHERE {entry.source.joined} AND {entry.when}{key}{limit}")
        values += ([given[ledger.key]] if ledger.key else []) + (stretch.bounds if stretch else [])
    return _list_orders(" UNION ".join(queries), values)


def _list_orders(query: str, values: Sequence[Any]) -> Orders:
    ids = run(f"SELECT DISTINCT f.id FROM ({query}) f ORDER BY f.id LIMIT {MOST_ORDERS}", values)
    ((total,),) = run(f"SELECT COUNT(DISTINCT f.id) FROM ({query}) f", values)
    return Orders(tuple(order for (order,) in ids), int(total))
