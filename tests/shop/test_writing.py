"""A write is one transaction: the change, its revisions and its hooks, or nothing of it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
    setup_user,
)
from tillroll.access.services import issue_key, revoke_key
from tillroll.shop.models import Customer, Order, Product, Revision, Tally
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import add_email, change_order_status, on_order_changed, orders, save_product

pytestmark = pytest.mark.django_db

SOLD = {"catalogue", "customers", "orders"}


def revisions() -> dict[str, int]:
    return dict(Revision.objects.exclude(topic="store").values_list("topic", "number"))


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, bool]]:
    """What a hook was told: an order's type and status, and whether it was told inside the transaction."""
    told: list[tuple[str, str, bool]] = []
    monkeypatch.setattr(orders, "_hooks", [])

    @on_order_changed
    def note(order: Order) -> None:
        told.append((order.type, order.status, connection.in_atomic_block))

    return told


class Shop:
    """One record of each kind, made before what is measured."""

    def __init__(self) -> None:
        self.product = setup_product()
        self.customer = setup_customer()
        self.order = setup_order(self.product, customer=self.customer)
        self.discount = setup_discount()
        setup_settings(name="Before")


@pytest.mark.parametrize(
    ("change", "topics"),
    [
        pytest.param(lambda shop: setup_order(shop.product, customer=shop.customer), SOLD, id="order"),
        pytest.param(lambda shop: setup_refund(shop.order), SOLD, id="refund"),
        pytest.param(lambda shop: change_order_status(shop.order, "revoked"), SOLD, id="status"),
        pytest.param(lambda shop: save_product(shop.product), {"catalogue"}, id="product"),
        pytest.param(lambda _: setup_term("Music"), {"catalogue"}, id="term"),
        pytest.param(lambda _: setup_customer(), {"customers"}, id="customer"),
        pytest.param(lambda shop: add_email(shop.customer, "b@b.example"), {"customers"}, id="e-mail"),
        pytest.param(lambda _: setup_discount(), {"discounts"}, id="discount"),
        pytest.param(lambda _: setup_download(), {"customers", "downloads"}, id="download"),
        pytest.param(lambda _: setup_settings(name="After"), {"settings"}, id="settings"),
    ],
)
def test_a_write_bumps_its_topics_and_no_other(change: Callable[[Shop], Any], topics: set[str]) -> None:
    shop, before = Shop(), revisions()

    change(shop)

    steps = {topic: number - before.get(topic, 0) for topic, number in revisions().items()}
    assert {topic: step for topic, step in steps.items() if step} == dict.fromkeys(topics, 1)


def test_a_key_that_is_issued_or_revoked_bumps_access() -> None:
    user = setup_user()
    before = revisions()["access"]

    key, _ = issue_key(user)
    assert revisions()["access"] == before + 1
    revoke_key(key)
    assert revisions()["access"] == before + 2


def test_hooks_are_told_of_every_written_order_inside_its_transaction(
    hooks: list[tuple[str, str, bool]],
) -> None:
    order = setup_order()
    change_order_status(order, "on_hold")
    setup_refund(order)

    assert hooks == [
        ("sale", "complete", True),
        ("sale", "on_hold", True),
        ("sale", "refunded", True),
        ("refund", "complete", True),
    ]


def test_a_hook_sees_the_kept_figures_as_they_will_be(hooks: list[object]) -> None:
    seen = []
    on_order_changed(lambda _order: seen.append(Customer.objects.get().purchase_count))
    ann = setup_customer()

    order = setup_order(customer=ann)
    setup_refund(order)

    assert seen == [1, 0, 0]


def test_a_hook_that_fails_takes_everything_back(hooks: list[object]) -> None:
    ann, product = setup_customer(), setup_product()
    before, counts = revisions(), dict(Tally.objects.values_list("name", "value"))

    @on_order_changed
    def fail(_order: Order) -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        setup_order(product, customer=ann)

    assert revisions() == before
    assert dict(Tally.objects.values_list("name", "value")) == counts
    assert not Order.objects.exists()
    assert Product.objects.get().sales == Customer.objects.get().purchase_count == 0


def test_a_refund_that_fails_leaves_the_sale_as_it_was(hooks: list[object]) -> None:
    order = setup_order()
    before = revisions()

    @on_order_changed
    def fail(changed: Order) -> None:
        if changed.type == "refund":
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        setup_refund(order)

    order.refresh_from_db()
    assert (order.status, order.items.get().status, order.refunds.count()) == ("complete", "complete", 0)
    assert revisions() == before


def test_a_failed_write_takes_its_bump_back() -> None:
    bumped = revisions()
    inside = []

    def change() -> None:
        with write(Topic.ORDERS, Topic.SETTINGS):
            inside.append(revisions())
            raise KeyError

    with pytest.raises(KeyError):
        change()

    assert inside == [{"orders": 1, "settings": 1}]
    assert revisions() == bumped == {}


def test_a_topic_named_twice_is_bumped_once() -> None:
    with write(Topic.ORDERS, Topic.ORDERS):
        pass
    with write(Topic.ORDERS), write(Topic.ORDERS):
        pass

    assert revisions() == {"orders": 3}
