"""Wrong passwords, counted by django-axes in the `logs` database, which all workers share.

An address that guessed FAILED_LOGINS times waits for FAILED_LOGIN_MINUTES from its last guess; to try
meanwhile neither counts nor makes it longer. A right password forgives the guesses at its own name
from its own address and no others, so that whoever has a login can't guess at the rest. Where no address is
known (a socket without a trusted proxy), the name is counted instead.
"""

from datetime import timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from tillroll.access.addresses import get_client_address
from tillroll.access.audit import note

LONGEST_NAME = 255


class Attempts(AxesDatabaseHandler):  # type: ignore[misc]  # published without types
    """axes' own counting, but for what a right password forgives, and a line in the audit trail."""

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: Any = None, **kwargs: Any
    ) -> None:
        """Counts a wrong password; the one that closes the door is noted."""
        if request is None:
            return
        was_locked = request.axes_locked_out
        super().user_login_failed(sender, credentials, request, **kwargs)
        if request.axes_locked_out and not was_locked:
            name = get_name(request, credentials)
            note(None, "locked out", address=request.axes_ip_address or "", title=name, by="(login)")

    def reset_user_attempts(self, request: Any, credentials: dict[str, Any] | None = None) -> int:
        return release(name=get_name(request, credentials), address=request.axes_ip_address)


def count_wait(request: HttpRequest, name: str = "") -> int:
    """Seconds that a client has to wait before a password of its is looked at; 0 when it need not."""
    address = get_address(request)
    attempts = _list_recent().filter(**({"ip_address": address} if address else {"username": name}))
    failures = 0
    for at, count in attempts.order_by("-attempt_time").values_list("attempt_time", "failures_since_start"):
        failures += count
        if failures >= settings.FAILED_LOGINS:
            ends = at + get_cool_off() - timezone.now()
            return max(-(-int(ends.total_seconds() * 1000) // 1000), 1)
    return 0


def release(name: str | None = None, address: str | None = None) -> int:
    """Forgets the guesses at a name, from an address, or at a name from an address; how many there were."""
    found = AccessAttempt.objects.all()
    if name is not None:
        found = found.filter(username=name)
    if address is not None:
        found = found.filter(ip_address=address)
    count: int = sum(found.values_list("failures_since_start", flat=True))
    found.delete()
    return count


def _list_recent() -> Any:
    return AccessAttempt.objects.filter(attempt_time__gte=timezone.now() - get_cool_off())


def get_address(request: HttpRequest) -> str | None:
    return get_client_address(request.META) or None


def get_name(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The name that was tried, as the table takes it."""
    given = (credentials or {}).get("username") or ""
    return str(given).replace("\0", "")[:LONGEST_NAME]


def get_limit(_request: HttpRequest, _credentials: dict[str, Any] | None = None) -> int:
    return int(settings.FAILED_LOGINS)


def get_cool_off(_request: HttpRequest | None = None) -> timedelta:
    return timedelta(minutes=settings.FAILED_LOGIN_MINUTES)


def list_counted(request: Any, _credentials: dict[str, Any] | None = None) -> list[str]:
    """What is counted together: an address, else a name."""
    return ["ip_address"] if request.axes_ip_address else ["username"]
