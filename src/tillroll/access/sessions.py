"""How long a login lasts: until nobody asked for a page for a while, and never longer than a working day.

A session is written once a minute at most, however many pages are asked for.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

BEGAN, SEEN = "began", "seen"
"""Names under which a session keeps its times, in seconds since 1970."""

NOTED_EVERY = 60
"""Seconds between two notes of when a session was seen."""


def begin(sender: Any, request: HttpRequest | None = None, **kwargs: Any) -> None:
    """Notes when a session begins."""
    if request is not None and hasattr(request, "session"):
        request.session[BEGAN] = request.session[SEEN] = int(timezone.now().timestamp())


user_logged_in.connect(begin, dispatch_uid="tillroll.begin")


def end_idle(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware after Django's own, messages too: ends a login that idled, or that is too old, and notes
    that one was seen. A request without a session costs nothing."""

    def answer(request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            _look_at(request)
        return get_response(request)

    return answer


def _look_at(request: HttpRequest) -> None:
    session, now = request.session, int(timezone.now().timestamp())
    seen, began = session.get(SEEN, now), session.get(BEGAN, now)
    idle, hours = settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS
    if now - seen > idle * 60:
        _end(request, f"You were logged out after {_say(idle, 'minute')} without a page.")
    elif now - began > hours * 3600:
        _end(request, f"You were logged out: a login lasts {_say(hours, 'hour')} at most.")
    elif SEEN not in session or now - seen >= NOTED_EVERY:
        session[SEEN], session[BEGAN] = now, began


def _end(request: HttpRequest, sentence: str) -> None:
    logout(request)
    request.user = AnonymousUser()
    messages.warning(request, sentence)


def _say(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
