"""The shop's currency and zone, which every write asks for: one small statement each, where a whole record of
settings would take longer than the write."""

from datetime import tzinfo

from tillroll.shop.models import ShopSettings
from tillroll.shop.statements import run
from tillroll.shop.zone import parse_zone


def get_zone() -> tzinfo:
    """The shop's own time zone; ZoneError for one that was kept wrongly."""
    return parse_zone(_read("timezone"))


def get_currency() -> str:
    return _read("currency")


def _read(column: str) -> str:
    found = run(f"SELECT {column} FROM shop_shopsettings WHERE id = 1")
    return str(found[0][0] if found else getattr(ShopSettings(), column))
