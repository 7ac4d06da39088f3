"""reconcile finds any figure that was changed behind the services' back, and names the orders behind it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.shops import (
    setup_address,
    setup_customer,
    setup_download,
    setup_fee,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
)
from tillroll.shop import kept
from tillroll.shop.kept import list_recounts
from tillroll.shop.models import Customer, Order, Product, Tally, Term
from tillroll.stats.models import (
    CountryDayTotal,
    DayTotal,
    DiscountDayTotal,
    GatewayDayTotal,
    ProductDayTotal,
    ProductTotal,
    ShopTotal,
)
from tillroll.stats.reconcile import Difference, Orders, Reconciliation, _list_behind
from tillroll.stats.rollup import rebuild_all

pytestmark = pytest.mark.django_db

FIRST, SECOND = (datetime(2026, 1, day, 3, tzinfo=UTC) for day in (2, 3))
"""In New York on the evening before."""


@pytest.fixture(autouse=True)
def shop() -> None:
    """Two customers, two products; order 11 of both, 12 and its refund 13, and 14, which is pending."""
    setup_settings(timezone="America/New_York")
    ann = setup_customer("a@x.example", id=1, created_at=FIRST)
    bob = setup_customer("b@x.example", id=2, created_at=FIRST)
    one, two = setup_product(id=1, terms=[setup_term("Music")]), setup_product(id=2)
    line = setup_line(one, "10", tax="2", fees=(setup_fee(amount="1"),))
    setup_order(line, two, customer=ann, at=FIRST, id=11, discounts={"SPRING": Decimal(3)})
    sale = setup_order(one, customer=bob, at=SECOND, amount="5", id=12, discounts={"SPRING": Decimal(1)})
    setup_refund(sale, at=SECOND)
    setup_address(Order.objects.get(pk=11), country="FR")
    setup_order(one, customer=ann, at=FIRST, status="pending", id=14)
    setup_download(one, ann, order_id=11)


def find() -> list[Difference]:
    return list(Reconciliation())


def test_a_shop_of_its_own_services_has_no_difference() -> None:
    reconciliation = Reconciliation()
    assert list(reconciliation) == []
    assert dict(reconciliation.compared) == {
        "customers": 2,
        "products": 2,
        "days": 2,
        "all-time total": 1,
        "days of products": 3,
        "all-time totals of products": 2,
        "days of gateways": 2,
        "days of countries": 3,
        "days of discounts": 2,
        "terms": 1,
        "counts": 7,
        "blocks of lists": 20,
    }


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(
            lambda: Customer.objects.filter(pk=1).update(purchase_count=9),
            [("customer 1", "purchase_count", 9, 1, (11,))],
            id="a customer's count",
        ),
        pytest.param(
            lambda: Customer.objects.filter(pk=2).update(purchase_whole=3, purchase_rest=-500_000_000),
            [("customer 2", "purchase", "2.5", "0", (12, 13))],
            id="a customer's value",
        ),
        pytest.param(
            lambda: Product.objects.filter(pk=1).update(sales=4, earnings_whole=1),
            [("product 1", "sales", 4, 1, (11, 12, 13)), ("product 1", "earnings", "1", "11", (11, 12, 13))],
            id="a product's figures",
        ),
        pytest.param(
            lambda: DayTotal.objects.filter(day="2026-01-01").update(sales=2, tax_rest=1),
            [
                ("day 2026-01-01", "sales", 2, 1, (11,)),
                ("day 2026-01-01", "tax", "2.000000001", "2", (11,)),
            ],
            id="a day's total",
        ),
        pytest.param(
            lambda: DayTotal.objects.filter(day="2026-01-01").delete(),
            [
                ("day 2026-01-01", "sales", 0, 1, (11,)),
                ("day 2026-01-01", "headline", 0, 1, (11,)),
                ("day 2026-01-01", "earnings", "0", "33", (11,)),
                ("day 2026-01-01", "tax", "0", "2", (11,)),
            ],
            id="a day that is missing",
        ),
        pytest.param(
            lambda: DayTotal.objects.create(day="2020-05-05", sales=1),
            [("day 2020-05-05", "sales", 1, 0, ())],
            id="a day without orders",
        ),
        pytest.param(
            lambda: ProductDayTotal.objects.filter(day="2026-01-02").update(sold=1),
            [("product 1 on 2026-01-02", "sold", 1, 0, (12, 13))],
            id="a product's day",
        ),
        pytest.param(
            lambda: GatewayDayTotal.objects.filter(day="2026-01-02").update(gateway="stripe"),
            [
                ("gateway 'manual' on 2026-01-02", "refunds", 0, 1, (12, 13)),
                ("gateway 'manual' on 2026-01-02", "refunded", "0", "5", (12, 13)),
                ("gateway 'stripe' on 2026-01-02", "refunds", 1, 0, ()),
                ("gateway 'stripe' on 2026-01-02", "refunded", "5", "0", ()),
            ],
            id="a gateway's day",
        ),
        pytest.param(
            lambda: CountryDayTotal.objects.filter(country="FR").update(sales=3),
            [("country 'FR' on 2026-01-01", "sales", 3, 1, (11,))],
            id="a country's day",
        ),
        pytest.param(
            lambda: DiscountDayTotal.objects.filter(day="2026-01-02").update(reduced_whole=7),
            [("discount 'SPRING' on 2026-01-02", "reduced", "7", "1", (12, 13))],
            id="a discount's day",
        ),
        pytest.param(
            lambda: ProductTotal.objects.filter(product_id=2).update(sold=0),
            [("product 2, all time", "sold", 0, 1, (11,))],
            id="a product's total",
        ),
        pytest.param(
            lambda: ShopTotal.objects.update(headline=7),
            [("all time", "headline", 7, 1, (11, 12, 13))],
            id="the shop's total",
        ),
        pytest.param(
            lambda: Customer.objects.filter(pk=1).update(download_count=0),
            [("customer 1", "download_count", 0, 1, (11,))],
            id="a customer's downloads",
        ),
        pytest.param(lambda: Term.objects.update(count=3), [("term 1", "count", 3, 1, ())], id="a term"),
        pytest.param(
            lambda: Tally.objects.filter(name="order:sale:pending").delete(),
            [("count order:sale:pending", "value", 0, 1, (14,))],
            id="a count of orders",
        ),
        pytest.param(
            lambda: Tally.objects.filter(name="customer").update(value=3),
            [("count customer", "value", 3, 2, ())],
            id="a count of customers",
        ),
    ],
)
def test_a_figure_that_was_changed_is_found_with_its_orders(
    change: Callable[[], object], expected: list[tuple[str, str, object, object, tuple[int, ...]]]
) -> None:
    change()
    assert [(*each[:4], each.orders.ids) for each in find()] == expected
    rebuild_all()
    assert find() == []


def test_an_order_that_was_changed_is_found_wherever_it_counts() -> None:
    Order.objects.filter(pk=11).update(created_at=SECOND)
    assert {each.row for each in find()} == {
        "day 2026-01-01",
        "day 2026-01-02",
        "product 1 on 2026-01-01",
        "product 1 on 2026-01-02",
        "product 2 on 2026-01-01",
        "product 2 on 2026-01-02",
        "gateway 'manual' on 2026-01-01",
        "gateway 'manual' on 2026-01-02",
        "country 'FR' on 2026-01-01",
        "country 'FR' on 2026-01-02",
        "discount 'SPRING' on 2026-01-01",
        "discount 'SPRING' on 2026-01-02",
    }


def test_ten_orders_are_named_and_the_others_counted() -> None:
    product = setup_product()
    keys = [setup_order(product, at=FIRST).pk for _ in range(12)]
    ProductTotal.objects.filter(product_id=product.pk).update(sold=0)

    [found] = find()
    assert found.orders == Orders(tuple(keys[:10]), 12)
    assert str(found.orders) == f"orders {', '.join(map(str, keys[:10]))} and 2 more"


@pytest.mark.parametrize(
    ("orders", "text"),
    [(Orders(), "no order"), (Orders((3,), 1), "order 3"), (Orders((3, 4), 2), "orders 3, 4")],
)
def test_the_orders_behind_are_told(orders: Orders, text: str) -> None:
    assert str(orders) == text


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL chooses by what it counted.")
def test_the_orders_of_a_product_are_looked_up_by_its_items(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, Any]] = []
    monkeypatch.setattr(
        "tillroll.stats.reconcile._list_orders", lambda query, values: asked.append((query, values))
    )
    for ledger, stored, _ in list_recounts(kept.list_ledgers(), UTC):
        if "product_id" in ledger.keys or ledger.table == "shop_product":
            for row in [*stored][:1]:
                _list_behind(ledger, row, UTC)
    assert len(asked) >= 4
    for query, values in asked:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query}", values)
            steps = [str(row[3]) for row in cursor.fetchall()]
        assert not [step for step in steps if re.match(r"SCAN [oi]\b", step)], (query, steps)


def test_it_reads_alone() -> None:
    with CaptureQueriesContext(connection) as queries:
        find()
    assert [query["sql"] for query in queries if not query["sql"].lstrip().startswith("SELECT")] == []
