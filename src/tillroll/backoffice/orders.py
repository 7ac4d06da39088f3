"""Orders and refunds, with everything that belongs to them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html

from tillroll.access.capabilities import Capability
from tillroll.backoffice import order_pages
from tillroll.backoffice.columns import USER, format_amount, link, money, number, plain, shown, write_amount
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.listing import Button
from tillroll.backoffice.order_filters import ByStatus, OfCustomer, OfGateway, OfProduct
from tillroll.backoffice.period_filter import by_days
from tillroll.backoffice.rights import may
from tillroll.backoffice.searching import begins
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer, Part
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
from tillroll.shop.models.orders import NET
from tillroll.shop.text import fold_case

MOST_DOWNLOADS = 50
"""File downloads that an order's page shows, the latest ones."""

SEEN = (Capability.VIEW_SHOP_REPORTS, Capability.EDIT_ORDERS)
"""Either of these shows orders."""


class _OrderPart(Part):
    needs: ClassVar[Capability | tuple[Capability, ...]] = SEEN
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


def _total(order: Order) -> str:
    return format_html('<span class="amount">{}</span>', format_amount(order.total, order.currency))


TOTAL = shown(
    _total, "total", "shop_total", name="total", value=lambda order: write_amount(order.total, order.currency)
)
"""In the order's currency, sorted by what it is worth in the shop's."""


@admin.register(Order, site=site)
class OrderPage(LargeViewer):
    needs = SEEN
    sensitive = frozenset(("ip", "customer"))
    list_display = (
        "id",
        "number",
        "type",
        "status",
        "email",
        TOTAL,
        money("tax", "currency"),
        "gateway",
        "created_at",
    )
    export_display = (
        "id", "number", "type", "status", shown(lambda order: order.parent_id, "refund of"), "mode", "email",
        shown(lambda order: order.customer_id, "customer", name="customer"), USER, "gateway", "currency",
        money("subtotal", "currency"), money("discount", "currency"), money("tax", "currency"), TOTAL,
        number("rate", "exchange rate"), money("shop_tax", label="tax in the shop's currency"),
        money("shop_total", label="total in the shop's currency"), "created_at", "completed_at",
        plain("payment_key", "purchase key"), plain("ip", "IP address"),
    )  # fmt: skip
    list_display_links = ("id", "number")
    list_filter = (
        ByStatus,
        one_of("type", ("sale", "refund")),
        by_days("created_at", "when"),
        OfGateway,
        one_of("mode", ("live", "test")),
        OfProduct,
        OfCustomer,
    )
    intro = "What was sold and given back."
    add_title = "Record an order"
    tally = "order:"
    sortable_by = ("id", "created_at", TOTAL)
    change_form_outer_after_template = "backoffice/order_after.html"
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
        found = begins("email_folded", fold_case(term)) | begins("number", term)
        if term.isdecimal() and len(term) < 18:
            found |= Q(pk=int(term))
        if len(term) > 8:
            found |= Q(payment_key_folded=fold_case(term))
        return queryset.filter(found), False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, Capability.EDIT_ORDERS)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return order_pages.add(request)

    def get_buttons(self, request: HttpRequest, record: Any) -> list[Button]:
        if not may(request.user, Capability.EDIT_ORDERS):
            return []
        found = []
        if record.type == "sale" and record.status in NET:
            found.append(("Refund…", "refund", "main"))
        if record.type == "sale" and record.status not in ("refunded", "partially_refunded"):
            found.append(("Change status", "status", ""))
        found.append(("Add a note", "note", ""))
        return [
            Button(title, reverse(f"admin:shop_order_{name}", args=(record.pk,)), look)
            for title, name, look in found
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        response = super().change_view(request, object_id, form_url, extra_context)
        found = getattr(response, "context_data", None)
        if found and (order := found.get("original")) and may(request.user, Capability.VIEW_SHOP_REPORTS):
            downloads = FileDownload.objects.filter(order_id=order.pk).order_by("-pk")
            found["downloads"] = list(downloads[:MOST_DOWNLOADS])
        return response

    def get_urls(self) -> list[Any]:
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/refund/", guard(order_pages.refund), name="shop_order_refund"),
            path("<int:pk>/status/", guard(order_pages.change_status), name="shop_order_status"),
            path("<int:pk>/note/", guard(order_pages.write_note), name="shop_order_note"),
            *super().get_urls(),
        ]
