"""The shop's settings."""

from typing import Any

from django.core.exceptions import ValidationError

from tillroll.shop.models import ShopSettings
from tillroll.shop.revision import Topic, write
from tillroll.shop.zone import ZoneError, parse_zone


def get_settings() -> ShopSettings:
    """The shop's settings; the defaults of a new shop where none were saved."""
    return ShopSettings.objects.first() or ShopSettings()


def change_settings(**changes: Any) -> ShopSettings:
    """Saves some settings; ValidationError names the one that is wrong and what it takes."""
    with write(Topic.SETTINGS):
        settings = get_settings()
        for name, value in changes.items():
            ShopSettings._meta.get_field(name)
            setattr(settings, name, value)
        try:
            parse_zone(settings.timezone)
        except ZoneError as error:
            raise ValidationError({"timezone": str(error)}) from error
        if settings.currency_position not in ("before", "after"):
            raise ValidationError({"currency_position": "The currency's position is `before` or `after`."})
        settings.full_clean(validate_unique=False, validate_constraints=False)
        settings.save()
    return settings
