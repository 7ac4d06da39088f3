"""Filters of the list of orders: by gateway, and by a product or a customer, whose pages lead to them."""

from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from tillroll.backoffice.filters import one_of
from tillroll.shop.models import Customer, OrderItem, Product
from tillroll.shop.statements import run

STATUSES = (
    "complete",
    "pending",
    "processing",
    "partially_refunded",
    "refunded",
    "revoked",
    "on_hold",
    "failed",
    "abandoned",
    "trash",
)

_GATEWAYS = """
WITH RECURSIVE found AS (
    SELECT MIN(gateway) AS gateway FROM shop_order
    UNION ALL
    SELECT (SELECT MIN(o.gateway) FROM shop_order o WHERE o.gateway > found.gateway) FROM found
    WHERE found.gateway IS NOT NULL
)
SELECT gateway FROM found WHERE gateway <> '' LIMIT 30
"""
"""Each gateway that orders name, by a step along their index for each, not for each order."""


class ByStatus(one_of("status", STATUSES)):  # type: ignore[misc]
    """Most orders are complete; the others are found by an index that has them alone."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        found: QuerySet[Any] = super().queryset(request, queryset)
        value = self.value()
        if value in (None, "complete"):
            return found
        return found.extra(where=["NOT (shop_order.status = 'complete')"])


class OfGateway(SimpleListFilter):
    title = "gateway"
    parameter_name = "gateway"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(gateway, gateway) for (gateway,) in run(_GATEWAYS)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if not value or "\x00" in value:  # PostgreSQL takes no such text
            return queryset
        return queryset.filter(gateway=value)


class _OfRecord(SimpleListFilter):
    """The record that other pages lead here by: it is shown where it is set."""

    model: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = request.GET.get(str(self.parameter_name), "")
        if not is_id(value):
            return [(value, value)] if value else []
        found = self.model.objects.filter(pk=int(value)).first()
        return [(value, str(found or value))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value() or ""
        return self.narrow(queryset, int(value)) if is_id(value) else queryset

    def narrow(self, queryset: QuerySet[Any], key: int) -> QuerySet[Any]:
        raise NotImplementedError


class OfProduct(_OfRecord):
    title = "product"
    parameter_name = "product"
    model = Product

    def narrow(self, queryset: QuerySet[Any], key: int) -> QuerySet[Any]:
        return queryset.filter(pk__in=OrderItem.objects.filter(product_id=key).values("order_id"))


class OfCustomer(_OfRecord):
    title = "customer"
    parameter_name = "customer"
    model = Customer

    def narrow(self, queryset: QuerySet[Any], key: int) -> QuerySet[Any]:
        return queryset.filter(customer_id=key)


def is_id(text: str) -> bool:
    """Whether a text can be a record's id."""
    return text.isdecimal() and len(text) < 19
