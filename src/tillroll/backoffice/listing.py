"""What stands over a list: how many records it has, and the buttons to add one and to take them along."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Sum
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.capabilities import Capability
from tillroll.access.spreadsheet import write_csv
from tillroll.backoffice.columns import get_label, get_value
from tillroll.backoffice.rights import may
from tillroll.backoffice.streamed import send_file
from tillroll.shop.models import Tally

MOST_COUNTED = 10_000
"""Records that a long list is counted up to: beyond it nobody counts, and to count would take longer than the
list itself."""

AT_ONCE = 500
"""Records that an export reads at once."""


class Button(NamedTuple):
    """A link that looks like a button; `look` is main, danger or nothing."""

    title: str
    url: str
    look: str = ""


def count_shown(changelist: Any, tally: str) -> str:
    """How many records a long list has: what is kept where nothing narrows it, else counted as far as people
    read."""
    if tally and not changelist.query and not changelist.filter_params:
        names = Tally.objects.filter(name__startswith=tally)
        return f"{names.aggregate(found=Sum('value'))['found'] or 0:,}"
    on_page = len(changelist.result_list)
    if changelist.page_num == 1 and on_page < changelist.list_per_page:
        return f"{on_page:,}"
    if "product" in changelist.filter_params:  # to count a product's orders takes as long as to find them
        return f"more than {on_page}"
    counted = changelist.queryset.order_by()[: MOST_COUNTED + 1].count()
    return f"more than {MOST_COUNTED:,}" if counted > MOST_COUNTED else f"{counted:,}"


def list_buttons(page: Any, request: HttpRequest) -> list[Button]:
    """What can be done with a whole list."""
    found = []
    here = f"admin:{page.opts.app_label}_{page.opts.model_name}"
    if page.has_export and may(request.user, Capability.EXPORT_SHOP_REPORTS):
        chosen = request.GET.copy()
        chosen.pop("p", None)
        found.append(Button("Export CSV", f"{reverse(f'{here}_export')}?{chosen.urlencode()}".rstrip("?")))
    if page.has_add_permission(request):
        found.append(Button(page.add_title, reverse(f"{here}_add"), "main"))
    return found


def export_list(page: Any, request: HttpRequest) -> HttpResponseBase:
    """Every record of a list as CSV, by its search and filters, with the columns that the user may see. It is
    sent as it is read, by id."""
    if not (page.has_view_permission(request) and may(request.user, Capability.EXPORT_SHOP_REPORTS)):
        raise PermissionDenied
    try:
        records = page.get_changelist_instance(request).get_queryset(request)
    except IncorrectLookupParameters:  # the list says what is wrong
        here = reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_changelist")
        return HttpResponseRedirect(f"{here}?{request.GET.urlencode()}")
    columns = page.get_export_columns(request)
    name = str(page.opts.verbose_name_plural).replace(" ", "-")
    return send_file(f"{name}.csv", "text/csv; charset=utf-8", _write(page, records, columns))


def _write(page: Any, records: Any, columns: list[Any]) -> Iterator[bytes]:
    yield write_csv([[get_label(page.model, column) for column in columns]])
    last = None
    ordered = records.order_by("pk")
    while batch := list((ordered if last is None else ordered.filter(pk__gt=last))[:AT_ONCE]):
        last = batch[-1].pk
        yield write_csv([get_value(record, column) for column in columns] for record in batch)
