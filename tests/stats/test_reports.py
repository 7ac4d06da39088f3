"""Reports: exact figures of small shops, and of shops at random what a plain addition gives."""

from collections import defaultdict
from collections.abc import Callable, Hashable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.asking import ask
from tests.histories.moments import draw_moment, draw_now, get_zone
from tests.histories.reference import KEPT, PAID, Books, period_days, shop_sum
from tests.histories.writing import Scribe
from tests.shops import (
    setup_address,
    setup_fee,
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
    signed,
)
from tillroll.shop import kept
from tillroll.shop.fields import from_units
from tillroll.shop.models import Order, Taxonomy
from tillroll.shop.revision import Topic, write
from tillroll.shop.statements import run
from tillroll.stats.periods import Step
from tillroll.stats.reports import Dimension, Question, Report, Sums, TooManySteps, get_report

pytestmark = pytest.mark.django_db

Figures = tuple[int, int, Decimal, Decimal, Decimal, Decimal]
"""Sales, refunds, gross, refunded, tax and net."""

YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def tell(sums: Sums) -> Figures:
    amounts = (sums.gross, sums.refunded, sums.tax, sums.net)
    gross, refunded, tax, net = (from_units(units) for units in amounts)
    return (sums.sales, sums.refunds, gross, refunded, tax, net)


def figures(sales: int, refunds: int, *amounts: str) -> Figures:
    gross, refunded, tax, net = map(Decimal, amounts)
    return (sales, refunds, gross, refunded, tax, net)


def report(by: Dimension = Dimension.TIME, of: int | str | None = None, **more: Any) -> Report:
    days = more.pop("days", YEAR)
    return get_report(run, Question(*days, **{"step": Step.MONTH, **more, "by": by, "of": of}), week_start=1)


def rows(by: Dimension, **more: Any) -> dict[Any, Figures]:
    return {row.key: tell(row.sums) for row in report(by, **more).rows}


@pytest.fixture
def shop() -> None:
    """In New York: in January there a sale in two categories at 24 with 4 tax, half of which is given back
    in March; one in euros at 2 for a dollar, with a fee; in February a free order without an address, and one
    refunded whole in the same month."""
    setup_settings(timezone="America/New_York")
    music, video = setup_term("Music"), setup_term("Video")
    one = setup_product(id=1, terms=[music, video, setup_term("Loud", taxonomy=Taxonomy.TAG)])
    two = setup_product(id=2, terms=[music])
    first = setup_order(
        setup_line(one, "20", tax="4"), at=at(2, 1, 3), gateway="stripe", discounts={"SPRING": Decimal(5)}
    )
    setup_address(first, country="FR")
    setup_refund(first, {first.items.get().pk: "12"}, at=at(3, 10))
    euros = setup_order(
        setup_line(two, "30", fees=(setup_fee(amount="6", tax="2"),)),
        at=at(1, 15),
        currency="EUR",
        rate=Decimal(2),
        gateway="paypal",
        discounts={"SPRING": Decimal(4), "VIP": Decimal(2)},
    )
    setup_address(euros, country="DE")
    setup_order(two, amount="0", at=at(2, 10), gateway="manual")
    whole = setup_order(setup_line(one, "100"), at=at(2, 11), gateway="stripe")
    setup_address(whole, type="shipping", country="US")
    setup_refund(whole, at=at(2, 12))


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def test_each_month_has_its_sales_and_its_refunds(shop: None) -> None:
    found = report()

    assert [(row.key[0].month, tell(row.sums)) for row in found.rows] == [
        (1, figures(2, 0, "43", "0", "5", "38")),
        (2, figures(1, 1, "100", "100", "0", "0")),
        (3, figures(0, 1, "0", "12", "-2", "-10")),
        *((month, figures(0, 0, "0", "0", "0", "0")) for month in range(4, 13)),
    ]
    assert found.rows[1].key == (date(2026, 2, 1), date(2026, 2, 28))
    assert tell(found.totals) == tell(found.shop) == figures(3, 2, "143", "112", "3", "28")


def test_in_another_zone_the_first_sale_is_in_february(shop: None) -> None:
    setup_settings(timezone="UTC")
    assert [row.sums.sales for row in report().rows[:3]] == [1, 2, 0]


