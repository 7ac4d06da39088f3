"""A shop that follows another: what it says of that, and what can't be changed in it."""

from django.core.exceptions import ValidationError

from tillroll.shop.models import Mirror
from tillroll.shop.statements import run

SOURCE_SETTINGS = frozenset(
    (
        "name", "url", "timezone", "week_start", "currency", "currency_position", "decimal_separator",
        "thousands_separator", "skus_enabled", "sequential_numbers", "taxes_enabled", "prices_include_tax",
        "test_mode", "default_version", "edd_version", "log_public_requests", "user_keys_allowed",
    )
)  # fmt: skip
"""The settings that a source decides."""


def get_mirror() -> Mirror | None:
    """What this shop follows, and how that goes; None for a shop of its own."""
    return Mirror.objects.select_related("source").first()


def refuse_mirrored(what: str, source_id: int | None = None) -> None:
    """Raises ValidationError where a change would not last: the shop follows another, and what is to be
    changed is that one's. `source_id` is where the record is from; without it, any record is meant."""
    if not run("SELECT 1 FROM shop_mirror LIMIT 1"):  # asked at every write
        return
    mirror = get_mirror()
    if mirror is not None and source_id in (None, mirror.source_id):
        raise ValidationError(
            f"{what} can't be changed here, since this shop follows {mirror.source.name}:"
            " change it there, and it is changed here with the next round of the mirror."
        )
