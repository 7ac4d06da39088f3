"""What a recorded sale holds, to the unit, and what a change of its status does."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from tests.shops import setup_customer, setup_fee, setup_line, setup_order, setup_product, setup_settings
from tillroll.shop.models import Order, Revision, Tally
from tillroll.shop.services import change_order_status, record_order

pytestmark = pytest.mark.django_db

AT = datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)


def tallies() -> dict[str, int]:
    return {row.name: row.value for row in Tally.objects.filter(name__startswith="order:").exclude(value=0)}


def test_an_order_adds_up_its_lines_fees_and_credits() -> None:
    product = setup_product()
    order = setup_order(
        setup_line(product, "9.99", quantity=3, discount="2.97", tax="1.35", price_id=7),
        setup_line(product, "5", fees=(setup_fee("Rush", "1.50", "0.15"), setup_fee("Thanks", "-0.50"))),
        fees=[setup_fee("Handling", "2", "0.20", key="handling")],
        discounts={"SPRING": D("2.97")},
        at=AT,
    )

    order.refresh_from_db()
    assert (order.subtotal, order.discount, order.tax, order.total) == (
        D("34.97"),
        D("2.97"),
        D("1.70"),
        D("36.70"),
    )
    first, second = order.items.order_by("cart_index")
    assert (first.amount, first.quantity, first.subtotal, first.discount, first.tax, first.total) == (
        D("9.99"),
        3,
        D("29.97"),
        D("2.97"),
        D("1.35"),
        D("28.35"),
    )
    assert (first.cart_index, first.price_id, first.product_name) == (0, 7, product.title)
    assert (second.cart_index, second.total, second.status) == (1, D("5"), "complete")
    assert list(
        order.adjustments.order_by("id").values_list(
            "type", "description", "subtotal", "tax", "total", "item"
        )
    ) == [
        ("fee", "Rush", D("1.50"), D("0.15"), D("1.65"), second.pk),
        ("credit", "Thanks", D("0.50"), D("0"), D("0.50"), second.pk),
        ("fee", "Handling", D("2"), D("0.20"), D("2.20"), None),
        ("discount", "SPRING", D("2.97"), D("0"), D("2.97"), None),
    ]
    assert order.created_at == order.completed_at == AT


def test_an_order_takes_over_its_customer_and_the_shops_currency() -> None:
    setup_settings(currency="EUR")
    ann = setup_customer("Ann@Example.com", user_id=12)

    order = setup_order(customer=ann, payment_key="ABC", transaction_id="tx-1", gateway="stripe")

    assert (order.email, order.email_folded, order.user_id, order.currency) == (
        "Ann@Example.com",
        "ann@example.com",
        12,
        "EUR",
    )
    assert (order.payment_key, order.payment_key_folded) == ("ABC", "abc")
    assert list(order.transactions.values_list("transaction_id", "gateway", "total")) == [
        ("tx-1", "stripe", D("20"))
    ]


def test_an_order_that_is_not_complete_has_no_time_of_completion() -> None:
    assert setup_order(status="pending").completed_at is None


def test_two_orders_get_two_payment_keys() -> None:
    assert len({setup_order().payment_key, setup_order().payment_key}) == 2


@pytest.mark.parametrize(
    ("rate", "total", "tax"),
    [
        ("1", "11", "1"),
        ("1.08421", "10.145635993", "0.922330545"),
        ("3", "3.666666667", "0.333333333"),
        ("0.00731", "1504.787961696", "136.798905609"),
        ("149.32", "0.073667292", "0.006697027"),
    ],
)
def test_an_order_keeps_its_amounts_in_shop_currency_too(rate: str, total: str, tax: str) -> None:
    order = setup_order(setup_line(setup_product(), "10", tax="1"), rate=D(rate))

    order.refresh_from_db()
    item = order.items.get()
    assert (order.total, order.shop_total, order.shop_tax) == (D("11"), D(total), D(tax))
    assert (item.total, item.shop_total, item.shop_tax) == (D("11"), D(total), D(tax))


def test_a_sale_counts_for_its_customer_and_its_product() -> None:
    ann, product = setup_customer(), setup_product()

    setup_order(setup_line(product, "10", quantity=2, tax="1"), customer=ann, rate=D(2))

    ann.refresh_from_db()
    product.refresh_from_db()
    assert (ann.purchase_count, ann.purchase_value) == (1, D("10.5"))
    assert (product.sales, product.earnings) == (2, D("10"))
    assert tallies() == {"order:sale:complete": 1}


@pytest.mark.parametrize(
    ("status", "count", "value", "sales", "earnings"),
    [
        ("pending", 0, "0", 0, "0"),
        ("failed", 0, "0", 0, "0"),
        ("trash", 0, "0", 0, "0"),
        ("complete", 1, "20", 1, "20"),
        ("partially_refunded", 1, "20", 1, "20"),
        ("revoked", 1, "20", 0, "0"),
        ("on_hold", 1, "20", 0, "0"),
        ("refunded", 0, "20", 1, "20"),
    ],
)
def test_a_status_decides_what_a_sale_counts_for(
    status: str, count: int, value: str, sales: int, earnings: str
) -> None:
    ann, product = setup_customer(), setup_product()
    order = setup_order(product, customer=ann)

    change_order_status(order, status)

    ann.refresh_from_db()
    product.refresh_from_db()
    assert order.items.get().status == status
    assert (ann.purchase_count, ann.purchase_value) == (count, D(value))
    assert (product.sales, product.earnings) == (sales, D(earnings))
    assert tallies() == {f"order:sale:{status}": 1}


def test_a_stale_copy_of_an_order_changes_no_count_twice() -> None:
    order = setup_order()
    stale = Order.objects.get(pk=order.pk)
    change_order_status(order, "revoked")

    change_order_status(stale, "on_hold")

    assert tallies() == {"order:sale:on_hold": 1}


@pytest.mark.parametrize("rate", ["0", "-1", "0.0000000001", "NaN", "Infinity", "1E+30"])
def test_a_rate_that_divides_nothing_is_refused_in_a_sentence(rate: str) -> None:
    with pytest.raises(ValidationError) as refused:
        record_order(None, [], rate=D(rate))

    (sentence,) = refused.value.messages
    assert sentence in (
        f"The exchange rate is {D(rate)}; it must be above zero.",
        f"{D(rate)} is out of range; amounts go up to 999999999.999999999.",
    )
    assert not Order.objects.exists()


@pytest.mark.parametrize("amount", ["1000000000", "-1000000000", "999999999.9999999995", "NaN", "1E+40"])
def test_money_out_of_range_is_refused_and_leaves_nothing_behind(amount: str) -> None:
    product, before = (
        setup_product(),
        dict(Revision.objects.exclude(topic="store").values_list("topic", "number")),
    )

    with pytest.raises(ValidationError, match=r"is out of range; amounts go up to 999999999\.999999999\."):
        setup_order(setup_line(product, amount))

    assert not Order.objects.exists()
    assert tallies() == {}
    assert dict(Revision.objects.exclude(topic="store").values_list("topic", "number")) == before


def test_an_amount_that_a_rate_makes_too_large_is_refused() -> None:
    with pytest.raises(ValidationError, match="is out of range"):
        setup_order(amount="999999999", rate=D("0.5"))


def test_the_largest_amounts_add_up_beyond_the_range_of_one() -> None:
    ann, product = setup_customer(), setup_product()
    for _ in range(12):
        setup_order(product, customer=ann, amount="999999999.999999999")

    ann.refresh_from_db()
    product.refresh_from_db()
    assert ann.purchase_value == product.earnings == D("11999999999.999999988")
