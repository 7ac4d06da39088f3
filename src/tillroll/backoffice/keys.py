"""API keys: every key with its holder, rights, limits and use. No page shows a digest, nor more of a key than
its beginning.

What changes a key is in key_pages.py.
"""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from tillroll.access.capabilities import Capability
from tillroll.access.models import ApiKey
from tillroll.access.states import ANSWERING, KEY_STATES, KeyState, list_superseded, with_state
from tillroll.backoffice import key_export, key_pages
from tillroll.backoffice.columns import lines, link, moment, shown
from tillroll.backoffice.filters import by_holder, one_of
from tillroll.backoffice.key_facts import add_usage, get_role_policies, list_limits
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import Viewer


def show_state(key: Any) -> SafeString:
    """Whether a key answers, coloured."""
    return format_html('<span class="state state-{}">{}</span>', key.state, KEY_STATES[KeyState(key.state)])


def _rights(key: Any) -> str:
    """Whose rights a key has: its holder's roles', or one customer's records."""
    if key.customer_id is not None:
        return f"only customer {key.customer_id}"
    return key.user.role_slugs.replace("\n", ", ") or "no role"


def _capabilities(key: Any) -> SafeString | str:
    if key.customer_id is not None:
        return "see this customer's own sales, record and downloads"
    return lines(key.user.capabilities.split()) or "nothing"


def _limits(key: Any) -> SafeString | str:
    return lines(list_limits(key.policy)) or "none"


def _last_use(key: Any) -> str | None:
    at = key.usage.last_at
    return format_html('<span class="amount">{}</span>', f"{at:%Y-%m-%d %H:%M} UTC") if at else "never"


KEY_START = shown(lambda key: f"{key.public_key[:6]}…", "key")
NAME = shown(lambda key: key.label or "no label", "label", "label")
HOLDER = shown(lambda key: link("access_user", key.user.pk, key.user), "holder", "user__username")
RIGHTS = shown(_rights, "rights")
LAST_USE = shown(_last_use, "last use")
CALLS = shown(lambda key: f"{key.usage.this_month:,}", "calls this month")
STATE = shown(show_state, "state")
CUSTOMER = shown(
    lambda key: (
        "none" if key.customer_id is None else link("shop_customer", key.customer_id, key.customer_id)
    ),
    "only of customer",
)


class HolderKind(admin.SimpleListFilter):
    """People's keys, service accounts' and buyers'."""

    title = "for"
    parameter_name = "for"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("user", "Users"), ("service", "Service accounts"), ("customer", "Buyers")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        chosen = {
            "user": Q(customer_id=None, user__is_service=False),
            "service": Q(customer_id=None, user__is_service=True),
            "customer": Q(customer_id__isnull=False),
        }.get(self.value() or "")
        return queryset if chosen is None else queryset.filter(chosen)


@admin.register(ApiKey, site=site)
class ApiKeyPage(Viewer):
    needs = Capability.MANAGE_SHOP_SETTINGS
    list_display = (NAME, KEY_START, HOLDER, RIGHTS, shown(_limits, "limits"), LAST_USE, CALLS, STATE)
    list_display_links = (NAME,)
    list_filter = (
        one_of("state", KeyState, labels=KEY_STATES),
        HolderKind,
        by_holder("user", "holder"),
    )
    search_fields = ("label",)
    search_help_text = "Label, beginning of the key, holder's name or e-mail address"
    ordering = ("-created_at", "-pk")
    intro = (
        "A key lets a program ask the API for what its holder may see. Key and token are shown once, when it"
        " is made."
    )
    add_title = "Issue a key"
    change_form_outer_before_template = "backoffice/key_actions.html"
    change_form_outer_after_template = "backoffice/key_use.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    (NAME, KEY_START),
                    (STATE, moment("created_at", "created")),
                    (moment("expires_at", "expires"), moment("revoked_at", "revoked", "no")),
                )
            },
        ),
        ("Rights", {"fields": ((HOLDER, CUSTOMER), RIGHTS, shown(_capabilities, "may"))}),
        (
            "Limits",
            {
                "fields": (
                    shown(lambda key: lines(list_limits(key.own_policy)) or "none", "of its own"),
                    shown(lambda key: lines(list_limits(key.policy)) or "none", "in all, with its roles'"),
                    shown(lambda key: key.networks or "any address", "addresses allowed"),
                )
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> Any:
        keys = super().get_queryset(request).select_related("user")
        return with_state(keys, timezone.now()).defer("token_digest", "bearer_digest", "user__password")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if term := search_term.strip():
            named = Q(user__username__icontains=term) | Q(user__display_name__icontains=term)
            found = Q(label__icontains=term) | named | Q(public_key__startswith=term)
            if may(request.user, Capability.VIEW_SHOP_SENSITIVE_DATA):
                found |= Q(user__email__icontains=term)
            queryset = queryset.filter(found)
        return queryset, False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list with what else its rows show."""
        found = super().get_changelist_instance(request)
        roles = get_role_policies()
        found.result_list = add_usage(list(found.result_list))
        for key in found.result_list:
            key.policy = key.get_policy(roles)
        return found

    def export(self, request: HttpRequest) -> HttpResponseBase:
        return key_export.export(self, request)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        key: Any = super().get_object(request, object_id, from_field)
        if key is not None:
            key.policy = key.get_policy(get_role_policies())
        return key

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        context = extra_context or {}
        key = self.get_object(request, object_id)
        if key is not None and self.has_view_permission(request):
            family = Q(pk=key.meter) | Q(meter_id=key.meter)
            related = list(self.get_queryset(request).filter(family).order_by("created_at", "pk"))
            answers = key.state in ANSWERING
            context = {
                **context,
                "key": key,
                "title": str(key),
                "family": add_usage(related),
                "usage": add_usage([key])[0].usage,
                "may_rotate": answers and key.pk not in list_superseded(related),
                "may_see_log": may(request.user, Capability.VIEW_SHOP_SENSITIVE_DATA),
            }
        return super().change_view(request, object_id, form_url, context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return key_pages.issue(self, request)

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(lambda request, *args, **kwargs: view(self, request, **kwargs))

        return [
            path("<int:pk>/limits/", page(key_pages.change_limits), name="access_apikey_limits"),
            path("<int:pk>/rotate/", page(key_pages.rotate), name="access_apikey_rotate"),
            path("<int:pk>/revoke/", page(key_pages.revoke), name="access_apikey_revoke"),
            *super().get_urls(),
        ]
