"""Sales and what becomes of them. Inside the transaction of each write whatever is kept beside the orders
follows it (`kept.following`), and the hooks are called."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.shop import kept
from tillroll.shop.fields import check_amount, divide_units, from_units
from tillroll.shop.inserting import insert, make
from tillroll.shop.locale import get_currency
from tillroll.shop.models import (
    Customer,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
    Product,
)
from tillroll.shop.revision import Topic, touch, write
from tillroll.shop.services.mirror import refuse_mirrored
from tillroll.shop.text import fold_case

ZERO = Decimal(0)

OrderHook = Callable[[Order], None]
_hooks: list[OrderHook] = []


def on_order_changed(hook: OrderHook) -> OrderHook:
    """Registers a function that is called with each order that was written, before its transaction ends."""
    _hooks.append(hook)
    return hook


@dataclass(frozen=True)
class Fee:
    """A fee of an order or of one of its lines; `amount` is without tax, and below zero it is a credit,
    which is kept as a positive amount of that type."""

    label: str
    amount: Decimal
    tax: Decimal = ZERO
    key: str = ""


@dataclass(frozen=True)
class Line:
    """What is bought: `amount` a piece without tax, `discount` and `tax` of the whole line."""

    product: Product
    amount: Decimal
    quantity: int = 1
    price_id: int | None = None
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    name: str = ""
    fees: tuple[Fee, ...] = ()


def record_order(
    customer: Customer | None,
    lines: Iterable[Line],
    *,
    status: str = "complete",
    at: datetime | None = None,
    fees: Iterable[Fee] = (),
    discounts: Mapping[str, Decimal] | None = None,
    gateway: str = "manual",
    mode: str = "live",
    currency: str = "",
    rate: Decimal = Decimal(1),
    email: str = "",
    transaction_id: str = "",
    payment_key: str = "",
    number: str = "",
    ip: str = "",
    tax_rate: Decimal | None = None,
    billing: OrderAddress | None = None,
) -> Order:
    """A sale with its lines, fees and discounts; `rate` is units of its currency for one of the shop's.
    `billing` is an address that is not saved yet.

    Raises ValidationError for an amount out of range and a rate that is not above zero.
    """
    refuse_mirrored("An order")
    moment = at or timezone.now()
    key = payment_key or secrets.token_hex(16)
    address = email or (customer.email if customer else "")
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        order = make(
            Order,
            number=number,
            status=status,
            type="sale",
            user_id=customer.user_id if customer else 0,
            customer_id=customer.pk if customer else None,
            email=address,
            email_folded=fold_case(address),
            ip=ip,
            gateway=gateway,
            mode=mode,
            currency=currency or get_currency(),
            payment_key=key,
            payment_key_folded=fold_case(key),
            rate=rate,
            tax_rate=tax_rate,
            created_at=moment,
            modified_at=timezone.now(),
            completed_at=moment if status == "complete" else None,
        )
        put_in_shop_currency(order)  # refuses a rate by which nothing can be divided
        bought = [_add_line(order, place, line) for place, line in enumerate(lines)]
        adjustments = [
            *(_add_fee(order, item, fee) for item, line in bought for fee in line.fees),
            *(_add_fee(order, None, fee) for fee in fees),
            *(_reduce(order, code, amount) for code, amount in (discounts or {}).items()),
        ]
        put_in_shop_currency(order)
        with kept.following() as followed:
            insert([order])
            followed.add(order.pk)
            for item, _ in bought:
                item.order_id = order.pk
            insert([item for item, _ in bought])
            for adjustment in adjustments:
                adjustment.order_id = order.pk
                if adjustment.item:
                    adjustment.item_id = adjustment.item.pk
            insert(adjustments)
            if transaction_id:
                insert([_pay(order, transaction_id)])
            if billing is not None:
                billing.order_id, billing.created_at = order.pk, moment
                insert([billing])
        call_hooks(order)
    return order


def change_order_status(order: Order, status: str) -> None:
    """Sets an order's status and that of its items, as EDD does; a refund's items stay complete. What is
    complete for the first time is so from now on."""
    refuse_mirrored("An order")
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        order.refresh_from_db()
        with kept.following(order.pk):
            order.status, order.modified_at = status, timezone.now()
            if status == "complete" and order.completed_at is None:
                order.completed_at = order.modified_at
            order.save(update_fields=("status", "modified_at", "completed_at"))
            if order.type != "refund":
                order.items.update(status=status)
        touch(Order, [order.parent_id])
        call_hooks(order)


def add_note(order: Order, content: str, *, user_id: int = 0) -> OrderNote:
    """A line of an order's history; `user_id` is the wire id of who wrote it."""
    refuse_mirrored("An order")
    with write(Topic.ORDERS):
        return OrderNote.objects.create(
            order=order, content=content, user_id=user_id, created_at=timezone.now()
        )


def call_hooks(order: Order) -> None:
    """Tells whoever registered of an order that was written."""
    for hook in _hooks:
        hook(order)


def put_in_shop_currency(record: Order | OrderItem | OrderAdjustment) -> None:
    """Fills the amounts that sums are made of, from the record's own and its rate. Raises ValidationError
    where there are none."""
    rate = check_amount(record.rate)
    if rate <= 0:
        raise ValidationError(f"The exchange rate is {record.rate}; it must be above zero.")
    record.shop_total = from_units(divide_units(check_amount(record.total), rate))
    record.shop_tax = from_units(divide_units(check_amount(record.tax), rate))


def _add_line(order: Order, place: int, line: Line) -> tuple[OrderItem, Line]:
    """The item of a line, whose amounts are added to the order's."""
    subtotal = line.amount * line.quantity
    item = make(
        OrderItem,
        product_id=line.product.pk,
        product_name=line.name or line.product.title,
        price_id=line.price_id,
        cart_index=place,
        status=order.status,
        quantity=line.quantity,
        amount=line.amount,
        subtotal=subtotal,
        discount=line.discount,
        tax=line.tax,
        total=subtotal - line.discount + line.tax,
        rate=order.rate,
        created_at=order.created_at,
    )
    put_in_shop_currency(item)
    order.subtotal += item.subtotal
    order.discount += item.discount
    order.tax += item.tax
    order.total += item.total
    return item, line


def _add_fee(order: Order, item: OrderItem | None, fee: Fee) -> OrderAdjustment:
    """The adjustment of a fee, which is added to the order's amounts."""
    adjustment = make(
        OrderAdjustment,
        type="fee" if fee.amount >= 0 else "credit",
        type_key=fee.key or None,
        description=fee.label,
        subtotal=abs(fee.amount),
        tax=fee.tax,
        total=abs(fee.amount) + fee.tax,
        rate=order.rate,
        created_at=order.created_at,
    )
    if item:
        adjustment.item = item
    put_in_shop_currency(adjustment)
    order.tax += fee.tax
    order.total += fee.amount + fee.tax
    return adjustment


def _reduce(order: Order, code: str, amount: Decimal) -> OrderAdjustment:
    """What a discount code took off; the items' amounts are without it already."""
    adjustment = make(
        OrderAdjustment,
        type="discount",
        description=code,
        subtotal=amount,
        total=amount,
        rate=order.rate,
        created_at=order.created_at,
    )
    put_in_shop_currency(adjustment)
    return adjustment


def _pay(order: Order, transaction_id: str) -> OrderTransaction:
    return make(
        OrderTransaction,
        order_id=order.pk,
        transaction_id=transaction_id,
        gateway=order.gateway,
        total=order.total,
        rate=order.rate,
        created_at=order.created_at,
    )
