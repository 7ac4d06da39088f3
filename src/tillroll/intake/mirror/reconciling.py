"""The figures that are kept here, compared with those that the source's own rows give.

The source's are added up plainly, order by order, so that no statement of the figures' own is trusted.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, NamedTuple

from tillroll.intake.mirror.connection import Snapshot
from tillroll.intake.mirror.tables import Wanted
from tillroll.intake.wordpress.values import UNITS_OF, get_rate, in_shop_currency, take_time, take_whole
from tillroll.shop.fields import UNITS, from_units
from tillroll.shop.models.orders import GROSS, NET
from tillroll.shop.statements import run
from tillroll.shop.zone import get_day

PAGE = 5_000

SALES, EARNINGS, TAX = "sales", "earnings", "tax"
_AMOUNTS = (EARNINGS, TAX, "value")

_ORDERS = """
SELECT id, type, status, customer_id, total, tax, rate, date_created, date_modified
FROM `{p}edd_orders` WHERE id > %s ORDER BY id LIMIT %s
"""
_ITEMS = """
SELECT i.id, i.product_id, i.status, i.total, i.tax, i.rate, o.type, o.status
FROM `{p}edd_order_items` i JOIN `{p}edd_orders` o ON o.id = i.order_id
WHERE i.id > %s ORDER BY i.id LIMIT %s
"""
_FEES = """
SELECT a.id, i.product_id, a.type, a.total, a.tax, a.rate, o.type, o.status
FROM `{p}edd_order_adjustments` a JOIN `{p}edd_order_items` i ON i.id = a.object_id
JOIN `{p}edd_orders` o ON o.id = i.order_id
WHERE a.object_type = 'order_item' AND a.id > %s ORDER BY a.id LIMIT %s
"""
_COUNTS = {
    "products": ("SELECT COUNT(*) FROM `{p}posts` WHERE post_type = 'download'", "shop_product"),
    "customers": ("SELECT COUNT(*) FROM `{p}edd_customers`", "shop_customer"),
    "orders": ("SELECT COUNT(*) FROM `{p}edd_orders`", "shop_order"),
    "order items": (
        "SELECT COUNT(*) FROM `{p}edd_order_items` i JOIN `{p}edd_orders` o ON o.id = i.order_id",
        "shop_orderitem",
    ),
    "discounts": (
        "SELECT COUNT(*) FROM `{p}edd_adjustments` WHERE type = 'discount' AND code <> ''",
        "shop_discount",
    ),
    "file downloads": ("SELECT COUNT(*) FROM `{p}edd_logs_file_downloads`", "shop_filedownload"),
}

Rows = dict[Any, dict[str, int]]


@dataclass
class Figures:
    """By kind and row its figures: counts, and amounts in units of shop currency."""

    counts: Rows = field(default_factory=dict)
    days: Rows = field(default_factory=lambda: defaultdict(lambda: {SALES: 0, EARNINGS: 0, TAX: 0}))
    products: Rows = field(default_factory=lambda: defaultdict(lambda: {SALES: 0, EARNINGS: 0, TAX: 0}))
    customers: Rows = field(default_factory=lambda: defaultdict(lambda: {"purchases": 0, "value": 0}))

    @property
    def kinds(self) -> Mapping[str, Rows]:
        return {
            "number of": self.counts,
            "day": self.days,
            "product": self.products,
            "customer": self.customers,
        }


class Difference(NamedTuple):
    """A figure that is another here than in the source; amounts as a person reads them."""

    row: str
    figure: str
    here: str
    there: str

    def __str__(self) -> str:
        return f"{self.row}: {self.figure} is {self.here} here and {self.there} in the source."


def read_source(snapshot: Snapshot, wanted: Wanted, zone: tzinfo) -> Figures:
    """The figures of the source's rows ([3.6] 3.6, 7.3, 7.4)."""
    figures = Figures()
    prefix = wanted.shop.prefix
    for name, (query, _) in _COUNTS.items():
        figures.counts[name] = {"records": int(snapshot.run(query.replace("{p}", prefix))[0][0])}
    for row in _read(snapshot, prefix, _ORDERS):
        _add_order(figures, row, zone)
    for row in _read(snapshot, prefix, _ITEMS):
        _add_item(figures, row)
    for row in _read(snapshot, prefix, _FEES):
        _add_fee(figures, row)
    return figures


def _read(snapshot: Snapshot, prefix: str, query: str) -> Iterator[tuple[Any, ...]]:
    last = 0
    while rows := snapshot.run(query.replace("{p}", prefix), (last, PAGE)):
        yield from rows
        last = int(rows[-1][0])


