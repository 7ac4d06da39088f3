"""Orders and refunds, with everything that belongs to them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import USER, link, money, number, plain, shown
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer, Part
from tillroll.shop.models import (
    Customer,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)
from tillroll.shop.text import fold_case

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


class _OrderPart(Part):
    needs = Capability.VIEW_SHOP_REPORTS
    ordering: ClassVar[Any] = ("id",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(order_currency=F("order__currency"))


class Items(_OrderPart):
    model = OrderItem
    verbose_name_plural = "items"
    tab = False
    fields = (
        shown(lambda item: _product(item), "product"),
        "status",
        "quantity",
        money("amount", "order_currency", "price"),
        money("subtotal", "order_currency"),
        money("discount", "order_currency"),
        money("tax", "order_currency"),
        money("total", "order_currency"),
    )
    ordering = ("cart_index", "id")


def _product(item: OrderItem) -> str:
    return link("shop_product", item.product_id, item.product_name) if item.product_id else item.product_name


class Adjustments(_OrderPart):
    model = OrderAdjustment
    verbose_name_plural = "discounts, fees and credits"
    fields = (
        "type",
        "description",
        shown(lambda one: one.item_name or "the whole order", "of"),
        money("subtotal", "order_currency"),
        money("tax", "order_currency"),
        money("total", "order_currency"),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(item_name=F("item__product_name"))


class Transactions(_OrderPart):
    model = OrderTransaction
    verbose_name_plural = "transactions"
    fields = ("transaction_id", "gateway", "status", money("total", "order_currency"), "created_at")


class Refunds(_OrderPart):
    model = Order
    fk_name = "parent"
    verbose_name_plural = "refunds"
    fields = (
        shown(lambda order: link("shop_order", order.pk, order.number or order.pk), "number"),
        "status",
        money("total", "currency"),
        "created_at",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return Part.get_queryset(self, request).filter(type="refund")


class Addresses(_OrderPart):
    model = OrderAddress
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    verbose_name_plural = "addresses"
    fields = ("type", "name", "address", "address2", "postal_code", "city", "region", "country")


class Notes(_OrderPart):
    model = OrderNote
    verbose_name_plural = "notes"
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    fields = ("created_at", "content", "user_id")


def _customer(order: Order) -> str | None:
    """The buyer, who may be gone: the order's id of them then points nowhere."""
    if order.customer_id is None:
        return None
    buyer = Customer.objects.filter(pk=order.customer_id).first()
    return link("shop_customer", buyer.pk, buyer) if buyer else f"{order.customer_id} (gone)"


def _parent(order: Order) -> str | None:
    return None if order.parent_id is None else link("shop_order", order.parent_id, order.parent_id)


@admin.register(Order, site=site)
class OrderPage(LargeViewer):
    needs = Capability.VIEW_SHOP_REPORTS
    sensitive = frozenset(("ip", "customer"))
    list_display = (
        "id",
        "number",
        "type",
        "status",
        "email",
        money("total", "currency"),
        money("tax", "currency"),
        "gateway",
        "created_at",
    )
    list_display_links = ("id", "number")
    list_filter = (
        one_of("status", STATUSES),
        one_of("type", ("sale", "refund")),
        one_of("mode", ("live", "test")),
        "created_at",
    )
    search_fields = ("number", "email")
    search_help_text = "Id, number, e-mail address or purchase key"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("id", "number"),
                    ("type", "status"),
                    ("mode", shown(_parent, "refund of")),
                    ("gateway", plain("payment_key", "purchase key")),
                )
            },
        ),
        (
            "Buyer",
            {
                "fields": (
                    ("email", shown(_customer, "customer", name="customer")),
                    (USER, plain("ip", "IP address")),
                )
            },
        ),
        (
            "Amounts",
            {
                "fields": (
                    (money("subtotal", "currency"), money("discount", "currency")),
                    (money("tax", "currency"), number("tax_rate", "tax rate (per cent)")),
                    (money("total", "currency"), number("rate", "exchange rate")),
                    (
                        money("shop_tax", label="tax in the shop's currency"),
                        money("shop_total", label="total in the shop's currency"),
                    ),
                )
            },
        ),
        (
            "Times",
            {"fields": (("created_at", "completed_at"), ("refundable_until", "modified_at"))},
        ),
    )
    inlines = (Items, Adjustments, Transactions, Refunds, Addresses, Notes)

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [part for part in self.inlines if part is not Refunds or (obj and obj.type != "refund")]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(email_folded__startswith=fold_case(term)) | Q(number__istartswith=term)
        if term.isdecimal() and len(term) < 18:
            found |= Q(pk=int(term))
        if len(term) > 8:
            found |= Q(payment_key_folded=fold_case(term))
        return queryset.filter(found), False
