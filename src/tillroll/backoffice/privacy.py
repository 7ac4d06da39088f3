"""What a customer may ask for by law, on their page: their data as a file, and its erasure."""

import json
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_GET, require_http_methods

from tillroll.access.capabilities import Capability
from tillroll.access.privacy import (
    comes_from_elsewhere,
    erase_customer,
    export_customer,
    find_account,
    is_buyer,
)
from tillroll.backoffice.rights import may
from tillroll.backoffice.trail import note
from tillroll.shop.models import Customer

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    _Page = ModelAdmin[Any]
else:
    _Page = object


def may_hand_out(user: Any) -> bool:
    """Whether somebody may export or erase a customer: it takes more than looking."""
    return may(user, Capability.VIEW_SHOP_SENSITIVE_DATA) and may(user, Capability.MANAGE_SHOP_SETTINGS)


class PrivacyViews(_Page):
    """The two buttons of a customer's page and what is behind them."""

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            path("<int:key>/export/", guard(require_GET(self.export_view)), name="shop_customer_data"),
            path(
                "<int:key>/erase/",
                guard(require_http_methods(["GET", "POST"])(self.erase_view)),
                name="shop_customer_erase",
            ),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """All data of a customer, as a JSON file."""
        customer = _find(request, key)
        text = json.dumps(export_customer(customer), ensure_ascii=False, indent=2)
        return HttpResponse(
            text,
            content_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="customer-{key}.json"'},
        )

    def erase_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Asks first; a POST erases."""
        customer = _find(request, key)
        if request.method == "POST":
            done = erase_customer(customer)
            note(request, "erased", customer, title=f"customer {key}")
            said = f"{done.records.orders} orders, {done.keys} keys and {done.lines} lines of the request log"
            messages.success(request, f"Customer {key} is erased: {said} name nobody now.")
            return HttpResponseRedirect(reverse("admin:shop_customer_change", args=(key,)))
        account = find_account(customer)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Erase customer {key}",
            "customer": customer,
            "is_imported": comes_from_elsewhere(customer),
            "keeps_account": account is not None and not is_buyer(account),
        }
        return TemplateResponse(request, "backoffice/customer_erase.html", context)


def _find(request: HttpRequest, key: int) -> Customer:
    if not may_hand_out(request.user):
        raise PermissionDenied
    found = Customer.objects.filter(pk=key).first() if key < 1 << 63 else None
    if found is None:
        raise Http404
    return found
