"""The shop's settings."""

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any

from django.core.exceptions import ValidationError

from tillroll.shop.models import ShopSettings
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.mirror import SOURCE_SETTINGS, refuse_mirrored
from tillroll.shop.zone import ZoneError, parse_zone

LARGEST_KEPT = 2_147_483_647
"""The largest whole number that both stores keep in a setting."""

_URL = re.compile(r"https?://\S+")
_ORIGIN = re.compile(r"https?://[^\s/?#]+")


MOST_DAYS = 36_500
"""A hundred years: what is longer is meant for ever, which is 0."""


ZoneHook = Callable[[tzinfo], None]
_zone_hooks: list[ZoneHook] = []


def on_zone_changed(hook: ZoneHook) -> ZoneHook:
    """Registers a function that is called with the shop's new zone, inside the transaction of its change."""
    _zone_hooks.append(hook)
    return hook


def get_settings() -> ShopSettings:
    """The shop's settings; the defaults of a new shop where none were saved."""
    return ShopSettings.objects.first() or ShopSettings()


def change_settings(**changes: Any) -> ShopSettings:
    """Saves some settings; ValidationError names the one that is wrong and what it takes. In a shop that
    follows another, what is that one's is changed by it alone."""
    if theirs := sorted(SOURCE_SETTINGS.intersection(changes)):
        refuse_mirrored(f"The setting {theirs[0]}")
    return take_settings(changes)


def take_settings(changes: Mapping[str, Any]) -> ShopSettings:
    """As change_settings, for what comes from the source of the records."""
    known = {field.name for field in ShopSettings._meta.fields if not field.primary_key}
    for name in changes:
        if name not in known:
            raise ValidationError({name: f"There is no such setting; there are {', '.join(sorted(known))}."})
    # whoever writes what has a day waits for a change of zone, and the other way round
    dated = (Topic.CUSTOMERS, Topic.ORDERS) if "timezone" in changes else ()
    with write(Topic.SETTINGS, *dated):
        settings = get_settings()
        zone = settings.timezone
        for name, value in changes.items():
            setattr(settings, name, value)
        settings.full_clean(validate_unique=False, validate_constraints=False)
        _check(settings)
        settings.save()
        if settings.timezone != zone:
            for hook in _zone_hooks:
                hook(parse_zone(settings.timezone))
    return settings


def _check(settings: ShopSettings) -> None:
    """What a field by itself can't tell."""
    try:
        parse_zone(settings.timezone)
    except ZoneError as error:
        raise ValidationError({"timezone": str(error)}) from error
    if settings.currency_position not in ("before", "after"):
        raise ValidationError({"currency_position": "The currency's position is `before` or `after`."})
    if not 0 <= settings.week_start <= 6:
        raise ValidationError({"week_start": "The first day of the week is 0 (Sunday) to 6 (Saturday)."})
    if not _URL.fullmatch(settings.url):
        raise ValidationError({"url": "The shop's address begins with http:// or https://."})
    for name in ("log_keep_days", "log_keep_megabytes", "mirror_max_age", "public_max_age"):
        if getattr(settings, name) > LARGEST_KEPT:  # SQLite alone would keep it
            raise ValidationError({name: f"Ensure this value is less than or equal to {LARGEST_KEPT}."})
    if settings.log_keep_days > MOST_DAYS:
        raise ValidationError({"log_keep_days": f"At most {MOST_DAYS} days; 0 keeps all lines."})
    roles = settings.auto_key_roles
    if not isinstance(roles, list) or not all(isinstance(slug, str) for slug in roles):
        raise ValidationError({"auto_key_roles": "A list of roles is wanted, such as shop_vendor."})
    origins = settings.cors_origins
    if not isinstance(origins, list) or not all(
        isinstance(origin, str) and _ORIGIN.fullmatch(origin) for origin in origins
    ):
        raise ValidationError(
            {"cors_origins": "A list of origins is wanted, each like https://shop.example, without a path."}
        )