def test_products_count_their_items_and_the_fees_of_these(shop: None) -> None:
    found = report(Dimension.PRODUCT)
    assert {row.key: tell(row.sums) for row in found.rows} == {
        1: figures(1, 2, "124", "112", "2", "10"),
        2: figures(2, 0, "19", "0", "1", "18"),
    }
    assert tell(found.listed) == tell(found.shop)[:0] + figures(3, 2, "143", "112", "3", "28")


def test_a_product_of_two_categories_counts_in_both(shop: None) -> None:
    found = report(Dimension.CATEGORY)
    assert [tell(row.sums) for row in found.rows] == [
        figures(3, 2, "143", "112", "3", "28"),
        figures(1, 2, "124", "112", "2", "10"),
    ]
    assert tell(found.listed) == figures(3, 2, "143", "112", "3", "28")
    assert [tell(report(Dimension.CATEGORY, row.key).totals) for row in found.rows] == [
        tell(row.sums) for row in found.rows
    ]


def test_gateways_are_those_of_the_orders(shop: None) -> None:
    assert rows(Dimension.GATEWAY) == {
        "stripe": figures(1, 2, "124", "112", "2", "10"),
        "paypal": figures(1, 0, "19", "0", "1", "18"),
        "manual": figures(1, 0, "0", "0", "0", "0"),
    }


def test_a_refund_is_of_the_country_of_its_sale(shop: None) -> None:
    assert rows(Dimension.COUNTRY) == {
        "": figures(1, 1, "100", "100", "0", "0"),
        "FR": figures(1, 1, "24", "12", "2", "10"),
        "DE": figures(1, 0, "19", "0", "1", "18"),
    }


def test_an_order_counts_with_each_of_its_codes(shop: None) -> None:
    found = report(Dimension.DISCOUNT)
    assert {row.key: (*tell(row.sums), from_units(row.sums.reduced)) for row in found.rows} == {
        "SPRING": (*figures(2, 1, "43", "12", "3", "28"), Decimal(7)),
        "VIP": (*figures(1, 0, "19", "0", "1", "18"), Decimal(1)),
    }


def test_a_code_that_is_twice_in_an_order_counts_once_and_takes_off_twice() -> None:
    order = setup_order(amount="10", at=at(5, 1), discounts={"TEN": Decimal(1)})
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE), kept.following(order.pk):
        order.adjustments.create(
            type="discount", description="TEN", total=2, shop_total=2, created_at=order.created_at
        )
    [row] = report(Dimension.DISCOUNT).rows
    assert (row.sums.sales, from_units(row.sums.gross), from_units(row.sums.reduced)) == (
        1,
        Decimal(10),
        Decimal(3),
    )


def test_one_row_is_a_series_of_its_own_beside_the_days_before(shop: None) -> None:
    found = report(
        Dimension.COUNTRY, "FR", days=(date(2026, 2, 1), date(2026, 3, 31)),
        before=(date(2025, 12, 4), date(2026, 1, 31)),
    )  # fmt: skip
    assert [tell(row.sums) for row in found.rows] == [
        figures(0, 0, "0", "0", "0", "0"),
        figures(0, 1, "0", "12", "-2", "-10"),
    ]
    assert found.before
    assert tell(found.before) == figures(1, 0, "24", "0", "4", "20")
    assert tell(found.shop) == figures(1, 2, "100", "112", "-2", "-10")


def test_weeks_begin_as_the_shop_says_and_end_with_the_days_asked_for() -> None:
    days = (date(2026, 3, 4), date(2026, 3, 16))
    question = Question(*days, step=Step.WEEK)
    assert [
        [(row.key[0].day, row.key[1].day) for row in get_report(run, question, week_start).rows]
        for week_start in (1, 0)
    ] == [[(4, 8), (9, 15), (16, 16)], [(4, 7), (8, 14), (15, 16)]]


def test_too_many_rows_are_refused_in_a_sentence() -> None:
    assert (
        len(report(days=(date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=1099)), step=Step.DAY).rows)
        == 1100
    )
    with pytest.raises(TooManySteps) as refused:
        report(days=(date(2020, 1, 1), date(2023, 1, 6)), step=Step.DAY)
    assert str(refused.value) == (
        "That is more than 1,100 days, which is as long as a report gets: choose fewer days or a longer step."
    )
    assert report(days=(date.min, date.max), by=Dimension.PRODUCT).rows == []


