"""What needs somebody's attention: one sentence each, with where it is mended, for those who can mend it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from tillroll.access.capabilities import Capability
from tillroll.access.models import ApiKey
from tillroll.backoffice.rights import may
from tillroll.shop.models import Discount, Order, PriceOption, Product, ProductFile

SOON = timedelta(days=14)
"""How far ahead ends are told."""

OLD = timedelta(days=7)
"""After so long an order that still waits is worth a look."""

MOST_COUNTED = 100
"""Records that are counted; more are told as such."""


class Matter(NamedTuple):
    """What is the matter, and the page where one sees to it."""

    sentence: str
    url: str


def list_matters(user: Any, now: datetime) -> list[Matter]:
    """Everything that this user can see to."""
    return [matter for capability, find in _FINDERS if may(user, capability) for matter in find(now)]


def _find_keys(now: datetime) -> Iterator[Matter]:
    """Keys that end soon and were not rotated."""
    ending = ApiKey.objects.filter(revoked_at=None, expires_at__gt=now, expires_at__lte=now + SOON)
    later = ApiKey.objects.filter(meter_id=OuterRef("pk"), pk__gt=OuterRef("pk"))
    if count := _count(ending.exclude(Exists(later))):
        yield Matter(
            _tell(count, "API key ends", "API keys end", "within two weeks"), _get_list("access_apikey")
        )


def _find_orders(now: datetime) -> Iterator[Matter]:
    """Orders that wait for long; of a shop's, those by the index of what is not complete."""
    waiting = Order.objects.filter(status__in=("pending", "processing", "on_hold"), created_at__lt=now - OLD)
    count = _count(waiting.extra(where=["NOT (shop_order.status = 'complete')"]))
    if count:
        url = f"{_get_list('shop_order')}?status=pending"
        yield Matter(_tell(count, "order waits", "orders wait", "for more than a week"), url)


def _find_products(_now: datetime) -> Iterator[Matter]:
    """Published products that nobody can buy, or that give buyers nothing."""
    published = Product.objects.filter(status="publish")
    priced = PriceOption.objects.filter(product=OuterRef("pk"))
    bare = published.filter(
        Q(has_price_options=True) & ~Exists(priced) | Q(has_price_options=False, price__isnull=True)
    )
    url = f"{_get_list('shop_product')}?status=publish"
    if count := _count(bare):
        yield Matter(_tell(count, "published product has", "published products have", "no price"), url)
    files = ProductFile.objects.filter(product=OuterRef("pk"))
    if count := _count(published.exclude(kind="bundle").filter(~Exists(files))):
        yield Matter(_tell(count, "published product has", "published products have", "no file"), url)


def _find_discounts(now: datetime) -> Iterator[Matter]:
    """Active codes that nobody can use any more, and those that end soon."""
    active = Discount.objects.filter(status="active")
    url = f"{_get_list('shop_discount')}?status=active"
    over = active.filter(Q(ends_at__lte=now) | Q(max_uses__gt=0, use_count__gte=F("max_uses")))
    if count := _count(over):
        yield Matter(_tell(count, "active discount is", "active discounts are", "over or used up"), url)
    if count := _count(active.filter(ends_at__gt=now, ends_at__lte=now + SOON)):
        yield Matter(_tell(count, "discount ends", "discounts end", "within two weeks"), url)


_FINDERS: tuple[tuple[Capability, Callable[[datetime], Iterator[Matter]]], ...] = (
    (Capability.MANAGE_SHOP_SETTINGS, _find_keys),
    (Capability.EDIT_ORDERS, _find_orders),
    (Capability.EDIT_PRODUCTS, _find_products),
    (Capability.MANAGE_SHOP_DISCOUNTS, _find_discounts),
)


def _count(records: Any) -> int:
    """How many there are, as far as people count."""
    return int(records.order_by()[: MOST_COUNTED + 1].count())


def _tell(count: int, one: str, several: str, what: str) -> str:
    if count > MOST_COUNTED:
        return f"More than {MOST_COUNTED} {several} {what}."
    return f"{count} {one if count == 1 else several} {what}."


def _get_list(model: str) -> str:
    return reverse(f"admin:{model}_changelist")
