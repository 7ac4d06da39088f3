"""Refunds: a sale given back, whole or in part, as an order of its own with negative amounts ([3.6] 7.4).

The sale's own amounts stay. The parts of a refund add up to the unit: whatever ends an item takes the rest of
its tax.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from tillroll.shop import kept
from tillroll.shop.fields import check_amount, from_units, to_units
from tillroll.shop.models import Order, OrderAdjustment, OrderItem
from tillroll.shop.models.orders import NET
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.mirror import refuse_mirrored
from tillroll.shop.services.orders import ZERO, call_hooks, put_in_shop_currency


class RefundRefused(ValueError):
    """What can't be given back; the message is a sentence. Nothing was changed."""


@dataclass
class Rest:
    """What is left of a sold item."""

    item: OrderItem
    total: Decimal
    tax: Decimal
    is_untouched: bool = True


def refund_order(
    order: Order, *, items: Mapping[int, Decimal] | None = None, at: datetime | None = None
) -> Order:
    """Gives back what is left of a sale, fees and credits included, or the total amounts named by item id.

    Its items and itself become refunded or partially_refunded. Returns the refund. Raises RefundRefused for
    an order that was not paid for, for more than is left, and for an item of another order.
    """
    refuse_mirrored("An order")
    moment = at or timezone.now()
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        order.refresh_from_db()
        _refuse_unpaid(order)
        rests = _list_rests(order)
        fees = _list_fees(order)
        wanted = _get_whole(rests) if items is None else _check_wanted(order, rests, items)
        if not wanted and not (items is None and fees):
            raise RefundRefused(f"Nothing is left of order {order.pk} to give back.")
        with kept.following(order.pk) as followed:
            refund = _begin_refund(order, moment)
            followed.add(refund.pk)
            lines = {key: _refund_item(refund, rests[key], amount) for key, amount in wanted.items()}
            if items is None:
                for fee in fees:
                    _refund_fee(refund, fee, lines.get(fee.item_id or 0))
            put_in_shop_currency(refund)
            refund.save()
            is_whole = not any(rest.total for rest in rests.values()) and (items is None or not fees)
            order.status = "refunded" if is_whole else "partially_refunded"
            order.modified_at = timezone.now()
            order.save(update_fields=("status", "modified_at"))
        call_hooks(order)
        call_hooks(refund)
    return refund


def _refuse_unpaid(order: Order) -> None:
    if order.type != "sale":
        raise RefundRefused(f"Order {order.pk} is a {order.type}; only a sale can be given back.")
    if order.status == "refunded":
        raise RefundRefused(f"Nothing is left of order {order.pk} to give back.")
    if order.status not in NET:
        raise RefundRefused(f"Order {order.pk} is {order.status}; only what was paid can be given back.")


def list_rests(order: Order) -> list[Rest]:
    """What is left of each item of a sale, with tax, in the order in which they were bought."""
    return list(_list_rests(order).values())


def _list_rests(order: Order) -> dict[int, Rest]:
    rests = {item.pk: Rest(item, item.total, item.tax) for item in order.items.order_by("cart_index", "id")}
    for back in OrderItem.objects.filter(order__parent=order, order__type="refund"):
        if rest := rests.get(back.parent_id or 0):
            rest.total += back.total
            rest.tax += back.tax
            rest.is_untouched = False
    return rests


def _list_fees(order: Order) -> list[OrderAdjustment]:
    """Fees and credits that were not given back yet."""
    back = OrderAdjustment.objects.filter(order__parent=order, order__type="refund", parent__isnull=False)
    return list(
        order.adjustments.exclude(type="discount").exclude(pk__in=back.values("parent_id")).order_by("id")
    )


def _get_whole(rests: Mapping[int, Rest]) -> dict[int, Decimal]:
    """All that is left; what was free goes back as well, once."""
    return {
        key: rest.total
        for key, rest in rests.items()
        if rest.total > 0 or (rest.total == 0 and rest.is_untouched)
    }


def _check_wanted(
    order: Order, rests: Mapping[int, Rest], items: Mapping[int, Decimal]
) -> dict[int, Decimal]:
    wanted = {}
    for key, asked in items.items():
        if key not in rests:
            raise RefundRefused(f"Item {key} is not of order {order.pk}.")
        amount, left = from_units(check_amount(asked)), rests[key].total
        if not 0 < amount <= left:
            raise RefundRefused(
                f"{_show(amount)} can't be given back of item {key}: {_show(left)} is left of it."
            )
        wanted[key] = amount
    return wanted


def _show(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _begin_refund(order: Order, moment: datetime) -> Order:
    count = order.refunds.filter(type="refund").count()
    payment_key = secrets.token_hex(16)
    return Order.objects.create(
        parent=order,
        number=f"{order.pk}-R-{count + 1}",
        status="complete",
        type="refund",
        user_id=order.user_id,
        customer_id=order.customer_id,
        email=order.email,
        email_folded=order.email_folded,
        gateway=order.gateway,
        mode=order.mode,
        currency=order.currency,
        payment_key=payment_key,
        payment_key_folded=payment_key,
        rate=order.rate,
        tax_rate=order.tax_rate,
        created_at=moment,
        modified_at=timezone.now(),
        completed_at=moment,
    )


def _refund_item(refund: Order, rest: Rest, amount: Decimal) -> OrderItem:
    item = rest.item
    is_last = amount == rest.total
    tax = rest.tax if is_last else _share(item.tax, amount, item.total)
    back = OrderItem(
        order=refund,
        parent=item,
        product_id=item.product_id,
        product_name=item.product_name,
        price_id=item.price_id,
        cart_index=item.cart_index,
        status="complete",
        quantity=-item.quantity,
        amount=item.amount,
        subtotal=tax - amount,
        tax=-tax,
        total=-amount,
        rate=item.rate,
        created_at=refund.created_at,
    )
    put_in_shop_currency(back)
    back.save()
    refund.subtotal += back.subtotal
    refund.tax += back.tax
    refund.total += back.total
    item.status = "refunded" if is_last else "partially_refunded"
    item.save(update_fields=("status",))
    rest.total -= amount
    return back


def _share(tax: Decimal, amount: Decimal, total: Decimal) -> Decimal:
    """The tax in a part of a total, rounded half up to nine decimals."""
    parts, whole = to_units(tax) * to_units(amount), to_units(total)
    return from_units((2 * parts + whole) // (2 * whole)) if whole else ZERO


def _refund_fee(refund: Order, fee: OrderAdjustment, line: OrderItem | None) -> None:
    """A fee's or a credit's copy, negated; a credit was taken off the sale, so it comes back on."""
    back = OrderAdjustment(
        order=refund,
        item=line,
        parent=fee,
        type=fee.type,
        type_id=fee.type_id,
        type_key=fee.type_key,
        description=fee.description,
        subtotal=-fee.subtotal,
        tax=-fee.tax,
        total=-fee.total,
        rate=fee.rate,
        created_at=refund.created_at,
    )
    put_in_shop_currency(back)
    back.save()
    refund.tax += back.tax
    refund.total += back.tax + (back.subtotal if fee.type != "credit" else -back.subtotal)
