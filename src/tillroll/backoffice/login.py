"""The login form: it says how long to wait where too many wrong passwords came from.

That they are refused is the backend's doing (access/backends.py); here it is only said.
"""

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.access.addresses import get_client_address
from tillroll.access.throttle import TooManyFailures, check_login

if TYPE_CHECKING:
    from django.contrib.admin.forms import AdminAuthenticationForm as _Form
else:
    from unfold.forms import AuthenticationForm as _Form

TOO_MANY = "too_many"


class LoginForm(_Form):
    wait = 0
    """Seconds that the address has to wait; 0 when it need not."""

    def clean(self) -> dict[str, Any]:
        try:
            check_login(get_client_address(self.request.META) if self.request else "", timezone.now())
        except TooManyFailures as error:
            self.wait = error.seconds
            minutes = -(-error.seconds // 60)
            raise ValidationError(
                "Too many wrong passwords came from your address;"
                f" wait {minutes} {'minute' if minutes == 1 else 'minutes'} and try again.",
                code=TOO_MANY,
            ) from error
        return super().clean()
