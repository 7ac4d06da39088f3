"""The figures that are kept beside the records, recomputed from the orders by EDD's definitions.

EDD stores these and lets them drift; here every service that touches an order recomputes them in the same
transaction, for the customers and products that it touched. Amounts are summed in two parts (see
fields.join_sum).
"""

from collections.abc import Iterable

from django.db import connection

from tillroll.shop.models.orders import GROSS, NET

_GROSS = ", ".join(f"'{status}'" for status in GROSS)
_NET = ", ".join(f"'{status}'" for status in NET)


def _sums(amount: str) -> str:
    """The two sums of an amount, as whole numbers on both stores."""
    return (
        f"CAST(COALESCE(SUM(({amount}) / 1000000000), 0) AS BIGINT) AS whole,"
        f" CAST(COALESCE(SUM(({amount}) % 1000000000), 0) AS BIGINT) AS rest"
    )


def _carried(whole: str, rest: str) -> str:
    """A sum in two parts, carried so that the rest stays below one whole."""
    return f"{whole} + ({rest}) / 1000000000, ({rest}) % 1000000000"


CUSTOMERS = f"""
UPDATE shop_customer SET (purchase_count, purchase_whole, purchase_rest, download_count) = (
    SELECT s.sales, {_carried("s.whole", "s.rest")},
           (SELECT COUNT(*) FROM shop_filedownload d WHERE d.customer_id = shop_customer.id)
    FROM (
        SELECT COALESCE(SUM(CASE WHEN o.type = 'sale' AND o.status IN ({_NET}) THEN 1 ELSE 0 END), 0) AS
        sales, {_sums("o.shop_total")}
        FROM shop_order o WHERE o.customer_id = shop_customer.id AND o.status IN ({_GROSS})
    ) s
)
"""

PRODUCTS = f"""
UPDATE shop_product SET (sales, earnings_whole, earnings_rest) = (
    SELECT s.sales, {_carried("s.whole + f.whole", "s.rest + f.rest")}
    FROM (
        SELECT COALESCE(SUM(CASE
                   WHEN o.type = 'sale' THEN i.quantity
                   WHEN o.type = 'refund' AND (p.status = 'refunded'
                        OR (p.status = 'partially_refunded' AND -i.quantity <> p.quantity)) THEN i.quantity
                   ELSE 0 END), 0) AS sales,
               {_sums("i.shop_total - i.shop_tax")}
        FROM shop_orderitem i
        JOIN shop_order o ON o.id = i.order_id AND o.status IN ({_GROSS})
        LEFT JOIN shop_orderitem p ON p.id = i.parent_id
        WHERE i.product_id = shop_product.id AND i.status IN ('complete', 'refunded', 'partially_refunded')
    ) s, (
        SELECT {_sums("a.shop_total - a.shop_tax")}
        FROM shop_orderitem i
        JOIN shop_order o ON o.id = i.order_id AND o.type = 'sale' AND o.status IN ({_GROSS})
        JOIN shop_orderadjustment a ON a.item_id = i.id AND a.type <> 'discount'
        WHERE i.product_id = shop_product.id AND i.status IN ('complete', 'partially_refunded')
    ) f
)
"""

TERMS = """
UPDATE shop_term SET count = (
    SELECT COUNT(*) FROM shop_productterm x JOIN shop_product p ON p.id = x.product_id AND p.status =
    'publish' WHERE x.term_id = shop_term.id
)
"""

TALLIES = (
    ("product:", "SELECT 'product:' || status, COUNT(*) FROM shop_product GROUP BY status"),
    ("customer", "SELECT 'customer', COUNT(*) FROM shop_customer"),
    ("order:", "SELECT 'order:' || type || ':' || status, COUNT(*) FROM shop_order GROUP BY type, status"),
    ("discount:", "SELECT 'discount:' || status, COUNT(*) FROM shop_discount GROUP BY status"),
    ("download", "SELECT 'download', COUNT(*) FROM shop_filedownload"),
)


def refresh_customers(ids: Iterable[int] | None = None) -> None:
    """purchase_count, purchase_value and download_count of some customers, or of all ([3.6] 7.4)."""
    _refresh(CUSTOMERS, "shop_customer", ids)


def refresh_products(ids: Iterable[int] | None = None) -> None:
    """sales and earnings of some products, or of all ([3.6] 3.1; equal sums count twice, [CONTRACT]
    Figures)."""
    _refresh(PRODUCTS, "shop_product", ids)


def refresh_terms() -> None:
    """How many published products have each category and tag."""
    _refresh(TERMS, "shop_term", None)


def refresh_tallies() -> None:
    """All counts, from the records."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM shop_tally")
        for _, query in TALLIES:
            cursor.execute(f"INSERT INTO shop_tally (name, value) {query}")


def adjust_tally(name: str, by: int) -> None:
    """Adds to one count, which begins at 0."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shop_tally (name, value) VALUES (%s, %s)"
            " ON CONFLICT (name) DO UPDATE SET value = shop_tally.value + excluded.value",
            (name, by),
        )


def _refresh(statement: str, table: str, ids: Iterable[int] | None) -> None:
    with connection.cursor() as cursor:
        if ids is None:
            cursor.execute(statement)
            return
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), 500):
            some = wanted[start : start + 500]
            marks = ", ".join(["%s"] * len(some))
            cursor.execute(f"{statement.replace('%', '%%')} WHERE {table}.id IN ({marks})", some)
