"""All that is kept of one customer, in both databases: exported, or erased with every figure left as it is.

Beside the shop's records that is their user account, their keys, and the lines of the request log that they
made or that name them. Lines are emptied, never removed, so that the calls of a day stay what they were.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, TextField, Value, When
from django.utils import timezone

from tillroll.access.models import ApiKey, AuditEntry, KeyUse, RequestLogEntry, User
from tillroll.shop.models import Customer, SourceKind
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.privacy import (
    ERASED,
    ErasedRecords,
    Record,
    Traces,
    describe,
    erase_records,
    export_records,
    list_traces,
)
from tillroll.shop.text import fold_case

BATCH = 2_000
"""Lines that are read at once."""

_SECRETS = ("password", "token_digest", "bearer_digest", "pepper_id", "bearer_pepper_id")

MAY_NAME = Q(error__contains="@") | Q(error__contains="ustomer ")
"""Errors that may repeat the customer who was asked for. They are replaced, not emptied: they stay errors."""

_ASKING_ENDPOINTS = ("customers", "file-download-logs")
"""Where `customer` names one."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure went through. `account` is whether there was a user account that is nobody's now; a
    member of the staff keeps theirs."""

    records: ErasedRecords
    account: bool
    keys: int
    lines: int


def find_account(customer: Customer) -> User | None:
    """The user that a customer logs in as."""
    return User.objects.filter(wire_id=customer.user_id).first() if customer.user_id else None


def is_buyer(user: User) -> bool:
    """Whether somebody is a customer and nothing else: no rights, no way into the back office."""
    return not (user.capabilities or user.is_staff or user.is_superuser)


def comes_from_elsewhere(customer: Customer) -> bool:
    """Whether the next import brings the customer's data back, unless it is erased there too. Nobody imports
    a demo again."""
    return customer.source is not None and customer.source.kind != SourceKind.DEMO


def export_customer(customer: Customer) -> Record:
    """Everything that is kept of a customer, as JSON takes it, without secrets."""
    customer = Customer.objects.get(pk=customer.pk)
    account = find_account(customer)
    keys = list(_list_keys(customer, account).order_by("pk"))
    names = _Names(list_traces(customer))
    ids = [key.pk for key in keys]
    return {
        "exported_at": timezone.now().isoformat(),
        **export_records(customer),
        "user": describe(account, without=_SECRETS) if account else None,
        "keys": [describe(key, without=_SECRETS) for key in keys],
        "key_uses": [describe(use) for use in KeyUse.objects.filter(key_id__in=ids).order_by("key_id")],
        "requests": [
            describe(line)
            for line in _iterate(_list_own_lines(customer, keys, account) | _list_candidates())
            if _is_own(line, customer, ids) or names(line)
        ],
    }


def erase_customer(customer: Customer) -> Erased:
    """Makes everything that is kept of a customer nobody's; see the module. The log goes first: should the
    rest fail, a second run still finds it."""
    customer = Customer.objects.get(pk=customer.pk)
    account = find_account(customer)
    buyer = account if account and is_buyer(account) else None
    keys = list(_list_keys(customer, buyer))
    lines = _erase_lines(customer, keys, buyer)
    with write(Topic.ACCESS, Topic.CUSTOMERS, Topic.ORDERS, Topic.DOWNLOADS):
        records = erase_records(customer)
        ApiKey.objects.filter(pk__in=[key.pk for key in keys]).update(label="", networks="")
        ApiKey.objects.filter(pk__in=[key.pk for key in keys], revoked_at=None).update(
            revoked_at=timezone.now()
        )
        if buyer:
            _erase_account(buyer)
        known = AuditEntry.objects.filter(kind=Customer._meta.label_lower, key=str(customer.pk))
        known.update(title=f"customer {customer.pk}", changes=[])
        User.objects.filter(username=f"customer-{customer.pk}", is_service=True).update(display_name=ERASED)
    return Erased(records, buyer is not None, len(keys), lines)


def _list_keys(customer: Customer, account: User | None) -> QuerySet[ApiKey]:
    """The keys that see the customer's records, and those of their account."""
    own = Q(customer_id=customer.pk)
    if account is not None and is_buyer(account):
        own |= Q(user_id=account.wire_id)
    return ApiKey.objects.filter(own)


