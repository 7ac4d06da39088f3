"""Two customers who are one: everything of the one goes to the other, and every figure follows."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.shop import kept, ranks
from tillroll.shop.kept import adjust_tally, refresh_downloads
from tillroll.shop.models import Customer, CustomerEmail, FileDownload, Order
from tillroll.shop.revision import Topic, touch, write
from tillroll.shop.services.mirror import refuse_mirrored

MergeHook = Callable[[int, int], None]
_hooks: list[MergeHook] = []


def on_customers_merged(hook: MergeHook) -> MergeHook:
    """Registers a function that is called with the ids of the customer who stays and of the one who goes,
    before the transaction ends."""
    _hooks.append(hook)
    return hook


@dataclass(frozen=True, slots=True)
class Merged:
    """What went to the customer who stays."""

    orders: int
    emails: int
    downloads: int


def merge_customers(stays: Customer, goes: Customer) -> Merged:
    """Gives the orders, addresses and downloads of one customer to another, and removes the one.

    The older of both dates counts as the day since when they are a customer. Orders keep the e-mail address
    that they were made with. Raises ValidationError for a customer and themselves, and for two who log in as
    different users.
    """
    refuse_mirrored("A customer")
    if stays.pk == goes.pk:
        raise ValidationError("A customer can't be merged with themselves; name another one.")
    if stays.user_id and goes.user_id and stays.user_id != goes.user_id:
        raise ValidationError(
            f"Customer {stays.pk} logs in as user {stays.user_id}, and customer {goes.pk} as user"
            f" {goes.user_id}: two accounts can't become one here."
        )
    with write(Topic.CUSTOMERS, Topic.ORDERS, Topic.DOWNLOADS, Topic.ACCESS):
        orders = list(Order.objects.filter(customer=goes).values_list("pk", flat=True))
        with kept.following(*orders):
            account = {"user_id": stays.user_id} if stays.user_id else {}
            Order.objects.filter(customer=goes).update(customer=stays, modified_at=timezone.now(), **account)
        downloads = FileDownload.objects.filter(customer_id=goes.pk).update(customer_id=stays.pk)
        emails = _take_emails(stays, goes)
        goes.addresses.update(customer=stays, is_primary=False)
        stays.user_id = stays.user_id or goes.user_id
        stays.name = stays.name or goes.name
        stays.save(update_fields=("user_id", "name"))
        touch(Customer, [stays.pk])
        ranks.adjust([(ranks.CUSTOMERS, goes.pk, -1, None)])
        adjust_tally("customer", -1)
        for hook in _hooks:
            hook(stays.pk, goes.pk)
        goes.delete()
        refresh_downloads([stays.pk])
    return Merged(len(orders), emails, downloads)


def _take_emails(stays: Customer, goes: Customer) -> int:
    """Moves addresses, of which the one who stays has none twice."""
    known = set(stays.emails.values_list("email_folded", flat=True)) | {stays.email_folded}
    goes.emails.filter(email_folded__in=known).delete()
    moved = goes.emails.update(customer=stays, type="secondary")
    if goes.email and goes.email_folded not in known and not _has(stays, goes.email_folded):
        CustomerEmail.objects.create(
            customer=stays,
            email=goes.email,
            email_folded=goes.email_folded,
            type="secondary",
            created_at=goes.created_at,
        )
        moved += 1
    return moved


def _has(customer: Customer, folded: str) -> bool:
    return customer.emails.filter(email_folded=folded).exists()