def test_the_calendars_ends_are_steps_too() -> None:
    for step in Step:
        found = report(days=(date(9999, 12, 20), date.max), step=step)
        assert found.rows[-1].key[1] == date.max
    assert report(days=(date.min, date.min), step=Step.WEEK).rows[0].key == (date.min, date.min)


@pytest.mark.parametrize("by", Dimension)
def test_a_report_asks_as_often_for_many_rows_as_for_few(by: Dimension) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            report(by, before=YEAR)
        return len(queries)

    few = count()
    for number in range(30):
        setup_order(setup_product(terms=[setup_term(f"T{number}")]), at=at(3, 1), gateway=f"g{number}")
    assert count() == few <= 4


# At random


def add_plainly(books: Books, orders: list[Order]) -> Figures:
    own = [order for order in orders if order.type in {"sale", "refund"} and order.status in PAID]
    sales = [order for order in own if order.type == "sale"]
    back = [order for order in own if order.type == "refund"]
    gross = sum((shop_sum(order).total for order in sales), Decimal(0))
    refunded = -sum((shop_sum(order).total for order in back), Decimal(0))
    tax = sum((shop_sum(order).tax for order in own), Decimal(0))
    kept = sum(order.status in KEPT for order in sales)
    return (kept, len(back), gross, refunded, tax, gross - refunded - tax)


@pytest.mark.parametrize("seed", range(6))
def test_any_shop_is_reported_as_its_orders_add_up(seed: int) -> None:
    random = Random(seed)
    name = random.choice(("UTC", "America/Havana", "Pacific/Apia", "+05:45"))
    now = draw_now(random, name)
    setup_settings(timezone=name)
    scribe = Scribe(random, lambda: draw_moment(random, now, name))
    scribe.write(40)
    scribe.bring(15)
    scribe.write(10)
    books = Books(get_zone(name))
    days = period_days("this_year", now.astimezone(get_zone(name)).date(), 1)
    within = [order for order in books.orders if days[0] <= books.day[order.pk] <= days[1]]

    for by, get_keys in {
        Dimension.GATEWAY: lambda order: {order.gateway},
        Dimension.COUNTRY: lambda order: {books.country_of(order)},
        Dimension.DISCOUNT: lambda order: {each.description for each in books.reductions_of(order)},
    }.items():
        assert drop_empty(rows(by, days=days)) == drop_empty(group(books, within, get_keys)), by
    found = report(days=days, step=Step.WEEK)
    assert tell(found.totals) == add_plainly(books, within)
    for row in found.rows:
        some = [order for order in within if row.key[0] <= books.day[order.pk] <= row.key[1]]
        assert tell(row.sums) == add_plainly(books, some)


def group(
    books: Books, orders: list[Order], get_keys: Callable[[Order], set[str]]
) -> dict[Hashable, Figures]:
    found: dict[Hashable, list[Order]] = defaultdict(list)
    for order in orders:
        for key in get_keys(order):
            found[key].append(order)
    return {key: add_plainly(books, some) for key, some in found.items()}


def drop_empty(found: dict[Any, Figures]) -> dict[Any, Figures]:
    return {key: each for key, each in found.items() if any(each)}


def test_the_api_says_the_same(shop: None) -> None:
    pair = setup_key()

    def ask_stats(**question: object) -> dict[str, Any]:
        answer: dict[str, Any] = ask("/edd-api/v2/stats/", signed(pair, **question)).data
        return answer

    span = {"date": "range", "startdate": "20260101", "enddate": "20260331"}
    days = report(days=(date(2026, 1, 1), date(2026, 3, 31)), step=Step.DAY)
    with time_machine.travel(at(12, 31), tick=False):
        for is_with_tax in (True, False):
            answer = ask_stats(type="earnings", include_tax=int(is_with_tax), **span)
            earned = {row.key[0]: row.sums.earnings if is_with_tax else row.sums.net for row in days.rows}
            assert {f"{day:%Y%m%d}": from_units(units) for day, units in earned.items()} == answer["earnings"]
        assert ask_stats(type="sales", date="this_year")["sales"]["this_year"] == report().totals.sales == 3
        sold = ask_stats(type="sales", product="all")["sales"]
    assert sorted(int(count) for each in sold for count in each.values()) == sorted(
        row.sums.sales for row in report(Dimension.PRODUCT).rows
    )
