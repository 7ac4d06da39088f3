"""The list of API keys as CSV: what the list shows, by its search and filters, without anything secret. It is
sent as it is read."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from tillroll.access.capabilities import Capability
from tillroll.access.spreadsheet import write_csv
from tillroll.backoffice.key_facts import add_usage, get_role_policies, list_limits
from tillroll.backoffice.rights import may
from tillroll.backoffice.streamed import send_file

AT_ONCE = 500
"""Keys that are read at once."""

COLUMNS = (
    "id", "label", "key", "holder", "email", "roles", "capabilities", "customer", "limits", "addresses",
    "created", "expires", "revoked", "state", "last_used", "calls_today", "calls_this_month",
)  # fmt: skip


def export(page: Any, request: HttpRequest) -> HttpResponseBase:
    """Every key of the list, not of its page alone."""
    if not (page.has_view_permission(request) and may(request.user, Capability.EXPORT_SHOP_REPORTS)):
        raise PermissionDenied
    keys = page.get_changelist_instance(request).get_queryset(request)
    has_emails = may(request.user, Capability.VIEW_SHOP_SENSITIVE_DATA)
    return send_file("api-keys.csv", "text/csv; charset=utf-8", _write(keys, has_emails))


def _write(keys: Any, has_emails: bool) -> Iterator[bytes]:
    """Addresses for those alone who may see them; for others their column is empty."""
    yield write_csv([COLUMNS])
    last = 0
    while batch := list(keys.order_by("pk").filter(pk__gt=last)[:AT_ONCE]):
        last = batch[-1].pk
        yield write_csv(_list_rows(batch, has_emails))


def _list_rows(keys: list[Any], has_emails: bool) -> Iterable[tuple[object, ...]]:
    roles = get_role_policies()
    for key in add_usage(keys):
        yield (
            key.pk, key.label, key.public_key[:6], key.user.username, key.user.email if has_emails else "",
            key.user.role_slugs.replace("\n", " "), key.user.capabilities if key.customer_id is None else "",
            key.customer_id, "; ".join(list_limits(key.get_policy(roles))), key.networks,
            key.created_at, key.expires_at, key.revoked_at, key.state, key.usage.last_at, key.usage.today,
            key.usage.this_month,
        )  # fmt: skip
