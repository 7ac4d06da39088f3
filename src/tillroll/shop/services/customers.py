"""Customers and their e-mail addresses."""

from datetime import datetime

from django.utils import timezone

from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import Customer, CustomerEmail
from tillroll.shop.revision import Topic, write
from tillroll.shop.text import fold_case


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
            modified_at=created,
            **extra,
        )
        adjust_tally("customer", 1)
        _add(customer, email, "primary", created)
        for address in additional_emails:
            _add(customer, address, "secondary", created)
    return customer


def add_email(customer: Customer, email: str, *, type: str = "secondary") -> CustomerEmail:
    """A further address by which a customer is known."""
    with write(Topic.CUSTOMERS):
        return _add(customer, email, type, timezone.now())


def _add(customer: Customer, email: str, type: str, created: datetime) -> CustomerEmail:
    return CustomerEmail.objects.create(
        customer=customer, email=email, email_folded=fold_case(email), type=type, created_at=created
    )
