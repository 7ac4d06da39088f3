"""The shop's settings: one page, no list."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.capabilities import Capability
from tillroll.backoffice.columns import shown
from tillroll.backoffice.site import site
from tillroll.backoffice.viewer import Viewer
from tillroll.shop.models import ShopSettings
from tillroll.shop.services import get_settings


@admin.register(ShopSettings, site=site)
class SettingsPage(Viewer):
    needs = Capability.MANAGE_SHOP_SETTINGS
    has_export = False
    explains = True
    fieldsets = (
        (
            None,
            {
                "description": "Changed with: tillroll settings set NAME VALUE",
                "fields": ("name", "url", "timezone", "week_start", "edd_version"),
            },
        ),
        (
            "Money",
            {
                "fields": (
                    "currency",
                    "currency_position",
                    "decimal_separator",
                    "thousands_separator",
                    "taxes_enabled",
                    "prices_include_tax",
                    "test_mode",
                )
            },
        ),
        ("Products and orders", {"fields": ("skus_enabled", "sequential_numbers")}),
        (
            "API",
            {
                "fields": (
                    "dialect",
                    "default_version",
                    "query_credentials",
                    "open_download_logs",
                    "mirror_max_age",
                    shown(lambda shop: ", ".join(shop.cors_origins), "CORS origins"),
                ),
            },
        ),
        (
            "API keys",
            {
                "fields": (
                    "user_keys_allowed",
                    "auto_keys",
                    shown(lambda shop: ", ".join(shop.auto_key_roles), "roles for automatic keys"),
                )
            },
        ),
        (
            "Request log",
            {"fields": ("log_requests", "log_public_requests", "log_keep_days", "log_keep_megabytes")},
        ),
    )

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:shop_shopsettings_change", args=(1,)))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The settings in force; those of a new shop where none were saved."""
        return get_settings() if object_id == "1" else None
