"""Sales and what becomes of them. Each write keeps the figures of the customers and products that it touches,
and calls the hooks inside its own transaction, so that whoever keeps sums keeps them exactly."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.shop import kept
from tillroll.shop.fields import check_amount, divide_units, from_units
from tillroll.shop.models import Customer, Order, OrderAdjustment, OrderItem, OrderTransaction, Product
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.settings import get_settings
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
) -> Order:
    """A sale with its lines, fees and discounts; `rate` is units of its currency for one of the shop's.

    Raises ValidationError for an amount out of range and a rate that is not above zero.
    """
    moment = at or timezone.now()
    key = payment_key or secrets.token_hex(16)
    address = email or (customer.email if customer else "")
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        order = Order(
            number=number,
            status=status,
            type="sale",
            user_id=customer.user_id if customer else 0,
            customer=customer,
            email=address,
            email_folded=fold_case(address),
            ip=ip,
            gateway=gateway,
            mode=mode,
            currency=currency or get_settings().currency,
            payment_key=key,
            payment_key_folded=fold_case(key),
            rate=rate,
            created_at=moment,
            modified_at=moment,
            completed_at=moment if status == "complete" else None,
        )
        put_in_shop_currency(order)  # refuses a rate by which nothing can be divided
        order.save()
        for place, line in enumerate(lines):
            _add_line(order, place, line)
        for fee in fees:
            _add_fee(order, None, fee)
        for code, amount in (discounts or {}).items():
            reduction = OrderAdjustment(
                order=order,
                type="discount",
                description=code,
                subtotal=amount,
                total=amount,
                rate=rate,
                created_at=moment,
            )
            put_in_shop_currency(reduction)
            reduction.save()
        if transaction_id:
            OrderTransaction.objects.create(
                order=order,
                transaction_id=transaction_id,
                gateway=gateway,
                total=order.total,
                rate=rate,
                created_at=moment,
            )
        put_in_shop_currency(order)
        order.save()
        settle(order, before=None)
    return order


def change_order_status(order: Order, status: str) -> None:
    """Sets an order's status and that of its items, as EDD does; a refund's items stay complete."""
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        order.refresh_from_db()
        before, order.status = order.status, status
        order.modified_at = timezone.now()
        order.save()
        if order.type != "refund":
            order.items.update(status=status)
        settle(order, before=before)


def settle(order: Order, before: str | None) -> None:
    """What follows from a written order: counts, kept figures, hooks. `before` is the status that it had,
    None for a new one."""
    if before is not None:
        kept.adjust_tally(f"order:{order.type}:{before}", -1)
    kept.adjust_tally(f"order:{order.type}:{order.status}", 1)
    if order.customer_id is not None:
        kept.refresh_customers([order.customer_id])
    kept.refresh_products(order.items.exclude(product=None).values_list("product_id", flat=True))
    call_hooks(order)


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


def _add_line(order: Order, place: int, line: Line) -> None:
    subtotal = line.amount * line.quantity
    item = OrderItem(
        order=order,
        product=line.product,
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
    item.save()
    order.subtotal += item.subtotal
    order.discount += item.discount
    order.tax += item.tax
    order.total += item.total
    for fee in line.fees:
        _add_fee(order, item, fee)


def _add_fee(order: Order, item: OrderItem | None, fee: Fee) -> None:
    adjustment = OrderAdjustment(
        order=order,
        item=item,
        type="fee" if fee.amount >= 0 else "credit",
        type_key=fee.key or None,
        description=fee.label,
        subtotal=abs(fee.amount),
        tax=fee.tax,
        total=abs(fee.amount) + fee.tax,
        rate=order.rate,
        created_at=order.created_at,
    )
    put_in_shop_currency(adjustment)
    adjustment.save()
    order.tax += fee.tax
    order.total += fee.amount + fee.tax
