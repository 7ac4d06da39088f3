"""Every write dates the records of which the API then says something else, by the moment of the write."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
import time_machine

from tests.shops import (
    set_next_id,
    setup_customer,
    setup_discount,
    setup_download,
    setup_fee,
    setup_order,
    setup_product,
    setup_refund,
)
from tillroll.shop.models import Customer, Discount, Order, Product
from tillroll.shop.services import add_email, change_order_status, save_discount, save_product
from tillroll.shop.services.privacy import erase_records

pytestmark = pytest.mark.django_db

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 5, 1, 12, 0, 0, 7, tzinfo=UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)

MODELS = (Product, Customer, Order, Discount)


@pytest.fixture(autouse=True)
def shop() -> Iterator[None]:
    """Of everything two, and a refund of the second order, all of it from before."""
    for model in MODELS:
        set_next_id(model, 1)
    with time_machine.travel(BEFORE, tick=False):
        for _ in range(2):
            customer = setup_customer()
            order = setup_order(setup_product(), customer=customer, fees=[setup_fee()])
            setup_discount()
        setup_refund(order, {order.items.get().pk: "5"})
    with time_machine.travel(NOW, tick=False):
        yield


def list_dated() -> set[str]:
    """The records that were dated now."""
    return {
        f"{model.__name__} {key}"
        for model in MODELS
        for key in model._default_manager.filter(modified_at=NOW).values_list("pk", flat=True)
    }


def get(model: type[Customer | Product | Order | Discount]) -> object:
    return model._default_manager.get(pk=1)


def give_back(amount: str | None) -> object:
    order = Order.objects.get(pk=1)
    return setup_refund(order, amount and {order.items.get().pk: D(amount)}, at=LONG_AGO)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "dated"),
    [
        pytest.param(lambda: save_product(Product.objects.get(pk=1)), {"Product 1"}, id="product"),
        pytest.param(
            lambda: setup_product(modified_at=LONG_AGO, created_at=LONG_AGO), {"Product 3"}, id="new product"
        ),
        pytest.param(lambda: save_discount(Discount.objects.get(pk=1)), {"Discount 1"}, id="discount"),
        pytest.param(lambda: setup_customer(created_at=LONG_AGO), {"Customer 3"}, id="new customer"),
        pytest.param(
            lambda: add_email(Customer.objects.get(pk=1), "more@b.example"), {"Customer 1"}, id="address"
        ),
        pytest.param(lambda: setup_download(customer=1, at=LONG_AGO), {"Customer 1"}, id="file download"),
        pytest.param(
            lambda: setup_order(Product.objects.get(pk=1), customer=Customer.objects.get(pk=1), at=LONG_AGO),
            {"Order 4", "Customer 1", "Product 1"},
            id="order of long ago",
        ),
        pytest.param(
            lambda: change_order_status(Order.objects.get(pk=1), "revoked"),
            {"Order 1", "Product 1"},
            id="status",
        ),
        pytest.param(
            lambda: change_order_status(Order.objects.get(type="refund"), "trash"),
            {"Order 2", "Order 3", "Customer 2", "Product 2"},
            id="status of a refund",
        ),
        pytest.param(
            lambda: give_back("5"), {"Order 1", "Order 4", "Customer 1", "Product 1"}, id="part of long ago"
        ),
        pytest.param(
            lambda: give_back(None), {"Order 1", "Order 4", "Customer 1", "Product 1"}, id="whole of long ago"
        ),
        pytest.param(
            lambda: erase_records(Customer.objects.get(pk=2)),
            {"Customer 2", "Order 2", "Order 3"},
            id="erasure",
        ),
    ],
)
def test_a_write_dates_what_it_changes_and_nothing_else(
    change: Callable[[], object], dated: set[str]
) -> None:
    assert list_dated() == set()
    change()
    assert list_dated() == dated


def test_a_product_that_is_sold_was_not_modified_by_the_shops_clock() -> None:
    product = Product.objects.get(pk=1)
    setup_order(product)
    product.refresh_from_db()
    assert (product.modified_at, product.modified_local) == (NOW, "2026-01-01 00:00:00")


def test_a_copy_from_before_a_sale_does_not_take_the_date_back() -> None:
    copy = Product.objects.get(pk=1)
    setup_order(Product.objects.get(pk=1))
    save_product(copy)
    copy.refresh_from_db()
    assert (copy.modified_at, copy.modified_local) == (NOW, "2026-05-01 12:00:00")
