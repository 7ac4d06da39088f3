"""The shop's settings as fields of a form, in the groups in which they are thought of. A setting that no
group names stands in the last one: none is left out."""

import re
from collections.abc import Iterable
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from tillroll.access.models import Role
from tillroll.backoffice.fields import choice, whole
from tillroll.backoffice.forms import PageForm, text, tick, ticks
from tillroll.shop.models import AutoKeys, Dialect, ShopSettings
from tillroll.shop.services import get_mirror
from tillroll.shop.services.mirror import SOURCE_SETTINGS

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

# fmt: off
CURRENCIES = (
    "AED", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP", "HKD",
    "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN", "PHP", "PLN",
    "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
)
# fmt: on
"""What the field offers; any other code is taken too."""

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Shop", ("name", "url", "timezone", "week_start", "test_mode")),
    (
        "Money",
        (
            "currency",
            "currency_position",
            "decimal_separator",
            "thousands_separator",
            "taxes_enabled",
            "prices_include_tax",
        ),
    ),
    ("Products and orders", ("skus_enabled", "sequential_numbers")),
    (
        "API",
        (
            "dialect",
            "default_version",
            "edd_version",
            "query_credentials",
            "open_download_logs",
            "cors_origins",
            "public_max_age",
        ),
    ),
    ("API keys", ("user_keys_allowed", "auto_keys", "auto_key_roles")),
    ("Request log", ("log_requests", "log_public_requests", "log_keep_days", "log_keep_megabytes")),
    ("Mirror", ("mirror_max_age",)),
)

_CURRENCY = re.compile(r"[A-Za-z]{3,20}")


def list_zones() -> list[str]:
    """What the field for the zone offers: names of places, and whole and half hours."""
    names = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    offsets = [
        f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"
        for minutes in range(-12 * 60, 14 * 60 + 1, 30)
    ]
    return ["UTC", *names, *offsets]


class Lines(forms.CharField):
    """Texts, one a line."""

    def __init__(self, label: str, help_text: str) -> None:
        widget = UnfoldAdminTextareaWidget(attrs={"rows": 3, "spellcheck": "false"})
        super().__init__(label=label, help_text=help_text, required=False, widget=widget, max_length=10_000)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        return [line.strip() for line in re.split(r"[\n,]", super().clean(value)) if line.strip()]


