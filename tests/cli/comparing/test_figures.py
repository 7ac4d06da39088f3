"""A figure that differs is explained by what both shops count, and never by Tillroll's own word for it."""

from typing import Any

import pytest

from tests.cli.comparing.told import Shop, Told, compare_one, product, stats
from tillroll.cli.comparing.comparison import Outcome, Verdict, judge
from tillroll.cli.comparing.questions import ask

EXPLAINED, UNEXPLAINED = Verdict.EXPLAINED, Verdict.UNEXPLAINED


def count(number: str, sales: int, earnings: float) -> Told:
    """What is counted from the orders of a product."""
    return {
        stats("sales", product=number): {"sales": [{f"p{number}": sales}]},
        stats("earnings", product=number): {"earnings": [{f"p{number}": earnings}]},
    }


def show(
    sales: object, earnings: object, average: tuple[object, object] | None = None, months: int = 2
) -> dict[str, Any]:
    """A product with its totals, and their averages where those are not what the totals make them."""
    shown = product(7)
    found = average or tuple(float(str(total)) / months for total in (sales, earnings))
    shown["stats"] = {
        "total": {"sales": sales, "earnings": earnings},
        "monthly_average": dict(zip(("sales", "earnings"), found, strict=True)),
    }
    return {"products": [shown]}


def rule_names(outcome: Outcome) -> list[str]:
    return [reason.rule.__name__ for reason in outcome.reasons]


STORED = show("3", "30.000000")


@pytest.mark.parametrize(
    ("theirs", "ours", "verdict"),
    [
        (STORED, show("4", "40.000000"), EXPLAINED),
        (STORED, show("999", "40.000000"), UNEXPLAINED),
        (STORED, show("4", "41.000000"), UNEXPLAINED),
        (STORED, show(4, "40.000000"), UNEXPLAINED),
        (STORED, show("4", "40.000000", average=(2.0, 21.0)), UNEXPLAINED),
        (STORED, show("3", "30.000000", average=(1.5, 16.0)), UNEXPLAINED),
        (STORED, show("4", "40.000000", months=3), UNEXPLAINED),
        (show("3", "30.000000", months=1), show("4", "40.000000", months=1), EXPLAINED),
        (show("0", "0.00"), show("4", "40.000000"), UNEXPLAINED),
        (show("0", "0.00", average=(0, 0)), show("0", "0.000000", average=(0, 0)), EXPLAINED),
        (show("3", "40.000000"), show("4", "40.000000"), EXPLAINED),
        (STORED, {"products": [{"info": {"id": 7, "slug": "p7"}}]}, UNEXPLAINED),
    ],
    ids=[
        "counted", "other sales", "other earnings", "a number", "other average", "average alone",
        "months", "one month", "no months known", "only written otherwise", "sales alone", "no stats",
    ],
)  # fmt: skip
def test_a_product_has_the_totals_that_both_count(theirs: object, ours: object, verdict: Verdict) -> None:
    outcome = compare_one(ask("products", product="7"), theirs, ours, count("7", 4, 40))
    assert outcome.verdict is verdict
    assert rule_names(outcome) == ["drifted"] * (verdict is EXPLAINED)


def test_both_have_to_count_the_same_of_a_product() -> None:
    question = ask("products", product="7")
    theirs = Shop({**count("7", 3, 40), question: STORED})
    ours = Shop({**count("7", 4, 40), question: show("4", "40.000000")})
    assert judge(question, theirs, ours).verdict is UNEXPLAINED


def test_every_drifted_product_is_looked_at() -> None:
    question = ask("products", number="20")
    counted: Told = {**count("7", 4, 30), **count("8", 4, 30)}
    theirs = Shop({**counted, question: {"products": [product(7), product(8)]}})
    ours = Shop({**counted, question: {"products": [product(7, "4"), product(8, "4")]}})
    assert judge(question, theirs, ours).verdict is EXPLAINED
    ours.told[stats("sales", product="8")] = {"sales": [{"p8": 5}]}
    assert judge(question, theirs, ours).verdict is UNEXPLAINED


# Customers


def customer(purchases: int, spent: float, downloads: int = 0, emails: object = None) -> dict[str, Any]:
    shown = {"total_purchases": purchases, "total_spent": spent, "total_downloads": downloads}
    info = {"customer_id": "3", "email": "a@b.example", "additional_emails": emails}
    return {"customers": [{"info": info, "stats": shown}]}


def sale(key: str, total: str, status: str = "complete", customer_id: str = "3") -> dict[str, Any]:
    return {"key": key, "total": total, "status": status, "customer_id": customer_id}


SALES = [
    sale("a", "4.500000000"),
    sale("b", "0.500000000", "revoked"),
    sale("c", "9.000000000", customer_id="4"),
]


