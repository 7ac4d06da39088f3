"""What "sales" and "earnings" mean, and one query for each question about them ([3.6] 3.6, [CONTRACT] Stats).

A sale counts on its own day, a refund takes its amount back on its own day. Amounts are in shop currency,
summed in two parts (whole units and 10^-9 units), which no shop can overflow, and joined here.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from tillroll.shop.fields import UNITS
from tillroll.shop.models.orders import GROSS, NET
from tillroll.shop.moments import bind_time
from tillroll.stats.periods import Span

Run = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]

_GROSS = ", ".join(f"'{status}'" for status in GROSS)
_NET = ", ".join(f"'{status}'" for status in NET)

HEADLINE = ("complete", "revoked")
"""Statuses behind the headline number of all-time sales, which EDD's own pages show ([3.6] 3.6)."""


class Figures(NamedTuple):
    """Of one span: how many sales, how many by the headline's count, earnings with tax and the tax, in 10^-9
    units."""

    sales: int
    headline: int
    total: int
    tax: int

    def earnings(self, *, include_tax: bool) -> int:
        return self.total if include_tax else self.total - self.tax


_SUMS = " || ' ' || ".join(
    (
        f"COUNT(CASE WHEN o.type = 'sale' AND o.status IN ({_NET}) THEN 1 END)",
        "COUNT(CASE WHEN o.type = 'sale' AND o.status IN ('complete', 'revoked') THEN 1 END)",
        "COALESCE(SUM(o.shop_total / 1000000000), 0)",
        "COALESCE(SUM(o.shop_total %% 1000000000), 0)",
        "COALESCE(SUM(o.shop_tax / 1000000000), 0)",
        "COALESCE(SUM(o.shop_tax %% 1000000000), 0)",
    )
)
"""Six sums as one text, which a subquery can give: each span then costs a walk through its own part of the
index. Spans joined with orders made one store or the other read all orders for some numbers of spans."""

_EARNING = f"o.type IN ('sale', 'refund') AND o.status IN ({_GROSS})"


def sum_spans(run: Run, spans: Sequence[Span | None]) -> list[Figures]:
    """The figures of each span, in one query; None is all time."""
    parts: list[str] = []
    values: list[object] = []
    bounded = [(place, span) for place, span in enumerate(spans) if span is not None]
    if bounded:
        marks = ", ".join(["(%s, %s, %s)"] * len(bounded))
        parts.append(
            f"SELECT s.place, (SELECT {_SUMS} FROM shop_order o"
            f" WHERE o.created_at >= s.first AND o.created_at < s.past AND {_EARNING}) FROM span s"
        )
        for place, span in bounded:
            values += [place, bind_time(span.start), bind_time(span.end)]
    for place, each in enumerate(spans):
        if each is None:
            parts.append(f"SELECT {place}, {_SUMS} FROM shop_order o WHERE {_EARNING}")
    query = " UNION ALL ".join(parts)
    if bounded:
        query = f"WITH span (place, first, past) AS (VALUES {marks}) {query}"
    found = {int(place): _read(sums) for place, sums in run(query, values)}
    return [found[place] for place in range(len(spans))]


def _read(sums: str) -> Figures:
    sales, headline, whole, rest, tax_whole, tax_rest = map(int, sums.split(" "))
    return Figures(sales, headline, whole * UNITS + rest, tax_whole * UNITS + tax_rest)


_PRODUCT_SALES = f"""
SELECT i.product_id, COUNT(*) AS sold FROM shop_orderitem i
JOIN shop_order o ON o.id = i.order_id AND o.type = 'sale' AND o.status IN ({_NET})
WHERE i.status IN ('complete', 'partially_refunded') AND {{which}} GROUP BY i.product_id
"""

_PRODUCT_EARNINGS = f"""
SELECT i.product_id, i.shop_total AS amount, i.shop_tax AS tax FROM shop_orderitem i
JOIN shop_order o ON o.id = i.order_id AND o.status IN ({_GROSS}) WHERE {{which}}
UNION ALL
SELECT i.product_id, a.shop_total, a.shop_tax FROM shop_orderitem i
JOIN shop_order o ON o.id = i.order_id AND o.type = 'sale' AND o.status IN ({_NET})
JOIN shop_orderadjustment a ON a.item_id = i.id AND a.type <> 'discount' WHERE {{which}}
"""


class ProductFigure(NamedTuple):
    """A product's slug, and its sales or its earnings (10^-9 units), all-time."""

    slug: str
    value: int


def list_product_sales(run: Run, product_id: int | None = None) -> list[ProductFigure]:
    """How many order items sold each published product, newest first; or of one product in any status."""
    which, where, values = _which(product_id)
    rows = run(
        "SELECT p.slug, COALESCE(f.sold, 0) FROM shop_product p"
        f" LEFT JOIN ({_PRODUCT_SALES.format(which=which)}) f"
        f" ON f.product_id = p.id WHERE {where} ORDER BY p.created_local DESC, p.id DESC",
        values * 2,
    )
    return [ProductFigure(slug, int(sold)) for slug, sold in rows]


def list_product_earnings(
    run: Run, product_id: int | None = None, *, include_tax: bool = True
) -> list[ProductFigure]:
    """What each published product's items and their fees brought in, less refunds; or one product's."""
    which, where, values = _which(product_id)
    amount = "e.amount" if include_tax else "e.amount - e.tax"
    rows = run(
        "SELECT p.slug, COALESCE(f.whole, 0), COALESCE(f.rest, 0) FROM shop_product p LEFT JOIN ("
        f"SELECT e.product_id, SUM(({amount}) / 1000000000) AS whole, SUM(({amount}) %% 1000000000) AS rest"
        f" FROM ({_PRODUCT_EARNINGS.format(which=which)}) e GROUP BY e.product_id) f"
        f" ON f.product_id = p.id WHERE {where} ORDER BY p.created_local DESC, p.id DESC",
        values * 3,
    )
    return [ProductFigure(slug, int(whole) * UNITS + int(rest)) for slug, whole, rest in rows]


def _which(product_id: int | None) -> tuple[str, str, list[object]]:
    if product_id is None:
        return "i.product_id IS NOT NULL", "p.status = 'publish'", []
    return "i.product_id = %s", "p.id = %s", [product_id]
