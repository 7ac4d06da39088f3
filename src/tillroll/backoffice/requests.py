"""The log of API requests: its lines, two charts of them, and files to take along."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html

from tillroll.access.capabilities import Capability
from tillroll.access.log_export import ExportFormat, export_lines
from tillroll.access.log_search import SelectionError
from tillroll.access.logbook import count_by_day, count_by_key, get_period, list_lines
from tillroll.access.models import ApiKey, RequestLogEntry, User
from tillroll.backoffice.charts import draw_days, draw_keys
from tillroll.backoffice.columns import link, shown
from tillroll.backoffice.period_filter import Period
from tillroll.backoffice.request_filters import (
    PARAMETERS,
    Endpoint,
    Holder,
    Key,
    Status,
    Version,
    read_selection,
)
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.streamed import send_file
from tillroll.backoffice.viewer import LargeViewer
from tillroll.shop.services import get_settings, get_zone
from tillroll.shop.zone import parse_zone

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList
else:
    from unfold.views import ChangeList


def _when(entry: RequestLogEntry) -> str:
    return format_html('<span class="amount">{}</span>', f"{entry.at:%Y-%m-%d %H:%M:%S}")


def _user(entry: Any) -> str:
    name = entry.user_name or (f"user {entry.user_id}" if entry.user_id else "")
    page = getattr(entry, "user_page", None)
    return link("access_user", page, name or page) if page else name


def _key(entry: Any) -> str:
    if entry.key_id is None:
        return f"unknown: {entry.key_start}…" if entry.key_start else "public"
    name = entry.key_label or f"key {entry.key_id}"
    return link("access_apikey", entry.key_id, name) if getattr(entry, "has_key_page", False) else name


def _text(value: str) -> str:
    return format_html('<span class="long">{}</span>', value) if value else ""


WHEN = shown(_when, "when (UTC)", "at", name="at")
HOLDER = shown(_user, "user")
KEY = shown(_key, "key")
ENDPOINT = shown(lambda entry: f"{entry.version} {entry.endpoint}".strip(), "endpoint", name="endpoint")
QUESTION = shown(lambda entry: _text(entry.question), "question")
ERROR = shown(lambda entry: _text(entry.error), "error")
SIZE = shown(lambda entry: f"{entry.size:,}", "bytes", "size")
TOOK = shown(lambda entry: f"{entry.milliseconds:.1f}", "ms", "milliseconds")
MILLISECONDS = shown(lambda entry: f"{entry.milliseconds:.1f}", "milliseconds")


class Lines(ChangeList):
    """A page of lines, with the links of all of them looked up at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = _attach_links(list(self.result_list), request)


def _attach_links(entries: list[Any], request: HttpRequest) -> list[Any]:
    """Notes at each line which of its user's and key's pages there are for whoever looks."""
    users = {entry.user_id for entry in entries if entry.user_id}
    pages = dict(User.objects.filter(wire_id__in=users).values_list("wire_id", "pk")) if users else {}
    keys = {entry.key_id for entry in entries if entry.key_id}
    if keys and may(request.user, Capability.MANAGE_SHOP_SETTINGS):
        keys &= set(ApiKey.objects.filter(pk__in=keys).values_list("pk", flat=True))
    else:
        keys = set()
    for entry in entries:
        entry.user_page = pages.get(entry.user_id)
        entry.has_key_page = entry.key_id in keys
    return entries


def may_export(user: Any) -> bool:
    """Whether a user may take lines along: they have names and addresses in them."""
    return may(user, Capability.VIEW_SHOP_SENSITIVE_DATA) and may(user, Capability.EXPORT_SHOP_REPORTS)


@admin.register(RequestLogEntry, site=site)
class RequestPage(LargeViewer):
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    has_export = False  # it has more than one form
    list_display = (
        WHEN, HOLDER, KEY, ENDPOINT, QUESTION, "status", ERROR, "address", TOOK, SIZE,
    )  # fmt: skip
    list_display_links = (WHEN,)
    list_filter = (Period, Status, Endpoint, Version, Key, Holder)
    list_filter_sheet = True
    list_before_template = "backoffice/request_charts.html"
    search_fields = ("address",)
    search_help_text = "Address or network, e-mail, key, or text"
    sortable_by: ClassVar[Any] = (WHEN, TOOK, SIZE)
    ordering = ("-at", "-id")
    fieldsets = (
        (None, {"fields": (WHEN, ("version", "endpoint"), QUESTION)}),
        ("From", {"fields": ((HOLDER, "user_id"), (KEY, "address"))}),
        ("Answer", {"fields": (("status", ERROR), (MILLISECONDS, SIZE))}),
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return Lines

    def get_queryset(self, request: HttpRequest) -> Any:
        if request.resolver_match is not None and "object_id" in request.resolver_match.kwargs:
            return RequestLogEntry.objects.all()
        try:
            return list_lines(read_selection(request.GET), get_zone())
        except SelectionError as error:
            messages.error(request, str(error))
            raise IncorrectLookupParameters(error) from error  # leads to the whole list

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup in PARAMETERS

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        return _attach_links([found], request)[0] if found else None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset, False  # the selection has the text already

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/<str:form>/", view, name="access_requestlogentry_export"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if self.has_view_permission(request):
            extra_context = {**(extra_context or {}), "title": "API Requests", **self._draw(request)}
        return super().changelist_view(request, extra_context)

    def _draw(self, request: HttpRequest) -> dict[str, Any]:
        """The charts of the selection, and where its files are."""
        try:
            selection = read_selection(request.GET)
            shop, now = get_settings(), timezone.now()
            zone = parse_zone(shop.timezone)
            days, keys = count_by_day(selection, zone, now), count_by_key(selection, zone, now)
        except SelectionError:
            return {}  # the list says so
        since, until = get_period(selection, zone, now)
        query = request.GET.copy()
        for name in ("p", "o", "e", "key_id"):
            query.pop(name, None)
        chosen = request.GET.copy()
        chosen.pop("p", None)
        return {
            "charts": {
                "days": draw_days(days),
                "keys": draw_keys(keys),
                "since": since,
                "until": until,
                "has_period": bool(selection.since or selection.until),
                "zone": shop.timezone,
                "others": query.urlencode(),
            },
            "exports": [
                (
                    f"Export {form.upper()}",
                    reverse("admin:access_requestlogentry_export", args=(form,)) + f"?{chosen.urlencode()}",
                )
                for form in ExportFormat
                if may_export(request.user)
            ],
        }

    def export_view(self, request: HttpRequest, form: str) -> HttpResponseBase:
        """The selection as a file, streamed."""
        if not may_export(request.user):
            raise PermissionDenied
        try:
            wanted = ExportFormat(form)
            selection, zone = read_selection(request.GET), get_zone()
            lines = export_lines(selection, zone, wanted, timezone.now())
            pieces = (piece for _, piece in lines)
            return send_file(f"api-requests.{wanted}", wanted.content_type, pieces)
        except ValueError as error:
            return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")