def _spaced(label: str, help_text: str, *, required: bool) -> Any:
    """A separator, which may be a space."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        strip=False,
        max_length=5,
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
        error_messages={"required": "A sign is wanted, such as a point or a comma."},
    )


def _number(label: str, help_text: str) -> Any:
    field = whole(label, help_text)
    field.required = True
    field.error_messages["required"] = "A whole number is wanted; 0 is one."
    return field


def _week_start() -> Any:
    return forms.TypedChoiceField(
        label="Weeks begin on",
        choices=list(enumerate(DAYS)),
        coerce=int,
        help_text="What this week and last week are, in the documented dialect; edd3 begins them on Monday.",
        widget=choice("", ()).widget,
    )


def make_fields(settings: ShopSettings) -> dict[str, Any]:
    """A field for each setting, with what it does."""
    url_hint = "The shop's home page, with http:// or https://."
    zone_hint = "Decides where days begin: a place such as Europe/Paris, or an offset such as +05:30."
    known: dict[str, Any] = {
        "name": text("Name", "The shop's name.", required=True, most=255),
        "url": text("Address", url_hint, required=True, most=255, inputmode="url"),
        "timezone": text("Time zone", zone_hint, required=True, most=64, list="zones", autocomplete="off"),
        "week_start": _week_start(),
        "test_mode": tick("Test mode", "The shop takes test payments."),
        "currency": text(
            "Currency",
            "Its code, such as EUR. It also decides how many decimals amounts have.",
            required=True,
            most=20,
            list="currencies",
            autocomplete="off",
        ),
        "currency_position": choice(
            "Currency sign", (("before", "Before the amount"), ("after", "Behind the amount"))
        ),
        "decimal_separator": _spaced("Decimal separator", "Between whole and part.", required=True),
        "thousands_separator": _spaced(
            "Thousands separator", "Between thousands; may be empty.", required=False
        ),
        "taxes_enabled": tick("Taxes", "The shop takes taxes."),
        "prices_include_tax": tick("Prices include tax", "Prices are written with tax."),
        "skus_enabled": tick("SKUs", "Products show their SKU in the API (version 2)."),
        "sequential_numbers": tick("Sequential order numbers", "Sales show their order number as ID."),
        "dialect": choice(
            "Dialect",
            Dialect.choices,
            "Which clients the API answers: those of EDD 3, as today's mobile apps are, or those that are"
            " written against the published reference.",
        ),
        "default_version": choice(
            "Version of addresses without one",
            (("v1", "Version 1"), ("v2", "Version 2")),
            "Of the edd3 dialect; always 1 in the documented one.",
        ),
        "edd_version": text("EDD version", "What info says; empty: 3.6.5.", most=40),
        "query_credentials": tick(
            "Keys in addresses", "Key and token are taken from the query; else from forms and headers alone."
        ),
        "open_download_logs": tick(
            "Open download log", "Any key may read file-download-logs, the buyers' addresses included."
        ),
        "cors_origins": Lines(
            "Origins that browsers may call from", "One a line, such as https://app.example, without a path."
        ),
        "public_max_age": _number(
            "Public products may be kept for",
            "Seconds for which anybody, a proxy too, keeps them without asking again; 0 has them ask.",
        ),
        "user_keys_allowed": tick(
            "Users may make keys", "Whoever can log in may make API keys of their own."
        ),
        "auto_keys": choice("A key for new users", AutoKeys.choices, "Made when the user is."),
        "auto_key_roles": ticks("Chosen roles", _list_roles(settings), "For users of chosen roles, above."),
        "log_requests": tick("Log API requests", "Those that name a key."),
        "log_public_requests": tick("Log public requests", "Those for products without a key, too."),
        "log_keep_days": _number(
            "Keep lines for", "Days, after which they are removed at night; 0 keeps them."
        ),
        "log_keep_megabytes": _number(
            "Keep at most", "Millions of bytes, about; the oldest lines go first. 0 sets no limit."
        ),
        "mirror_max_age": _number(
            "Oldest records that are answered from",
            "Seconds behind the mirrored shop, after which the API answers 503 instead; 0 always answers.",
        ),
    }
    for field in ShopSettings._meta.fields:
        if not field.primary_key and field.name not in known:
            known[field.name] = _make_plain(field)
    return known


def list_groups() -> list[tuple[str, list[str]]]:
    """The groups with the names of their settings."""
    grouped = {name for _, names in GROUPS for name in names}
    rest = [one.name for one in ShopSettings._meta.fields if not one.primary_key and one.name not in grouped]
    return [*((title, list(names)) for title, names in GROUPS), *([("More", rest)] if rest else [])]


def _make_plain(field: Any) -> Any:
    """A setting that has no field of its own here."""
    label, hint = str(field.verbose_name).capitalize(), str(field.help_text)
    kind = field.get_internal_type()
    if kind == "BooleanField":
        return tick(label, hint)
    if field.choices:
        return choice(label, field.choices, hint)
    if kind == "JSONField":
        return Lines(label, hint)
    if "Integer" in kind:
        return _number(label, hint)
    return text(label, hint, required=not field.blank, most=field.max_length or 1_000)


def _list_roles(settings: ShopSettings) -> Iterable[tuple[str, str]]:
    known = dict(Role.objects.order_by("name").values_list("slug", "name"))
    return [*known.items(), *((slug, slug) for slug in settings.auto_key_roles if slug not in known)]


class SettingsForm(PageForm):
    """All settings. What the source of a mirrored shop decides can be seen, not changed."""

    def __init__(self, data: Any = None, *, settings: ShopSettings) -> None:
        self.settings = settings
        fields = make_fields(settings)
        super().__init__(data, initial={name: getattr(settings, name) for name in fields})
        self.fields.update(fields)
        self.mirror = get_mirror()
        if self.mirror:
            for name in SOURCE_SETTINGS & fields.keys():
                self.fields[name].disabled = True
                self.fields[name].help_text += f" {self.mirror.source.name} decides it; change it there."

    def clean_currency(self) -> str:
        code: str = self.cleaned_data["currency"]
        if not _CURRENCY.fullmatch(code):
            raise ValidationError(f"{code} is no currency's code: letters are wanted, such as EUR.")
        return code.upper()

    def clean(self) -> dict[str, Any]:
        found = self.cleaned_data
        if found.get("decimal_separator") and found.get("decimal_separator") == found.get(
            "thousands_separator"
        ):
            self.add_error("thousands_separator", "It can't be the same as the decimal separator.")
        if found.get("auto_keys") == AutoKeys.ROLES and not found.get("auto_key_roles"):
            self.add_error("auto_key_roles", "Tick at least one role, or choose another answer above.")
        return found

    def get_changes(self) -> dict[str, Any]:
        """The settings that are other than they were."""
        return {
            name: value for name, value in self.cleaned_data.items() if value != getattr(self.settings, name)
        }
