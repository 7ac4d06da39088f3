"""What is kept in the columns of customers ([3.6] 7.4) and products ([3.6] 3.1; equal sums count twice,
[CONTRACT] Figures)."""

from tillroll.shop.kept.ledgers import (
    FEES,
    IN_GROSS,
    IN_NET,
    ITEMS,
    ORDERS,
    Column,
    Entry,
    Ledger,
    count_if,
    keep,
)

CUSTOMERS = Ledger(
    name="customer {id}",
    plural="customers",
    table="shop_customer",
    key="id",
    columns=(Column("purchase_count"), Column("purchase", is_amount=True)),
    is_column=True,
    entries=(
        Entry(
            ORDERS,
            when=f"o.customer_id IS NOT NULL AND {IN_GROSS}",
            key="o.customer_id",
            counts=(count_if(f"o.type = 'sale' AND {IN_NET}"),),
            amounts=("o.shop_total",),
        ),
    ),
)

_COPIES = """CASE
    WHEN o.type = 'sale' THEN i.quantity
    WHEN o.type = 'refund' AND (p.status = 'refunded'
        OR (p.status = 'partially_refunded' AND -i.quantity <> p.quantity)) THEN i.quantity
    ELSE 0 END"""

PRODUCTS = Ledger(
    name="product {id}",
    plural="products",
    table="shop_product",
    key="id",
    columns=(Column("sales"), Column("earnings", is_amount=True)),
    is_column=True,
    entries=(
        Entry(
            ITEMS,
            when=f"{IN_GROSS} AND i.product_id IS NOT NULL"
            " AND i.status IN ('complete', 'refunded', 'partially_refunded')",
            key="i.product_id",
            counts=(_COPIES,),
            amounts=("i.shop_total - i.shop_tax",),
        ),
        Entry(
            FEES,
            when=f"o.type = 'sale' AND {IN_GROSS} AND i.product_id IS NOT NULL"
            " AND i.status IN ('complete', 'partially_refunded')",
            key="i.product_id",
            counts=("0",),
            amounts=("a.shop_total - a.shop_tax",),
        ),
    ),
)

keep(CUSTOMERS, PRODUCTS)
