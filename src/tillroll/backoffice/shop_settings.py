"""The shop's settings: one page, no list. What changes more than itself is asked about before it is saved."""

import json
from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.audit import Change, list_changes, show
from tillroll.access.capabilities import Capability
from tillroll.backoffice.setting_effects import Effect, list_effects
from tillroll.backoffice.setting_fields import CURRENCIES, SettingsForm, list_groups, list_zones
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.backoffice.viewer import MOST_CHANGES, Viewer
from tillroll.shop.models import ShopSettings
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import change_settings, get_settings
from tillroll.shop.zone import ZoneError, parse_zone


@admin.register(ShopSettings, site=site)
class SettingsPage(Viewer):
    needs = Capability.MANAGE_SHOP_SETTINGS

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(_get_address())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form; what it changes besides; or the form again, saved."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if object_id != "1":
            raise Http404
        settings = get_settings()
        form = SettingsForm(request.POST or None, settings=settings)
        if request.method != "POST" or not form.is_valid() or not _check_zone(form):
            return _show_form(request, form)
        changes = form.get_changes()
        if not changes:
            messages.info(request, "Nothing was changed.")
            return HttpResponseRedirect(_get_address())
        seal = _seal(settings, changes)
        if request.POST.get("confirmed") != seal and (effects := list_effects(settings, changes)):
            if "again" in request.POST:
                return _show_form(request, form)
            return _ask(request, form, effects, seal)
        if not form.attempt(lambda: _save(request, settings, changes)):
            return _show_form(request, form)
        messages.success(request, "The settings were saved.")
        return HttpResponseRedirect(_get_address())


def _get_address() -> str:
    return reverse("admin:shop_shopsettings_change", args=(1,))


def _check_zone(form: SettingsForm) -> bool:
    """Whether there is such a zone; else the form says so."""
    try:
        parse_zone(form.cleaned_data["timezone"])
    except ZoneError as error:
        form.add_error("timezone", str(error))
        return False
    return True


def _save(request: HttpRequest, settings: ShopSettings, changes: Mapping[str, Any]) -> None:
    dated = (Topic.CUSTOMERS, Topic.ORDERS) if "timezone" in changes else ()
    with write(Topic.SETTINGS, *dated):
        saved = change_settings(**changes)
        noted = [Change(name, show(getattr(settings, name)), show(value)) for name, value in changes.items()]
        note(request, "changed", saved, noted, title="settings")


def _seal(settings: ShopSettings, changes: Mapping[str, Any]) -> str:
    """What was asked about, from what to what: an answer is to that alone."""
    return json.dumps({name: [show(getattr(settings, name)), show(value)] for name, value in changes.items()})


def _ask(request: HttpRequest, form: SettingsForm, effects: list[Effect], seal: str) -> HttpResponse:
    kept = [
        (name, value)
        for name, values in request.POST.lists()
        if name not in ("csrfmiddlewaretoken", "confirmed", "again")
        for value in values
    ]
    return site.show(
        request,
        "backoffice/settings_confirm.html",
        "Change these settings?",
        effects=effects,
        kept=kept,
        seal=seal,
    )


def _show_form(request: HttpRequest, form: SettingsForm) -> HttpResponse:
    return site.show(
        request,
        "backoffice/settings.html",
        "Settings",
        form=form,
        groups=[{"title": title, "fields": [form[name] for name in names]} for title, names in list_groups()],
        zones=list_zones(),
        currencies=CURRENCIES,
        record_changes=list_changes(form.settings, MOST_CHANGES),
    )
