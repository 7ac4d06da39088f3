"""/stats: sales and earnings by day, period and product ([2013], [3.6] 3.6, [CONTRACT] Stats)."""

from collections.abc import Sequence
from datetime import date

from tillroll.access.capabilities import Capability
from tillroll.eddapi import queries
from tillroll.eddapi.amounts import Number, number, rounded
from tillroll.eddapi.answer import Answer, Body, Question, failed, missing
from tillroll.eddapi.cache import Reads, today
from tillroll.eddapi.errors import BadRequest
from tillroll.eddapi.formats import DayMap
from tillroll.eddapi.request import read_id
from tillroll.shop.revision import Topic
from tillroll.stats.figures import Figures, list_days, list_products, sum_days
from tillroll.stats.periods import PERIODS, InvalidDay, UnknownPeriod, get_period_days, parse_day

MOST_DAYS = 3_660
"""The longest range: ten years of days ([CONTRACT] Order of checks)."""

_DEFAULT = (("today", "today"), ("current_month", "this_month"), ("last_month", "last_month"))
_TRUE = ("1", "true", "on", "yes")


READS = Reads(
    (Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE),
    ("type", "product", "date", "startdate", "enddate", "include_tax"),
    today,
)


def stats(question: Question) -> Answer:
    if not question.caller.can(Capability.VIEW_SHOP_REPORTS):
        return missing(Capability.VIEW_SHOP_REPORTS)
    kind = question.text("type")
    if not kind:
        return Answer({"stats": _default(question, ("sales", "earnings"))})
    if kind == "customers":
        total = queries.count_rows(question.run, "shop_customer c", queries.ALL_CUSTOMERS)
        return Answer({"customers": {"total_customers": total}})
    if kind not in ("sales", "earnings"):
        return Answer({})
    if (product := question.get("product")) is not None:
        return _by_product(question, kind, product)
    if (name := question.get("date")) is None:
        return Answer(_default(question, (kind,)))
    return _by_day(question, kind) if name == "range" else _by_name(question, kind, name)


def _includes_tax(question: Question) -> bool:
    value = question.get("include_tax")
    return value is None or value.lower() in _TRUE


def _value(question: Question, kind: str, figures: Figures) -> Number:
    if kind == "sales":
        return figures.sales
    return rounded(figures.earnings(include_tax=_includes_tax(question)), question.shop.decimals)


def _default(question: Question, kinds: Sequence[str]) -> Body:
    """Today, this month, last month and all time; the last by the headline's definition ([CONTRACT]
    Stats)."""
    shop, now = question.shop, question.now
    days = [get_period_days(name, now, shop.zone, shop.week_start) for _, name in _DEFAULT]
    *named, ever = sum_days(question.run, [*days, None])
    answer: Body = {}
    for kind in kinds:
        block: Body = {
            key: _value(question, kind, figures) for (key, _), figures in zip(_DEFAULT, named, strict=True)
        }
        block["totals"] = ever.headline if kind == "sales" else _all_time(question, ever)
        answer[kind] = block
    return answer


def _all_time(question: Question, ever: Figures) -> Number:
    """Never below zero; the documented dialect does not round it."""
    units = max(ever.earnings(include_tax=_includes_tax(question)), 0)
    return number(units) if question.shop.is_documented else rounded(units, question.shop.decimals)


def _by_name(question: Question, kind: str, name: str) -> Answer:
    shop = question.shop
    try:
        days = get_period_days(name, question.now, shop.zone, shop.week_start)
    except UnknownPeriod:
        return Answer({"error": "Invalid date!", "dates": [*PERIODS, "range"]})
    (figures,) = sum_days(question.run, [days])
    return Answer({kind: {name: _value(question, kind, figures)}})


def _by_day(question: Question, kind: str) -> Answer:
    """Every day from startdate to enddate, both included, and their sum."""
    try:
        first, last = (parse_day(question.text(end).strip()) for end in ("startdate", "enddate"))
    except InvalidDay:
        return failed("Invalid or no date range specified!")
    if last < first:
        return failed("The end date must be later than the start date!")
    if (last - first).days >= MOST_DAYS:
        raise BadRequest(f"The date range is too long: {MOST_DAYS} days are accepted!")
    found, nothing = list_days(question.run, first, last), Figures()
    days = map(date.fromordinal, range(first.toordinal(), last.toordinal() + 1))
    by_day = DayMap({_day_key(day): _value(question, kind, found.get(day, nothing)) for day in days})
    return Answer({kind: by_day, "totals": _sum(question, list(by_day.values()))})


def _day_key(day: date) -> str:
    return f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _sum(question: Question, values: Sequence[Number]) -> Number:
    """The sum of the days as they are shown, exact to the currency's decimals."""
    scale: int = 10**question.shop.decimals
    cents = sum(round(value * scale) for value in values)
    return cents / scale if cents % scale else cents // scale


def _by_product(question: Question, kind: str, product: str) -> Answer:
    """One member a product, all-time; `all` is every published one ([3.6] 3.6)."""
    product_id = None if product == "all" else (read_id(product) or 0)
    tax, decimals = _includes_tax(question), question.shop.decimals
    products = list_products(question.run, product_id)
    shown: list[object] = []
    if kind == "sales":
        write = str if question.shop.is_documented else int
        shown += ({each.slug: write(each.sold)} for each in products)
    else:
        shown += ({each.slug: rounded(each.earnings(include_tax=tax), decimals)} for each in products)
    if not shown and product_id is not None:
        return failed(f"Product {product} not found!")
    return Answer({kind: shown})
