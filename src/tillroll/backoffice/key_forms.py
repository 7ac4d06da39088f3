"""The forms of keys: what a key may do, and for whom one is issued.

For whom is chosen first, since a user, a service account and a buyer are each named in another way.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from tillroll.access.addresses import parse_networks
from tillroll.access.models import ApiKey, Role, User
from tillroll.access.services import KeyLimits
from tillroll.backoffice.forms import LimitsForm, OnceForm, moment, text, ticks
from tillroll.backoffice.granting import BUYERS_KEY, check_key, check_roles, describe_ungivable, list_lacking
from tillroll.shop.models import Customer
from tillroll.shop.text import fold_case


class For(StrEnum):
    """Whom a key is for."""

    USER = "user"
    SERVICE = "service"
    CUSTOMER = "customer"


FOR = {For.USER: "A user", For.SERVICE: "A new service account", For.CUSTOMER: "A buyer"}


class Group(NamedTuple):
    """Fields of a form that stand together, in a row where they are short."""

    title: str
    names: tuple[str, ...]
    is_row: bool = False


LIMITS = (
    Group("What it may ask", ("endpoints", "hidden_fields")),
    Group("How often", ("rate_minute", "quota_day", "quota_month"), is_row=True),
    Group("When and where from", ("expires_at", "networks")),
)


class KeyForm(LimitsForm):
    """What a key is called and what it may do."""

    label = text("Label", "What the key is for; the request log shows it.")
    expires_at = moment("Expires", "In UTC. Empty: never.")
    networks = text(
        "Addresses allowed",
        "IP addresses and networks (203.0.113.0/24) between spaces. Empty: any.",
        most=2000,
    )

    def __init__(self, *args: Any, key: ApiKey | None = None, **kwargs: Any) -> None:
        if key is not None:
            kwargs["initial"] = {
                "label": key.label,
                "expires_at": key.expires_at,
                "networks": key.networks,
                "endpoints": key.endpoints.split(),
                "hidden_fields": key.hidden_fields.split(),
                "rate_minute": key.rate_minute,
                "quota_day": key.quota_day,
                "quota_month": key.quota_month,
            }
        super().__init__(*args, **kwargs)
        self.key = key
        self.fields["quota_month"].help_text = "Empty limits are those of the holder's roles."

    def clean_expires_at(self) -> datetime | None:
        """The end of a key, to the minute as the form shows it; one that was not changed stays as it is."""
        end: datetime | None = self.cleaned_data["expires_at"]
        kept = self.key.expires_at if self.key else None
        if end and kept and end.replace(second=0, microsecond=0) == kept.replace(second=0, microsecond=0):
            return kept
        if end and end <= timezone.now():
            raise ValidationError("This time is past. To end a key now, revoke it.")
        return end

    def clean_networks(self) -> str:
        try:
            return " ".join(parse_networks(self.cleaned_data["networks"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def get_limits(self) -> KeyLimits:
        found = self.cleaned_data
        return KeyLimits(
            found["expires_at"],
            found["networks"],
            tuple(found["endpoints"]),
            tuple(found["hidden_fields"]),
            found["rate_minute"],
            found["quota_day"],
            found["quota_month"],
        )


class IssueForm(KeyForm, OnceForm):
    """A new key: `holder`, `customer` or the name and roles of a service account say for whom."""

    def __init__(self, *args: Any, whom: For, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.whom = whom
        self.found: User | None = None
        self.buyer: Customer | None = None
        named = self._make_holder_fields()
        self.fields.update(named)
        self.groups = (Group("", (*named, "label")), *LIMITS)

    def _make_holder_fields(self) -> dict[str, forms.Field]:
        if self.whom is For.USER:
            return {"holder": text("User", "A user name or an e-mail address.", required=True, most=254)}
        if self.whom is For.CUSTOMER:
            return {
                "customer": text(
                    "Customer",
                    "Their id or an e-mail address. The key sees this customer's own records alone.",
                    required=True,
                    most=254,
                )
            }
        roles = list(Role.objects.order_by("name"))
        more = describe_ungivable(self.user, roles)
        return {
            "username": text(
                "Name", "What the program is called, such as warehouse.", required=True, most=60
            ),
            "roles": ticks(
                "Roles",
                [(role.slug, role.name) for role in roles],
                f"What its keys may see. Nobody can log in with a service account. {more}".strip(),
            ),
        }

    def clean_holder(self) -> str:
        name: str = self.cleaned_data["holder"]
        self.found = find_user(name)
        check_key(self.user, self.found)
        return name

    def clean_customer(self) -> str:
        name: str = self.cleaned_data["customer"]
        if lacking := list_lacking(self.user, BUYERS_KEY):
            raise ValidationError(
                f"A buyer's key shows what you may not see ({', '.join(lacking)}): somebody who may has to do"
                " this."
            )
        self.buyer = find_customer(name)
        holder = User.objects.filter(wire_id=self.buyer.user_id).first() if self.buyer.user_id else None
        if holder is not None:
            check_key(self.user, holder, self.buyer.pk)
        return name

    def clean_roles(self) -> list[str]:
        slugs: list[str] = self.cleaned_data["roles"]
        check_roles(self.user, Role.objects.filter(slug__in=slugs).order_by("name"))
        return slugs


def find_user(name: str) -> User:
    """The user of a name, or of an e-mail address that only one has; ValidationError for others."""
    found = User.objects.filter(username=name).first()
    if found:
        return found
    several = list(User.objects.filter(email__iexact=name)[:2]) if "@" in name else []
    if len(several) > 1:
        raise ValidationError(f"Several users have the address {name}; give a user name.")
    if not several:
        raise ValidationError(f"No user is called {name}, and none has that address.")
    return several[0]


def find_customer(name: str) -> Customer:
    """The customer of an id, or of any of their addresses; ValidationError for others."""
    if name.isdecimal() and len(name) < 18:
        found = Customer.objects.filter(pk=int(name)).first()
    else:
        folded = fold_case(name)
        matching = Q(email_folded=folded) | Q(emails__email_folded=folded)
        found = Customer.objects.filter(matching).order_by("pk").first()
    if found is None:
        raise ValidationError(f"There is no customer {name}.")
    return found
