"""Customers and their e-mail addresses."""

from collections.abc import Callable
from datetime import datetime

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.shop import ranks
from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import Customer, CustomerEmail
from tillroll.shop.revision import Topic, touch, write
from tillroll.shop.services.mirror import refuse_mirrored
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
    refuse_mirrored("A customer")
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
    """A further address by which a customer is known. ValidationError where it is another's."""
    refuse_mirrored("A customer")
    with write(Topic.CUSTOMERS):
        check_address(email, customer)
        touch(Customer, [customer.pk])
        return _add(customer, email, type, timezone.now())


def change_customer(customer: Customer, *, name: str, email: str, status: str) -> Customer:
    """Sets what a customer is called and their primary address; the one of before stays as a further one.
    ValidationError where the address is another's."""
    refuse_mirrored("A customer")
    with write(Topic.CUSTOMERS):
        check_address(email, customer)
        before = customer.email_folded
        customer.name, customer.status = name, status
        customer.email, customer.email_folded = email, fold_case(email)
        customer.modified_at = timezone.now()
        customer.save(update_fields=("name", "status", "email", "email_folded", "modified_at"))
        if customer.email_folded != before:
            customer.emails.filter(type="primary").update(type="secondary")
        known = customer.emails.filter(email_folded=customer.email_folded)
        if not known.update(type="primary", email=email):
            _add(customer, email, "primary", timezone.now())
    return customer


def remove_email(customer: Customer, address: CustomerEmail) -> None:
    """Takes a further address away; ValidationError for the primary one."""
    refuse_mirrored("A customer")
    if address.email_folded == customer.email_folded:
        raise ValidationError("The primary address can't be removed; make another one primary first.")
    with write(Topic.CUSTOMERS):
        touch(Customer, [customer.pk])
        address.delete()


def check_address(email: str, customer: Customer | None = None) -> None:
    """Raises ValidationError where an e-mail address is one of another customer's."""
    folded = fold_case(email)
    own = customer.pk if customer else 0
    other = Customer.objects.filter(email_folded=folded).exclude(pk=own).values_list("pk", flat=True).first()
    if other is None:
        known = CustomerEmail.objects.filter(email_folded=folded).exclude(customer_id=own)
        other = known.values_list("customer_id", flat=True).first()
    if other is not None:
        raise ValidationError({"email": f"{email} is an address of customer {other} already."})


def _add(customer: Customer, email: str, type: str, created: datetime) -> CustomerEmail:
    return CustomerEmail.objects.create(
        customer=customer, email=email, email_folded=fold_case(email), type=type, created_at=created
    )
