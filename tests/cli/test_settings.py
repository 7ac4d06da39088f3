"""The shop's settings on the command line."""

import pytest

from tests.cli.conftest import Invoke
from tillroll.shop.models import ShopSettings
from tillroll.shop.services import get_settings

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.mark.parametrize(
    ("name", "text", "value", "shown"),
    [
        ("timezone", "Europe/Paris", "Europe/Paris", "Europe/Paris"),
        ("timezone", "+05:30", "+05:30", "+05:30"),
        ("skus_enabled", "yes", True, "yes"),
        ("log_requests", "Off", False, "no"),
        ("week_start", "0", 0, "0"),
        ("dialect", "edd3", "edd3", "edd3"),
        (
            "cors_origins", "https://a.example, https://b.example", ["https://a.example", "https://b.example"],
            "https://a.example, https://b.example",
        ),
        ("thousands_separator", "", "", "empty"),
        ("auto_keys", "roles", "roles", "roles"),
        (
            "auto_key_roles", "shop_vendor,shop_worker", ["shop_vendor", "shop_worker"],
            "shop_vendor, shop_worker",
        ),
        ("auto_key_roles", "", [], "empty"),
        ("log_keep_days", "0", 0, "0"),
        ("log_keep_megabytes", "250", 250, "250"),
        ("user_keys_allowed", "yes", True, "yes"),
    ],
)  # fmt: skip
def test_a_setting_takes_what_its_kind_takes(
    invoke: Invoke, name: str, text: str, value: object, shown: str
) -> None:
    assert invoke("settings", "set", name, text).stdout == f"{name} is now {shown}.\n"
    assert getattr(get_settings(), name) == value


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("timezone", "Mars/Olympus", "timezone: 'Mars/Olympus' is not a time zone"),
        ("skus_enabled", "perhaps", "skus_enabled takes yes or no, not perhaps."),
        ("week_start", "Monday", "must be an integer"),
        ("dialect", "edd4", "dialect: "),
        ("auto_keys", "somebody", "auto_keys: "),
        ("auto_key_roles", "shop_vendor, boss", "There is no role boss; the roles are administrator, "),
        ("log_keep_days", "long", "must be an integer"),
        ("log_keep_megabytes", "99999999999", "log_keep_megabytes: "),
        ("currency_position", "above", "currency_position: The currency's position is `before` or `after`."),
        ("id", "2", "There is no setting id; the settings are auto_key_roles, auto_keys, "),
        ("colour", "red", "There is no setting colour; the settings are auto_key_roles, auto_keys, "),
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(
    invoke: Invoke, name: str, text: str, words: str
) -> None:
    assert words in invoke("settings", "set", name, text, code=2).stderr
    assert not ShopSettings.objects.exists()


def test_the_list_shows_every_setting_with_its_value(invoke: Invoke) -> None:
    invoke("settings", "set", "name", "Paper & Ink")
    lines = invoke("settings", "list").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines if line}
    fields = [field.name for field in ShopSettings._meta.fields if field.name != "id"]
    assert [line.split()[0] for line in lines if line][2:] == fields
    assert "Paper & Ink" in rows["name"]
    assert rows["dialect"].split()[1] == "documented"
    assert rows["dialect"].rstrip().endswith("documented | edd3")
    assert rows["log_requests"].split()[1] == "yes"
