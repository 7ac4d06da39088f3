"""Customers, with their addresses and their last orders."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.html import format_html

from tillroll.access.capabilities import Capability
from tillroll.backoffice import customer_pages
from tillroll.backoffice.columns import USER, link, money, plain, shown, sum_of
from tillroll.backoffice.customer_pages import may_edit
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.listing import Button
from tillroll.backoffice.period_filter import by_days
from tillroll.backoffice.privacy import PrivacyViews, may_hand_out
from tillroll.backoffice.searching import begins
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer, Part
from tillroll.shop.models import Customer, CustomerAddress, CustomerEmail, Order
from tillroll.shop.text import fold_case


def _remove(address: CustomerEmail) -> str:
    if address.type == "primary":
        return ""
    where = reverse("admin:shop_customer_remove_email", args=(address.customer_id, address.pk))
    return format_html('<a href="{}">Remove…</a>', where)


class Emails(Part):
    model = CustomerEmail
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    verbose_name_plural = "e-mail addresses"
    fields = ("email", "type", "status", "created_at")
    ordering = ("id",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*self.fields, REMOVE] if may_edit(request.user) else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.get_fields(request, obj)


REMOVE = shown(_remove, "remove")


class Addresses(Part):
    model = CustomerAddress
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    verbose_name_plural = "addresses"
    fields = ("type", "name", "address", "address2", "postal_code", "city", "region", "country")
    ordering = ("id",)


class Orders(Part):
    model = Order
    needs = Capability.VIEW_SHOP_REPORTS
    verbose_name_plural = "orders and refunds"
    fields = (
        shown(lambda order: link("shop_order", order.pk, order.number or order.pk), "number"),
        "type",
        "status",
        money("total", "currency"),
        "created_at",
    )
    ordering = ("-id",)


PURCHASES = plain("purchase_count", "purchases")
SPENT = sum_of("purchase_value", "purchase_whole", "spent")
DOWNLOADS = plain("download_count", "file downloads")


@admin.register(Customer, site=site)
class CustomerPage(PrivacyViews, LargeViewer):
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    list_display = (
        "id",
        "name",
        "email",
        "status",
        PURCHASES,
        SPENT,
        DOWNLOADS,
        "created_at",
    )
    list_display_links = ("id", "name")
    list_filter = (
        one_of("status", ("active", "inactive", "disabled", "pending")),
        by_days("created_at", "since"),
    )
    search_fields = ("name", "email")
    search_help_text = "Id, name, or any e-mail address"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("id", "status"),
                    ("name", "email"),
                    USER,
                    ("created_at", "modified_at"),
                )
            },
        ),
        (
            "Figures",
            {
                "description": "Kept from the orders.",
                "fields": (PURCHASES, SPENT, DOWNLOADS),
            },
        ),
    )
    inlines = (Emails, Addresses, Orders)
    intro = "Who buys, how often, and for how much."
    add_title = "Add a customer"
    tally = "customer"
    sortable_by = ("id", "created_at", SPENT, PURCHASES)
    export_display = (
        "id", "name", "email", "status", USER, PURCHASES, SPENT, DOWNLOADS, "created_at", "modified_at",
    )  # fmt: skip

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_edit(request.user)

    def get_buttons(self, request: HttpRequest, record: Any) -> list[Button]:
        found = []
        if may_edit(request.user):
            for title, name, look in (
                ("Edit", "edit", "main"),
                ("Add an address", "add_email", ""),
                ("Merge…", "merge", ""),
            ):
                found.append(Button(title, reverse(f"admin:shop_customer_{name}", args=(record.pk,)), look))
        orders = reverse("admin:shop_order_changelist")
        found.append(Button("All orders", f"{orders}?customer={record.pk}"))
        if may_hand_out(request.user):
            found.append(Button("Export data", reverse("admin:shop_customer_data", args=(record.pk,))))
            found.append(Button("Erase…", reverse("admin:shop_customer_erase", args=(record.pk,)), "danger"))
        return found

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return customer_pages.add(request)

    def get_urls(self) -> list[Any]:
        guard = self.admin_site.admin_view
        return [
            path("<int:pk>/edit/", guard(customer_pages.change), name="shop_customer_edit"),
            path("<int:pk>/emails/add/", guard(customer_pages.add_address), name="shop_customer_add_email"),
            path(
                "<int:pk>/emails/<int:email_pk>/remove/",
                guard(customer_pages.remove_address),
                name="shop_customer_remove_email",
            ),
            path("<int:pk>/merge/", guard(customer_pages.merge), name="shop_customer_merge"),
            *super().get_urls(),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isdecimal() and len(term) < 18:
            return queryset.filter(pk=int(term)), False
        if "@" in term:
            having = CustomerEmail.objects.filter(begins("email_folded", fold_case(term)))
            found = begins("email_folded", fold_case(term)) | Q(pk__in=having.values("customer_id"))
            return queryset.filter(found), False
        for word in term.split():
            queryset = queryset.filter(Q(name__icontains=word) | Q(email_folded__contains=fold_case(word)))
        return queryset, False
