"""Pages that show records and change none: what every list and record page of the back office has in common.

Writing goes through the services; here every permission but the one to look is refused.
"""

from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.admin import ShowFacets
from django.db.models import Value
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
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

INLINE_ROWS = 50
"""Rows of a part of a record: more than almost any order has, and few enough to draw at once."""


class _ReadOnly:
    """Looking, for those who have the capability; nothing else for anybody. A part of a page is left out for
    those who lack its own."""

    needs: ClassVar[Capability]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.needs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, self.needs)

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
    is for those who write; a page shows it where it `explains`.
    """

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

    def get_list_display(self, request: HttpRequest) -> Any:
        return self._without_hidden(request, super().get_list_display(request))

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
