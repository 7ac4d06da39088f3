"""Who may log in to the back office: with a password as Django keeps them, the demo from this machine alone.

An address that guesses has to wait, whatever way in it takes (attempts.py); a service account has no way in.
A demo's login is printed on a terminal and lies in a file. So it must be worth nothing elsewhere: neither the
password nor a session that was begun here.
"""

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any

from axes.backends import AxesStandaloneBackend
from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from tillroll.access.models import User

FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_REAL_IP",
    "HTTP_FORWARDED",
    "HTTP_VIA",
)
"""Headers of proxies: with any of them a request comes from somewhere else, however near the proxy is."""


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own, also as IPv4 inside IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return ((isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped) or found).is_loopback


def is_from_here(environ: Mapping[str, Any]) -> bool:
    """Whether a request was made on this machine and came by no proxy."""
    return is_loopback(environ.get("REMOTE_ADDR", "")) and not any(name in environ for name in FORWARDED)


class Gate(AxesStandaloneBackend):  # type: ignore[misc]  # published without types
    """Lets no password of who has to wait be looked at. Without a request there is no client to wait."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> None:
        if request is not None:
            super().authenticate(request, **credentials)


class ShopBackend(ModelBackend):
    """Passwords as Django keeps them; a demo login counts from this machine only."""

    def user_can_authenticate(self, user: Any) -> bool:
        """Whether an account may log in, and go on being logged in."""
        return super().user_can_authenticate(user) and not user.is_service

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """The user of a right password; for the demo only from here."""
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(user, User) or (user.is_demo and not (request and is_from_here(request.META))):
            return None
        return user


def demo_stays_here(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware after Django's own: a demo's session counts from this machine only, as its password does.

    A request without a session, or from here, costs nothing.
    """

    def answer(request: HttpRequest) -> HttpResponse:
        has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
        if has_session and not is_from_here(request.META) and getattr(request.user, "is_demo", False):
            request.user = AnonymousUser()
        return get_response(request)

    return answer
