"""Whose role demands a second factor sees no page before it is set up."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from tillroll.access.services import has_second_factor
from tillroll.backoffice.login import PROVED

OPEN = ("admin:two_factor", "admin:logout", "admin:login", "admin:jsi18n")
"""Pages that are there all the same."""


def second_factor_first(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware behind the login's: leads to the set-up. A request without a session costs nothing, and one
    whose user need no second factor, or proved one, no query."""

    def answer(request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and _lacks(request):
            return HttpResponseRedirect(reverse("admin:two_factor"))
        return get_response(request)

    return answer


def _lacks(request: HttpRequest) -> bool:
    """Whether the user should have a second factor and has none. Who has one proved it: to set it up ends the
    sessions that began without."""
    user: Any = request.user
    if not getattr(user, "requires_two_factor", False) or user.is_demo or PROVED in request.session:
        return False
    return request.path not in {reverse(name) for name in OPEN} and not has_second_factor(user)
