"""People and programs that log in or hold keys.

A user has a wire id of its own: the id that the API shows and that a shop brought along. Django's key stays
inside, so that a local administrator never meets WordPress' user 1.
"""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils.crypto import salted_hmac

from tillroll.access.models.limits import LimitedModel
from tillroll.shop.models.customers import Customer
from tillroll.shop.models.source import OWN_IDS_FROM, Source, SourcedModel, SourceKind


class Role(LimitedModel, SourcedModel):
    """A set of capabilities under a name, and what keys of its users may ask and how often."""

    slug = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)
    capabilities = models.JSONField(default=list, help_text="The capabilities that its users have.")
    requires_two_factor = models.BooleanField(
        default=False, db_default=False, help_text="Its users log in with a second factor."
    )

    def __str__(self) -> str:
        return self.name


class AccountManager(UserManager["User"]):
    """Gives every new user a wire id."""

    def next_wire_id(self) -> int:
        """An id that no user has, and that no customer names whose user is gone: it would make somebody new
        that customer."""
        known = (
            self.aggregate(last=models.Max("wire_id")),
            Customer.objects.aggregate(last=models.Max("user_id")),
        )
        last = max(found["last"] or 0 for found in known)
        if Source.objects.exclude(kind=SourceKind.DEMO).exists():
            last = max(last, OWN_IDS_FROM - 1)
        return last + 1

    def _create_user(self, username: str, email: str | None, password: str | None, **extra: Any) -> "User":
        if "wire_id" not in extra:
            extra["wire_id"] = self.next_wire_id()
        extra.setdefault("login", username)
        extra.setdefault("display_name", username)
        return super()._create_user(username, email, password, **extra)  # type: ignore[misc, no-any-return]


class User(AbstractUser, SourcedModel):  # type: ignore[django-manager-missing]  # of devices: untyped
    """`login` and `display_name` are what the API shows; `capabilities` and `role_slugs` are kept by the
    services from roles and grants."""

    wire_id = models.BigIntegerField(unique=True)
    login = models.CharField(max_length=60, blank=True)
    display_name = models.CharField(max_length=250, blank=True)
    capabilities = models.TextField(
        blank=True, editable=False, help_text="Effective, separated by spaces; kept."
    )
    role_slugs = models.TextField(blank=True, editable=False, help_text="One a line; kept.")
    is_service = models.BooleanField(
        "service account", default=False, help_text="Holds API keys alone: nobody logs in with it."
    )
    is_demo = models.BooleanField(
        default=False, editable=False, help_text="May log in from this machine only."
    )
    requires_two_factor = models.BooleanField(
        default=False, db_default=False, editable=False, help_text="One of their roles demands it; kept."
    )
    session_round = models.PositiveIntegerField(
        default=0, db_default=0, editable=False, help_text="Sessions of an earlier round have ended."
    )

    objects: ClassVar[AccountManager] = AccountManager()

    def __str__(self) -> str:
        return self.display_name or self.username

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """What a session must know to go on: the password, and the round once there was more than one."""
        stands_on = f"{self.password}{self.session_round or ''}"
        salt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"
        return salted_hmac(salt, stands_on, secret=secret, algorithm="sha256").hexdigest()


class UserRole(SourcedModel):
    user = models.ForeignKey(
        User, models.CASCADE, to_field="wire_id", related_name="user_roles", db_index=False
    )
    role = models.ForeignKey(Role, models.CASCADE, to_field="slug", related_name="user_roles")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "role"), name="user_role_once"),)

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id}"


class UserCapability(SourcedModel):
    """A capability that a user has, or is denied, whatever their roles say."""

    user = models.ForeignKey(User, models.CASCADE, to_field="wire_id", related_name="grants", db_index=False)
    capability = models.CharField(max_length=100)
    is_granted = models.BooleanField(default=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "capability"), name="user_capability_once"),)

    def __str__(self) -> str:
        return f"{self.user_id}: {'+' if self.is_granted else '-'}{self.capability}"
