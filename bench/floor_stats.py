"""The floor's stats: days, periods, all time, and each product's sums."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from bench.floor_shop import Run, Shop, cents, number
from bench.floor_statements import Asked, take
from tillroll.eddapi import queries
from tillroll.eddapi.formats import DayMap
from tillroll.shop.fields import UNITS
from tillroll.stats.figures import Days, Figures, list_days, list_products, sum_days

_DAYS = (date.min, date.max)
CUSTOMERS = take(queries.count_rows, "shop_customer c", queries.ALL_CUSTOMERS)
PRODUCTS = take(list_products)
PRODUCT = take(list_products, 1)
DEFAULT = take(sum_days, [_DAYS, _DAYS, _DAYS, None])
PERIOD = take(sum_days, [_DAYS])
EACH_DAY = take(list_days, *_DAYS)


def answer(run: Run, shop: Shop, asked: Asked) -> dict[str, object]:
    kind = asked.get("type")
    if kind is None:
        return {"stats": _default(run, shop)}
    if kind == "customers":
        return {"customers": {"total_customers": run(CUSTOMERS, ())[0][0]}}
    if "product" in asked:
        return {kind: _by_product(run, kind, asked["product"])}
    if asked["date"] == "range":
        return _by_day(run, kind, asked)
    today = datetime.now(UTC).astimezone(shop.zone).date()  # the matrix asks for no other name
    (figures,) = _sum(run, PERIOD, [(today, today)])
    return {kind: {"today": _show(figures, kind)}}


def _default(run: Run, shop: Shop) -> dict[str, object]:
    today = datetime.now(UTC).astimezone(shop.zone).date()
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    days = [(today, today), (this_month, today), (last_month, this_month - timedelta(days=1))]
    *named, ever = _sum(run, DEFAULT, days)
    names = ("today", "current_month", "last_month")
    totals = {"sales": ever.headline, "earnings": number(max(ever.total, 0))}
    return {
        kind: {name: _show(figures, kind) for name, figures in zip(names, named, strict=True)}
        | {"totals": totals[kind]}
        for kind in ("sales", "earnings")
    }


def _by_day(run: Run, kind: str, asked: Asked) -> dict[str, object]:
    first, last = (date.fromisoformat(asked[end]) for end in ("startdate", "enddate"))
    found = {str(day): _join(*row) for day, *row in run(EACH_DAY, (str(first), str(last)))}
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    shown = {f"{day:%Y%m%d}": _show(found.get(str(day), Figures()), kind) for day in days}
    whole = sum(round(value * 100) for value in shown.values())
    return {kind: DayMap(shown), "totals": whole // 100 if kind == "sales" else _hundredths(whole)}


def _by_product(run: Run, kind: str, product: str) -> list[object]:
    rows = run(PRODUCTS, ()) if product == "all" else run(PRODUCT, (int(product),))
    if kind == "sales":
        return [{slug: str(sold or 0)} for slug, sold, *_ in rows]
    return [
        {slug: _hundredths(cents((whole or 0) * UNITS + (rest or 0)))} for slug, _, whole, rest, *_ in rows
    ]


def _sum(run: Run, statement: str, stretches: Sequence[Days]) -> list[Figures]:
    bounds = [str(day) for days in stretches for day in days]
    return [_join(*row) for _, *row in sorted(run(statement, bounds))]


def _join(sales: int, headline: int, whole: int, rest: int, tax: int, tax_rest: int) -> Figures:
    return Figures(sales, headline, whole * UNITS + rest, tax * UNITS + tax_rest)


def _show(figures: Figures, kind: str) -> float:
    return figures.sales if kind == "sales" else _hundredths(cents(figures.total))


def _hundredths(amount: int) -> float:
    return amount / 100 if amount % 100 else amount // 100
