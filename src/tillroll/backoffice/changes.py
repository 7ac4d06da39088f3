"""Logs > Changes: the audit trail, for those who run the shop."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join

from tillroll.access.capabilities import Capability
from tillroll.access.models import AuditEntry
from tillroll.backoffice.columns import moment, shown
from tillroll.backoffice.filters import one_of
from tillroll.backoffice.period_filter import by_days
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer

KINDS = {
    "shop.order": "Orders",
    "shop.product": "Products",
    "shop.term": "Categories and tags",
    "shop.discount": "Discounts",
    "shop.customer": "Customers",
    "shop.shopsettings": "Settings",
    "access.user": "Users",
    "access.role": "Roles",
    "access.apikey": "API keys",
}
"""The kinds of records that people change."""


HEAD = format_html_join("", "<th scope='col'>{}</th>", (("Field",), ("Before",), ("After",)))


def show_what(entry: Any) -> str:
    """What was changed, as a link where it has a page."""
    title = entry.title or f"{entry.kind} {entry.key}".strip()
    if entry.kind in KINDS and entry.key:
        try:
            url = reverse(f"admin:{entry.kind.replace('.', '_')}_change", args=(entry.key,))
        except NoReverseMatch:
            return title
        return format_html('<a href="{}">{}</a>', url, title)
    return title


def show_changes(entry: Any) -> str:
    """Each field with what it was and what it is now."""
    rows = format_html_join(
        "",
        "<tr><th scope='row'>{}</th><td>{}</td><td>{}</td></tr>",
        ((field, before or "nothing", after or "nothing") for field, before, after in entry.changes),
    )
    if not rows:
        return "none"
    return format_html("<table class='rows'><thead>{}</thead><tbody>{}</tbody></table>", HEAD, rows)


def _summarise(entry: Any) -> str:
    return ", ".join(field for field, _, _ in entry.changes)


WHAT = shown(show_what, "what", "title")


@admin.register(AuditEntry, site=site)
class AuditPage(LargeViewer):
    needs = Capability.MANAGE_SHOP_SETTINGS
    list_display = (
        moment("at", "when"),
        "actor_name",
        "action",
        shown(lambda entry: KINDS.get(entry.kind, entry.kind), "of"),
        WHAT,
        shown(_summarise, "fields"),
        "address",
    )
    list_filter = (by_days("at", "when"), one_of("kind", KINDS, labels=KINDS))
    search_fields = ("actor_name", "title")
    search_help_text = "Who, or what"
    ordering: ClassVar[Any] = ("-at", "-pk")
    sortable_by: ClassVar[Any] = ()
    fieldsets = (
        (None, {"fields": ((moment("at", "when"), "actor_name"), ("action", WHAT), "address")}),
        ("Fields", {"fields": (shown(show_changes, "changes"),)}),
    )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in search_term.split():
            queryset = queryset.filter(
                Q(actor_name__icontains=word) | Q(title__icontains=word) | Q(action__icontains=word)
            )
        return queryset, False
