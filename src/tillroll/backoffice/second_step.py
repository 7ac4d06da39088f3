"""The second step of a login: the code of the app, or a recovery code."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from tillroll.access.backends import ShopBackend
from tillroll.access.models import User
from tillroll.access.services import Answer, check_code
from tillroll.backoffice.doors import show_door
from tillroll.backoffice.forms import PageForm, text
from tillroll.backoffice.login import PROVED, WAITING, enter, refuse_early
from tillroll.backoffice.site import site

MINUTES = 10
"""How long a right password waits for its code."""

REFUSED = (
    "This code is not right, or was used before. Type the newest six digits of your app, or a recovery code"
    " that is left."
)


class CodeForm(PageForm):
    code = text(
        "Code",
        "The six digits that your app shows now, or one of your recovery codes.",
        required=True,
        most=40,
        autocomplete="one-time-code",
        autocapitalize="none",
        spellcheck="false",
        autofocus=True,
    )


def ask_code(request: HttpRequest) -> HttpResponse:
    """Lets in who gave the right password within the last minutes, and now the code."""
    user = _get_waiting(request)
    if user is None:
        request.session.pop(WAITING, None)
        return HttpResponseRedirect(reverse("admin:login"))
    form: Any = CodeForm(request.POST or None)
    wait = 0
    if request.method == "POST" and form.is_valid():
        answer = check_code(user, form.cleaned_data["code"])
        if answer.is_right:
            return _let_in(request, user, answer)
        wait = answer.wait
        form.add_error("code", describe_refusal(answer))
    response = show_door(
        request,
        "Second step",
        subtitle="Your password is right. Now the code.",
        form=form,
        save="Log in",
        back=reverse("admin:login"),
        back_title="Start over",
    )
    refuse_early(response, wait)
    return response


def describe_refusal(answer: Answer) -> str:
    """The sentence about a code that was not taken."""
    if not answer.wait:
        return REFUSED
    much = f"{answer.wait} seconds" if answer.wait != 1 else "a second"
    if answer.wait > 60:
        much = f"{-(-answer.wait // 60)} minutes"
    return f"Too many wrong codes; wait {much} and try again."


def _let_in(request: HttpRequest, user: User, answer: Answer) -> HttpResponse:
    target = request.session[WAITING]["next"]
    how = "with a recovery code" if answer.is_recovery else "with a code"
    enter(request, user, f"{user} ({how})")
    request.session.pop(WAITING, None)
    request.session[PROVED] = True
    if answer.is_recovery:
        left = "1 is" if answer.left == 1 else f"{answer.left} are" if answer.left else "none is"
        messages.warning(
            request, f"That recovery code is used up; {left} left. My account > Two-factor makes new ones."
        )
    return HttpResponseRedirect(target)


def _get_waiting(request: HttpRequest) -> User | None:
    """Who gave the right password in this browser, lately, and may still log in with it."""
    waiting = request.session.get(WAITING)
    if not waiting or timezone.now().timestamp() - waiting["at"] > MINUTES * 60:
        return None
    user = User.objects.filter(pk=waiting["user"]).first()
    if user is None or not (ShopBackend().user_can_authenticate(user) and user.is_staff):
        return None
    return user if constant_time_compare(waiting["hash"], user.get_session_auth_hash()) else None


site.own_pages.append(path("login/code/", never_cache(csrf_protect(ask_code)), name="second_step"))
