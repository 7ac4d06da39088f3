"""How the page of API requests is narrowed: its address says a selection of the log, the filters write it.

The filters only show choices. What a selection means is the log's own affair, so that the list, the charts
and an export can't differ.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import SEARCH_VAR
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from tillroll.access.capabilities import ENDPOINTS
from tillroll.access.logbook import Selection, read_day, read_number
from tillroll.access.models import ApiKey, User

PARAMETERS = frozenset(("since", "until", "status", "endpoint", "version", "key_id", "user_id"))
"""What an address may say beside the text that is searched for."""

MOST_KEYS = 20
"""Keys that are offered, the newest ones; the others are found by searching."""

STATUSES = ("error", "2xx", "4xx", "5xx", "200", "400", "401", "403", "404", "405", "429", "500", "503")


def read_selection(query: Mapping[str, str]) -> Selection:
    """The selection that a page's address names. Raises SelectionError."""
    return Selection(
        since=read_day(query.get("since", "")),
        until=read_day(query.get("until", "")),
        status=query.get("status", ""),
        endpoint=query.get("endpoint", ""),
        version=query.get("version", ""),
        key_id=read_number(query.get("key_id", ""), "key"),
        user_id=read_number(query.get("user_id", ""), "user"),
        text=query.get(SEARCH_VAR, "").strip(),
    )


class _Choice(SimpleListFilter):
    """Choices that select nothing by themselves."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


class Status(_Choice):
    title = "status"
    parameter_name = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, "Any error" if value == "error" else value) for value in STATUSES]


class Version(_Choice):
    title = "version"
    parameter_name = "version"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("v1", "v1"), ("v2", "v2")]


class Endpoint(_Choice):
    title = "endpoint"
    parameter_name = "endpoint"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name) for name in ENDPOINTS]


class Key(_Choice):
    """The shop's newest keys, and the chosen one, which may be a buyer's or gone."""

    title = "key"
    parameter_name = "key_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("key_id", "")
        wanted = Q(customer_id=None, meter_id=None)
        keys = ApiKey.objects.filter(wanted).order_by("-pk").only("pk", "label", "public_key")[:MOST_KEYS]
        offered = {str(key.pk): str(key) for key in keys}
        if chosen and chosen not in offered:
            is_number = chosen.isdecimal() and len(chosen) < 19
            found = ApiKey.objects.filter(pk=int(chosen)).first() if is_number else None
            offered[chosen] = str(found) if found else f"key {chosen}"
        return list(offered.items())


class Holder(_Choice):
    """The chosen user, to be dropped; others are found by searching, or come from a user's page."""

    title = "user"
    parameter_name = "user_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        chosen = request.GET.get("user_id", "")
        if not (chosen.isdecimal() and len(chosen) < 19):
            return []
        found = User.objects.filter(wire_id=int(chosen)).first()
        return [(chosen, str(found) if found else f"user {chosen}")]
