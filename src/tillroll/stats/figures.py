"""What "sales" and "earnings" of a shop and of its products are, read from the totals that are kept
([3.6] 3.6, [CONTRACT] Stats; stats/rollup.py has the definitions).

A sale counts on its own day, a refund takes its amount back on its own day. Amounts are in shop currency, in
two parts (whole units and 10^-9 units), which no shop can overflow, and joined here.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from tillroll.shop.fields import UNITS
from tillroll.shop.kept.ledgers import Run

Days = tuple[date, date]
"""The first and the last of some local days, both included."""


class Figures(NamedTuple):
    """Of one stretch of time: how many sales, how many by the headline's count, earnings with tax and the
    tax, in 10^-9 units."""

    sales: int = 0
    headline: int = 0
    total: int = 0
    tax: int = 0

    def earnings(self, *, include_tax: bool) -> int:
        return self.total if include_tax else self.total - self.tax


_COLUMNS = ("sales", "headline", "earnings_whole", "earnings_rest", "tax_whole", "tax_rest")
_ROW = ", ".join(_COLUMNS)
_SUMS = ", ".join(f"COALESCE(SUM({column}), 0)" for column in _COLUMNS)


def sum_days(run: Run, stretches: Sequence[Days | None]) -> list[Figures]:
    """The figures of each stretch of days, in one query; None is all time."""
    query = " UNION ALL ".join(
        f"SELECT {place}, {_ROW} FROM stats_shoptotal"
        if days is None
        else f"SELECT {place}, {_SUMS} FROM stats_daytotal WHERE day >= %s AND day <= %s"
        for place, days in enumerate(stretches)
    )
    bounds = [str(day) for days in stretches if days for day in days]
    found = {int(place): _join(*numbers) for place, *numbers in run(query, bounds)}
    return [found.get(place, Figures()) for place in range(len(stretches))]


def list_days(run: Run, first: date, last: date) -> dict[date, Figures]:
    """The figures of each day from first to last that has any."""
    rows = run(
        f"SELECT day, {_ROW} FROM stats_daytotal WHERE day >= %s AND day <= %s", (str(first), str(last))
    )
    return {day: _join(*numbers) for day, *numbers in rows}


def _join(sales: int, headline: int, whole: int, rest: int, tax_whole: int, tax_rest: int) -> Figures:
    return Figures(
        int(sales), int(headline), int(whole) * UNITS + int(rest), int(tax_whole) * UNITS + int(tax_rest)
    )


class ProductFigures(NamedTuple):
    """A product's slug, how many order items sold it, and what these and their fees brought in, less
    refunds; all-time, with tax and the tax, in 10^-9 units."""

    slug: str
    sold: int
    total: int
    tax: int

    def earnings(self, *, include_tax: bool) -> int:
        return self.total if include_tax else self.total - self.tax


def list_products(run: Run, product_id: int | None = None) -> list[ProductFigures]:
    """The figures of each published product, newest first; or of one product in any status."""
    where, values = ("p.status = 'publish'", ()) if product_id is None else ("p.id = %s", (product_id,))
    rows = run(
        "SELECT p.slug, t.sold, t.earnings_whole, t.earnings_rest, t.tax_whole, t.tax_rest"
        f" FROM shop_product p LEFT JOIN stats_producttotal t ON t.product_id = p.id WHERE {where}"
        " ORDER BY p.created_local DESC, p.id DESC",
        values,
    )
    return [
        ProductFigures(
            slug, sold or 0, (whole or 0) * UNITS + (rest or 0), (tax or 0) * UNITS + (tax_rest or 0)
        )
        for slug, sold, whole, rest, tax, tax_rest in rows
    ]
