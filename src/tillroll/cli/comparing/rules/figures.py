"""Where EDD's figures are stored, cut at other days, or mistaken."""

import re
from copy import deepcopy
from decimal import Decimal

from tillroll.cli.comparing.answers import Answer, is_same, is_same_answer
from tillroll.cli.comparing.questions import ask
from tillroll.cli.comparing.reasons import Case, Step, get, list_rows, read_data, reason
from tillroll.cli.comparing.rules.sold import ALL, add_up_fees, add_up_items, list_agreed_sales
from tillroll.stats.periods import PERIODS


@reason("Figures", "a product's items and fees that add up to the same amount")
def twice_the_same(case: Case) -> Answer | None:
    if case.question.endpoint != "stats" or not case.question.get("product"):
        return None
    """EDD's sum stands twice in ours: its items have to come to that much in the sales, and its fees too."""
    expected = deepcopy(case.theirs)
    for theirs, ours in zip(list_rows(expected, "earnings"), list_rows(case.ours, "earnings"), strict=False):
        for slug, amount in theirs.items():
            is_doubled = isinstance(amount, int | float) and amount and ours.get(slug) == round(amount * 2, 2)
            if is_doubled and _are_equal_sums(case, slug, round(Decimal(str(amount)), 2)):
                theirs[slug] = round(amount * 2, 2)
    return expected


def _are_equal_sums(case: Case, slug: str, amount: Decimal) -> bool:
    product = _find_product(case, slug)
    sales = list_agreed_sales(case.both)
    if product is None or sales is None:
        return False
    return add_up_items(sales, product) == add_up_fees(sales, product) == amount


def _find_product(case: Case, slug: str) -> str | None:
    """The id of the product that a row of the answer is about."""
    if case.question.get("product") != "all":
        return case.question.get("product")
    products = list_rows(case.both.ask_theirs(ask("products", number=ALL)), "products")
    found = [str(get(row, "info", "id")) for row in products if get(row, "info", "slug") == slug]
    return found[0] if len(found) == 1 else None


@reason("Figures", "`monthly_average` in a product's first 30 days")
def averages_are_numbers(case: Case) -> Answer | None:
    if case.question.endpoint != "products":
        return None
    expected = deepcopy(case.theirs)
    for product in list_rows(expected, "products"):
        averages = get(product, "stats", "monthly_average")
        for name, value in averages.items() if isinstance(averages, dict) else ():
            if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value):
                averages[name] = float(value)
    return expected


@reason("Figures", "unknown name of a period", step=Step.WHOLE)
def unknown_period(case: Case) -> Answer | None:
    name = case.question.get("date")
    if not _asks_for_days(case) or name is None or name in (*PERIODS, "range"):
        return None
    return Answer(200, "json", {"error": "Invalid date!", "dates": [*PERIODS, "range"]})


def _asks_for_days(case: Case) -> bool:
    question = case.question
    return question.endpoint == "stats" and question.get("type") in ("sales", "earnings")


@reason("Figures", "days of `date=range`")
def shop_days(case: Case) -> Answer | None:
    """EDD's days are others; but the sum over last month has to be what EDD itself says of that month."""
    kind = case.question.get("type") or ""
    days = read_data(case.ours).get(kind)
    if not _asks_for_days(case) or case.question.get("date") != "range" or not isinstance(days, dict):
        return None
    if len(days) != len(get(read_data(case.theirs), kind) or ()):
        return None
    named = case.both.ask_theirs(ask("stats", type=kind, date="last_month"))
    is_whole = is_same(get(read_data(named), kind, "last_month"), read_data(case.ours).get("totals"))
    is_sum = round(sum(days.values()), 2) == read_data(case.ours).get("totals")
    return case.ours if is_whole and is_sum else None


@reason("Figures", "`other` as a period")
def other_period(case: Case) -> Answer | None:
    if not _asks_for_days(case) or case.question.get("date") != "other":
        return None
    kind = case.question.get("type") or ""
    month = case.both.ask_theirs(case.question.with_(date="this_month"))
    return Answer(200, "json", {kind: {"other": get(read_data(month), kind, "this_month")}})


@reason("Figures", "`include_tax`")
def named_days_without_tax(case: Case) -> Answer | None:
    """EDD's figure has the taxes in it; with them, Tillroll's must be the same, and not less without."""
    if not _asks_for_days(case) or case.question.get("include_tax") is None:
        return None
    name, kind = case.question.get("date"), case.question.get("type") or ""
    taxed = case.question.with_(include_tax=None)
    if name not in PERIODS or not case.both.agree_on(taxed):
        return None
    if not is_same_answer(case.theirs, case.both.ask_theirs(taxed)):
        return None
    ours, theirs = (get(read_data(each), kind, name) for each in (case.ours, case.theirs))
    return case.ours if isinstance(ours, int | float) and abs(ours) <= abs(theirs) else None


@reason("Figures", "`last_quarter` on 31 December")
def last_quarter(case: Case) -> Answer | None:
    if not _asks_for_days(case) or case.question.get("date") != "last_quarter":
        return None
    kind = case.question.get("type") or ""
    this = case.both.ask_theirs(case.question.with_(date="this_quarter"))
    year = case.both.ask_theirs(case.question.with_(date="this_year"))
    mistaken = get(read_data(case.theirs), kind, "last_quarter")
    is_current = is_same(mistaken, get(read_data(this), kind, "this_quarter"))
    ours = get(read_data(case.ours), kind, "last_quarter")
    whole = get(read_data(year), kind, "this_year")
    is_possible = all(isinstance(each, int | float) for each in (ours, whole)) and ours + mistaken <= whole
    return case.ours if is_current and mistaken and is_possible else None
