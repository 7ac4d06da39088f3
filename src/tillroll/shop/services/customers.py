"""Customers and their e-mail addresses."""

from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from tillroll.shop import ranks
from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import Customer, CustomerEmail
from tillroll.shop.revision import Topic, touch, write
from tillroll.shop.text import fold_case

CustomerHook = Callable[[Customer], None]
_hooks: list[CustomerHook] = []


def on_customer_created(hook: CustomerHook) -> CustomerHook:
    """Registers a function that is called with each new customer, before the transaction ends."""
    _hooks.append(hook)
    return hook


def create_customer(
    email: str,
    name: str = "",
    *,
    user_id: int = 0,
    created_at: datetime | None = None,
    additional_emails: tuple[str, ...] = (),
    **extra: object,
) -> Customer:
    """A customer with their primary address and further ones; IntegrityError when the address has a
    customer."""
    created = created_at or timezone.now()
    with write(Topic.CUSTOMERS):
        customer = Customer.objects.create(
            email=email,
            email_folded=fold_case(email),
            name=name,
            user_id=user_id,
            created_at=created,
            modified_at=timezone.now(),
            **extra,
        )
        adjust_tally("customer", 1)
        ranks.add_customer(customer.pk, created)
        _add(customer, email, "primary", created)
        for address in additional_emails:
            _add(customer, address, "secondary", created)
        for hook in _hooks:
            hook(customer)
    return customer


def add_email(customer: Customer, email: str, *, type: str = "secondary") -> CustomerEmail:
    """A further address by which a customer is known."""
    with write(Topic.CUSTOMERS):
        touch(Customer, [customer.pk])
        return _add(customer, email, type, timezone.now())


def _add(customer: Customer, email: str, type: str, created: datetime) -> CustomerEmail:
    return CustomerEmail.objects.create(
        customer=customer, email=email, email_folded=fold_case(email), type=type, created_at=created
    )
