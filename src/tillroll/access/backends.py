"""Who may log in to the back office."""

import ipaddress
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from tillroll.access.models import User


def is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class ShopBackend(ModelBackend):
    """Passwords as Django keeps them; a demo login counts from this machine only."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        user = super().authenticate(request, username=username, password=password, **kwargs)
        if not isinstance(user, User):
            return None
        if user.is_demo and not (request and self._is_local(request)):
            return None
        return user

    def _is_local(self, request: HttpRequest) -> bool:
        return is_loopback(request.META.get("REMOTE_ADDR", "")) and "HTTP_X_FORWARDED_FOR" not in request.META
