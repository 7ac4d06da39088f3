"""What the rows of a report are called, and the pages of their records."""

from collections.abc import Collection
from datetime import date
from html import unescape
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.urls import reverse

from tillroll.access.capabilities import Capability
from tillroll.backoffice.rights import may
from tillroll.shop.countries import get_country_name
from tillroll.shop.models import Discount, Product, Term
from tillroll.shop.statements import cut
from tillroll.shop.text import fold_case
from tillroll.stats.periods import Step
from tillroll.stats.reports import Dimension

BATCH = 400
"""Records that one statement names."""


class Name(NamedTuple):
    """What people call a row, and where its record is, if there is one that they may see."""

    text: str
    page: str = ""


def list_names(by: Dimension, keys: Collection[Any], user: Any) -> dict[Any, Name]:
    """The names of products, categories, gateways, codes or countries."""
    if by is Dimension.PRODUCT:
        found = {
            key: title
            for some in cut(keys, BATCH)
            for key, title in Product.objects.filter(pk__in=some).values_list("pk", "title")
        }
        return {key: _name_record("shop_product", "Product", key, found.get(key)) for key in keys}
    if by is Dimension.CATEGORY:
        found = dict(Term.objects.filter(pk__in=keys).values_list("pk", "name"))
        return {key: _name_record("shop_term", "Category", key, found.get(key)) for key in keys}
    if by is Dimension.GATEWAY:
        return {key: _name_gateway(key) for key in keys}
    if by is Dimension.DISCOUNT:
        return _name_codes(keys, user)
    return {key: _name_country(key) for key in keys}


def _name_record(page: str, kind: str, key: int, title: str | None) -> Name:
    if title is None:
        return Name(f"{kind} {key} (removed)")
    return Name(unescape(title) or f"{kind} {key}", reverse(f"admin:{page}_change", args=(key,)))


def _name_gateway(key: str) -> Name:
    if not key:
        return Name("No gateway")
    return Name(key, f"{reverse('admin:shop_order_changelist')}?{urlencode({'gateway': key})}")


def _name_codes(keys: Collection[str], user: Any) -> dict[str, Name]:
    """Codes with the pages of their discounts, which are found by any case."""
    pages: dict[str, int] = {}
    if may(user, Capability.MANAGE_SHOP_DISCOUNTS):
        for some in cut({fold_case(key) for key in keys}, BATCH):
            found = Discount.objects.filter(code_folded__in=some)
            pages |= dict(found.order_by("-pk").values_list("code_folded", "pk"))
    return {key: _name_code(key, pages.get(fold_case(key))) for key in keys}


def _name_code(key: str, discount: int | None) -> Name:
    page = "" if discount is None else reverse("admin:shop_discount_change", args=(discount,))
    return Name(key or "No code", page)


def _name_country(key: str) -> Name:
    if not key:
        return Name("Not known")
    name = get_country_name(key)
    return Name(name if name == key else f"{name} ({key})")


def name_step(first: date, step: Step) -> str:
    """A step of time as a table shows it: a month as 2026-03, else the first day."""
    return str(first)[:7] if step is Step.MONTH else str(first)