def _add_order(figures: Figures, row: tuple[Any, ...], zone: tzinfo) -> None:
    _, type_, status, customer, total, tax, rate, created, modified = row
    status = _read_status(status)
    if status not in GROSS:
        return
    total, tax = _convert(total, tax, rate)
    is_sale = type_ == "sale" and status in NET
    buyer = figures.customers[take_whole(customer)]
    buyer["purchases"] += is_sale
    buyer["value"] += total
    written = take_time(created) or take_time(modified)
    day = get_day(datetime.fromisoformat(written).replace(tzinfo=UTC), zone) if written else None
    if day and type_ in ("sale", "refund"):
        _add(figures.days[day], is_sale, total, tax)


def _add_item(figures: Figures, row: tuple[Any, ...]) -> None:
    _, product, status, total, tax, rate, type_, order_status = row
    order_status = _read_status(order_status)
    if order_status in GROSS and product not in (None, "0"):
        is_sold = (
            type_ == "sale"
            and order_status in NET
            and _read_status(status) in ("complete", "partially_refunded")
        )
        _add(figures.products[int(product)], is_sold, *_convert(total, tax, rate))


def _add_fee(figures: Figures, row: tuple[Any, ...]) -> None:
    _, product, kind, total, tax, rate, type_, order_status = row
    is_kept = type_ == "sale" and _read_status(order_status) in NET
    if is_kept and kind != "discount" and product not in (None, "0"):
        _add(figures.products[int(product)], False, *_convert(total, tax, rate))


def _add(row: dict[str, int], is_sale: bool, total: int, tax: int) -> None:
    row[SALES] += is_sale
    row[EARNINGS] += total
    row[TAX] += tax


def _read_status(status: str | None) -> str:
    return "complete" if status == "publish" else status or ""


def _convert(total: str, tax: str, rate_text: str) -> tuple[int, int]:
    """Total and tax in shop currency; 1 stands for a rate by which nothing can be divided."""
    units = (UNITS_OF[total], UNITS_OF[tax])
    rate = get_rate(rate_text) or UNITS
    converted = [in_shop_currency(each, rate) for each in units]
    if None in converted:
        return units
    return (converted[0] or 0, converted[1] or 0)


def read_here() -> Figures:
    """The figures that are kept here."""
    figures = Figures()
    for name, (_, table) in _COUNTS.items():
        source = "source_id = (SELECT source_id FROM shop_mirror)"
        figures.counts[name] = {"records": run(f"SELECT COUNT(*) FROM {table} WHERE {source}")[0][0]}  # noqa: S608 (own names)
    for table, key, rows, columns in (
        ("stats_daytotal", "day", figures.days, (SALES, EARNINGS, TAX)),
        ("stats_producttotal", "product_id", figures.products, (SALES, EARNINGS, TAX)),
        ("shop_customer", "id", figures.customers, ("purchases", "value")),
    ):
        names = _COLUMNS[table]
        for id_, count, *parts in run(f"SELECT {key}, {names} FROM {table}"):  # noqa: S608 (own names)
            amounts = [int(parts[place]) * UNITS + int(parts[place + 1]) for place in range(0, len(parts), 2)]
            rows[id_ if isinstance(id_, int) else _read_day(id_)] = dict(
                zip(columns, (int(count), *amounts), strict=True)
            )
    return figures


_COLUMNS = {
    "stats_daytotal": "sales, earnings_whole, earnings_rest, tax_whole, tax_rest",
    "stats_producttotal": "sold, earnings_whole, earnings_rest, tax_whole, tax_rest",
    "shop_customer": "purchase_count, purchase_whole, purchase_rest",
}


def _read_day(value: Any) -> Any:
    return datetime.fromisoformat(value).date() if isinstance(value, str) else value


def compare(here: Figures, there: Figures) -> Iterator[Difference]:
    """What differs, by kind and row."""
    for kind, ours in here.kinds.items():
        theirs = there.kinds[kind]
        keys = ours.keys() | theirs.keys()
        if kind == "customer":
            keys = set(ours)  # of buyers who are on record nowhere nothing is kept
        for key in sorted(keys):
            mine, other = ours.get(key, {}), theirs.get(key, {})
            for name in dict.fromkeys((*mine, *other)):
                one, two = mine.get(name, 0), other.get(name, 0)
                if one != two:
                    yield Difference(f"{kind} {key}", name, _show(name, one), _show(name, two))


def _show(name: str, figure: int) -> str:
    return f"{from_units(figure).normalize():f}" if name in _AMOUNTS else f"{figure:,}"
