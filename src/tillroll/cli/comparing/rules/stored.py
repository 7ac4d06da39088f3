"""Figures that EDD stores and Tillroll computes: what is expected comes from what both count, never from what
Tillroll shows."""

from copy import deepcopy
from decimal import ROUND_HALF_UP, Decimal
from math import isclose
from typing import Any

from tillroll.cli.comparing.answers import Answer, is_same, is_same_answer
from tillroll.cli.comparing.questions import ask
from tillroll.cli.comparing.reasons import Both, Case, get, list_rows, reason
from tillroll.cli.comparing.rules.figures import twice_the_same
from tillroll.cli.comparing.rules.sold import add_up, list_agreed_sales, read_amount

MOST_CHECKED = 20
"""Customers of one answer whose purchases are looked at."""

CENT = Decimal("0.01")

Row = dict[str, Any]


@reason("Figures", "a product's sales and earnings, what a customer spent")
def drifted(case: Case) -> Answer | None:
    """What EDD had stored, replaced by what both count from the orders at this moment."""
    members = {"products": ("products", "id"), "customers": ("customers", "customer_id")}
    if case.question.endpoint not in members:
        return None
    member, key = members[case.question.endpoint]
    expected = deepcopy(case.theirs)
    ours = {get(row, "info", key): row for row in list_rows(case.ours, member)}
    changed = [
        (row, other)
        for row in list_rows(expected, member)
        if (other := ours.get(get(row, "info", key))) is not None
        and not is_same(get(row, "stats"), get(other, "stats"))
    ]
    if not changed or (member == "customers" and len(changed) > MOST_CHECKED):
        return None
    correct = _correct_product if member == "products" else _correct_customer
    return expected if all(correct(case, row, other) for row, other in changed) else None


def _correct_product(case: Case, row: Row, other: Row) -> bool:
    """Each total that differs, and the average of it; whether there is evidence for all of them."""
    stored, shown = get(row, "stats", "total"), get(other, "stats", "total")
    if not isinstance(stored, dict) or not isinstance(shown, dict):
        return False
    months = _count_months(row)
    for kind in ("sales", "earnings"):
        before = stored.get(kind)
        if is_same(before, shown.get(kind)):
            continue
        counted = read_amount(before)
        if counted is None or counted != read_amount(shown.get(kind)):
            counted = _count_product(case.both, kind, str(get(row, "info", "id")))
        if counted is None:
            return False
        stored[kind] = _write_total(kind, counted)
        average = get(row, "stats", "monthly_average")
        if months and counted != read_amount(before) and isinstance(average, dict) and kind in average:
            average[kind] = max(float(counted), 0.0) / months
    return True


def _write_total(kind: str, counted: Decimal) -> Any:
    """As EDD stores what it has counted anew: text, but a number where it would be below zero."""
    if counted < 0:
        return 0
    return f"{counted:.6f}" if kind == "earnings" else f"{counted:f}"


def _count_months(row: Row) -> int | None:
    """By how many months EDD divided its totals; None where nothing shows it."""
    for kind in ("sales", "earnings"):
        total = read_amount(get(row, "stats", "total", kind))
        average = read_amount(get(row, "stats", "monthly_average", kind))
        if total and average:
            months = round(total / average)
            return months if months > 0 and isclose(total / months, average, rel_tol=1e-9) else None
    return None


def _count_product(both: Both, kind: str, product: str) -> Decimal | None:
    """What both count for a product."""
    question = ask("stats", type=kind, product=product)
    theirs, ours = both.ask_theirs(question), both.ask_ours(question)
    expected = twice_the_same(Case(both, question, theirs, ours)) or theirs
    rows = list_rows(expected, kind)
    if not is_same_answer(expected, ours) or len(rows) != 1 or len(rows[0]) != 1:
        return None
    return read_amount(*rows[0].values())


def _correct_customer(case: Case, row: Row, other: Row) -> bool:
    """The purchases and what they came to, each where it differs; whether both list the sales for that."""
    stats = row.get("stats")
    sales = _list_purchases(case.both, row)
    if sales is None or not isinstance(stats, dict):
        return False
    if not is_same(stats.get("total_purchases"), get(other, "stats", "total_purchases")):
        stats["total_purchases"] = len(sales)
    if not is_same(stats.get("total_spent"), get(other, "stats", "total_spent")):
        spent = add_up(sale.get("total") for sale in sales)
        # what was given back of a sale is in no list
        if spent is None or any(sale.get("status") == "partially_refunded" for sale in sales):
            return False
        is_rounded = case.question.version == "v2"
        stats["total_spent"] = float(spent.quantize(CENT, ROUND_HALF_UP) if is_rounded else spent)
    return True


def _list_purchases(both: Both, row: Row) -> list[Row] | None:
    """The sales of a customer, by all of their addresses."""
    number = str(get(row, "info", "customer_id"))
    known = list_rows(both.ask_theirs(ask("customers", customer=number)), "customers")
    if len(known) != 1 or str(get(known[0], "info", "customer_id")) != number:
        return None
    more = get(known[0], "info", "additional_emails")
    emails = [get(known[0], "info", "email"), *(more.values() if isinstance(more, dict) else ())]
    found: dict[Any, Row] = {}
    for email in dict.fromkeys(str(email) for email in emails):
        sales = list_agreed_sales(both, email=email)
        if sales is None:
            return None
        found |= {sale.get("key"): sale for sale in sales if str(sale.get("customer_id")) == number}
    return list(found.values())
