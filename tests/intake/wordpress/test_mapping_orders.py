"""Orders with everything that belongs to them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.intake.wordpress.sites import NEVER, Site
from tests.intake.wordpress.taking import get_left_out, take
from tillroll.shop.models import (
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

BAD_RATE = "the exchange rate is not above 0; 1 stands in its place"
NO_ORDER = "their order is not in the dump"


def get_order(number: int = 5) -> Order:
    return Order.objects.get(pk=number)


def test_an_order_keeps_its_columns() -> None:
    site = Site()
    site.add("edd_customers", id=9, email="jane@x.example")
    site.add_order(
        5,
        "28.800000000",
        order_number="EDD-5",
        status="on_hold",
        user_id=3,
        customer_id=9,
        email="Jane@X.example",
        ip="10.0.0.1",
        gateway="stripe",
        mode="test",
        currency="EUR",
        payment_key="AbC",
        subtotal="30.000000000",
        discount="6.000000000",
        tax="4.800000000",
        rate="0.80000",
        date_created="2025-01-02 03:04:05",
        date_modified="2025-01-03 00:00:00",
        date_completed="2025-01-02 03:05:00",
        date_refundable=NEVER,
    )
    take(site)
    order = get_order()
    assert (order.number, order.status, order.type, order.mode) == ("EDD-5", "on_hold", "sale", "test")
    assert (order.user_id, order.customer_id, order.parent_id) == (3, 9, None)
    assert (order.email, order.email_folded) == ("Jane@X.example", "jane@x.example")
    assert (order.payment_key, order.payment_key_folded) == ("AbC", "abc")
    assert (order.ip, order.gateway, order.currency) == ("10.0.0.1", "stripe", "EUR")
    assert (order.subtotal, order.discount, order.tax, order.total) == (
        30,
        6,
        Decimal("4.8"),
        Decimal("28.8"),
    )
    assert (order.rate, order.shop_total, order.shop_tax) == (Decimal("0.8"), 36, 6)
    assert order.created_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert order.modified_at == datetime(2025, 1, 3, tzinfo=UTC)
    assert order.completed_at == datetime(2025, 1, 2, 3, 5, tzinfo=UTC)
    assert order.refundable_until is None
    assert order.tax_rate is None


def test_every_type_and_status_comes_along() -> None:
    site = Site()
    kinds = [
        ("sale", "complete"), ("sale", "trash"), ("sale", "pending"), ("sale", "edd_subscription"),
        ("refund", "complete"), ("invoice", "failed"), ("", "complete"), ("sale", "publish"),
    ]  # fmt: skip
    for number, (kind, status) in enumerate(kinds, 1):
        site.add_order(number, type=kind, status=status)
    take(site)
    assert list(Order.objects.order_by("pk").values_list("type", "status")) == [
        *kinds[:6],
        ("sale", "complete"),
        ("sale", "complete"),
    ]


def test_a_refund_names_its_sale_and_items() -> None:
    site = Site()
    site.add_order(5, "20.000000000", status="refunded")
    site.add_order(6, "-20.000000000", type="refund", parent=5)
    site.add("edd_order_items", id=1, order_id=5, total="20.000000000", status="refunded")
    site.add("edd_order_items", id=2, order_id=6, parent=1, quantity=-1, total="-20.000000000")
    take(site)
    assert (get_order(6).parent_id, get_order(6).total, get_order(6).shop_total) == (5, -20, -20)
    assert OrderItem.objects.get(pk=2).parent_id == 1
    assert OrderItem.objects.get(pk=1).parent_id is None
    assert OrderItem.objects.get(pk=2).quantity == -1


def test_an_item_keeps_its_columns() -> None:
    site = Site()
    site.add_order(5)
    site.add(
        "edd_order_items",
        id=70,
        order_id=5,
        product_id=14,
        product_name="Thème — Five",
        price_id=0,
        cart_index=3,
        type="service",
        status="publish",
        quantity=2,
        amount="10.000000000",
        subtotal="20.000000000",
        discount="2.000000000",
        tax="1.800000000",
        total="19.800000000",
        rate="3.00000",
        date_created="2025-02-03 04:05:06",
    )
    site.add("edd_order_items", id=71, order_id=5)
    take(site)
    item, bare = OrderItem.objects.order_by("pk")
    assert (item.order_id, item.product_id, item.price_id, item.cart_index) == (5, 14, 0, 3)
    assert (item.product_name, item.type, item.status, item.quantity) == (
        "Thème — Five",
        "service",
        "complete",
        2,
    )
    assert (item.amount, item.subtotal, item.discount) == (10, 20, 2)
    assert (item.tax, item.total, item.rate) == (Decimal("1.8"), Decimal("19.8"), 3)
    assert (item.shop_total, item.shop_tax) == (Decimal("6.6"), Decimal("0.6"))
    assert item.created_at == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)
    assert (bare.product_id, bare.price_id) == (None, None)


@pytest.mark.parametrize("rate", ["0.00000", "-1.00000", None])
def test_a_rate_that_can_not_be_one_counts_as_1_and_is_told(rate: str | None) -> None:
    site = Site()
    site.add_order(5, "20.000000000", rate=rate)
    site.add("edd_order_transactions", object_id=5, rate=rate)
    summary = take(site)
    assert (get_order().rate, get_order().shop_total) == (1, 20)
    assert OrderTransaction.objects.get().rate == 1
    assert get_left_out(summary)["orders"] == (1, BAD_RATE)
    assert get_left_out(summary)["transactions"] == (1, BAD_RATE)


def test_a_quotient_out_of_range_counts_as_1_and_is_told() -> None:
    site = Site()
    site.add_order(5, "999999999.000000000", rate="0.00001")
    summary = take(site)
    assert (get_order().rate, get_order().shop_total) == (1, 999999999)
    assert get_left_out(summary)["orders"] == (1, BAD_RATE)


def test_guests_have_no_customer() -> None:
    site = Site()
    site.add_order(5, customer_id=0)
    site.add_order(6, customer_id=77)
    take(site)
    assert get_order(5).customer_id is None
    assert get_order(6).customer_id == 77  # gone since, and still who it was


@pytest.mark.parametrize("table", ["edd_tax_rates", "edd_adjustments"])
def test_the_tax_rate_is_found_by_its_id(table: str) -> None:
    site = Site()
    site.add(
        table, id=4, amount="8.875000000", **({"type": "tax_rate"} if table == "edd_adjustments" else {})
    )
    site.add_order(5, tax_rate_id=4)
    site.add_order(6, tax_rate_id=99)
    site.add_order(7)
    site.add_order(8)
    site.add("edd_ordermeta", edd_order_id=8, meta_key="tax_rate", meta_value="20")
    site.add("edd_ordermeta", edd_order_id=7, meta_key="other", meta_value="3")
    site.add("edd_ordermeta", edd_order_id=5, meta_key="tax_rate", meta_value="3")
    take(site)
    rates = dict(Order.objects.values_list("pk", "tax_rate"))
    assert rates == {5: Decimal("8.875"), 6: None, 7: None, 8: Decimal(20)}


def test_adjustments_of_items_belong_to_the_items_order() -> None:
    site = Site()
    site.add_order(5)
    site.add("edd_order_items", id=70, order_id=5)
    site.add(
        "edd_order_adjustments",
        id=1,
        object_id=5,
        type="discount",
        type_id=3,
        description="TEN",
        subtotal="2.000000000",
        tax="0.500000000",
        total="2.500000000",
        rate="0.50000",
    )
    site.add(
        "edd_order_adjustments",
        id=2,
        object_id=70,
        object_type="order_item",
        parent=1,
        type_key="setup",
        description="Setup",
    )
    take(site)
    first, second = OrderAdjustment.objects.order_by("pk")
    assert (first.order_id, first.item_id, first.parent_id) == (5, None, None)
    assert (first.type, first.type_id, first.type_key, first.description) == ("discount", 3, None, "TEN")
    assert (first.subtotal, first.tax, first.total) == (2, Decimal("0.5"), Decimal("2.5"))
    assert (first.shop_total, first.shop_tax) == (5, 1)
    assert (second.order_id, second.item_id, second.parent_id) == (5, 70, 1)
    assert (second.type, second.type_id, second.type_key) == ("fee", None, "setup")


def test_addresses_transactions_and_notes_come_along() -> None:
    site = Site()
    site.add_order(5)
    site.add(
        "edd_order_addresses",
        order_id=5,
        name="Zoë",
        address="a" * 300,
        address2="Flat 2",
        city="Köln",
        region="NW",
        postal_code="50667",
        country="DE",
    )
    site.add(
        "edd_order_transactions", object_id=5, transaction_id="pi_1", total="20.000000000", rate="2.00000"
    )
    site.add("edd_notes", object_id=5, user_id=2, content="Paid\nin full", date_created="2025-02-03 04:05:06")
    take(site)
    address = OrderAddress.objects.get()
    assert (address.type, address.name, address.address, address.address2) == (
        "billing",
        "Zoë",
        "a" * 255,
        "Flat 2",
    )
    assert (address.city, address.region, address.postal_code, address.country) == (
        "Köln",
        "NW",
        "50667",
        "DE",
    )
    transaction = OrderTransaction.objects.get()
    assert (transaction.order_id, transaction.transaction_id, transaction.gateway) == (5, "pi_1", "stripe")
    assert (transaction.status, transaction.total, transaction.rate) == ("complete", 20, 2)
    note = OrderNote.objects.get()
    assert (note.order_id, note.user_id, note.content) == (5, 2, "Paid\nin full")
    assert note.created_at == datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_what_belongs_to_no_order_of_the_dump_is_left_out_and_counted() -> None:
    site = Site()
    site.add_order(5)
    for order in (5, 6, 7):
        site.add("edd_order_items", order_id=order)
        site.add("edd_order_addresses", order_id=order)
        site.add("edd_order_transactions", object_id=order)
        site.add("edd_notes", object_id=order)
        site.add("edd_order_adjustments", object_id=order)
    for item in (1, 2, 40):
        site.add("edd_order_adjustments", object_id=item, object_type="order_item")
    summary = take(site)
    left_out = get_left_out(summary)
    for model in (OrderItem, OrderAddress, OrderTransaction, OrderNote):
        assert list(model._default_manager.values_list("order_id", flat=True)) == [5]
    assert list(OrderAdjustment.objects.order_by("pk").values_list("order_id", "item_id")) == [
        (5, None),
        (5, 1),
    ]
    for name in ("order items", "order addresses", "order transactions", "order notes"):
        assert left_out[name] == (2, NO_ORDER)
    assert left_out["order adjustments"] == (4, NO_ORDER)


def test_notes_and_payments_of_other_things_are_left_out_and_counted() -> None:
    site = Site()
    site.add_order(5)
    site.add("edd_notes", object_id=5, object_type="customer")
    site.add("edd_notes", object_id=5, object_type="discount")
    site.add("edd_order_transactions", object_id=5, object_type="subscription")
    site.add("edd_order_adjustments", object_id=5, object_type="license")
    summary = take(site)
    assert not OrderNote.objects.exists()
    assert not OrderTransaction.objects.exists()
    assert not OrderAdjustment.objects.exists()
    assert sorted(each for each in summary.left_out if each.how_many) == [
        (1, "adjustments", "they belong to no order but to a license"),
        (1, "notes", "they are not of an order but of a customer"),
        (1, "notes", "they are not of an order but of a discount"),
        (1, "transactions", "they belong to no order but to a subscription"),
    ]


def test_an_order_without_a_date_has_that_of_its_last_change() -> None:
    site = Site()
    site.add_order(5, date_created=NEVER, date_modified="2025-01-03 00:00:00")
    site.add_order(6, date_created=NEVER, date_modified=None)
    take(site)
    assert get_order(5).created_at == datetime(2025, 1, 3, tzinfo=UTC)
    assert get_order(6).created_at == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_column_that_an_older_edd_lacks_has_its_default() -> None:
    site = Site()
    site.add_order(5, "20.000000000")
    sql = site.get_sql(name for name in sorted(site.rows) if name != "edd_orders")
    sql += (
        "CREATE TABLE `wp_edd_orders` (`id` int, `total` text, `status` text);\n"
        "INSERT INTO `wp_edd_orders` VALUES (5,'20.000000000','complete');\n"
    )
    take(sql)
    order = get_order()
    assert (order.total, order.rate, order.type, order.mode, order.email) == (20, 1, "sale", "live", "")