@pytest.mark.parametrize(
    ("ours", "sales", "verdict"),
    [
        (customer(2, 5.0), SALES, EXPLAINED),
        (customer(2, 12345), SALES, UNEXPLAINED),
        (customer(3, 5.0), SALES, UNEXPLAINED),
        (customer(2, 5.0, downloads=1), SALES, UNEXPLAINED),
        (customer(2, 5.0), [*SALES[:1], sale("b", "0.500000000", "partially_refunded")], UNEXPLAINED),
        (customer(2, 1.0), [*SALES[:1], sale("b", "0.500000000", "partially_refunded")], EXPLAINED),
        (customer(2, 5.0), [*SALES[:1], sale("b", "none")], UNEXPLAINED),
        (customer(1000, 4500.0), [sale(str(key), "4.5") for key in range(1000)], UNEXPLAINED),
    ],
    ids=[
        "counted",
        "other sum",
        "other count",
        "downloads",
        "in part given back",
        "count alone",
        "no sum",
        "many",
    ],
)
def test_a_customer_spent_what_the_sales_of_both_come_to(
    ours: dict[str, Any], sales: list[dict[str, Any]], verdict: Verdict
) -> None:
    more: Told = {ask("sales", email="a@b.example", number="1000"): {"sales": sales}}
    outcome = compare_one(ask("customers", customer="3"), customer(1, 1.0), ours, more)
    assert outcome.verdict is verdict
    assert rule_names(outcome) == ["drifted"] * (verdict is EXPLAINED)


def test_all_addresses_of_a_customer_count_and_both_shops_must_list_the_same() -> None:
    question, other = ask("customers", customer="3"), ask("sales", email="c@d.example", number="1000")
    sales: Told = {
        ask("sales", email="a@b.example", number="1000"): {"sales": SALES},
        other: {"sales": [sale("d", "2.000000000"), SALES[0]]},
    }
    emails = {"1": "c@d.example"}
    theirs = Shop({**sales, question: customer(1, 1.0, emails=emails)})
    ours = Shop({**sales, question: customer(3, 7.0, emails=emails)})
    assert judge(question, theirs, ours).verdict is EXPLAINED
    theirs.told[other] = {"sales": []}
    assert judge(question, theirs, ours).verdict is UNEXPLAINED


# Sums that are equal


def item(price: str, number: str = "7") -> dict[str, Any]:
    return {"id": number, "price": price}


def fee(amount: str, number: str | None = "7") -> dict[str, Any]:
    return {"download_id": number, "amount": amount}


EQUAL = [
    {"products": [item("15.00"), item("8.00", "8")], "fees": [fee("20.00"), fee("3.00", None)]},
    {"products": [item("5.00")], "fees": None},
]


@pytest.mark.parametrize(
    ("earnings", "sales", "verdict"),
    [
        (40, EQUAL, EXPLAINED),
        (20, EQUAL, Verdict.SAME),
        (41, EQUAL, UNEXPLAINED),
        (40, [], UNEXPLAINED),
        (40, EQUAL[:1], UNEXPLAINED),
        (40, [*EQUAL, {"fees": [fee("1.00")]}], UNEXPLAINED),
        (40, [{"products": [item("20.00")], "fees": [fee("20.00", "8")]}], UNEXPLAINED),
    ],
    ids=["both", "same", "other sum", "no sales", "fewer items", "more fees", "fee of another"],
)
@pytest.mark.parametrize("which", ["7", "all"])
def test_equal_sums_count_twice_where_the_sales_show_both(
    which: str, earnings: int, sales: object, verdict: Verdict
) -> None:
    more: Told = {
        ask("sales", number="1000"): {"sales": sales},
        ask("products", number="1000"): {"products": [product(8), product(7)]},
    }
    theirs, ours = ({"earnings": [{"p7": amount}]} for amount in (20, earnings))
    outcome = compare_one(stats("earnings", product=which), theirs, ours, more)
    assert outcome.verdict is verdict
    assert rule_names(outcome) == ["twice_the_same"] * (verdict is EXPLAINED)


@pytest.mark.parametrize(("sales", "verdict"), [(EQUAL, EXPLAINED), ([], UNEXPLAINED)])
def test_a_stored_total_may_lack_the_second_of_two_equal_sums(sales: object, verdict: Verdict) -> None:
    question = ask("products", product="7")
    more: Told = {ask("sales", number="1000"): {"sales": sales}}
    theirs = Shop({**more, **count("7", 3, 20), question: show("3", "20.000000")})
    ours = Shop({**more, **count("7", 3, 40), question: show("3", "40.000000")})
    assert judge(question, theirs, ours).verdict is verdict
