"""Forms by which somebody chooses a password of their own."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminPasswordWidget

from tillroll.access.attempts import count_wait
from tillroll.access.models import User
from tillroll.backoffice import forms as fields
from tillroll.backoffice.login import describe_wait

RULES = "At least 8 characters; nothing common, and nothing like your name."


class NewPasswordForm(fields.PageForm):
    """A new password, twice."""

    password = fields.password("New password", RULES)
    again = fields.password("The same password again")

    def clean_again(self) -> str:
        again: str = self.cleaned_data["again"]
        if "password" in self.cleaned_data and again != self.cleaned_data["password"]:
            raise ValidationError("The two passwords are not the same.")
        return again


class PresentForm(fields.PageForm):
    """Asks for the present password, of which wrong ones count as they do at the login."""

    present = forms.CharField(
        label="Your present password",
        strip=False,
        max_length=1000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "current-password"}),
    )
    wait = 0
    """Seconds that the address has to wait; 0 when it need not."""

    def __init__(self, *args: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request, self.user = request, user

    def clean_present(self) -> str:
        given: str = self.cleaned_data["present"]
        self._refuse_waiting()
        if authenticate(self.request, username=self.user.username, password=given) != self.user:
            self._refuse_waiting()
            raise ValidationError("This is not your present password.")
        return given

    def _refuse_waiting(self) -> None:
        self.wait = count_wait(self.request, self.user.username)
        if self.wait:
            raise ValidationError(describe_wait(self.wait))


class ChangePasswordForm(PresentForm, NewPasswordForm):
    """The present password, then a new one."""

    field_order = ("present", "password", "again")
