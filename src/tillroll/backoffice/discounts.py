"""Discount codes, with what they require and exclude."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse

from tillroll.access.capabilities import Capability
from tillroll.backoffice import discount_pages
from tillroll.backoffice.columns import format_amount, money, show_number, shown
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.listing import Button
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import Part, Viewer
from tillroll.shop.models import Discount, DiscountProduct, DiscountTerm


class Products(Part):
    model = DiscountProduct
    needs = Capability.MANAGE_SHOP_DISCOUNTS
    verbose_name_plural = "required and excluded products"
    fields = ("role", shown(lambda one: one.product_ref, "product (and price)"))
    ordering = ("role", "position")


class Terms(Part):
    model = DiscountTerm
    needs = Capability.MANAGE_SHOP_DISCOUNTS
    verbose_name_plural = "categories"
    fields = ("term_id",)
    ordering = ("position",)


def _worth(discount: Any) -> str:
    if discount.amount_type == "percent":
        return f"{show_number(discount.amount)} %"
    return format_amount(discount.amount, discount.shop_currency)


def _uses(discount: Any) -> str:
    return f"{discount.use_count} of {discount.max_uses}" if discount.max_uses else str(discount.use_count)


@admin.register(Discount, site=site)
class DiscountPage(Viewer):
    needs = Capability.MANAGE_SHOP_DISCOUNTS
    intro = "Codes that take something off an order."
    add_title = "Add a discount"
    list_display = (
        "id",
        "code",
        "name",
        "status",
        shown(_worth, "worth", "amount"),
        shown(_uses, "uses", "use_count"),
        "starts_at",
        "ends_at",
    )
    list_display_links = ("id", "code")
    list_filter = (
        one_of("status", ("active", "inactive", "expired", "archived", "draft")),
        one_of("amount_type", ("percent", "flat"), "kind"),
    )
    search_fields = ("code", "name")
    search_help_text = "Code or name"
    fieldsets = (
        (None, {"fields": ("id", "code", "name", "status", shown(_worth, "worth"), "scope")}),
        (
            "Limits",
            {
                "fields": (
                    shown(_uses, "uses"),
                    "once_per_customer",
                    money("min_charge", label="least order"),
                    "starts_at",
                    "ends_at",
                )
            },
        ),
        ("Conditions", {"fields": ("requirement_condition", "term_condition")}),
        ("Times", {"fields": ("created_at", "modified_at")}),
    )
    inlines = (Products, Terms)
    export_display = (
        "id", "code", "name", "status", "amount_type", money("amount"), "use_count", "max_uses",
        "once_per_customer", money("min_charge"), "starts_at", "ends_at", "created_at",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def get_buttons(self, request: HttpRequest, record: Any) -> list[Button]:
        return [Button("Edit", reverse("admin:shop_discount_edit", args=(record.pk,)), "main")]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return discount_pages.add(request)

    def get_urls(self) -> list[Any]:
        edit = self.admin_site.admin_view(discount_pages.change)
        return [path("<int:pk>/edit/", edit, name="shop_discount_edit"), *super().get_urls()]

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        return [Products, *([Terms] if obj and obj.term_condition else [])]
