"""Totals by the shop's local day and by product, kept in the transaction that changes what they follow from.

The shop's services carry each change of an order over into the ledgers below; here is what they are, and how
all totals are computed anew: after an import, when the shop's zone changes, and in the migration that adds
them. A day is what zone.get_day_start says.
"""

from collections.abc import Iterable, Iterator
from datetime import date, tzinfo
from typing import NamedTuple

from tillroll.shop import kept
from tillroll.shop.kept import Column, Entry, Ledger, keep, list_stretches, recount
from tillroll.shop.kept.ledgers import FEES, IN_GROSS, IN_NET, ITEMS, ORDERS, count_if
from tillroll.shop.kept.recounting import Stretch, get_stretch
from tillroll.shop.models import Customer
from tillroll.shop.revision import Topic, renew_store, write
from tillroll.shop.services import get_zone, on_customer_created, on_zone_changed
from tillroll.shop.statements import run
from tillroll.shop.zone import get_day

ALL_ORDERS = Entry(
    ORDERS,
    when=f"o.type IN ('sale', 'refund') AND {IN_GROSS}",
    key="1",
    counts=(
        count_if(f"o.type = 'sale' AND {IN_NET}"),
        count_if("o.type = 'sale' AND o.status IN ('complete', 'revoked')"),
    ),
    amounts=("o.shop_total", "o.shop_tax"),
)
"""Sales, those of the headline number that EDD's own pages show, and earnings ([3.6] 3.6, [CONTRACT]
Stats)."""

SOLD_ITEMS = Entry(
    ITEMS,
    when=f"{IN_GROSS} AND i.product_id IS NOT NULL",
    key="i.product_id",
    counts=(count_if(f"o.type = 'sale' AND {IN_NET} AND i.status IN ('complete', 'partially_refunded')"),),
    amounts=("i.shop_total", "i.shop_tax"),
)
"""What items sold and brought in, less what was given back ([3.6] 3.6)."""

ITEM_FEES = Entry(
    FEES,
    when=f"o.type = 'sale' AND {IN_NET} AND i.product_id IS NOT NULL",
    key="i.product_id",
    counts=("0",),
    amounts=("a.shop_total", "a.shop_tax"),
)
"""What the items' fees brought in."""

_AMOUNTS = (Column("earnings", is_amount=True), Column("tax", is_amount=True))
_OF_ORDERS = (Column("sales"), Column("headline"), *_AMOUNTS)
_OF_PRODUCTS = (Column("sold"), *_AMOUNTS)

DAYS = Ledger("day {day}", "days", "stats_daytotal", _OF_ORDERS, (ALL_ORDERS,), by_day=True)
SHOP = Ledger("all time", "all-time total", "stats_shoptotal", _OF_ORDERS, (ALL_ORDERS,), key="id")
_OF_ITEMS = (SOLD_ITEMS, ITEM_FEES)
PRODUCT_DAYS = Ledger(
    "product {product_id} on {day}",
    "days of products",
    "stats_productdaytotal",
    _OF_PRODUCTS,
    _OF_ITEMS,
    key="product_id",
    by_day=True,
)
PRODUCTS = Ledger(
    "product {product_id}, all time",
    "all-time totals of products",
    "stats_producttotal",
    _OF_PRODUCTS,
    _OF_ITEMS,
    key="product_id",
)
LEDGERS = (DAYS, SHOP, PRODUCT_DAYS, PRODUCTS)


class CustomerDay(NamedTuple):
    """How many customers are on record since a day, and the smallest and largest of their ids."""

    day: date
    customers: int
    smallest_id: int
    largest_id: int


def follow_the_shop() -> None:
    """From now on every write of the shop's services keeps the totals."""
    keep(*LEDGERS)
    on_customer_created(_count_customer)
    on_zone_changed(rebuild)


def list_customer_days(zone: tzinfo) -> Iterator[CustomerDay]:
    """The days since which customers are on record."""
    for stretch in list_stretches("shop_customer", zone):
        if each := _count_customers(stretch):
            yield each


def _count_customers(stretch: Stretch) -> CustomerDay | None:
    if stretch.day is None:
        return None
    query = f"SELECT COUNT(*), MIN(id), MAX(id) FROM shop_customer WHERE {stretch.limit('created_at')}"
    ((customers, smallest, largest),) = run(query, stretch.bounds)
    return CustomerDay(stretch.day, customers, smallest, largest) if customers else None


def rebuild(zone: tzinfo | None = None) -> None:
    """Computes all totals anew in a zone, the shop's own unless one is given; inside the caller's
    transaction, which holds the topics of orders and customers."""
    zone = zone or get_zone()
    recount(LEDGERS, zone)
    run("DELETE FROM stats_customerdaytotal")
    for each in list_customer_days(zone):
        run(_INSERT, each)


def recount_customer_days(days: Iterable[date]) -> None:
    """Counts the new customers of some days anew, inside the caller's transaction."""
    for day in sorted(set(days)):
        stretch = get_stretch(day, get_zone())
        run("DELETE FROM stats_customerdaytotal WHERE day = %s", (day,))
        if each := _count_customers(stretch):
            run(_INSERT, each)


def rebuild_all(*, is_change: bool = False) -> None:
    """Computes anew whatever is kept, with the records and here; inside the caller's transaction."""
    kept.refresh(is_change=is_change)
    rebuild()


def repair() -> None:
    """Computes anew whatever is kept, all at once or not at all. Whoever has a copy of an answer or of a
    record asks anew: something may have been changed past the services."""
    with write(*Topic):
        renew_store()
        rebuild_all(is_change=True)


def _count_customer(customer: Customer) -> None:
    if day := get_day(customer.created_at, get_zone()):
        run(f"{_INSERT} {_ADD}", (day, 1, customer.pk, customer.pk))


_INSERT = """
INSERT INTO stats_customerdaytotal AS kept (day, customers, smallest_id, largest_id) VALUES (%s, %s, %s, %s)
"""
_ADD = """
ON CONFLICT (day) DO UPDATE SET customers = kept.customers + excluded.customers,
smallest_id = CASE WHEN excluded.smallest_id < kept.smallest_id
    THEN excluded.smallest_id ELSE kept.smallest_id END,
largest_id = CASE WHEN excluded.largest_id > kept.largest_id
    THEN excluded.largest_id ELSE kept.largest_id END
"""
