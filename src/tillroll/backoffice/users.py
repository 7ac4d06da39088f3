"""Users: who they are, what they may do, and their API keys, made and revoked on the user's own page.

No page shows a password's hash. Whoever may see people sees the page; its forms, and the one that adds users,
are for those who manage the shop's settings.
"""

import copy
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from tillroll.access.audit import Change, compare
from tillroll.access.capabilities import Capability
from tillroll.access.models import ApiKey, Role, User
from tillroll.access.services import issue_key, revoke_keys, set_active, set_roles
from tillroll.access.states import with_state
from tillroll.backoffice import add_user, logins
from tillroll.backoffice.columns import lines, plain, shown
from tillroll.backoffice.forms import OnceForm, PageForm, text, tick, ticks
from tillroll.backoffice.granting import check_account, check_key, check_roles, describe_ungivable
from tillroll.backoffice.key_facts import add_usage
from tillroll.backoffice.rights import get_actor, may
from tillroll.backoffice.shown_once import Shown, keep_unstored, show_pair
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.backoffice.viewer import LargeViewer
from tillroll.shop.revision import Topic, write

logger = logging.getLogger(__name__)

MOST_KEYS = 50
"""Keys that a user's page shows, the newest ones; the list of all keys has the rest."""


class UserKeysForm(OnceForm):
    """Makes a key and revokes keys, as the boxes on the page say."""

    generate = tick("Generate API Key", "Key and token are shown once, after saving.")
    label = text("Label", "What the new key is for, such as the app's name; may be empty.")
    revoke = tick("Revoke API Keys", "All keys above end at once.")

    def __init__(self, *args: Any, holder: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holder = holder
        self.may_generate = self._may("generate", check_key)
        self.may_revoke = self._may("revoke", check_account)

    def _may(self, name: str, check: Callable[[User, User], None]) -> bool:
        """Whether a box may be ticked; else it says why not."""
        try:
            check(self.user, self.holder)
        except ValidationError as error:
            self.fields[name].widget.attrs["disabled"] = True
            self.fields[name].help_text = error.messages[0]
            return False
        return True

    def clean_generate(self) -> bool:
        if wanted := self.cleaned_data["generate"]:
            check_key(self.user, self.holder)
        return bool(wanted)

    def clean_revoke(self) -> bool:
        if wanted := self.cleaned_data["revoke"]:
            check_account(self.user, self.holder)
        return bool(wanted)

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if not (self.errors or found["generate"] or found["revoke"]):
            if found["label"]:
                self.add_error("label", "A label is for a new key: tick Generate API Key as well.")
            else:
                self.add_error(None, "Nothing is ticked, so there is nothing to save.")
        return found


class UserRightsForm(PageForm):
    """A user's roles, and whether they are let in at all."""

    roles = ticks("Roles")
    is_active = tick("Let in", "Without it they can't log in, and none of their keys answers.")

    def __init__(self, *args: Any, actor: User, holder: User, **kwargs: Any) -> None:
        self.held = [slug for slug in holder.role_slugs.split("\n") if slug]
        kwargs["initial"] = {"roles": self.held, "is_active": holder.is_active}
        super().__init__(*args, **kwargs)
        self.actor, self.holder = actor, holder
        known = list(Role.objects.order_by("name"))
        self.fields["roles"].choices = [(role.slug, role.name) for role in known]  # type: ignore[attr-defined]
        self.fields["roles"].help_text = describe_ungivable(actor, known)
        if holder.source_id is not None:
            self.fields[
                "roles"
            ].help_text += " An import brings back the roles of the shop that this user is of."
        self.refusal = ""
        try:
            check_account(actor, holder)
        except ValidationError as error:
            self.refusal = error.messages[0]
            for field in self.fields.values():
                field.disabled = True

    def clean_roles(self) -> list[str]:
        wanted: list[str] = self.cleaned_data["roles"]
        added = Role.objects.filter(slug__in=set(wanted) - set(self.held)).order_by("name")
        check_roles(self.actor, added)
        return wanted

    def clean_is_active(self) -> bool:
        wanted: bool = self.cleaned_data["is_active"]
        if self.actor == self.holder and not wanted:
            raise ValidationError("You can't shut yourself out; somebody else has to.")
        return wanted

    def clean(self) -> dict[str, Any]:
        if self.refusal:
            self.add_error(None, self.refusal)
        return self.cleaned_data

    def save(self, request: HttpRequest) -> bool:
        """Whether the services took it."""
        wanted, is_active = self.cleaned_data["roles"], self.cleaned_data["is_active"]

        before = {"roles": sorted(self.held), "let in": self.holder.is_active}

        def change() -> None:
            with write(Topic.ACCESS):
                if set(wanted) != set(self.held):
                    set_roles(self.holder, wanted)
                if is_active != self.holder.is_active:
                    set_active(self.holder, is_active)
                after = {"roles": sorted(wanted), "let in": is_active}
                note(request, "changed the rights", self.holder, compare(before, after))

        return self.attempt(change)


def _list_grants(user: Any) -> Any:
    grants = [f"{'' if one.is_granted else 'not '}{one.capability}" for one in user.grants.all()]
    return lines(grants) or "none"


@admin.register(User, site=site)
class UserPage(LargeViewer):
    needs = Capability.VIEW_SHOP_SENSITIVE_DATA
    list_display = (
        plain("wire_id", "id"),
        "username",
        "display_name",
        "email",
        shown(lambda user: user.role_slugs.replace("\n", ", ") or "none", "roles"),
        "is_staff",
        "date_joined",
    )
    list_display_links = ("username",)
    list_filter = ("is_staff", "is_superuser", "is_active", "is_service")
    search_fields = ("username", "display_name", "email")
    search_help_text = "Name or e-mail address"
    ordering = ("-wire_id",)
    intro = (
        "Users log in here or hold API keys; what they may see, their roles say. A service account is for a"
        " program: it holds keys and never logs in."
    )
    add_title = "Add a user"
    change_form_outer_before_template = "backoffice/user_forms.html"
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
                    shown(lambda user: lines(user.role_slugs.split("\n")) or "none", "roles"),
                    shown(lambda user: lines(user.capabilities.split()) or "nothing", "may"),
                    shown(_list_grants, "own rights"),
                    ("is_active", "is_staff"),
                    ("is_superuser", "is_service"),
                )
            },
        ),
        ("Times", {"fields": (("date_joined", "last_login"),)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        found: QuerySet[User] = super().get_queryset(request).defer("password")
        return found

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may_write(request)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        return add_user.add(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The user with the box of their keys, which is saved here."""
        holder = self.get_object(request, object_id)
        if holder is None or not self._may_write(request):
            return super().change_view(request, object_id, form_url, extra_context)
        if request.method != "POST":
            return self._show(request, holder)
        form = UserKeysForm(request.POST, user=get_actor(request), holder=holder)
        if not form.is_valid() or (form.cleaned_data["generate"] and not form.take()):
            return self._show(request, holder, keys_form=form)
        return self._save_keys(request, holder, form)

    def _save_keys(self, request: HttpRequest, holder: User, form: UserKeysForm) -> HttpResponse:
        found, actor = form.cleaned_data, get_actor(request)

        def change() -> tuple[int, Any]:
            with write(Topic.ACCESS):
                ended = revoke_keys(holder) if found["revoke"] else 0
                if ended:
                    note(request, "revoked the API keys", holder, [Change("API keys", str(ended), "")])
                if not found["generate"]:
                    return ended, None
                made = issue_key(holder, label=found["label"])
                shown_part = f"{made[0].public_key[:6]}…"
                note(request, "issued an API key", holder, [Change("API key", "", shown_part)])
                return ended, made

        done = form.carry_out(change)
        if done is None:
            return self._show(request, holder, keys_form=form)
        ended, made = done
        if found["revoke"]:
            logger.info("%s revoked %s keys of %s.", actor.username, ended, holder.username)
            was = "1 key was" if ended == 1 else f"{ended} keys were"
            messages.success(request, f"{was} revoked: their next request answers 403.")
        if made is None:
            return HttpResponseRedirect(request.path)
        key, pair = made
        logger.info("%s issued key %s of %s.", actor.username, key.pk, holder.username)
        return keep_unstored(self._show(request, holder, shown=show_pair(request, key, pair)))

    def save_rights(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Roles, and whether a user is let in."""
        if not self._may_write(request):
            raise PermissionDenied
        holder = self.get_object(request, str(pk))
        if holder is None:
            raise Http404
        here = reverse("admin:access_user_change", args=(holder.pk,))
        if request.method != "POST":
            return HttpResponseRedirect(here)
        form = UserRightsForm(request.POST, actor=get_actor(request), holder=holder)
        if not (form.is_valid() and form.save(request)):
            return self._show(request, holder, rights_form=form)
        logger.info("%s changed the rights of %s.", get_actor(request).username, holder.username)
        messages.success(request, f"The rights of {holder} were saved; they count from the next request on.")
        return HttpResponseRedirect(here)

    def _show(
        self,
        request: HttpRequest,
        holder: User,
        *,
        keys_form: UserKeysForm | None = None,
        rights_form: UserRightsForm | None = None,
        shown: Shown | None = None,
    ) -> HttpResponse:
        """The page, also as the answer to a form: Django's own view would take a POST for its own."""
        actor = get_actor(request)
        asked = copy.copy(request)
        asked.method = "GET"
        keys = with_state(ApiKey.objects.filter(user=holder), timezone.now()).defer(
            "token_digest", "bearer_digest"
        )
        listed = add_usage(list(keys.order_by("-created_at", "-pk")[: MOST_KEYS + 1]))
        context = {
            "holder": holder,
            "title": str(holder),
            "keys": listed[:MOST_KEYS],
            "has_more_keys": len(listed) > MOST_KEYS,
            "keys_form": keys_form or UserKeysForm(user=actor, holder=holder),
            "rights_form": rights_form or UserRightsForm(actor=actor, holder=holder),
            "shown": shown,
            **logins.describe_login(actor, holder),
        }
        return super().change_view(asked, str(holder.pk), "", context)

    def _may_write(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and may(request.user, Capability.MANAGE_SHOP_SETTINGS)

    def get_urls(self) -> list[URLPattern]:
        pages = (
            ("rights", self.save_rights),
            ("link", partial(logins.give_link, self)),
            ("reset-two-factor", partial(logins.reset_second_factor, self)),
        )
        own = [
            path(
                f"<int:pk>/{name}/",
                self.admin_site.admin_view(view),
                name=f"access_user_{name.replace('-', '_')}",
            )
            for name, view in pages
        ]
        return [*own, *super().get_urls()]
