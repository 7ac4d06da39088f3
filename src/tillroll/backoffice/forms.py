"""The back office's own forms: what their fields look like, what keys and roles have in common, and how a
service's refusal comes back beside the field that it is about.
"""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from unfold.widgets import (
    INPUT_CLASSES,
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from tillroll.access.capabilities import ENDPOINTS, HIDEABLE
from tillroll.access.models import User
from tillroll.backoffice.once import make_form_id, use_form_id
from tillroll.shop.revision import StoreBusy

T = TypeVar("T")

LARGEST = 2_147_483_647
"""The largest limit that a column holds."""

RATES = {
    "rate_minute": "Requests a minute",
    "quota_day": "Requests a day",
    "quota_month": "Requests a month",
}

GRACES = (
    ("0", "Now: the old key and token stop at once"),
    ("1", "In 1 hour"),
    ("24", "In 1 day"),
    ("168", "In 7 days"),
    ("720", "In 30 days"),
)
"""When the old pair ends after a rotation, in hours."""


class PageForm(forms.Form):
    """A form of a page; its errors stand beside its fields."""

    def carry_out(self, change: Callable[[], T]) -> T | None:
        """What a service gives; None where it refuses, whose reasons are then the form's."""
        try:
            return change()
        except ValidationError as error:
            self.refuse(error)
        except StoreBusy as error:
            self.add_error(None, str(error))
        return None

    def attempt(self, change: Callable[[], object]) -> bool:
        """Whether a service did what was wanted; where it refuses, its reasons are then the form's."""
        self.carry_out(change)
        return not self.errors

    def refuse(self, error: ValidationError, field: str | None = None) -> None:
        """Takes over the reasons of a refusal; those about no field of the form go to `field`, or above."""
        if not hasattr(error, "error_dict"):
            self.add_error(field, error)
            return
        for name, reasons in error.error_dict.items():
            is_here = name in self.fields and name != NON_FIELD_ERRORS
            self.add_error(name if is_here else field, reasons)


class OnceForm(PageForm):
    """A form that shows a secret when it is saved, and so must be saved once."""

    repeated: ClassVar[str] = (
        "This form was saved before, and a key was made then. It was shown once and can't be shown again;"
        " if it was not noted down, revoke it and make another."
    )
    """What whoever sends it again is told."""

    form_id = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def take(self) -> bool:
        """Whether this is the first time that the form is saved; else it says so."""
        return self.attempt(lambda: use_form_id(self.user, self.cleaned_data["form_id"], self.repeated))

    @property
    def fresh_id(self) -> str:
        """The id for the form as it is shown now."""
        return make_form_id(self.user)


class LimitsForm(PageForm):
    """What narrows a role or a key."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["endpoints"] = ticks(
            "Endpoints allowed", [(name, name) for name in ENDPOINTS], "None ticked: all of them."
        )
        self.fields["hidden_fields"] = ticks(
            "Hidden in answers",
            [(str(kind), label) for kind, label in HIDEABLE.items()],
            "The members stay in the answers, but come out empty.",
        )
        for name, label in RATES.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                required=False,
                min_value=1,
                max_value=LARGEST,
                widget=UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "numeric"}),
                error_messages={
                    "invalid": "A whole number is wanted; leave it empty for no limit.",
                    "min_value": "A limit is at least 1; leave it empty for none.",
                    "max_value": f"A limit is at most {LARGEST}; leave it empty for none.",
                },
            )


def text(label: str, help_text: str = "", *, required: bool = False, most: int = 100, **attrs: Any) -> Any:
    """A line of text."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=most,
        widget=UnfoldAdminTextInputWidget(attrs=attrs),
    )


def password(label: str, help_text: str = "") -> Any:
    """A new password, of which no letter is taken away and which no page shows again."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        strip=False,
        max_length=1000,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )


def tick(label: str, help_text: str = "") -> Any:
    """A box to tick."""
    return forms.BooleanField(label=label, help_text=help_text, required=False, widget=UnfoldBooleanWidget())


def ticks(label: str, choices: Iterable[tuple[str, str]] = (), help_text: str = "") -> Any:
    """Several boxes under one label."""
    return forms.MultipleChoiceField(
        label=label,
        choices=list(choices),
        help_text=help_text,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )


def moment(label: str, help_text: str = "") -> Any:
    """A time in UTC, to the minute."""
    return forms.DateTimeField(
        label=label,
        help_text=help_text,
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%dT%H:%M"
        ),
        error_messages={"invalid": "A time such as 2026-12-31 23:59 is wanted, in UTC."},
    )


class RotateForm(OnceForm):
    """When the old pair ends."""

    grace = forms.ChoiceField(
        choices=GRACES, initial="168", label="The old key ends", widget=UnfoldAdminSelectWidget
    )

    def get_grace(self) -> timedelta:
        return timedelta(hours=int(self.cleaned_data["grace"]))
