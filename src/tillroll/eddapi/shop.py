"""The shop's settings as a request needs them: read once for each revision of them, then kept."""

import json
from dataclasses import dataclass
from datetime import tzinfo

from django.db.models import JSONField

from tillroll.eddapi.reading import Run
from tillroll.shop.currencies import get_decimals
from tillroll.shop.models import Dialect, ShopSettings
from tillroll.shop.revision import Revision
from tillroll.shop.zone import parse_zone


@dataclass(frozen=True, slots=True)
class Shop:
    settings: ShopSettings
    zone: tzinfo
    decimals: int
    is_documented: bool
    mirrored_every: float | None = None
    """Seconds between the rounds of the mirror that brings the records; None where there is none."""

    @property
    def public_max_age(self) -> int:
        """Seconds for which anybody may keep public products: none where old records are refused."""
        is_refusing = self.mirrored_every is not None and self.settings.mirror_max_age
        return 0 if is_refusing else self.settings.public_max_age

    @property
    def default_version(self) -> str:
        """What an address without a version answers: v1 in the documented dialect, else as the shop says."""
        return "v1" if self.is_documented else self.settings.default_version

    @property
    def week_start(self) -> int:
        """The documented dialect's weeks begin on the shop's day, EDD 3's on Monday."""
        return self.settings.week_start if self.is_documented else 1


_kept: dict[Revision, Shop] = {}


def current_shop(run: Run, revision: Revision) -> Shop:
    """The settings under a revision, read once for each from the snapshot that has it."""
    shop = _kept.get(revision)
    if shop is None:
        settings, mirrored_every = _read_settings(run)
        shop = Shop(
            settings,
            parse_zone(settings.timezone),
            get_decimals(settings.currency),
            settings.dialect == Dialect.DOCUMENTED,
            mirrored_every,
        )
        _kept.clear()
        _kept[revision] = shop
    return shop


_FIELDS = ShopSettings._meta.concrete_fields
_READ = (
    f"SELECT {', '.join(field.column for field in _FIELDS)}, (SELECT every FROM shop_mirror)"  # noqa: S608 (our own names)
    " FROM shop_shopsettings"
)


def _read_settings(run: Run) -> tuple[ShopSettings, float | None]:
    """The shop's settings, the defaults of a new shop where none were saved; and the pause of its mirror."""
    rows = run(_READ, ())
    if not rows:
        return ShopSettings(), None
    *values, every = rows[0]
    settings = ShopSettings(
        **{
            field.attname: json.loads(value)
            if isinstance(field, JSONField) and isinstance(value, str)
            else field.to_python(value)
            for field, value in zip(_FIELDS, values, strict=True)
        }
    )
    return settings, every


def forget() -> None:
    """Drops what is kept: for a store that was exchanged under a running process."""
    _kept.clear()