def _erase_account(user: User) -> None:
    user.username = user.login = f"erased-{user.wire_id}"
    user.display_name = ERASED
    user.first_name = user.last_name = user.email = ""
    user.is_active = False
    user.last_login = None
    user.set_unusable_password()
    user.save()


def _list_own_lines(
    customer: Customer, keys: list[ApiKey], account: User | None
) -> QuerySet[RequestLogEntry]:
    own = Q(key_id__in=[key.pk for key in keys])
    if account is not None:
        own |= Q(user_id=account.wire_id)
    return RequestLogEntry.objects.filter(own)


def _is_own(line: RequestLogEntry, customer: Customer, key_ids: list[int]) -> bool:
    return line.key_id in key_ids or bool(customer.user_id and line.user_id == customer.user_id)


def _list_candidates() -> QuerySet[RequestLogEntry]:
    """Lines that may name a customer: whatever way an address is written, its @ is one of these."""
    found = Q()
    for mark in ("@", "%40", "customer", "purchasekey"):
        found |= Q(question__icontains=mark)
    return RequestLogEntry.objects.filter(found | MAY_NAME)


class _Names:
    """Whether a line asks for a customer by id, address or purchase key, or its error names them."""

    def __init__(self, traces: Traces) -> None:
        self._id = str(traces.customer_id)
        words = "|".join(map(re.escape, sorted(traces.emails | traces.payment_keys)))
        # joann@example.com does not name ann@example.com, nor does ann@example.com.au
        self._trace = re.compile(rf"(?<![\w.+-])(?:{words})(?![\w-]|\.\w)") if words else None

    def __call__(self, line: RequestLogEntry) -> bool:
        asked = [(name, fold_case(value)) for name, value in parse_qsl(line.question, keep_blank_values=True)]
        texts = [*(value for _, value in asked), fold_case(line.error)]
        if self._trace and any(map(self._trace.search, texts)):
            return True
        return line.endpoint in _ASKING_ENDPOINTS and any(
            name == "customer" and value.strip() == self._id for name, value in asked
        )


def _iterate(lines: QuerySet[RequestLogEntry]) -> Iterator[RequestLogEntry]:
    """Lines in batches, each a short statement: reading a long log keeps nobody out."""
    last = 0
    while batch := list(lines.filter(pk__gt=last).order_by("pk")[:BATCH]):
        yield from batch
        last = batch[-1].pk


def _erase_lines(customer: Customer, keys: list[ApiKey], buyer: User | None) -> int:
    """Empties the customer's own lines; of other people's that name them only the question, and an error that
    does. How many lines there were."""
    own = _list_own_lines(customer, keys, buyer)
    key_ids = [key.pk for key in keys]
    names = _Names(list_traces(customer))
    naming = [
        line.pk
        for line in _iterate(_list_candidates().exclude(question=ERASED))
        if names(line) and line.key_id not in key_ids and not (buyer and line.user_id == buyer.wire_id)
    ]
    with transaction.atomic(using="logs"):
        count = own.update(
            address="",
            user_name=_blank("user_name"),
            key_label="",
            question=_blank("question"),
            error=_blank("error", MAY_NAME),
        )
        for start in range(0, len(naming), 500):
            some = RequestLogEntry.objects.filter(pk__in=naming[start : start + 500])
            count += some.update(question=_blank("question"), error=_blank("error", MAY_NAME))
        KeyUse.objects.filter(key_id__in=key_ids).update(address="")
    return count


def _blank(field: str, which: Q | None = None) -> Any:
    """A placeholder for a text, or for those of some lines; what was empty stays empty."""
    goes = ~Q(**{field: ""}) if which is None else which
    return Case(When(goes, then=Value(ERASED)), default=F(field), output_field=TextField())
