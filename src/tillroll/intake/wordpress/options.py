"""The shop's options: what WordPress and EDD were set to, with EDD's defaults where a key is absent."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.php import PhpValueError, as_map, as_text, unserialize
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.values import decode_entities, is_true, take_whole
from tillroll.shop.zone import ZoneError, parse_zone

_CURRENCY = "USD"
KEPT_OPTIONS = frozenset(
    {
        "home", "siteurl", "blogname", "timezone_string", "gmt_offset", "start_of_week",
        "permalink_structure", "upload_path", "upload_url_path", "edd_settings", "edd_version",
        "edd_default_api_version", "edd_v3_migration_pending",
    }
)  # fmt: skip


@dataclass(frozen=True)
class ShopOptions:
    """What the other parts of the mapping need to know of the shop."""

    prefix: str
    home: str
    uploads: str
    """The URL of the folder of uploads, without a slash at its end."""
    permalinks: str
    """WordPress' permalink structure; "" is the plain form."""
    zone: tzinfo
    zone_name: str
    decimal: str
    thousands: str
    roles: Mapping[str, tuple[str, tuple[str, ...]]]
    """Slug -> name and the capabilities that are granted."""
    is_half_migrated: bool
    """Orders wait to be taken over from EDD 2's posts."""
    edd_version: str
    settings: Mapping[str, Any]
    """Values for ShopSettings, those alone that come from the shop; not the dialect."""

    def to_utc(self, local: str) -> str:
        """A reading of the shop's clock, 'YYYY-MM-DD HH:MM:SS', in UTC."""
        moment = datetime.fromisoformat(local).replace(tzinfo=self.zone)
        try:
            return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
        except OverflowError:
            return local


class OptionPart:
    """Takes the options' table; `read` gives what it says."""

    COLUMNS = ("option_name", "option_value")

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._values: dict[str, str] = {}

    def take(self, rows: Iterable[Row]) -> None:
        for name, value in rows:
            if name and (name in KEPT_OPTIONS or name.endswith("user_roles")):
                self._values[name] = value or ""

    def has_home(self) -> bool:
        return bool(self._values.get("home") or self._values.get("siteurl"))

    def read(self, prefix: str, site: str) -> ShopOptions:
        """`site` is the number of a network's site, "" for the main one or a site that stands alone."""
        edd = self._get_map("edd_settings")
        setting = {str(name): as_text(value) for name, value in edd.items() if not isinstance(value, dict)}
        home = (self._values.get("home") or self._values.get("siteurl") or "").rstrip("/")
        zone_name, zone = self._get_zone()
        decimal, thousands = (
            setting.get("decimal_separator") or ".",
            setting.get("thousands_separator") or ",",
        )
        version = self._values.get("edd_version", "")
        settings = {
            "name": decode_entities(self._values.get("blogname", ""))[:255] or home[:255],
            "url": home[:255],
            "timezone": zone_name,
            "week_start": take_whole(self._values.get("start_of_week"), 1) % 7,
            "currency": (setting.get("currency") or _CURRENCY)[:20],
            "currency_position": "after" if setting.get("currency_position") == "after" else "before",
            "decimal_separator": decimal[:5],
            "thousands_separator": thousands[:5],
            "skus_enabled": is_true(setting.get("enable_skus")),
            "sequential_numbers": is_true(setting.get("enable_sequential")),
            "taxes_enabled": is_true(setting.get("enable_taxes")),
            "prices_include_tax": setting.get("prices_include_tax") in ("yes", "1"),
            "test_mode": is_true(setting.get("test_mode")),
            "default_version": "v2" if self._values.get("edd_default_api_version") == "v2" else "v1",
            "edd_version": version[:40],
            "log_public_requests": is_true(setting.get("enable_public_request_logs")),
            "user_keys_allowed": is_true(setting.get("api_allow_user_keys")),
        }
        return ShopOptions(
            prefix=prefix,
            home=home,
            uploads=self._get_uploads(site),
            permalinks=self._values.get("permalink_structure", ""),
            zone=zone,
            zone_name=zone_name,
            decimal=decimal,
            thousands=thousands,
            roles=self._get_roles(prefix),
            is_half_migrated=is_true(self._values.get("edd_v3_migration_pending")),
            edd_version=version,
            settings=settings,
        )

    def _get_map(self, name: str) -> dict[int | str, Any]:
        try:
            return as_map(unserialize(self._values.get(name, "")))
        except PhpValueError:
            self._findings.leave_out(
                f"the option {name}", "its value is damaged; defaults stand in its place"
            )
            return {}

    def _get_zone(self) -> tuple[str, tzinfo]:
        """A zone by name, else the fixed offset that WordPress keeps in hours, else UTC ([3.6] 3.6)."""
        for name in ("timezone_string", "gmt_offset"):
            text = self._values.get(name, "").strip()
            if not text:
                continue
            try:
                zone = parse_zone(text)
            except ZoneError:
                self._findings.leave_out(f"the time zone {text}", "no such zone is known here")
                continue
            return (text if name == "timezone_string" else _get_offset_name(zone)), zone
        return "UTC", UTC

    def _get_uploads(self, site: str) -> str:
        """Where WordPress says that uploads are ([3.6] 7.1): an address of their own, or a folder of the
        site."""
        own = self._values.get("upload_url_path", "").strip()
        siteurl = (self._values.get("siteurl") or self._values.get("home") or "").rstrip("/")
        path = self._values.get("upload_path", "").strip()
        if own:
            base = own
        elif not path or path == "wp-content/uploads" or path.startswith("/"):
            base = f"{siteurl}/wp-content/uploads"
        else:
            base = f"{siteurl}/{path}"
        return base.rstrip("/") + (f"/sites/{site}" if site else "")

    def _get_roles(self, prefix: str) -> dict[str, tuple[str, tuple[str, ...]]]:
        roles = {}
        for slug, role in self._get_map(f"{prefix}user_roles").items():
            members = as_map(role)
            granted = (str(name) for name, held in as_map(members.get("capabilities")).items() if held)
            roles[str(slug)] = (as_text(members.get("name")) or str(slug), tuple(granted))
        return roles


def _get_offset_name(zone: tzinfo) -> str:
    offset = zone.utcoffset(None)
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    if not minutes:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
