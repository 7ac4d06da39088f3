"""Customers, with their addresses and their last orders."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import USER, link, money, plain, shown, sum_of
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.privacy import PrivacyViews
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer, Part
from tillroll.shop.models import Customer, CustomerAddress, CustomerEmail, Order
from tillroll.shop.text import fold_case


class Emails(Part):
    model = CustomerEmail
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    verbose_name_plural = "e-mail addresses"
    fields = ("email", "type", "status", "created_at")
    ordering = ("id",)


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
    list_filter = (one_of("status", ("active", "inactive", "disabled", "pending")),)
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

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if term.isdecimal() and len(term) < 18:
            return queryset.filter(pk=int(term)), False
        if "@" in term:
            having = CustomerEmail.objects.filter(email_folded__startswith=fold_case(term))
            found = Q(email_folded__startswith=fold_case(term)) | Q(pk__in=having.values("customer_id"))
            return queryset.filter(found), False
        for word in term.split():
            queryset = queryset.filter(Q(name__icontains=word) | Q(email_folded__contains=fold_case(word)))
        return queryset, False
