"""Lists of records and a page for each: what these have in common in the back office.

They change nothing themselves: forms of their own do, which call the services. So Django's permissions but
the one to look are refused here.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ShowFacets
from django.db.models import Value
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import path

from tillroll.access.audit import list_changes
from tillroll.access.capabilities import Capability
from tillroll.backoffice.changelist import OfferedOrder
from tillroll.backoffice.listing import Button, count_shown, export_list, list_buttons
from tillroll.backoffice.period_filter import DAYS, Period
from tillroll.backoffice.rights import may
from tillroll.shop.services import get_settings

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline

    _Page = ModelAdmin[Any]
    _Inline = TabularInline[Any, Any]
    from django.core.paginator import Paginator as InfinitePaginator
else:
    from unfold.admin import ModelAdmin as _Page
    from unfold.admin import TabularInline as _Inline
    from unfold.paginator import InfinitePaginator

ROWS = 50
"""Rows of a list's page: a screen or two."""

MOST_CHANGES = 20
"""Changes that a record's page shows; the trail has the others."""

INLINE_ROWS = 50
"""Rows of a part of a record: more than almost any order has, and few enough to draw at once."""


class _ReadOnly:
    """Looking, for those who have the capability; nothing else for anybody. A part of a page is left out for
    those who lack its own."""

    needs: ClassVar[Capability | tuple[Capability, ...]]
    """What opens it, any of these."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        needs = self.needs
        return may(request.user, *(needs if isinstance(needs, tuple) else (needs,)))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Viewer(_ReadOnly, _Page):
    """A list of records and a page for each.

    `needs` opens it; `sensitive` names fields that take VIEW_SHOP_SENSITIVE_DATA besides. A record carries
    `shop_currency`, for its amounts. What the models say about their fields
    is for those who write; a page shows it where it `explains`. Over a list stand its `intro`, how many
    it has and what can be done with it; over a record what can be done with that, below what was changed.
    """

    intro: ClassVar[str] = ""
    add_title: ClassVar[str] = "Add"
    has_export: ClassVar[bool] = True
    tally: ClassVar[str] = ""
    """The kept count of a long list (`order:`), or those that begin so."""

    export_display: ClassVar[tuple[Any, ...]] = ()
    """The columns of its file; those of the list where none are named."""

    list_before_template = "backoffice/list_toolbar.html"
    change_form_outer_before_template = "backoffice/record_actions.html"
    change_form_outer_after_template = "backoffice/record_history.html"
    show_add_link = False
    sensitive: ClassVar[frozenset[str]] = frozenset()
    explains: ClassVar[bool] = False
    actions = None
    list_per_page = ROWS
    list_max_show_all = ROWS
    ordering: ClassVar[Any] = ("-pk",)
    list_filter_submit = False
    list_fullwidth = True
    show_facets = ShowFacets.NEVER
    compressed_fields = True

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(shop_currency=Value(get_settings().currency))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[Any]:
        """The list as Unfold draws it, in an order that it offers."""
        drawn: type[Any] = super().get_changelist(request, **kwargs)
        return type("OfferedList", (OfferedOrder, drawn), {})

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._without_hidden(request, super().get_list_display(request))

    def get_export_columns(self, request: HttpRequest) -> list[Any]:
        """The columns of the list's file, without what the user may not see."""
        return self._without_hidden(request, self.export_display or self.list_display)

    def get_buttons(self, request: HttpRequest, record: Any) -> list[Button]:
        """What the user can do with a record."""
        return []

    def get_urls(self) -> list[Any]:
        export = self.admin_site.admin_view(self.export)
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [*([path("export/", export, name=name)] if self.has_export else []), *super().get_urls()]

    def export(self, request: HttpRequest) -> HttpResponseBase:
        """The list as a file."""
        return export_list(self, request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        response: HttpResponse = super().changelist_view(request, extra_context)
        found = getattr(response, "context_data", None)
        if found and "cl" in found:
            found["toolbar"] = {
                "intro": self.intro,
                "total": self.get_total(found["cl"]),
                "buttons": list_buttons(self, request),
            }
        return response

    def get_total(self, changelist: Any) -> str:
        """How many records a list has, as it says so."""
        return f"{changelist.result_count:,}"

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        response: HttpResponse = super().change_view(request, object_id, form_url, extra_context)
        found = getattr(response, "context_data", None)
        record = found.get("original") if found else None
        if found and record is not None:
            found["record_buttons"] = self.get_buttons(request, record)
            if may(request.user, Capability.MANAGE_SHOP_SETTINGS):
                found["record_changes"] = list_changes(record, MOST_CHANGES)
        return response

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """The page's groups without what the user may not see, and without groups that are then empty."""
        kept = []
        for title, options in super().get_fieldsets(request, obj):
            if fields := self._without_hidden(request, options["fields"]):
                kept.append((title, {**options, "fields": fields}))
        return kept

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """All that the page shows: its columns are functions, which Django takes for read-only ones alone."""
        return [
            field
            for _, options in self.get_fieldsets(request, obj)
            for row in options["fields"]
            for field in (row if isinstance(row, tuple) else (row,))
        ]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """The list's own filters alone: with others one could ask about what the list does not show."""
        if lookup in DAYS:
            return any(isinstance(one, type) and issubclass(one, Period) for one in self.list_filter)
        filters = (getattr(one, "parameter_name", one) for one in self.list_filter)
        return lookup.partition("__")[0] in set(filters)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if not self.explains:
            kwargs["help_texts"] = {field.name: "" for field in self.opts.get_fields()}
        return super().get_form(request, obj, change=change, **kwargs)

    def _without_hidden(self, request: HttpRequest, fields: Any) -> list[Any]:
        """Columns, or rows of them (tuples), without those that take a right which the user lacks."""
        if may(request.user, Capability.VIEW_SHOP_SENSITIVE_DATA):
            return list(fields)
        kept: list[Any] = []
        for field in fields:
            if isinstance(field, tuple):
                kept += [tuple(row)] if (row := self._without_hidden(request, field)) else []
            elif getattr(field, "column_name", field) not in self.sensitive:
                kept.append(field)
        return kept


class LargeViewer(Viewer):
    """A list that may be very long: it is not counted, since that costs more than the page itself."""

    paginator = InfinitePaginator
    show_full_result_count = False

    def get_total(self, changelist: Any) -> str:
        return count_shown(changelist, self.tally)


class Part(_ReadOnly, _Inline):
    """The rows of a record that belong to it, such as an order's items."""

    extra = 0
    max_num = 0
    can_delete = False
    show_change_link = False
    tab = True
    hide_title = True
    per_page = INLINE_ROWS
    ordering: ClassVar[Any] = ("pk",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields or ()
