"""Users > Add: somebody who logs in, somebody who holds API keys alone, or a program.

How they come in is chosen first, since a password belongs to the first alone. The key that the shop's setting
auto_keys wants is shown on the one answer, as every fresh key is.
"""

import logging
from enum import StrEnum
from functools import partial
from typing import Any, ClassVar, NamedTuple

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.audit import Change
from tillroll.access.digests import Pair
from tillroll.access.models import ApiKey, Role, User
from tillroll.access.services import add_user, issue_automatic_key
from tillroll.access.services.users import LONGEST_NAME
from tillroll.backoffice import logins
from tillroll.backoffice.forms import OnceForm, password, text, ticks
from tillroll.backoffice.granting import check_key, check_roles, describe_ungivable
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind, list_choices, read_choice, show_new
from tillroll.backoffice.rights import get_actor
from tillroll.backoffice.shown_once import show_pair
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.models import AutoKeys
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import get_settings

logger = logging.getLogger(__name__)


class How(StrEnum):
    """How a new user comes in."""

    LOGIN = "login"
    INVITATION = "invitation"
    KEYS = "keys"
    SERVICE = "service"


HOW = {
    How.LOGIN: "Logs in",
    How.INVITATION: "Logs in, by invitation",
    How.KEYS: "Holds API keys alone",
    How.SERVICE: "Service account",
}

INTRO = {
    How.LOGIN: "Somebody who logs in here with a password. They may hold API keys besides.",
    How.INVITATION: "Somebody who logs in here with a password of their own choice: a link by which they"
    " choose it is shown once, after saving. It counts once, and for 7 days.",
    How.KEYS: "Somebody whose apps use API keys. They can't log in, unless `tillroll user password` gives"
    " them a password later.",
    How.SERVICE: "A program. It holds API keys, and nobody can ever log in with it.",
}


class AddUserForm(OnceForm):
    repeated: ClassVar[str] = (
        "This form was saved before, and the user was added then: the list of users shows them. If a key was"
        " made for them, it was shown once and can't be shown again; a link can be made anew on their page."
    )

    username = text(
        "User name",
        "Letters, digits and @ . + - _ without spaces. It can't be changed later.",
        required=True,
        most=LONGEST_NAME,
        autocapitalize="none",
        autocomplete="off",
        spellcheck="false",
    )
    display_name = text("Name", "As lists and the API show them. Empty: the user name.", most=250)
    email = text("E-mail address", "May be empty.", most=254, inputmode="email", autocomplete="off")
    roles = ticks("Roles")

    def __init__(self, *args: Any, how: How, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.how = how
        known = list(Role.objects.order_by("name"))
        roles: Any = self.fields["roles"]
        roles.choices = [(role.slug, role.name) for role in known]
        more = describe_ungivable(self.user, known)
        roles.help_text = f"What they may see, here and in the API. {more}".strip()
        self.groups = [Group("", ("username", "display_name", "email")), Group("", ("roles",))]
        if how is How.LOGIN:
            self.fields["password"] = password(
                "Password", "At least 8 characters; nothing common, and nothing like their name."
            )
            self.fields["again"] = password("The same password again")
            self.groups.insert(1, Group("Login", ("password", "again"), is_row=True))

    def clean_roles(self) -> list[str]:
        slugs: list[str] = self.cleaned_data["roles"]
        check_roles(self.user, Role.objects.filter(slug__in=slugs).order_by("name"))
        return slugs

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if "password" in self.cleaned_data and again != self.cleaned_data["password"]:
            raise ValidationError("The two passwords are not the same.")
        return again


class Added(NamedTuple):
    """A new user, and their automatic key or why there is none that they should have had."""

    user: User
    made: tuple[ApiKey, Pair] | None
    refusal: str


def add(page: Any, request: HttpRequest) -> HttpResponse:
    """A form for a new user; the answer is their page, or the page that shows their key."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    how = read_choice(request, "how", HOW)
    form = AddUserForm(request.POST or None, how=how, user=get_actor(request))
    if request.method == "POST" and form.is_valid() and form.take():
        added = form.carry_out(lambda: _add(request, form))
        if added is not None:
            return _answer(request, added, form)
    return site.show(
        request,
        FORM,
        "Add a user",
        intro=(" ".join((INTRO[how], _describe_automatic_key())).strip(),),
        form=form,
        groups=bind(form, form.groups),
        choices=list_choices(reverse("admin:access_user_add"), "how", HOW, how),
        choices_label="How they come in",
        save="Add the user",
        back=reverse("admin:access_user_changelist"),
    )


def _add(request: HttpRequest, form: AddUserForm) -> Added:
    found = form.cleaned_data
    with write(Topic.ACCESS):
        user = add_user(
            found["username"],
            email=found["email"],
            display_name=found["display_name"],
            password=found.get("password"),
            roles=found["roles"],
            is_service=form.how is How.SERVICE,
        )
        note(request, "added", user, describe_new(found["roles"]))
        try:
            made = issue_automatic_key(user, check=partial(check_key, form.user))
        except ValidationError as error:
            return Added(user, None, error.messages[0])
        if made is not None:
            note(request, "issued an API key", user, [Change("API key", "", made[0].public_key[:6] + "…")])
        return Added(user, made, "")


def describe_new(roles: list[str]) -> list[Change]:
    return [Change("roles", "", ", ".join(roles))] if roles else []


def _answer(request: HttpRequest, added: Added, form: AddUserForm) -> HttpResponse:
    actor, user = get_actor(request), added.user
    logger.info("%s added the user %s.", actor.username, user.username)
    here = reverse("admin:access_user_change", args=(user.pk,))
    messages.success(request, f"{user.username} was added.")
    if added.refusal:
        messages.warning(
            request, f"The shop's setting auto_keys wants a key for them, but none was made. {added.refusal}"
        )
    if added.made is None:
        return logins.show_link(request, user) if form.how is How.INVITATION else HttpResponseRedirect(here)
    key, pair = added.made
    logger.info("%s issued key %s of %s.", actor.username, key.pk, user.username)
    if form.how is How.INVITATION:
        return logins.show_link(request, user, show_pair(request, key, pair))
    links = (
        {"title": f"To {user.username}", "href": here},
        {"title": "All users", "href": reverse("admin:access_user_changelist")},
    )
    return show_new(request, key, pair, f"New API key of {user}", links)


def _describe_automatic_key() -> str:
    """What the shop's settings say about keys of new users."""
    settings = get_settings()
    if settings.auto_keys == AutoKeys.EVERYBODY:
        return "A key is made for every new user and shown once, after saving."
    if settings.auto_keys == AutoKeys.ROLES and settings.auto_key_roles:
        slugs = ", ".join(settings.auto_key_roles)
        return f"A key is made for new users with one of the roles {slugs} and shown once, after saving."
    return ""
