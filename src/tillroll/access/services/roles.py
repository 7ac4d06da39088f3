"""Roles: EDD's six can be changed, others made and removed."""

import re
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError

from tillroll.access.capabilities import ENDPOINTS, KNOWN, ROLES, Hideable
from tillroll.access.models import LimitedModel, Role, User
from tillroll.access.services.users import refresh_capabilities
from tillroll.shop.revision import Topic, write

_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
LIMITS = ("rate_minute", "quota_day", "quota_month")


def save_role(
    slug: str,
    *,
    name: str | None = None,
    capabilities: Iterable[str] | None = None,
    endpoints: Iterable[str] | None = None,
    hidden_fields: Iterable[str] | None = None,
    requires_two_factor: bool | None = None,
    **limits: int | None,
) -> Role:
    """Makes or changes a role; what is None stays as it is. Of `limits` (rate_minute, quota_day, quota_month)
    those that are not named stay.

    ValidationError says what is wrong; the capabilities of a role that was imported are its shop's own.
    """
    with write(Topic.ACCESS):
        role = Role.objects.filter(slug=slug).first()
        if role is None:
            if not _SLUG.fullmatch(slug):
                raise ValidationError(
                    {"slug": f"{slug!r} is no name for a role: small letters, digits, _ and - are taken."}
                )
            role = Role(slug=slug, name=slug.replace("_", " ").replace("-", " ").title())
        if name is not None:
            role.name = name
        held = list(role.capabilities), role.requires_two_factor
        if requires_two_factor is not None:
            role.requires_two_factor = requires_two_factor
        if capabilities is not None:
            _set_capabilities(role, capabilities)
        set_limits(role, endpoints=endpoints, hidden_fields=hidden_fields, **limits)
        role.full_clean(exclude=("capabilities",), validate_unique=False)  # a role may have none
        role.save()
        if (role.capabilities, role.requires_two_factor) != held:
            refresh_capabilities(User.objects.filter(user_roles__role=role))
    return role


def _set_capabilities(role: Role, capabilities: Iterable[str]) -> None:
    wanted = sorted(set(capabilities))
    if wanted == sorted(role.capabilities):
        return
    if role.source_id is not None:
        raise ValidationError(
            {"capabilities": f"{role.name} comes from another shop: change there what it may do."}
        )
    if unknown := sorted(set(wanted) - KNOWN):
        raise ValidationError(
            {"capabilities": f"There is no capability {unknown[0]}; there are {', '.join(sorted(KNOWN))}."}
        )
    role.capabilities = wanted


def delete_role(role: Role) -> None:
    """Removes a role that nobody has; ValidationError for one of EDD's, an imported one and one in use."""
    if role.slug in ROLES:
        raise ValidationError(f"{role.name} is one of EDD's roles, which clients and imports rely on.")
    if role.source_id is not None:
        raise ValidationError(f"{role.name} comes from another shop: remove it there.")
    with write(Topic.ACCESS):
        if count := User.objects.filter(user_roles__role=role).count():
            holders = "1 user has" if count == 1 else f"{count} users have"
            raise ValidationError(f"{holders} the role {role.name}; give them another one first.")
        role.delete()


def set_limits(
    record: LimitedModel,
    *,
    endpoints: Iterable[str] | None = None,
    hidden_fields: Iterable[str] | None = None,
    **limits: Any,
) -> None:
    """Writes limits into a role or a key, unsaved; what is None or not named stays. ValidationError names the
    wrong one."""
    if endpoints is not None:
        record.endpoints = _join("endpoints", "endpoint", endpoints, ENDPOINTS)
    if hidden_fields is not None:
        record.hidden_fields = _join("hidden_fields", "kind of data", hidden_fields, tuple(Hideable))
    for name, value in limits.items():
        if name not in LIMITS:
            raise TypeError(f"{name} is no limit.")
        if value is not None and value < 1:
            raise ValidationError({name: "A limit is at least 1; leave it empty for none."})
        setattr(record, name, value)


def _join(field: str, noun: str, chosen: Iterable[str], known: tuple[str, ...]) -> str:
    wanted = set(chosen)
    if unknown := sorted(wanted - set(known)):
        raise ValidationError({field: f"There is no {noun} {unknown[0]}; there are {', '.join(known)}."})
    return " ".join(name for name in known if name in wanted)
