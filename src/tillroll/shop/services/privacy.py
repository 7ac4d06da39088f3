"""What the shop keeps of one customer: exported whole, or made nobody's without a change to any figure.

An erased order keeps its amounts, dates, statuses, products and country (which taxes are reported by).
Records stay, so that counts do; what names somebody goes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db.models import CharField, Model, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from tillroll.shop.models import (
    Customer,
    FileDownload,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.mirror import refuse_mirrored
from tillroll.shop.statements import cut
from tillroll.shop.text import fold_case

ERASED = "(erased)"
"""What stands where something was that is not to be empty."""

Record = dict[str, Any]
"""A record as JSON takes it: times in UTC, amounts as texts."""

_INTERNAL = ("_folded", "_whole", "_rest")
"""How columns end that repeat others in the store's own form."""


@dataclass(frozen=True, slots=True)
class Traces:
    """By what a customer is known elsewhere, such as in the request log: folded e-mail addresses and purchase
    keys."""

    customer_id: int
    user_id: int
    emails: frozenset[str]
    payment_keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class ErasedRecords:
    """How many records of the shop were made nobody's."""

    orders: int
    addresses: int
    emails: int
    transactions: int
    notes: int
    file_downloads: int


def list_traces(customer: Customer) -> Traces:
    """By what a customer can be found; nothing of it is left after an erasure."""
    orders = _list_orders(customer)
    emails = {*_list_emails(customer), *orders.values_list("email_folded", flat=True)}
    keys = orders.values_list("payment_key_folded", flat=True)
    return Traces(
        customer.pk,
        customer.user_id,
        frozenset(email for email in emails if email and not _is_placeholder(email)),
        frozenset(key for key in keys if key and not key.startswith("erased-")),
    )


def export_records(customer: Customer) -> Record:
    """Everything that the shop keeps of a customer."""
    orders = list(_list_orders(customer).order_by("id"))
    ids = [order.pk for order in orders]
    parts = {
        name: _group(_in_orders(model, ids))
        for name, model in (
            ("items", OrderItem),
            ("adjustments", OrderAdjustment),
            ("transactions", OrderTransaction),
            ("addresses", OrderAddress),
            ("notes", OrderNote),
        )
    }
    return {
        "customer": {**describe(customer), "purchase_value": _write(customer.purchase_value)},
        "emails": [describe(one) for one in customer.emails.order_by("id")],
        "addresses": [describe(one) for one in customer.addresses.order_by("id")],
        "orders": [
            {**describe(order), **{name: found.get(order.pk, []) for name, found in parts.items()}}
            for order in orders
        ],
        "file_downloads": [describe(one) for one in _list_downloads(customer, ids).order_by("id")],
    }


def erase_records(customer: Customer) -> ErasedRecords:
    """Takes a customer's name, addresses and other traces out of the shop's records, in one transaction; a
    second time does no harm. ValidationError in a shop that follows another, which would bring them back."""
    refuse_mirrored("A customer")
    with write(Topic.CUSTOMERS, Topic.ORDERS, Topic.DOWNLOADS):
        now = timezone.now()
        customer = Customer.objects.select_for_update().get(pk=customer.pk)
        known = _list_emails(customer)
        ids = list(_list_orders(customer).values_list("pk", flat=True))
        erased = ErasedRecords(
            orders=len(ids),
            addresses=customer.addresses.count() + _in_orders(OrderAddress, ids).count(),
            emails=customer.emails.count(),
            transactions=_in_orders(OrderTransaction, ids).count(),
            notes=_in_orders(OrderNote, ids).count(),
            file_downloads=_list_downloads(customer, ids).count(),
        )
        email = f"erased-{customer.pk}@erased.invalid"
        _list_downloads(customer, ids).update(ip="", user_agent="")
        for some in cut(ids, 500):
            _erase_orders(some, email, now)
        # an address that was also used in another customer's order is theirs to keep but for itself
        Order.objects.filter(email_folded__in=known).update(email=email, email_folded=email, modified_at=now)
        customer.addresses.all().delete()
        customer.emails.exclude(type="primary").delete()
        customer.emails.update(email=email, email_folded=email)
        Customer.objects.filter(pk=customer.pk).update(
            name=ERASED, email=email, email_folded=email, user_id=0, modified_at=now
        )
    return erased


def _erase_orders(ids: list[int], email: str, now: datetime) -> None:
    key = Concat(Value("erased-"), Cast("pk", CharField()))
    Order.objects.filter(pk__in=ids).update(
        email=email,
        email_folded=email,
        ip="",
        user_id=0,
        payment_key=key,
        payment_key_folded=key,
        modified_at=now,
    )
    _in_orders(OrderTransaction, ids).update(transaction_id=key)
    _in_orders(OrderNote, ids).update(content=ERASED, user_id=0)
    _in_orders(OrderAddress, ids).update(name="", address="", address2="", city="", region="", postal_code="")


def _list_emails(customer: Customer) -> list[str]:
    """The addresses that a customer is known by, folded."""
    emails = {fold_case(customer.email), *customer.emails.values_list("email_folded", flat=True)}
    return sorted(email for email in emails if email)


def _is_placeholder(email: str) -> bool:
    return email.endswith("@erased.invalid")


def _list_orders(customer: Customer) -> QuerySet[Order]:
    """A customer's orders, those without any customer that name their address, and the refunds of both."""
    known = _list_emails(customer)
    own = Order.objects.filter(Q(customer_id=customer.pk) | Q(customer_id=None, email_folded__in=known))
    return Order.objects.filter(Q(pk__in=own.values("pk")) | Q(parent_id__in=own.values("pk")))


def _list_downloads(customer: Customer, order_ids: list[int]) -> QuerySet[FileDownload]:
    """A customer's file downloads, and those of their orders that name no customer."""
    orders = _list_orders(customer).values("pk") if len(order_ids) > 500 else order_ids
    return FileDownload.objects.filter(
        Q(customer_id=customer.pk) | Q(customer_id=0, order_id__in=orders) & ~Q(order_id=0)
    )


def _in_orders(model: type[Model], ids: list[int]) -> QuerySet[Any]:
    return model._default_manager.filter(order_id__in=ids)


def _group(records: QuerySet[Any]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for record in records.order_by("id"):
        found.setdefault(record.order_id, []).append(describe(record))
    return found


def describe(record: Model, without: Iterable[str] = ()) -> Record:
    """A record's columns by their names, but for what only the store needs and what is named."""
    hidden = {"source_id", *without}
    return {
        field.attname: _write(getattr(record, field.attname))
        for field in record._meta.concrete_fields
        if field.attname not in hidden and not field.attname.endswith(_INTERNAL)
    }


def _write(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value
