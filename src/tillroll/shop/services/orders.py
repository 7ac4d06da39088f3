"""Sales and refunds. Each write keeps the figures of the customers and products that it touches, and calls
the hooks inside its own transaction, so that whoever keeps sums keeps them exactly."""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from tillroll.shop import kept
from tillroll.shop.fields import divide_units, from_units, to_units
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
    """A sale with its lines, fees and discounts; `rate` is units of its currency for one of the shop's."""
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
        order.save()
        for place, line in enumerate(lines):
            _add_line(order, place, line)
        for fee in fees:
            _add_fee(order, None, fee)
        for code, amount in (discounts or {}).items():
            OrderAdjustment.objects.create(
                order=order,
                type="discount",
                description=code,
                subtotal=amount,
                total=amount,
                rate=rate,
                created_at=moment,
            )
        if transaction_id:
            OrderTransaction.objects.create(
                order=order,
                transaction_id=transaction_id,
                gateway=gateway,
                total=order.total,
                rate=rate,
                created_at=moment,
            )
        _in_shop_currency(order)
        order.save()
        _settle(order, before=None)
    return order


def refund_order(
    order: Order, *, items: Mapping[int, Decimal] | None = None, at: datetime | None = None
) -> Order:
    """Gives back a sale: whole, or the total amounts named by item id ([3.6] 7.4). Returns the refund.

    The sale's own amounts stay; its items and itself become refunded or partially_refunded. Raises
    ValueError for more than is left of an item, or an item of another order.
    """
    moment = at or timezone.now()
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        sold = list(order.items.order_by("cart_index", "id"))
        left = {item.pk: item.total - _refunded(item) for item in sold}
        wanted = (
            dict(items) if items is not None else {key: amount for key, amount in left.items() if amount > 0}
        )
        for key, amount in wanted.items():
            if key not in left:
                raise ValueError(f"Item {key} is not of order {order.pk}.")
            if not 0 < amount <= left[key]:
                raise ValueError(f"{amount} can't be refunded of item {key}: {left[key]} is left.")
        count = order.refunds.filter(type="refund").count()
        payment_key = secrets.token_hex(16)
        refund = Order.objects.create(
            parent=order,
            number=f"{order.number or order.pk}-R-{count + 1}",
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
            created_at=moment,
            modified_at=moment,
            completed_at=moment,
        )
        for item in sold:
            if item.pk in wanted:
                _refund_item(refund, item, wanted[item.pk], left[item.pk])
        _in_shop_currency(refund)
        refund.save()
        before = order.status
        whole = all(item.status == "refunded" for item in sold)
        order.status = "refunded" if whole else "partially_refunded"
        order.modified_at = moment
        order.save()
        kept.adjust_tally("order:refund:complete", 1)
        _settle(order, before=before)
        for hook in _hooks:
            hook(refund)
    return refund


def change_order_status(order: Order, status: str) -> None:
    """Sets an order's status and that of its items, as EDD does; a refund's items stay complete."""
    with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
        before, order.status = order.status, status
        order.modified_at = timezone.now()
        order.save()
        if order.type != "refund":
            order.items.update(status=status)
        _settle(order, before=before)


def _settle(order: Order, before: str | None) -> None:
    """What follows from a written order: counts, kept figures, hooks."""
    if before is not None:
        kept.adjust_tally(f"order:{order.type}:{before}", -1)
    kept.adjust_tally(f"order:{order.type}:{order.status}", 1)
    if order.customer_id is not None:
        kept.refresh_customers([order.customer_id])
    kept.refresh_products(order.items.exclude(product=None).values_list("product_id", flat=True))
    for hook in _hooks:
        hook(order)


def _in_shop_currency(record: Order | OrderItem | OrderAdjustment) -> None:
    rate = to_units(record.rate)
    record.shop_total = from_units(divide_units(to_units(record.total), rate))
    record.shop_tax = from_units(divide_units(to_units(record.tax), rate))


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
    _in_shop_currency(item)
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
    _in_shop_currency(adjustment)
    adjustment.save()
    order.tax += fee.tax
    order.total += fee.amount + fee.tax


def _refunded(item: OrderItem) -> Decimal:
    return -sum((row.total for row in OrderItem.objects.filter(parent=item)), ZERO)


def _refund_item(refund: Order, item: OrderItem, amount: Decimal, left: Decimal) -> None:
    tax = from_units(to_units(item.tax) * to_units(amount) // to_units(item.total)) if item.total else ZERO
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
        subtotal=-(amount - tax),
        tax=-tax,
        total=-amount,
        rate=item.rate,
        created_at=refund.created_at,
    )
    _in_shop_currency(back)
    back.save()
    refund.subtotal += back.subtotal
    refund.tax += back.tax
    refund.total += back.total
    item.status = "refunded" if amount == left else "partially_refunded"
    item.save(update_fields=("status",))
