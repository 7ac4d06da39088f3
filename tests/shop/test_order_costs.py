"""How many statements it takes to write an order: the same, whatever was sold before.

The table is a record, not a goal: who changes a number changes it here, on purpose.
"""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.shops import setup_customer, setup_fee, setup_line, setup_order, setup_product, setup_refund
from tillroll.shop.models import Customer, Order, Product
from tillroll.shop.services import change_order_status

pytestmark = pytest.mark.django_db

Work = Callable[[Product, Customer, Order], object]


def sell(product: Product, customer: Customer, _order: Order) -> Order:
    return setup_order(product, customer=customer, transaction_id="t")


def sell_a_basket(product: Product, customer: Customer, _order: Order) -> Order:
    lines = [setup_line(product, "10", fees=(setup_fee(),)) for _ in range(3)]
    return setup_order(*lines, customer=customer, fees=[setup_fee()], transaction_id="t")


def give_back(_product: Product, _customer: Customer, order: Order) -> Order:
    return setup_refund(order)


def revoke(_product: Product, _customer: Customer, order: Order) -> None:
    change_order_status(order, "revoked")


@pytest.mark.parametrize(
    ("work", "expected"),
    [(sell, 23), (sell_a_basket, 29), (give_back, 34), (revoke, 22)],
)
def test_a_write_takes_no_more_statements_after_a_long_history(work: Work, expected: int) -> None:
    product, customer = setup_product(), setup_customer()

    def count() -> int:
        order = setup_order(product, customer=customer)
        with CaptureQueriesContext(connection) as queries:
            work(product, customer, order)
        return len(queries)

    first = count()
    for number in range(30):
        order = setup_order(product, product, customer=customer)
        if number % 3 == 0:
            setup_refund(order)
    later = count()

    if connection.vendor == "sqlite":
        assert (first, later) == (expected, expected)
    else:  # rows of one model go in one statement there, and one more says how long to wait for a lock
        assert first == later <= expected + 1
