"""The log of API requests."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.access.models import RequestLogEntry
from tillroll.backoffice.columns import shown
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer


def _key(entry: RequestLogEntry) -> str:
    if entry.key_id is not None:
        return entry.key_label or f"key {entry.key_id}"
    return f"unknown: {entry.key_start}…" if entry.key_start else "public"


def _took(entry: RequestLogEntry) -> str:
    return f"{entry.milliseconds:.1f}"


KEY = shown(_key, "key", "key_id")
SIZE = shown(lambda entry: f"{entry.size:,}", "bytes")
TOOK = shown(_took, "ms", "milliseconds")


@admin.register(RequestLogEntry, site=site)
class RequestPage(LargeViewer):
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    list_display = ("at", "status", "version", "endpoint", "question", "user_name", KEY, "address", TOOK)
    list_display_links = ("at",)
    list_filter = (
        one_of("status", ("200", "400", "401", "403", "404", "405", "429", "500", "503")),
        one_of("version", ("v1", "v2")),
        one_of(
            "endpoint",
            ("products", "customers", "sales", "stats", "discounts", "file-download-logs", "info"),
        ),
        "at",
    )
    search_fields = ("address",)
    search_help_text = "Address, user or beginning of an unknown key"
    ordering = ("-id",)
    fieldsets = (
        (None, {"fields": ("at", ("version", "endpoint"), "question")}),
        ("From", {"fields": (("user_name", "user_id"), (KEY, "address"))}),
        ("Answer", {"fields": (("status", "error"), (shown(_took, "milliseconds"), SIZE))}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if term := search_term.strip():
            queryset = queryset.filter(Q(address=term) | Q(user_name=term) | Q(key_start=term[:6]))
        return queryset, False
