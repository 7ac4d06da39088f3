"""The shop's settings as a request needs them: read once for each revision of them, then kept."""

from dataclasses import dataclass
from datetime import tzinfo

from tillroll.shop.currencies import get_decimals
from tillroll.shop.models import Dialect, ShopSettings
from tillroll.shop.services import get_settings
from tillroll.shop.zone import parse_zone


@dataclass(frozen=True, slots=True)
class Shop:
    settings: ShopSettings
    zone: tzinfo
    decimals: int
    is_documented: bool

    @property
    def default_version(self) -> str:
        """What an address without a version answers: v1 in the documented dialect, else as the shop says."""
        return "v1" if self.is_documented else self.settings.default_version

    @property
    def week_start(self) -> int:
        """The documented dialect's weeks begin on the shop's day, EDD 3's on Monday."""
        return self.settings.week_start if self.is_documented else 1


_kept: dict[int, Shop] = {}


def current_shop(revision: int) -> Shop:
    """The settings under a revision. An unsaved shop (revision 0) is never kept."""
    shop = _kept.get(revision)
    if shop is None:
        settings = get_settings()
        shop = Shop(
            settings,
            parse_zone(settings.timezone),
            get_decimals(settings.currency),
            settings.dialect == Dialect.DOCUMENTED,
        )
        if revision:
            _kept.clear()
            _kept[revision] = shop
    return shop


def forget() -> None:
    """Drops what is kept: for a store that was exchanged under a running process."""
    _kept.clear()
