"""Where an invitation or a reset link leads: a page on which somebody chooses a password.

The secret part is in the query, which no log of ours has, and moves into the session at once, so that it is
in no later address and no browser's referrer. Looking at a link does not use it up: mail scanners do.
"""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from tillroll.access import audit
from tillroll.access.addresses import get_client_address
from tillroll.access.audit import Change
from tillroll.access.links import Link, LinkKind, make_link_token, read_link
from tillroll.access.models import User
from tillroll.access.services import set_password
from tillroll.backoffice.doors import show_door
from tillroll.backoffice.password_forms import NewPasswordForm
from tillroll.backoffice.site import site
from tillroll.shop.revision import Topic, write

PARAMETER = "link"
"""The parameter that has the secret part of a link."""

KEPT = "link"
"""Where a session keeps the secret part of a link."""


def make_link(request: HttpRequest, user: User) -> str:
    """A fresh link for a user, with the host by which the shop is reached."""
    here = f"{reverse('admin:welcome')}?{urlencode({PARAMETER: make_link_token(user)})}"
    return f"{settings.PUBLIC_URL}{here}" if settings.PUBLIC_URL else request.build_absolute_uri(here)


def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Takes the secret out of the address."""
    request.session[KEPT] = token
    response = HttpResponseRedirect(reverse("admin:welcome"))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def welcome(request: HttpRequest) -> HttpResponse:
    """Lets whoever followed a link choose a password, once."""
    if PARAMETER in request.GET:
        return follow(request, request.GET[PARAMETER])
    link = read_link(request.session.get(KEPT, ""))
    if link is None:
        request.session.pop(KEPT, None)
        response = show_door(
            request,
            "This link counts no more",
            intro=(
                "It was used already, is too old, or was not copied whole. Ask who sent it for another one.",
            ),
            back=reverse("admin:login"),
            back_title="To the login",
        )
        response.status_code = 410
        return response
    form = NewPasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.attempt(lambda: _choose(request, link, form)):
        logout(request)
        messages.success(request, f"Your password is set, {link.user.username}. Log in with it.")
        return HttpResponseRedirect(reverse("admin:login"))
    is_new = link.kind is LinkKind.INVITATION
    return show_door(
        request,
        "Welcome" if is_new else "A new password",
        subtitle=f"Choose a password for {link.user.username}",
        form=form,
        login=link.user.username,
        save="Set the password",
    )


def _choose(request: HttpRequest, link: Link, form: NewPasswordForm) -> None:
    with write(Topic.ACCESS):
        user = User.objects.select_for_update().get(pk=link.user.pk)
        if read_link(request.session[KEPT]) is None:
            raise ValidationError("This link was used a moment ago, and counts once.")
        set_password(user, form.cleaned_data["password"])
        what = "took an invitation" if link.kind is LinkKind.INVITATION else "chose a password by a link"
        address = get_client_address(request.META)
        audit.note(user, what, user, [Change("password", "", "(new)")], address)


site.own_pages.append(path("welcome/", never_cache(csrf_protect(welcome)), name="welcome"))
