"""Totals by the shop's local day, and by product, gateway, country and discount code, kept in the transaction
that changes what they follow from.

The shop's services carry each change of an order over into the ledgers below; here is what they are, and how
all totals are computed anew: after an import, when the shop's zone changes, and in the migration that adds
them. A day is what zone.get_day_start says.
"""

from datetime import tzinfo

from tillroll.shop import kept
from tillroll.shop.kept import Column, Entry, Ledger, keep, recount
from tillroll.shop.kept.ledgers import DISCOUNTS, FEES, IN_GROSS, IN_NET, ITEMS, ORDERS, count_if
from tillroll.shop.revision import Topic, renew_store, write
from tillroll.shop.services import get_zone, on_zone_changed

_IN_ORDERS = f"o.type IN ('sale', 'refund') AND {IN_GROSS}"
_SALES = count_if(f"o.type = 'sale' AND {IN_NET}")
_REFUNDS = count_if("o.type = 'refund'")
_REFUNDED = "CASE WHEN o.type = 'refund' THEN -o.shop_total ELSE 0 END"
_ORDER_AMOUNTS = ("o.shop_total", "o.shop_tax", _REFUNDED)

ALL_ORDERS = Entry(
    ORDERS,
    when=_IN_ORDERS,
    key="1",
    counts=(_SALES, count_if("o.type = 'sale' AND o.status IN ('complete', 'revoked')"), _REFUNDS),
    amounts=_ORDER_AMOUNTS,
)
"""Sales, those of the headline number that EDD's own pages show, and earnings ([3.6] 3.6, [CONTRACT]
Stats); refunds and what they gave back, which the earnings are without."""

BY_GATEWAY = Entry(
    ORDERS,
    when=_IN_ORDERS,
    key="o.gateway",
    counts=(_SALES, _REFUNDS),
    amounts=_ORDER_AMOUNTS,
    is_text=True,
)
"""What was paid and given back by a gateway."""

BY_COUNTRY = Entry(
    ORDERS,
    when=_IN_ORDERS,
    key="COALESCE((SELECT a.country FROM shop_orderaddress a"
    " WHERE a.order_id = CASE WHEN o.type = 'refund' THEN o.parent_id ELSE o.id END AND a.type = 'billing'"
    " ORDER BY a.id LIMIT 1), '')",
    counts=(_SALES, _REFUNDS),
    amounts=_ORDER_AMOUNTS,
    is_text=True,
)
"""What came from the country of the billing address, a refund from that of its sale."""

BY_DISCOUNT = Entry(
    DISCOUNTS,
    when=f"{_IN_ORDERS} AND NOT EXISTS (SELECT 1 FROM shop_orderadjustment b WHERE b.order_id = a.order_id"
    " AND b.type = 'discount' AND b.item_id IS NULL AND b.description = a.description AND b.id < a.id)",
    key="a.description",
    counts=(_SALES, _REFUNDS),
    amounts=(*_ORDER_AMOUNTS, "0"),
    is_text=True,
)
"""Orders that used a code, each once."""

REDUCED = Entry(
    DISCOUNTS,
    when=f"o.type = 'sale' AND {IN_GROSS}",
    key="a.description",
    counts=("0", "0"),
    amounts=("0", "0", "0", "a.shop_total"),
    is_text=True,
)
"""What a code took off."""

SOLD_ITEMS = Entry(
    ITEMS,
    when=f"{IN_GROSS} AND i.product_id IS NOT NULL",
    key="i.product_id",
    counts=(
        count_if(f"o.type = 'sale' AND {IN_NET} AND i.status IN ('complete', 'partially_refunded')"),
        _REFUNDS,
    ),
    amounts=("i.shop_total", "i.shop_tax", "CASE WHEN o.type = 'refund' THEN -i.shop_total ELSE 0 END"),
)
"""What items sold and brought in, less what was given back ([3.6] 3.6); and how many were given back, and
for how much."""

ITEM_FEES = Entry(
    FEES,
    when=f"o.type = 'sale' AND {IN_NET} AND i.product_id IS NOT NULL",
    key="i.product_id",
    counts=("0", "0"),
    amounts=("a.shop_total", "a.shop_tax", "0"),
)
"""What the items' fees brought in."""

_AMOUNTS = (
    Column("earnings", is_amount=True),
    Column("tax", is_amount=True),
    Column("refunded", is_amount=True),
)
_OF_ORDERS = (Column("sales"), Column("headline"), Column("refunds"), *_AMOUNTS)
_OF_PRODUCTS = (Column("sold"), Column("refunds"), *_AMOUNTS)
_OF_SOME = (Column("sales"), Column("refunds"), *_AMOUNTS)

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
GATEWAY_DAYS = Ledger(
    "gateway {gateway!r} on {day}",
    "days of gateways",
    "stats_gatewaydaytotal",
    _OF_SOME,
    (BY_GATEWAY,),
    key="gateway",
    by_day=True,
)
COUNTRY_DAYS = Ledger(
    "country {country!r} on {day}",
    "days of countries",
    "stats_countrydaytotal",
    _OF_SOME,
    (BY_COUNTRY,),
    key="country",
    by_day=True,
)
DISCOUNT_DAYS = Ledger(
    "discount {code!r} on {day}",
    "days of discounts",
    "stats_discountdaytotal",
    (*_OF_SOME, Column("reduced", is_amount=True)),
    (BY_DISCOUNT, REDUCED),
    key="code",
    by_day=True,
)
LEDGERS = (DAYS, SHOP, PRODUCT_DAYS, PRODUCTS, GATEWAY_DAYS, COUNTRY_DAYS, DISCOUNT_DAYS)


def follow_the_shop() -> None:
    """From now on every write of the shop's services keeps the totals."""
    keep(*LEDGERS)
    on_zone_changed(rebuild)


def rebuild(zone: tzinfo | None = None) -> None:
    """Computes all totals anew in a zone, the shop's own unless one is given; inside the caller's
    transaction, which holds the topics of orders and customers."""
    recount(LEDGERS, zone or get_zone())


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
