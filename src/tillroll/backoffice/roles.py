"""Roles: what their users may do, and what keys of theirs may ask, how often."""

import logging
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.audit import compare
from tillroll.access.capabilities import KNOWN, Capability
from tillroll.access.models import Role
from tillroll.access.services import delete_role, save_role
from tillroll.backoffice.columns import lines, plain, shown
from tillroll.backoffice.forms import LimitsForm, PageForm, text, tick, ticks
from tillroll.backoffice.granting import check_capabilities, list_lacking
from tillroll.backoffice.key_facts import list_limits
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.rights import get_actor
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.backoffice.viewer import Viewer
from tillroll.shop.revision import Topic, write

logger = logging.getLogger(__name__)

CAPABILITIES = {
    Capability.VIEW_SHOP_REPORTS: "Sales, orders and figures: view_shop_reports",
    Capability.VIEW_SHOP_SENSITIVE_DATA: "Customers and what is personal: view_shop_sensitive_data",
    Capability.MANAGE_SHOP_DISCOUNTS: "Discounts: manage_shop_discounts",
    Capability.MANAGE_SHOP_SETTINGS: "Settings, API keys and roles: manage_shop_settings",
    Capability.EXPORT_SHOP_REPORTS: "Exports of lists: export_shop_reports",
    Capability.EDIT_PRODUCTS: "Make and change products: edit_others_products",
    Capability.EDIT_ORDERS: "Record, change and refund orders: edit_shop_payments",
}


class RoleForm(LimitsForm):
    name = text("Name", required=True, most=200)
    capabilities = ticks("Rights", [(str(one), label) for one, label in CAPABILITIES.items()])
    requires_two_factor = tick(
        "Two-factor login",
        "Its users log in with a code of an app besides the password. Who has none yet is led to setting it"
        " up.",
    )

    def __init__(self, *args: Any, actor: Any, role: Role | None = None, **kwargs: Any) -> None:
        if role is not None:
            kwargs["initial"] = {
                "name": role.name,
                "capabilities": [one for one in role.capabilities if one in KNOWN],
                "requires_two_factor": role.requires_two_factor,
                "endpoints": role.endpoints.split(),
                "hidden_fields": role.hidden_fields.split(),
                "rate_minute": role.rate_minute,
                "quota_day": role.quota_day,
                "quota_month": role.quota_month,
            }
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.role = role
        self.is_locked = role is not None and role.source_id is not None
        if role is None:
            self.fields["slug"] = text(
                "Short name",
                "Small letters, digits, _ and -, such as warehouse. It can't be changed later.",
                required=True,
            )
        rights = self.fields["capabilities"]
        if self.is_locked:
            rights.disabled = True
            rights.help_text = "This role comes from another shop: what it may do is changed there."
        elif lacking := list_lacking(actor, Capability):
            rights.help_text = f"You can't give what you don't have yourself: {', '.join(lacking)}."
        self.fields["quota_month"].help_text = "Empty: any number. A key may have limits of its own."

    @property
    def groups(self) -> tuple[Group, ...]:
        names = ("name",) if self.role else ("name", "slug")
        return (
            Group("", (*names, "capabilities", "requires_two_factor")),
            Group("What keys of its users may ask", ("endpoints", "hidden_fields")),
            Group("How often, each key by itself", ("rate_minute", "quota_day", "quota_month"), is_row=True),
        )

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if Role.objects.filter(slug=slug).exists():
            raise ValidationError(f"There is a role {slug} already.")
        return slug

    def clean_capabilities(self) -> list[str]:
        wanted: list[str] = self.cleaned_data["capabilities"]
        if not self.is_locked:
            check_capabilities(self.actor, set(wanted) - set(self.role.capabilities if self.role else ()))
        return wanted

    def save(self, request: HttpRequest) -> Role | None:
        """The role as the service made or changed it; None where it refuses."""
        found = self.cleaned_data

        def change() -> Role:
            with write(Topic.ACCESS):
                before = describe_role(self.role)
                saved = save_role(
                    self.role.slug if self.role else found["slug"],
                    name=found["name"],
                    capabilities=None if self.is_locked else found["capabilities"],
                    requires_two_factor=found["requires_two_factor"],
                    endpoints=found["endpoints"],
                    hidden_fields=found["hidden_fields"],
                    rate_minute=found["rate_minute"],
                    quota_day=found["quota_day"],
                    quota_month=found["quota_month"],
                )
                note(
                    request, "changed" if self.role else "added", saved, compare(before, describe_role(saved))
                )
            return saved

        return self.carry_out(change)


