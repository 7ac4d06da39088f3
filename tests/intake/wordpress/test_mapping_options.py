"""The shop's settings, from WordPress' options and EDD's."""

import pytest

from tests.intake.wordpress.sites import Site
from tests.intake.wordpress.taking import get_left_out, take
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import OptionPart, ShopOptions
from tillroll.shop.services import change_settings, get_settings

needs_store = pytest.mark.django_db(databases=["default", "logs"])


def read(site: str = "", prefix: str = "wp_", **values: str | None) -> ShopOptions:
    part = OptionPart(Findings())
    options = {"home": "https://shop.example/", "siteurl": "https://shop.example/core", **values}
    part.take((name, value) for name, value in options.items() if value is not None)
    return part.read(prefix, site)


def serialize(**members: str) -> str:
    pairs = "".join(
        f's:{len(name)}:"{name}";s:{len(value.encode())}:"{value}";' for name, value in members.items()
    )
    return f"a:{len(members)}:{{{pairs}}}"


def test_a_shop_that_was_never_set_up_has_edds_defaults() -> None:
    assert read().settings == {
        "name": "https://shop.example",
        "url": "https://shop.example",
        "timezone": "UTC",
        "week_start": 1,
        "currency": "USD",
        "currency_position": "before",
        "decimal_separator": ".",
        "thousands_separator": ",",
        "skus_enabled": False,
        "sequential_numbers": False,
        "taxes_enabled": False,
        "prices_include_tax": False,
        "test_mode": False,
        "default_version": "v1",
        "edd_version": "",
        "log_public_requests": False,
        "user_keys_allowed": False,
    }


def test_what_a_shop_was_set_to_is_taken_over() -> None:
    options = read(
        blogname="Caf&eacute; &amp; Pine",
        timezone_string="Europe/Paris",
        start_of_week="0",
        edd_default_api_version="v2",
        edd_version="3.6.5",
        edd_settings=serialize(
            currency="EUR",
            currency_position="after",
            decimal_separator=",",
            thousands_separator=" ",
            enable_skus="1",
            enable_sequential="1",
            enable_taxes="1",
            prices_include_tax="yes",
            test_mode="1",
            enable_public_request_logs="1",
            api_allow_user_keys="1",
        ),
    )
    assert options.settings == {
        "name": "Café & Pine",
        "url": "https://shop.example",
        "timezone": "Europe/Paris",
        "week_start": 0,
        "currency": "EUR",
        "currency_position": "after",
        "decimal_separator": ",",
        "thousands_separator": " ",
        "skus_enabled": True,
        "sequential_numbers": True,
        "taxes_enabled": True,
        "prices_include_tax": True,
        "test_mode": True,
        "default_version": "v2",
        "edd_version": "3.6.5",
        "log_public_requests": True,
        "user_keys_allowed": True,
    }


@pytest.mark.parametrize(
    ("included", "truth"), [("yes", True), ("1", True), ("no", False), ("", False), ("0", False)]
)
def test_whether_prices_include_tax_is_a_word_or_a_number(included: str, truth: bool) -> None:
    assert read(edd_settings=serialize(prices_include_tax=included)).settings["prices_include_tax"] is truth


def test_an_empty_separator_is_the_default_one() -> None:
    options = read(edd_settings=serialize(decimal_separator="", thousands_separator=""))
    assert (options.decimal, options.thousands) == (".", ",")
    assert options.settings["thousands_separator"] == ","


@pytest.mark.parametrize(
    ("named", "offset", "zone"),
    [
        ("Asia/Tokyo", "5", "Asia/Tokyo"),
        ("", "5.5", "+05:30"),
        ("", "-3.5", "-03:30"),
        ("", "-12", "-12:00"),
        ("", "14", "+14:00"),
        ("", "0", "UTC"),
        ("", "", "UTC"),
        ("Mars/Olympus", "2", "+02:00"),
        ("Mars/Olympus", "", "UTC"),
        ("", "99", "UTC"),
    ],
)
def test_the_zone_is_a_name_else_an_offset_else_utc(named: str, offset: str, zone: str) -> None:
    options = read(timezone_string=named, gmt_offset=offset)
    assert options.settings["timezone"] == options.zone_name == zone


def test_a_reading_of_the_shops_clock_is_put_in_utc() -> None:
    options = read(timezone_string="America/New_York")
    assert options.to_utc("2025-07-01 12:00:00") == "2025-07-01 16:00:00"
    assert options.to_utc("2025-01-01 20:00:00") == "2025-01-02 01:00:00"
    assert read(gmt_offset="5.5").to_utc("2025-01-01 00:00:00") == "2024-12-31 18:30:00"
    assert read(gmt_offset="5.5").to_utc("0001-01-01 00:00:00") == "0001-01-01 00:00:00"


@pytest.mark.parametrize(
    ("own", "path", "site", "uploads"),
    [
        ("", "", "", "https://shop.example/core/wp-content/uploads"),
        ("", "wp-content/uploads", "", "https://shop.example/core/wp-content/uploads"),
        ("", "/srv/www/files", "", "https://shop.example/core/wp-content/uploads"),
        ("", "files", "", "https://shop.example/core/files"),
        ("https://cdn.example/up/", "files", "", "https://cdn.example/up"),
        ("", "", "2", "https://shop.example/core/wp-content/uploads/sites/2"),
    ],
)
def test_uploads_are_where_wordpress_says(own: str, path: str, site: str, uploads: str) -> None:
    assert read(site, upload_url_path=own, upload_path=path).uploads == uploads


def test_only_capabilities_that_are_granted_make_a_role() -> None:
    roles = (
        'a:2:{s:6:"keeper";a:2:{s:4:"name";s:10:"The Keeper";s:12:"capabilities";'
        'a:2:{s:17:"view_shop_reports";b:1;s:4:"read";b:0;}}s:4:"bare";a:0:{}}'
    )
    options = read(prefix="x_", x_user_roles=roles, wp_user_roles="a:0:{}")
    assert options.roles == {"keeper": ("The Keeper", ("view_shop_reports",)), "bare": ("bare", ())}


@needs_store
def test_a_damaged_option_stands_aside_for_the_defaults() -> None:
    site = Site()
    site.set_options(edd_settings='a:1:{s:8:"currency";s:9:"EUR";}')
    summary = take(site)
    assert get_settings().currency == "USD"
    assert get_left_out(summary)["the option edd_settings"][0] == 1


@needs_store
def test_the_dialect_is_edd3_at_first_and_the_owners_from_then_on() -> None:
    site = Site()
    take(site)
    assert get_settings().dialect == "edd3"
    change_settings(dialect="documented", log_requests=False)
    site.set_options(blogname="Shop two")
    take(site)
    settings = get_settings()
    assert (settings.name, settings.dialect, settings.log_requests) == ("Shop two", "documented", False)
