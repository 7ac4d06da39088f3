"""My account: a user's own password, second factor and sessions, for whoever can log in."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse

from tillroll.access.audit import Change
from tillroll.access.models import User
from tillroll.access.services import count_recovery_codes, end_sessions, get_authenticator, set_password
from tillroll.backoffice.key_forms import Group
from tillroll.backoffice.key_pages import FORM, bind
from tillroll.backoffice.login import refuse_early
from tillroll.backoffice.own_keys import for_everybody
from tillroll.backoffice.password_forms import ChangePasswordForm
from tillroll.backoffice.rights import get_actor
from tillroll.backoffice.site import site
from tillroll.backoffice.trail import note
from tillroll.shop.revision import Topic, write


@for_everybody
def account(request: HttpRequest) -> HttpResponse:
    """What one can do about one's own login."""
    actor = get_actor(request)
    authenticator = get_authenticator(actor)
    return site.show(
        request,
        "backoffice/account.html",
        "My account",
        actor=actor,
        authenticator=authenticator,
        codes_left=count_recovery_codes(actor) if authenticator else 0,
    )


@for_everybody
def change_password(request: HttpRequest) -> HttpResponse:
    """A new password for oneself; all other sessions end."""
    actor = get_actor(request)
    refuse_demo(actor)
    form = ChangePasswordForm(request.POST or None, request=request, user=actor)
    if request.method == "POST" and form.is_valid() and form.attempt(lambda: _change(request, actor, form)):
        keep_session(request, actor)
        messages.success(request, "Your password was changed; your other logins have ended.")
        return HttpResponseRedirect(reverse("admin:account"))
    response = site.show(
        request,
        FORM,
        "Change my password",
        intro=("All your other logins end. API keys go on answering.",),
        form=form,
        groups=bind(form, (Group("", ("present", "password", "again")),)),
        save="Change the password",
        back=reverse("admin:account"),
    )
    refuse_early(response, form.wait)
    return response


def _change(request: HttpRequest, actor: User, form: ChangePasswordForm) -> None:
    with write(Topic.ACCESS):
        set_password(actor, form.cleaned_data["password"])
        note(request, "changed the password", actor, [Change("password", "", "(new)")])


@for_everybody
def log_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """Ends all sessions of oneself but this one."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    actor = get_actor(request)
    refuse_demo(actor)
    with write(Topic.ACCESS):
        end_sessions(actor)
        note(request, "logged out everywhere", actor)
    keep_session(request, actor)
    messages.success(request, "You are logged out everywhere but in this browser.")
    return HttpResponseRedirect(reverse("admin:account"))


def keep_session(request: HttpRequest, actor: User) -> None:
    """Lets the session that asks go on where all others ended."""
    update_session_auth_hash(request, actor)


def refuse_demo(actor: User) -> None:
    """The demo's login is printed on a terminal: nobody shuts the others out of it."""
    if actor.is_demo:
        raise PermissionDenied


site.own_pages.extend(
    (
        path("account/", account, name="account"),
        path("account/password/", change_password, name="account_password"),
        path("account/log-out-everywhere/", log_out_elsewhere, name="account_log_out"),
    )
)
