"""Forgotten password: mails a link, where the settings name a mail server.

The answer is the same whether or not anybody has the name or the address, and takes as long.
"""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from tillroll.access import audit
from tillroll.access.addresses import get_client_address
from tillroll.access.counting import take
from tillroll.access.links import LinkKind
from tillroll.access.mailing import send_link_behind
from tillroll.access.models import User
from tillroll.backoffice.doors import show_door
from tillroll.backoffice.forms import PageForm, text
from tillroll.backoffice.login import refuse_early
from tillroll.backoffice.site import site
from tillroll.backoffice.welcome import make_link

MOST_ASKED = 10
"""Times that an address may ask in a day."""

MOST_SENT = 3
"""Mails that a user gets in a day, whoever asks for them."""


class ForgottenForm(PageForm):
    name = text(
        "User name or e-mail address",
        required=True,
        most=254,
        autocomplete="username",
        autocapitalize="none",
        spellcheck="false",
        autofocus=True,
    )


def ask(request: HttpRequest) -> HttpResponse:
    """The form, and the one answer to it."""
    if not settings.SENDS_MAIL:
        raise Http404
    form: Any = ForgottenForm(request.POST or None)
    back = {"back": reverse("admin:login"), "back_title": "To the login"}
    if request.method == "POST" and form.is_valid():
        day = f"{timezone.now():%Y-%m-%d}"
        if not take(f"forgotten:{get_client_address(request.META)}", day, 1, MOST_ASKED)[0]:
            intro = ("Your address asked too often today. Who runs the shop can make you a link.",)
            response = show_door(request, "Forgotten password", intro=intro, **back)
            refuse_early(response, 3600)
            return response
        _send(request, form.cleaned_data["name"], day)
        intro = (
            "If there is such a login and it has an e-mail address, a link is on its way there."
            f" It counts for {settings.RESET_HOURS} hours. If nothing comes, who runs the shop can make you"
            " one.",
        )
        return show_door(request, "Look into your mail", intro=intro, **back)
    return show_door(
        request,
        "Forgotten password",
        subtitle="A link to choose a new one is mailed to you.",
        form=form,
        save="Send the link",
        **back,
    )


def _send(request: HttpRequest, name: str, day: str) -> None:
    user = _find(name)
    if user is None or not take(f"forgotten user:{user.pk}", day, 1, MOST_SENT)[0]:
        return
    audit.note(None, "asked for a link", user, address=get_client_address(request.META), by="(login)")
    send_link_behind(user, LinkKind.RESET, make_link(request, user))


def _find(name: str) -> User | None:
    """Who logs in with a password under a name, or under an address that only one has."""
    known = User.objects.filter(is_active=True, is_staff=True, is_service=False, is_demo=False)
    found = list(known.filter(username=name)) or list(known.filter(email__iexact=name)[:2])
    if len(found) != 1 or not found[0].email or not found[0].has_usable_password():
        return None
    return found[0]


site.own_pages.append(path("forgotten/", never_cache(csrf_protect(ask)), name="forgotten"))
