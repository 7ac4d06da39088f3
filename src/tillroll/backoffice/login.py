"""Logging in: the password first, then a code where the user has a second factor.

The session begins when both were right. That guesses are refused is the backends' doing (access/attempts.py);
here it is said how long to wait.
"""

from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, login
from django.contrib.auth.views import LoginView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from tillroll.access.addresses import get_client_address
from tillroll.access.attempts import count_wait
from tillroll.access.audit import note
from tillroll.access.models import User
from tillroll.access.services import has_second_factor

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django.contrib.admin.forms import AdminAuthenticationForm as _Form
else:
    from unfold.forms import AuthenticationForm as _Form

TOO_MANY = "too_many"

WAITING = "second_step"
"""Where a session keeps who gave the right password, and when, until the code is given."""

PROVED = "second_factor"
"""What a session has that began with a second factor."""

TEMPLATE = "backoffice/login.html"


class LoginForm(_Form):
    wait = 0
    """Seconds that the address has to wait; 0 when it need not."""

    def clean(self) -> dict[str, Any]:
        name = str(self.cleaned_data.get("username") or "")
        self._refuse_waiting(name)
        try:
            return super().clean()
        except ValidationError:
            self._refuse_waiting(name)  # the guess that closes the door is told so
            raise

    def _refuse_waiting(self, name: str) -> None:
        self.wait = count_wait(self.request, name) if self.request else 0
        if self.wait:
            raise ValidationError(describe_wait(self.wait), code=TOO_MANY)


class FirstStep(LoginView):
    """The password, and where it leads to."""

    def form_valid(self, form: Any) -> HttpResponse:
        user, target = form.get_user(), self.get_success_url()
        if not has_second_factor(user):
            enter(self.request, user)
            return HttpResponseRedirect(target)
        self.request.session.flush()
        self.request.session[WAITING] = {
            "user": user.pk,
            "hash": user.get_session_auth_hash(),
            "at": int(timezone.now().timestamp()),
            "next": target,
        }
        return HttpResponseRedirect(reverse("admin:second_step"))


def log_in(site: "AdminSite", request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """The login page of a site; 429 where the address has to wait."""
    home = reverse("admin:index", current_app=site.name)
    if request.method == "GET" and site.has_permission(request):
        return HttpResponseRedirect(home)
    context = {
        **site.each_context(request),
        "title": "Log in",
        "subtitle": None,
        "app_path": request.get_full_path(),
        "username": getattr(request.user, "username", ""),
        "sends_mail": settings.SENDS_MAIL,
        **(extra_context or {}),
    }
    if REDIRECT_FIELD_NAME not in request.GET and REDIRECT_FIELD_NAME not in request.POST:
        context[REDIRECT_FIELD_NAME] = home
    view = FirstStep.as_view(
        extra_context=context, authentication_form=LoginForm, template_name=TEMPLATE, next_page=home
    )
    response = cast(HttpResponse, view(request))
    if isinstance(response, TemplateResponse):
        refuse_early(response, getattr((response.context_data or {}).get("form"), "wait", 0))
    return response


def enter(request: HttpRequest, user: User, how: str = "") -> None:
    """Begins the session, and notes that somebody came in."""
    login(request, user, backend="tillroll.access.backends.ShopBackend")
    note(user, "logged in", user, address=get_client_address(request.META), title=how or str(user))


def refuse_early(response: HttpResponse, wait: int) -> None:
    """Makes an answer one to somebody who has to wait for so many seconds; 0 leaves it as it is."""
    if wait:
        response.status_code = 429
        response.headers["Retry-After"] = str(wait)


def describe_wait(seconds: int) -> str:
    minutes = -(-seconds // 60)
    return (
        "Too many wrong passwords came from your address;"
        f" wait {minutes} {'minute' if minutes == 1 else 'minutes'} and try again."
    )
