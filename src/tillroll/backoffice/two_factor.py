"""My account > Two-factor: set up with a QR code, recovery codes, and switched off.

Nothing is kept of a fresh secret before a code proves that the app has it: until then it is in the page
alone, signed for its user. Recovery codes are on the one answer that made them.
"""

from typing import Any
from urllib.parse import quote, urlencode

import segno
from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse

from tillroll.access.audit import Change
from tillroll.access.models import User
from tillroll.access.services import (
    Sheet,
    check_code,
    count_recovery_codes,
    get_authenticator,
    has_second_factor,
    make_key,
    remove_second_factor,
    renew_recovery_codes,
    set_up_second_factor,
)
from tillroll.backoffice.account import keep_session, refuse_demo
from tillroll.backoffice.forms import PageForm, text
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.login import PROVED, refuse_early
from tillroll.backoffice.own_keys import for_everybody
from tillroll.backoffice.password_forms import PresentForm
from tillroll.backoffice.rights import get_actor
from tillroll.backoffice.second_step import CodeForm, describe_refusal
from tillroll.backoffice.shown_once import keep_unstored
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import get_settings

SALT = "tillroll.backoffice.two_factor"
HOURS = 1
"""How long a page with a fresh secret may lie open."""

TEMPLATE = "backoffice/two_factor.html"


class SetUpForm(PageForm):
    """The first code of an app; the secret it was given is signed in the page."""

    sealed = forms.CharField(widget=forms.HiddenInput, required=False)
    code = text(
        "Code",
        "The six digits that the app shows now.",
        required=True,
        most=40,
        autocomplete="one-time-code",
        inputmode="numeric",
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.key = self._read_key() or make_key()

    def clean_sealed(self) -> str:
        if self._read_key() is None:
            raise ValidationError("This page lay open for too long; scan the new code below.")
        return ""

    @property
    def fresh_sealed(self) -> str:
        return signing.dumps([self.user.pk, self.key], salt=SALT)

    def _read_key(self) -> str | None:
        try:
            owner, key = signing.loads(self.data.get("sealed", ""), salt=SALT, max_age=HOURS * 3600)
        except signing.BadSignature:
            return None
        return str(key) if owner == self.user.pk else None


class ProveForm(PresentForm, CodeForm):
    """The password and a code, before the second factor goes."""

    field_order = ("present", "code")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["code"].widget.attrs["autofocus"]  # the password comes first


@for_everybody
def two_factor(request: HttpRequest) -> HttpResponse:
    """Sets up a second factor, or shows what can be done about the one there is."""
    actor = get_actor(request)
    refuse_demo(actor)
    if authenticator := get_authenticator(actor):
        return site.show(
            request,
            TEMPLATE,
            "Two-factor login",
            authenticator=authenticator,
            codes_left=count_recovery_codes(actor),
            is_demanded=actor.requires_two_factor,
        )
    form = SetUpForm(request.POST or None, user=actor)
    if request.method == "POST" and form.is_valid():
        sheet = form.carry_out(lambda: _set_up(request, actor, form))
        if sheet is not None:
            keep_session(request, actor)
            request.session[PROVED] = True
            return _show_codes(request, sheet, "Two-factor login is on")
    return keep_unstored(
        site.show(
            request,
            TEMPLATE,
            "Set up two-factor login",
            form=form,
            is_demanded=actor.requires_two_factor,
            picture=draw(actor, form.key),
            key=" ".join(form.key[start : start + 4] for start in range(0, len(form.key), 4)),
        )
    )


def _set_up(request: HttpRequest, actor: User, form: SetUpForm) -> Sheet:
    with write(Topic.ACCESS):
        sheet = set_up_second_factor(actor, form.key, form.cleaned_data["code"])
        note(request, "set up two-factor login", actor, [Change("two-factor login", "off", "on")])
    return sheet


@for_everybody
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Fresh recovery codes, for a code of the app."""
    actor = get_actor(request)
    if not has_second_factor(actor):
        return HttpResponseRedirect(reverse("admin:two_factor"))
    form: Any = CodeForm(request.POST or None)
    wait = 0
    if request.method == "POST" and form.is_valid():
        answer = check_code(actor, form.cleaned_data["code"])
        if answer.is_right:
            with write(Topic.ACCESS):
                sheet = renew_recovery_codes(actor)
                note(request, "made recovery codes", actor, [Change("recovery codes", "", "(new)")])
            return _show_codes(request, sheet, "New recovery codes")
        wait = answer.wait
        form.add_error("code", describe_refusal(answer))
    response = site.show(
        request,
        FORM,
        "New recovery codes",
        intro=("Ten new codes take the place of all you have; the old ones let nobody in any more.",),
        form=form,
        groups=bind(form, (Group("", ("code",)),)),
        save="Make new codes",
        back=reverse("admin:two_factor"),
    )
    refuse_early(response, wait)
    return response


@for_everybody
def switch_off(request: HttpRequest) -> HttpResponse:
    """Takes the second factor away, for password and code."""
    actor = get_actor(request)
    if not has_second_factor(actor):
        return HttpResponseRedirect(reverse("admin:two_factor"))
    form: Any = ProveForm(request.POST or None, request=request, user=actor)
    wait = 0
    if request.method == "POST" and form.is_valid():
        answer = check_code(actor, form.cleaned_data["code"])
        if answer.is_right:
            with write(Topic.ACCESS):
                remove_second_factor(actor)
                note(
                    request, "switched off two-factor login", actor, [Change("two-factor login", "on", "off")]
                )
            keep_session(request, actor)
            request.session.pop(PROVED, None)
            messages.success(request, "Two-factor login is off.")
            return HttpResponseRedirect(reverse("admin:two_factor"))
        wait = answer.wait
        form.add_error("code", describe_refusal(answer))
    intro = ["Your password alone lets you in then, and your recovery codes are gone."]
    if actor.requires_two_factor:
        intro.append("Your role demands a second factor: you will be asked to set one up at once.")
    response = site.show(
        request,
        FORM,
        "Switch off two-factor login",
        intro=intro,
        form=form,
        groups=bind(form, (Group("", ("present", "code")),)),
        save="Switch it off",
        save_class="danger",
        back=reverse("admin:two_factor"),
    )
    refuse_early(response, wait or form.wait)
    return response


def draw(user: User, key: str) -> str:
    """The QR code of a secret, as an address of its picture that needs no request."""
    issuer = get_settings().name or "Tillroll"
    label = quote(f"{issuer.replace(':', ' ')}:{user.username}")
    query = urlencode({"secret": key.rstrip("="), "issuer": issuer.replace(":", " ")}, quote_via=quote)
    address = f"otpauth://totp/{label}?{query}"
    return str(segno.make(address, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"))


def _show_codes(request: HttpRequest, sheet: Sheet, title: str) -> HttpResponse:
    return keep_unstored(site.show(request, "backoffice/recovery_codes.html", title, codes=sheet.codes))


site.own_pages.extend(
    (
        path("account/two-factor/", two_factor, name="two_factor"),
        path("account/two-factor/codes/", renew_codes, name="two_factor_codes"),
        path("account/two-factor/off/", switch_off, name="two_factor_off"),
    )
)
