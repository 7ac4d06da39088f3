"""stats: its forms, its errors, and where tax counts ([3.6] 3.6, [CONTRACT] Stats)."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from tests.asking import Reply, ask
from tests.shops import (
    setup_customer,
    setup_fee,
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.shop.models import Order
from tillroll.stats import rollup

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
NOW = datetime(2026, 3, 11, 3, 0, tzinfo=UTC)
"""A Wednesday; in New York still Tuesday the 10th, 23:00."""

NAMES = [
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "last_30_days",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
    "other",
]


@pytest.fixture(scope="module", autouse=True)
def shop(kept_shop: None) -> None:
    """In dollars with tax: today 22 (2), yesterday 33 (3), Sunday 44 (4), February 55 (5), 2025 66 (6)."""
    with time_machine.travel(NOW, tick=False):
        setup_settings(timezone="America/New_York", week_start=0)
        setup_key(public_key=PAIR.public_key, token=PAIR.token)
        one = setup_product(id=1, slug="one", created_local="2026-01-01 00:00:00")
        two = setup_product(id=2, slug="two", created_local="2026-01-02 00:00:00")
        setup_product(id=3, slug="", status="draft")
        for product, moment, amount, tax in (
            (one, datetime(2026, 3, 10, 4, 0, tzinfo=UTC), "20", "2"),  # 10 March, 00:00:00
            (two, datetime(2026, 3, 10, 3, 59, 59, tzinfo=UTC), "30", "3"),  # 9 March, 23:59:59
            (one, datetime(2026, 3, 8, 12, 0, tzinfo=UTC), "40", "4"),
            (two, datetime(2026, 2, 10, 12, 0, tzinfo=UTC), "50", "5"),
            (one, datetime(2025, 12, 31, 12, 0, tzinfo=UTC), "60", "6"),
        ):
            setup_order(setup_line(product, amount, tax=tax), at=moment)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def ask_stats(version: str = "v2", **question: object) -> Reply:
    return ask(f"/edd-api/{version}/stats/", signed(PAIR, **question))


def answer(**question: object) -> dict[str, Any]:
    """The members but the speed; v1 and v2 must agree."""
    first, second = (ask_stats(version, **question).data for version in ("v1", "v2"))
    speeds = first.pop("request_speed"), second.pop("request_speed")
    assert all(isinstance(speed, float) for speed in speeds)
    assert first == second
    assert isinstance(first, dict)
    return first


# Forms


SALES = {"today": 1, "current_month": 3, "last_month": 1, "totals": 5}
EARNINGS = {"today": 22, "current_month": 99, "last_month": 55, "totals": 220}


def test_without_a_type_sales_and_earnings_come_together() -> None:
    assert answer() == {"stats": {"sales": SALES, "earnings": EARNINGS}}
    assert answer(type="", date="yesterday", product="1") == {"stats": {"sales": SALES, "earnings": EARNINGS}}


def test_a_type_alone_gives_its_block() -> None:
    assert answer(type="sales") == {"sales": SALES}
    assert answer(type="earnings") == {"earnings": EARNINGS}


def test_customers_are_counted() -> None:
    assert answer(type="customers") == {"customers": {"total_customers": 0}}
    setup_customer()
    assert answer(type="customers") == {"customers": {"total_customers": 1}}


@pytest.mark.parametrize("kind", ["Sales", "EARNINGS", "refunds", "0", "all"])
def test_an_unknown_type_gives_nothing(kind: str) -> None:
    assert answer(type=kind) == {}


@pytest.mark.parametrize(
    ("name", "sales", "earnings"),
    [
        ("today", 1, 22),
        ("yesterday", 1, 33),
        ("this_week", 3, 99),
        ("last_week", 0, 0),
        ("last_30_days", 4, 154),
        ("this_month", 3, 99),
        ("last_month", 1, 55),
        ("this_quarter", 4, 154),
        ("last_quarter", 1, 66),
        ("this_year", 4, 154),
        ("last_year", 1, 66),
        ("other", 3, 99),
    ],
)
def test_a_named_date_answers_under_its_name(name: str, sales: int, earnings: int) -> None:
    assert answer(type="sales", date=name) == {"sales": {name: sales}}
    assert answer(type="earnings", date=name) == {"earnings": {name: earnings}}


def test_edd3s_weeks_begin_on_monday() -> None:
    setup_settings(dialect="edd3")
    assert answer(type="earnings", date="this_week") == {"earnings": {"this_week": 55}}
    assert answer(type="earnings", date="last_week") == {"earnings": {"last_week": 44}}


@pytest.mark.parametrize(("first", "last"), [("20260308", "20260310"), ("2026-03-08", "2026-03-10")])
def test_a_range_answers_its_local_days_and_their_sum(first: str, last: str) -> None:
    question = {"date": "range", "startdate": first, "enddate": last}
    days = {"20260308": 1, "20260309": 1, "20260310": 1}
    assert answer(type="sales", **question) == {"sales": days, "totals": 3}
    days = {"20260308": 44, "20260309": 33, "20260310": 22}
    assert answer(type="earnings", **question) == {"earnings": days, "totals": 99}


def test_a_ranges_days_go_up_and_stand_before_their_sum() -> None:
    reply = ask_stats(type="sales", date="range", startdate="20260227", enddate="20260302")
    assert list(reply.data) == ["sales", "totals", "request_speed"]
    assert list(reply.data["sales"]) == ["20260227", "20260228", "20260301", "20260302"]


def test_a_range_of_one_day() -> None:
    question = {"type": "sales", "date": "range", "startdate": "20260310", "enddate": "20260310"}
    assert answer(**question) == {"sales": {"20260310": 1}, "totals": 1}


def test_xml_keeps_the_days() -> None:
    reply = ask_stats(type="sales", date="range", startdate="20260310", enddate="20260311", format="xml")
    assert (
        b'<edd><sales><day date="20260310">1</day><day date="20260311">0</day></sales><totals>1</totals>'
        in reply.content
    )


@pytest.mark.parametrize(
    ("dialect", "shown"), [("documented", [{"two": "2"}, {"one": "3"}]), ("edd3", [{"two": 2}, {"one": 3}])]
)
def test_all_products_are_the_published_ones_newest_first(dialect: str, shown: object) -> None:
    setup_settings(dialect=dialect)
    assert answer(type="sales", product="all") == {"sales": shown}


def test_a_products_earnings_are_numbers_in_both_dialects() -> None:
    for dialect in ("documented", "edd3"):
        setup_settings(dialect=dialect)
        assert answer(type="earnings", product="all") == {"earnings": [{"two": 88}, {"one": 132}]}


@pytest.mark.parametrize(
    ("product", "shown"), [("1", {"one": 132}), ("1abc", {"one": 132}), ("3", {"": 0}), ("-1", {"one": 132})]
)
def test_one_product_by_its_id_in_any_status(product: str, shown: object) -> None:
    assert answer(type="earnings", product=product) == {"earnings": [shown]}


def test_a_product_goes_before_a_date() -> None:
    assert answer(type="earnings", product="2", date="today") == {"earnings": [{"two": 88}]}
    assert answer(type="earnings", product="2", date="never") == {"earnings": [{"two": 88}]}


# Errors


@pytest.mark.parametrize("product", ["99", "0", "", "abc", "ALL"])
@pytest.mark.parametrize("kind", ["sales", "earnings"])
def test_an_unknown_product_is_told(kind: str, product: str) -> None:
    assert answer(type=kind, product=product) == {"error": f"Product {product} not found!"}


@pytest.mark.parametrize("name", ["", "never", "Today", "tomorrow", "Range", "2026-03-10", "today "])
def test_an_unknown_date_is_told_with_the_names_that_exist(name: str) -> None:
    assert answer(type="sales", date=name) == {"error": "Invalid date!", "dates": [*NAMES, "range"]}


@pytest.mark.parametrize(
    "ends",
    [
        {},
        {"startdate": "20260101"},
        {"enddate": "20260101"},
        {"startdate": "", "enddate": ""},
        {"startdate": "20260230", "enddate": "20260301"},
        {"startdate": "03/10/2026", "enddate": "03/11/2026"},
        {"startdate": "yesterday", "enddate": "today"},
        {"startdate": "2026031", "enddate": "20260312"},
        {"startdate": "2026-0310", "enddate": "20260312"},
        {"startdate": "\u0662\u0660260310", "enddate": "20260312"},
        {"startdate": "00000101", "enddate": "20260312"},
    ],
)
def test_a_range_without_two_days_is_told(ends: dict[str, str]) -> None:
    assert answer(type="sales", date="range", **ends) == {"error": "Invalid or no date range specified!"}


def test_a_range_that_ends_before_it_begins_is_told() -> None:
    ends = {"startdate": "20260311", "enddate": "20260310"}
    assert answer(type="sales", date="range", **ends) == {
        "error": "The end date must be later than the start date!"
    }


def test_ten_years_of_days_are_the_longest_range() -> None:
    longest = answer(type="sales", date="range", startdate="20160101", enddate="20260107")
    assert len(longest["sales"]) == 3_660
    reply = ask_stats(type="sales", date="range", startdate="20160101", enddate="20260108")
    assert reply.status == 400
    assert reply.data == {"error": "The date range is too long: 3660 days are accepted!"}


def test_the_first_and_the_last_day_of_the_calendar_are_no_fault() -> None:
    assert answer(type="sales", date="range", startdate="99991230", enddate="99991231")["totals"] == 0
    assert answer(type="sales", date="range", startdate="00010101", enddate="00010102")["totals"] == 0


# Tax


TAXED = pytest.mark.parametrize("value", ["1", "true", "on", "yes", "TRUE", "Yes"])
UNTAXED = pytest.mark.parametrize("value", ["0", "false", "off", "no", "", "2", "maybe"])

QUESTIONS: list[tuple[dict[str, object], Any, Any]] = [
    (
        {"type": "earnings"},
        {"earnings": EARNINGS},
        {
            "earnings": {
                "today": 20,
                "current_month": 90,
                "last_month": 50,
                "totals": 200,
            }
        },
    ),
    (
        {"type": "earnings", "date": "this_month"},
        {"earnings": {"this_month": 99}},
        {"earnings": {"this_month": 90}},
    ),
    (
        {"type": "earnings", "date": "range", "startdate": "20260309", "enddate": "20260310"},
        {"earnings": {"20260309": 33, "20260310": 22}, "totals": 55},
        {"earnings": {"20260309": 30, "20260310": 20}, "totals": 50},
    ),
    (
        {"type": "earnings", "product": "all"},
        {"earnings": [{"two": 88}, {"one": 132}]},
        {"earnings": [{"two": 80}, {"one": 120}]},
    ),
    ({"type": "earnings", "product": "1"}, {"earnings": [{"one": 132}]}, {"earnings": [{"one": 120}]}),
]


@TAXED
@pytest.mark.parametrize(("question", "with_tax", "_without"), QUESTIONS)
def test_tax_is_included_by(question: dict[str, object], with_tax: Any, _without: Any, value: str) -> None:
    assert answer(**question, include_tax=value) == with_tax == answer(**question)


@UNTAXED
@pytest.mark.parametrize(("question", "_with_tax", "without"), QUESTIONS)
def test_tax_is_left_out_by(question: dict[str, object], _with_tax: Any, without: Any, value: str) -> None:
    assert answer(**question, include_tax=value) == without


def test_tax_is_left_out_of_both_together_too() -> None:
    assert answer(include_tax="0")["stats"]["earnings"]["totals"] == 200


# Definitions


def test_a_refund_counts_on_its_own_day_and_takes_its_sale_away() -> None:
    order = setup_order(amount="10", at=datetime(2026, 3, 9, 12, 0, tzinfo=UTC))
    setup_refund(order, at=datetime(2026, 3, 10, 12, 0, tzinfo=UTC))
    question = {"date": "range", "startdate": "20260309", "enddate": "20260310"}
    assert answer(type="sales", **question)["sales"] == {"20260309": 1, "20260310": 1}
    assert answer(type="earnings", **question)["earnings"] == {"20260309": 43, "20260310": 12}


@pytest.mark.parametrize(
    ("status", "day", "totals"),
    [
        ("complete", 2, 6),
        ("revoked", 2, 6),
        ("partially_refunded", 2, 5),
        ("on_hold", 2, 5),
        ("refunded", 1, 5),
        ("pending", 1, 5),
        ("abandoned", 1, 5),
    ],
)
def test_a_periods_sales_and_the_headline_count_by_status(status: str, day: int, totals: int) -> None:
    setup_order(status=status)
    sales = answer(type="sales")["sales"]
    assert (sales["today"], sales["totals"]) == (day, totals)


@pytest.mark.parametrize(("dialect", "totals"), [("documented", 220.0045), ("edd3", 220)])
def test_all_time_earnings_are_rounded_in_edd3s_dialect_alone(dialect: str, totals: float) -> None:
    setup_settings(dialect=dialect)
    setup_order(amount="0.0045")
    earnings = answer(type="earnings")["earnings"]
    assert (earnings["totals"], earnings["today"]) == (totals, 22)


def test_all_time_earnings_are_never_below_zero() -> None:
    Order.objects.update(shop_total=-1)
    rollup.rebuild()
    earnings = answer(type="earnings")["earnings"]
    assert (earnings["totals"], earnings["today"]) == (0, -1)


def test_an_items_fee_is_the_products_and_equal_sums_count_twice() -> None:
    product = setup_product(id=9, slug="nine")
    setup_order(setup_line(product, "5", fees=(setup_fee(amount="5"),)))
    assert answer(type="earnings", product="9") == {"earnings": [{"nine": 10}]}


def test_a_currency_without_decimals_has_whole_earnings() -> None:
    setup_settings(currency="JPY", dialect="edd3")
    setup_order(amount="0.5")
    assert answer(type="earnings", date="today") == {"earnings": {"today": 23}}