def describe_role(role: Role | None) -> dict[str, object]:
    """What the audit trail says of a role."""
    if role is None:
        return {}
    return {
        "name": role.name,
        "rights": sorted(role.capabilities),
        "two-factor login": role.requires_two_factor,
        "endpoints": role.endpoints.split(),
        "hidden": role.hidden_fields.split(),
        "requests a minute": role.rate_minute,
        "requests a day": role.quota_day,
        "requests a month": role.quota_month,
    }


def _delete(request: HttpRequest, role: Role) -> None:
    with write(Topic.ACCESS):
        note(request, "removed", role)
        delete_role(role)


@admin.register(Role, site=site)
class RolePage(Viewer):
    needs = Capability.MANAGE_SHOP_SETTINGS
    list_display = (
        "name",
        "slug",
        shown(lambda role: lines(role.capabilities) or "nothing", "may"),
        shown(lambda role: lines(list_limits(role.own_policy)) or "none", "limits of its keys"),
        shown(lambda role: "demanded" if role.requires_two_factor else "", "two-factor login"),
        plain("user_count", "users"),
    )
    search_fields = ("name", "slug")
    search_help_text = "Name or short name"
    ordering = ("name",)
    intro = (
        "A role says what its users may see here and in the API. Who has several roles may do what any of"
        " them allows."
    )
    add_title = "Add a role"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).annotate(user_count=Count("user_roles"))

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return self._edit(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        role = self.get_object(request, object_id)
        if role is None:
            return super().change_view(request, object_id, form_url, extra_context)
        return self._edit(request, role)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Asks, then removes a role; the service says when not."""
        self._check(request)
        role = self.get_object(request, object_id)
        if role is None:
            raise Http404
        form = PageForm(request.POST if request.method == "POST" else None)
        if form.is_valid() and form.attempt(lambda: _delete(request, role)):
            logger.info("%s removed the role %s.", get_actor(request).username, role.slug)
            messages.success(request, f"The role {role.name} was removed.")
            return HttpResponseRedirect(reverse("admin:access_role_changelist"))
        return site.show(
            request,
            FORM,
            f"Remove {role.name}",
            intro=(f"The role {role.name} ({role.slug}) goes for good. Nobody may have it any more.",),
            form=form,
            save="Remove the role",
            save_class="danger",
            back=reverse("admin:access_role_change", args=(role.pk,)),
        )

    def _edit(self, request: HttpRequest, role: Role | None) -> HttpResponse:
        self._check(request)
        form: Any = RoleForm(request.POST or None, actor=get_actor(request), role=role)
        if request.method == "POST" and form.is_valid() and (saved := form.save(request)):
            logger.info("%s saved the role %s.", get_actor(request).username, saved.slug)
            messages.success(request, f"The role {saved.name} was saved; it counts from the next request on.")
            return HttpResponseRedirect(reverse("admin:access_role_changelist"))
        return site.show(
            request,
            FORM,
            f"Role {role.name}" if role else "New role",
            form=form,
            groups=bind(form, form.groups),
            save="Save",
            back=reverse("admin:access_role_changelist"),
            remove=reverse("admin:access_role_delete", args=(role.pk,)) if role else "",
        )

    def _check(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied
