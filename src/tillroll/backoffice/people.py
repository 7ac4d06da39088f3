"""Users, their roles, and API keys. No page shows a password's hash, nor the digest of a token."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from tillroll.access.capabilities import Capability
from tillroll.access.models import ApiKey, Role, User, UserCapability, UserRole
from tillroll.backoffice.columns import lines, link, plain, shown
from tillroll.backoffice.filters import is_empty
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import LargeViewer, Part, Viewer

KEY_START = shown(lambda key: f"{key.public_key[:6]}…", "key")
HOLDER = shown(lambda key: link("access_user", key.user.pk, key.user), "holder", "user")


class Roles(Part):
    model = UserRole
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    verbose_name_plural = "roles"
    fields = (shown(lambda one: one.role_id, "role"),)


class Grants(Part):
    model = UserCapability
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    verbose_name_plural = "own rights"
    fields = ("capability", "is_granted")


class Keys(Part):
    model = ApiKey
    needs = Capability.MANAGE_SHOP_SETTINGS
    verbose_name_plural = "API keys"
    fields = (KEY_START, "label", "created_at", "revoked_at")


@admin.register(User, site=site)
class UserPage(LargeViewer):
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    list_display = (
        plain("wire_id", "id"),
        "username",
        "display_name",
        "email",
        shown(lambda user: ", ".join(sorted(one.role_id for one in user.user_roles.all())), "roles"),
        "is_staff",
        "date_joined",
    )
    list_display_links = ("username",)
    list_filter = ("is_staff", "is_superuser", "is_active")
    search_fields = ("username", "display_name", "email")
    search_help_text = "Name or e-mail address"
    ordering = ("-wire_id",)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    (plain("wire_id", "id"), "email"),
                    ("username", "login"),
                    ("first_name", "last_name"),
                    "display_name",
                )
            },
        ),
        (
            "Rights",
            {
                "fields": (
                    shown(lambda user: lines(user.capabilities.split()), "may"),
                    ("is_active", "is_staff"),
                    ("is_superuser", "is_demo"),
                )
            },
        ),
        ("Times", {"fields": (("date_joined", "last_login"),)}),
    )
    inlines = (Roles, Grants, Keys)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("user_roles").defer("password")


@admin.register(Role, site=site)
class RolePage(Viewer):
    needs = Capability.MANAGE_SHOP_SETTINGS
    list_display = ("name", "slug", shown(lambda role: ", ".join(role.capabilities), "may"))
    search_fields = ("name", "slug")
    ordering = ("name",)
    fieldsets = ((None, {"fields": ("name", "slug", shown(lambda role: lines(role.capabilities), "may"))}),)


@admin.register(ApiKey, site=site)
class ApiKeyPage(Viewer):
    needs = Capability.MANAGE_SHOP_SETTINGS
    list_display = ("id", "label", KEY_START, HOLDER, "created_at", "revoked_at")
    list_display_links = ("id", "label")
    list_filter = (is_empty("revoked_at", "state", "In force", "Revoked"),)
    search_fields = ("label",)
    search_help_text = "Label, beginning of the key, or name of its holder"
    fieldsets = ((None, {"fields": (("label", KEY_START), HOLDER, ("created_at", "revoked_at"))}),)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("user").defer("token_digest")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if term := search_term.strip():
            found = Q(label__icontains=term) | Q(user__username__icontains=term)
            queryset = queryset.filter(found | Q(public_key__startswith=term))
        return queryset, False
