"""The log of file downloads."""

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import link, plain, shown
from tillroll.backoffice.period_filter import DAYS, by_days
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer
from tillroll.shop.models import FileDownload, Product


def _product(download: Any) -> str:
    if download.product_title is None:
        return f"{download.product_id} (gone)"
    return link("shop_product", download.product_id, download.product_title)


def _order(download: Any) -> str | None:
    return link("shop_order", download.order_id, download.order_id) if download.order_id else None


def _customer(download: Any) -> str | None:
    return link("shop_customer", download.customer_id, download.customer_id) if download.customer_id else None


IP = plain("ip", "IP address")
CUSTOMER = shown(_customer, "customer", "customer_id")
PRODUCT = shown(_product, "product", "product_id")
ORDER = shown(_order, "order", "order_id")


@admin.register(FileDownload, site=site)
class FileDownloadPage(LargeViewer):
    needs = Capability.VIEW_SHOP_REPORTS
    sensitive = frozenset(("ip", "user_agent", "customer_id"))
    list_display = ("id", "created_at", PRODUCT, "file_name", ORDER, CUSTOMER, IP)
    list_filter = (by_days("created_at", "when"),)
    intro = "Which file was fetched, by whom, and when."
    tally = "download"
    sortable_by = ("id", "created_at")
    export_display = (
        "id", "created_at", shown(lambda one: one.product_id, "product"),
        shown(lambda one: one.product_title, "product title"), "file_name", "file_id", "price_id",
        shown(lambda one: one.order_id or None, "order"),
        shown(lambda one: one.customer_id or None, "customer", name="customer_id"), IP, "user_agent",
    )  # fmt: skip
    search_fields = ("product_id",)
    search_help_text = "Id of an order, a customer or a product"
    fieldsets = (
        (None, {"fields": ("id", "created_at", PRODUCT, "file_name", "file_id", "price_id", ORDER)}),
        ("Buyer", {"fields": (CUSTOMER, IP, "user_agent")}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        title = Product.objects.filter(pk=OuterRef("product_id")).values("title")
        return super().get_queryset(request).annotate(product_title=Subquery(title[:1]))

    def get_ordering(self, request: HttpRequest) -> Any:
        """By time where days are asked for: by the index that finds them, so that none is sorted."""
        by_time = any(request.GET.get(name) for name in DAYS) and not request.GET.get("q")
        return ("-created_at", "-pk") if by_time else ("-pk",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        if not (term.isdecimal() and len(term) < 18):
            return queryset.none(), False
        key = int(term)
        # ids first: sorting the whole rows of a product that sells well takes a second
        rows = FileDownload.objects.order_by()
        fields = ["product_id"]
        if may(request.user, Capability.VIEW_SHOP_SENSITIVE_DATA):
            fields.append("customer_id")
        found = rows.filter(order_id=key).values("pk")
        found = found.union(*(rows.filter(**{field: key}).values("pk") for field in fields), all=True)
        return queryset.filter(pk__in=found), False
