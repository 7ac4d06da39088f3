"""The figures and counts beside the records, when a part of these is exchanged: what they were before is
noted, and afterwards the difference is entered, at the cost of that part alone.

Orders have their own way (`kept.following`). Figures of records that are new, or that were put back, are
counted from the orders.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tillroll.shop import kept, ranks
from tillroll.shop.moments import read_time
from tillroll.shop.statements import cut, run

BATCH = 400
"""Records that one statement names by their ids."""

_CUSTOMERS = "SELECT id, created_at FROM shop_customer WHERE id IN ({})"
_DOWNLOADS = "SELECT id, customer_id FROM shop_filedownload WHERE id IN ({})"


class PartFigures:
    """Made before the records are exchanged, settled after; both inside the transaction of the exchange."""

    def __init__(self, parts: Mapping[str, Collection[int] | None]) -> None:
        self._parts = parts
        self._customers = self._read_customers()
        self._downloads = self._read_downloads()
        self._products = _list_products() if "catalogue" in parts else set()

    def settle(self) -> None:
        if "catalogue" in self._parts:
            kept.refresh_terms()
            kept.recount_tallies("product")
            kept.recount_records(kept.PRODUCTS, _list_products() - self._products)
        if "discount" in self._parts:
            kept.recount_tallies("discount")
        self._settle_customers()
        self._settle_downloads()

    def _read_customers(self) -> dict[int, datetime]:
        ids = self._parts.get("customer") or ()
        return {id_: read_time(at) for id_, at in _select(_CUSTOMERS, ids)}

    def _read_downloads(self) -> dict[int, int]:
        return dict(_select(_DOWNLOADS, self._parts.get("download") or ()))

    def _settle_customers(self) -> None:
        before, after = self._customers, self._read_customers()
        kept.adjust_tally("customer", len(after) - len(before))
        places: list[ranks.Change] = []
        for customer in before.keys() | after.keys():
            was, now = before.get(customer), after.get(customer)
            if was != now:
                places.append((ranks.CUSTOMERS, customer, (now is not None) - (was is not None), now or was))
        ranks.adjust(places)
        kept.recount_records(kept.CUSTOMERS, after)
        kept.refresh_downloads(after, is_change=True)

    def _settle_downloads(self) -> None:
        before, after = self._downloads, self._read_downloads()
        kept.adjust_tally("download", len(after) - len(before))
        ranks.adjust(
            (ranks.DOWNLOADS, download, 1 if download in after else -1, None)
            for download in before.keys() ^ after.keys()
        )
        kept.refresh_downloads({*before.values(), *after.values()}, is_change=True)


def _list_products() -> set[int]:
    return {product for (product,) in run("SELECT id FROM shop_product")}


def _select(query: str, ids: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    for some in cut(sorted(ids), BATCH):
        yield from run(query.format(", ".join(["%s"] * len(some))), some)
