"""Where EDD's figures are stored, cut at other days, or mistaken."""

import re
from copy import deepcopy

from tillroll.cli.comparing.answers import Answer, is_same, is_same_answer
from tillroll.cli.comparing.questions import ask
from tillroll.cli.comparing.reasons import Both, Case, Step, get, list_rows, read_data, reason
from tillroll.stats.periods import PERIODS

ALL = "1000"
"""A number past the end of one customer's purchases."""

MOST_CHECKED = 20
"""Customers of one answer whose purchases are looked at."""


@reason("Figures", "a product's items and fees that add up to the same amount")
def twice_the_same(case: Case) -> Answer | None:
    if case.question.endpoint != "stats" or not case.question.get("product"):
        return None
    expected = deepcopy(case.theirs)
    for theirs, ours in zip(list_rows(expected, "earnings"), list_rows(case.ours, "earnings"), strict=False):
        for slug, amount in theirs.items():
            counted = ours.get(slug)
            if isinstance(amount, int | float) and amount and counted == round(amount * 2, 2):
                theirs[slug] = counted
    return expected


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


@reason("Figures", "a product's sales and earnings, what a customer spent")
def drifted(case: Case) -> Answer | None:
    """What EDD had stored, where what it counts from the orders at this moment is what Tillroll counts."""
    if case.question.endpoint == "products":
        return _drifted_products(case)
    return _drifted_customers(case) if case.question.endpoint == "customers" else None


def _drifted_products(case: Case) -> Answer | None:
    expected = deepcopy(case.theirs)
    ours = {get(row, "info", "id"): row for row in list_rows(case.ours, "products")}
    changed = [
        (row, ours[number])
        for row in list_rows(expected, "products")
        if (number := get(row, "info", "id")) in ours
        and not is_same(get(row, "stats"), get(ours[number], "stats"))
    ]
    if not changed or not all(_agree_on_product(case.both, get(row, "info", "id")) for row, _ in changed):
        return None
    for row, counted in changed:
        row["stats"] = counted.get("stats")
    return expected


def _agree_on_product(both: Both, number: object) -> bool:
    for kind in ("sales", "earnings"):
        question = ask("stats", type=kind, product=str(number))
        theirs, ours = both.ask_theirs(question), both.ask_ours(question)
        again = twice_the_same(Case(both, question, theirs, ours))
        if not is_same_answer(again or theirs, ours):
            return False
    return True


def _drifted_customers(case: Case) -> Answer | None:
    expected = deepcopy(case.theirs)
    ours = {get(row, "info", "customer_id"): row for row in list_rows(case.ours, "customers")}
    changed = []
    for row in list_rows(expected, "customers"):
        other = ours.get(get(row, "info", "customer_id"))
        if other is not None and not is_same(get(row, "stats"), get(other, "stats")):
            changed.append((row, other))
    if not changed or len(changed) > MOST_CHECKED:
        return None
    for row, counted in changed:
        email = str(get(row, "info", "email"))
        if not case.both.agree_on(ask("sales", email=email, number=ALL)):
            return None
        stats = row.get("stats")
        if isinstance(stats, dict):
            for name in ("total_purchases", "total_spent"):
                stats[name] = get(counted, "stats", name)
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
