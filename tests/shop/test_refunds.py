"""Giving a sale back: whole, in parts, with its fees, never more than is left ([3.6] 7.4)."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError

from tests.shops import (
    setup_customer,
    setup_fee,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
)
from tillroll.shop.models import Order, OrderItem, Tally
from tillroll.shop.services import RefundRefused, change_order_status

pytestmark = pytest.mark.django_db

AT = datetime(2024, 7, 1, tzinfo=UTC)


def item_of(order: Order) -> OrderItem:
    return order.items.order_by("cart_index")[0]


def refund_tallies() -> dict[str, int]:
    return {row.name: row.value for row in Tally.objects.filter(name__startswith="order:").exclude(value=0)}


def test_a_whole_refund_mirrors_the_sale() -> None:
    ann = setup_customer("ann@example.com", user_id=5)
    order = setup_order(
        setup_line(setup_product(), "10", quantity=2, discount="5", tax="1.50", price_id=3),
        customer=ann,
        number="A-17",
        gateway="stripe",
        mode="test",
        currency="EUR",
        rate=D(2),
    )

    refund = setup_refund(order, at=AT)

    refund.refresh_from_db()
    assert (refund.type, refund.status, refund.parent_id) == ("refund", "complete", order.pk)
    assert refund.number == f"{order.pk}-R-1"
    assert (refund.subtotal, refund.discount, refund.tax, refund.total) == (
        D("-15"),
        D("0"),
        D("-1.50"),
        D("-16.50"),
    )
    assert (refund.rate, refund.shop_total, refund.shop_tax) == (D(2), D("-8.25"), D("-0.75"))
    assert (refund.customer, refund.user_id, refund.email) == (ann, 5, "ann@example.com")
    assert (refund.gateway, refund.mode, refund.currency) == ("stripe", "test", "EUR")
    assert refund.created_at == refund.completed_at == AT
    assert refund.payment_key != order.payment_key
    back = refund.items.get()
    assert (back.parent_id, back.quantity, back.amount, back.price_id) == (
        item_of(order).pk,
        -2,
        D("10"),
        3,
    )
    assert (back.subtotal, back.discount, back.tax, back.total, back.status) == (
        D("-15"),
        D("0"),
        D("-1.50"),
        D("-16.50"),
        "complete",
    )


def test_a_whole_refund_leaves_the_sales_own_amounts() -> None:
    order = setup_order(setup_line(setup_product(), "10", tax="1"))

    setup_refund(order, at=AT)

    order.refresh_from_db()
    assert (order.status, order.total, order.tax) == ("refunded", D("11"), D("1"))
    assert (item_of(order).status, item_of(order).total) == ("refunded", D("11"))
    assert refund_tallies() == {"order:sale:refunded": 1, "order:refund:complete": 1}


def test_a_whole_refund_gives_fees_and_credits_back_too() -> None:
    product = setup_product()
    order = setup_order(
        setup_line(product, "10", fees=(setup_fee("Rush", "1", "0.10"), setup_fee("Thanks", "-0.25"))),
        fees=[setup_fee("Handling", "2", "0.20", key="handling")],
        discounts={"SPRING": D(1)},
    )
    assert order.total == D("13.05")

    refund = setup_refund(order)

    refund.refresh_from_db()
    assert (refund.total, refund.tax) == (D("-13.05"), D("-0.30"))
    assert list(
        refund.adjustments.order_by("id").values_list(
            "type", "type_key", "subtotal", "tax", "total", "shop_total", "item", "parent__description"
        )
    ) == [
        ("fee", None, D("-1"), D("-0.10"), D("-1.10"), D("-1.10"), item_of(refund).pk, "Rush"),
        ("credit", None, D("-0.25"), D("0"), D("-0.25"), D("-0.25"), item_of(refund).pk, "Thanks"),
        ("fee", "handling", D("-2"), D("-0.20"), D("-2.20"), D("-2.20"), None, "Handling"),
    ]


def test_a_refunded_sale_is_worth_nothing_to_anyone() -> None:
    ann, product = setup_customer(), setup_product()
    order = setup_order(
        setup_line(product, "10", quantity=2, fees=(setup_fee("Rush", "1"),)), customer=ann, rate=D("1.08421")
    )

    setup_refund(order)

    ann.refresh_from_db()
    product.refresh_from_db()
    assert (ann.purchase_count, ann.purchase_value) == (0, D(0))
    assert (product.sales, product.earnings) == (0, D(0))


def test_a_part_of_an_item_takes_its_share_of_the_tax() -> None:
    ann, product = setup_customer(), setup_product()
    order = setup_order(setup_line(product, "20", quantity=2, tax="4"), customer=ann)

    refund = setup_refund(order, {item_of(order).pk: "11"})

    assert (refund.total, refund.tax, refund.subtotal) == (D("-11"), D("-1"), D("-10"))
    assert (order.status, item_of(order).status) == ("partially_refunded", "partially_refunded")
    ann.refresh_from_db()
    product.refresh_from_db()
    assert (ann.purchase_count, ann.purchase_value) == (1, D("33"))
    assert (product.sales, product.earnings) == (2, D("30"))


def test_parts_add_up_to_the_unit_whatever_their_shares_round_to() -> None:
    order = setup_order(setup_line(setup_product(), "10", tax="0.725"))
    key = item_of(order).pk

    parts = [setup_refund(order, {key: amount}) for amount in ("3.333333333", "3.333333333", "4.058333334")]

    assert [part.tax for part in parts] == [D("-0.225330225"), D("-0.225330225"), D("-0.274339550")]
    assert sum(part.total for part in parts) == D("-10.725")
    assert [part.number for part in parts] == [f"{order.pk}-R-{place}" for place in (1, 2, 3)]
    assert (order.status, item_of(order).status) == ("refunded", "refunded")


def test_half_a_unit_of_tax_rounds_up() -> None:
    order = setup_order(setup_line(setup_product(), "1", tax="0.000000001"))

    refund = setup_refund(order, {item_of(order).pk: D("1.000000001") / 2 + D("0.0000000005")})

    assert (refund.total, refund.tax) == (D("-0.500000001"), D("-0.000000001"))


def test_the_rest_of_a_sale_goes_back_after_a_part() -> None:
    product = setup_product()
    order = setup_order(
        setup_line(product, "10"), setup_line(product, "5"), fees=[setup_fee("Handling", "2")]
    )
    setup_refund(order, {item_of(order).pk: "4"})

    rest = setup_refund(order)

    assert rest.total == D("-13")
    assert list(rest.items.order_by("cart_index").values_list("total", flat=True)) == [D("-6"), D("-5")]
    assert order.status == "refunded"


def test_items_alone_leave_a_sale_with_fees_partly_refunded() -> None:
    order = setup_order(fees=[setup_fee("Handling", "2")])

    setup_refund(order, {item_of(order).pk: "20"})

    assert (order.status, item_of(order).status) == ("partially_refunded", "refunded")
    assert setup_refund(order).total == D("-2")
    assert order.status == "refunded"


def test_what_was_free_goes_back_with_the_rest() -> None:
    product = setup_product()
    order = setup_order(setup_line(product, "20"), setup_line(product, "0"))

    refund = setup_refund(order)

    assert order.status == "refunded"
    assert set(order.items.values_list("status", flat=True)) == {"refunded"}
    assert refund.items.count() == 2
    product.refresh_from_db()
    assert product.sales == 0


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("20.01", "20.01 can't be given back of item {0}: 20 is left of it."),
        ("20.000000001", "20.000000001 can't be given back of item {0}: 20 is left of it."),
        ("0", "0 can't be given back of item {0}: 20 is left of it."),
        ("-5", "-5 can't be given back of item {0}: 20 is left of it."),
    ],
)
def test_more_than_is_left_is_refused_and_changes_nothing(amount: str, sentence: str) -> None:
    order = setup_order()
    key = item_of(order).pk

    with pytest.raises(RefundRefused) as refused:
        setup_refund(order, {key: amount})

    assert str(refused.value) == sentence.format(key)
    order.refresh_from_db()
    assert (order.status, order.refunds.count()) == ("complete", 0)
    assert refund_tallies() == {"order:sale:complete": 1}


def test_a_second_part_may_take_only_what_the_first_left() -> None:
    order = setup_order()
    key = item_of(order).pk
    setup_refund(order, {key: "15"})

    with pytest.raises(RefundRefused, match=rf"5\.01 can't be given back of item {key}: 5 is left of it\."):
        setup_refund(order, {key: "5.01"})


def test_an_amount_that_is_no_number_is_refused() -> None:
    order = setup_order()

    with pytest.raises(ValidationError, match="NaN is out of range"):
        setup_refund(order, {item_of(order).pk: "NaN"})


def test_an_item_of_another_order_is_refused() -> None:
    order, other = setup_order(), setup_order()

    with pytest.raises(RefundRefused, match=rf"Item {item_of(other).pk} is not of order {order.pk}\."):
        setup_refund(order, {item_of(other).pk: "1"})


def test_a_refund_of_no_items_is_refused() -> None:
    order = setup_order()

    with pytest.raises(RefundRefused, match=rf"Nothing is left of order {order.pk} to give back\."):
        setup_refund(order, {})


def test_a_sale_goes_back_only_once() -> None:
    order = setup_order()
    stale = Order.objects.get(pk=order.pk)
    setup_refund(order)

    for copy in (order, stale):
        with pytest.raises(RefundRefused, match=rf"Nothing is left of order {order.pk} to give back\."):
            setup_refund(copy)
    assert order.refunds.count() == 1


def test_a_refund_is_not_given_back_itself() -> None:
    refund = setup_refund(setup_order())

    with pytest.raises(
        RefundRefused, match=rf"Order {refund.pk} is a refund; only a sale can be given back\."
    ):
        setup_refund(refund)


@pytest.mark.parametrize("status", ["pending", "failed", "abandoned", "processing", "trash"])
def test_what_was_not_paid_is_not_given_back(status: str) -> None:
    order = setup_order(status=status)

    with pytest.raises(
        RefundRefused, match=rf"Order {order.pk} is {status}; only what was paid can be given back\."
    ):
        setup_refund(order)


def test_a_refunds_items_stay_complete_when_its_status_changes() -> None:
    refund = setup_refund(setup_order())

    change_order_status(refund, "trash")

    assert refund.items.get().status == "complete"
    assert refund_tallies() == {"order:sale:refunded": 1, "order:refund:trash": 1}


def test_a_stale_copy_is_read_anew_before_it_is_given_back() -> None:
    order = setup_order()
    stale = Order.objects.get(pk=order.pk)
    change_order_status(order, "on_hold")

    setup_refund(stale, {item_of(order).pk: "5"})

    assert refund_tallies() == {"order:sale:partially_refunded": 1, "order:refund:complete": 1}
