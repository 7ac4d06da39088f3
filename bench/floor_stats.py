"""The floor's stats: one statement for all spans, summed in two parts as Tillroll sums them."""

# ruff: noqa: S608 (SQL is put together from this module's own constants; values are bound)

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo

from bench.floor_shop import UNITS, Row, Run, Shop, cents, number

Span = tuple[str, str]

SUMS = """
COUNT(CASE WHEN o.type = 'sale' AND o.status IN ('complete', 'partially_refunded', 'revoked', 'on_hold')
THEN 1 END),
COUNT(CASE WHEN o.type = 'sale' AND o.status IN ('complete', 'revoked') THEN 1 END),
COALESCE(SUM(o.shop_total / 1000000000), 0), COALESCE(SUM(o.shop_total % 1000000000), 0),
COALESCE(SUM(o.shop_tax / 1000000000), 0), COALESCE(SUM(o.shop_tax % 1000000000), 0)
"""

EARNING = """
o.type IN ('sale', 'refund')
AND o.status IN ('complete', 'refunded', 'partially_refunded', 'revoked', 'on_hold')
"""

IN_SPANS = f"""
WITH span (place, first, past) AS (VALUES {{}}) SELECT s.place, {SUMS} FROM span s JOIN shop_order o
ON o.created_at >= s.first AND o.created_at < s.past AND {EARNING} GROUP BY s.place
"""

ALL_TIME = f" UNION ALL SELECT {{}}, {SUMS} FROM shop_order o WHERE {EARNING}"


def answer(run: Run, shop: Shop, asked: dict[str, str]) -> dict[str, object]:
    if "date" in asked:
        return _by_day(run, shop, asked)
    today = datetime.now(UTC).astimezone(shop.zone).date()
    this_month = today.replace(day=1)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    tomorrow = today + timedelta(days=1)
    spans = [
        _span(first, past, shop.zone)
        for first, past in ((today, tomorrow), (this_month, tomorrow), (last_month, this_month))
    ]
    *named, ever = _sum(run, spans, with_all=True)
    names = ("today", "current_month", "last_month")
    sales: dict[str, object] = {name: row[1] for name, row in zip(names, named, strict=True)}
    earnings: dict[str, object] = {
        name: _amount(_earned(row)) for name, row in zip(names, named, strict=True)
    }
    return {
        "stats": {
            "sales": sales | {"totals": ever[2]},
            "earnings": earnings | {"totals": number(_earned(ever))},
        }
    }


def _by_day(run: Run, shop: Shop, asked: dict[str, str]) -> dict[str, object]:
    first, last = (date.fromisoformat(asked[end]) for end in ("startdate", "enddate"))
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    figures = _sum(run, [_span(day, day + timedelta(days=1), shop.zone) for day in days])
    earned = [_earned(row) for row in figures]
    return {
        "earnings": {f"{day:%Y%m%d}": _amount(units) for day, units in zip(days, earned, strict=True)},
        "totals": _hundredths(sum(map(cents, earned))),
    }


def _span(first: date, past: date, zone: tzinfo) -> Span:
    start, end = (
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, past)
    )
    return f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}"


def _sum(run: Run, spans: Sequence[Span], *, with_all: bool = False) -> list[Row]:
    query = IN_SPANS.format(", ".join(["(?, ?, ?)"] * len(spans)))
    if with_all:
        query += ALL_TIME.format(len(spans))
    values = [value for place, span in enumerate(spans) for value in (place, *span)]
    found = {row[0]: row for row in run(query, values)}
    return [found.get(place, (place, 0, 0, 0, 0, 0, 0)) for place in range(len(spans) + with_all)]


def _earned(row: Row) -> int:
    return int(row[3]) * UNITS + int(row[4])


def _amount(units: int) -> float:
    return _hundredths(cents(units))


def _hundredths(amount: int) -> float:
    return amount / 100 if amount % 100 else amount // 100
