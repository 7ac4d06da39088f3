"""The shop's settings: what they take, and the sentence for what they don't."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from tillroll.shop.models import Revision, ShopSettings
from tillroll.shop.services import change_settings, get_settings

pytestmark = pytest.mark.django_db


def test_a_new_shop_has_defaults_that_are_not_saved() -> None:
    settings = get_settings()

    assert (settings.dialect, settings.default_version, settings.timezone) == ("documented", "v1", "UTC")
    assert not ShopSettings.objects.exists()


def test_a_change_leaves_the_other_settings() -> None:
    change_settings(name="Ann's", timezone="Europe/Paris")
    change_settings(currency="EUR", week_start="0")

    saved = ShopSettings.objects.get()
    assert (saved.name, saved.timezone, saved.currency, saved.week_start) == (
        "Ann's",
        "Europe/Paris",
        "EUR",
        0,
    )
    assert Revision.objects.get(topic="settings").number == 2


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("timezone", "Mars/Base", "'Mars/Base' is not a time zone: give a name such as America/New_York,"
         " or an offset such as +5.5 or -03:30."),
        ("timezone", "+15", "The time zone offset '+15' is outside -12:00 to +14:00."),
        ("timezone", "", "This field cannot be blank."),
        ("currency_position", "left", "The currency's position is `before` or `after`."),
        ("week_start", 7, "The first day of the week is 0 (Sunday) to 6 (Saturday)."),
        ("week_start", -1, "The first day of the week is 0 (Sunday) to 6 (Saturday)."),
        ("week_start", "Monday", "“Monday” value must be an integer."),
        ("dialect", "edd4", "Value 'edd4' is not a valid choice."),
        ("default_version", "v3", "Value 'v3' is not a valid choice."),
        ("currency", "", "This field cannot be blank."),
        ("decimal_separator", "", "This field cannot be blank."),
        ("skus_enabled", "maybe", "“maybe” value must be either True or False."),
        ("url", "shop.example", "The shop's address begins with http:// or https://."),
        ("url", "javascript:alert(1)", "The shop's address begins with http:// or https://."),
        ("name", "x" * 256, "Ensure this value has at most 255 characters (it has 256)."),
        ("log_keep_days", -1, "Ensure this value is greater than or equal to 0."),
        ("log_keep_days", "long", "“long” value must be an integer."),
        ("log_keep_megabytes", 2_147_483_648, "Ensure this value is less than or equal to 2147483647."),
        ("auto_keys", "somebody", "Value 'somebody' is not a valid choice."),
        ("auto_key_roles", "shop_vendor", "A list of roles is wanted, such as shop_vendor."),
        ("auto_key_roles", [1], "A list of roles is wanted, such as shop_vendor."),
        ("cors_origins", "https://shop.example", "A list of origins is wanted, each like https://shop.example,"
         " without a path."),
        ("cors_origins", ["*"], "A list of origins is wanted, each like https://shop.example,"
         " without a path."),
        ("cors_origins", ["https://a.example/"], "A list of origins is wanted, each like https://shop.example,"
         " without a path."),
        ("cors_origins", [1], "A list of origins is wanted, each like https://shop.example, without a path."),
        ("cors_origins", {"https://a.example": 1}, "A list of origins is wanted, each like"
         " https://shop.example, without a path."),
    ],
)  # fmt: skip
def test_a_value_that_means_nothing_is_refused_in_a_sentence(name: str, value: Any, sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        change_settings(**{name: value})

    assert refused.value.message_dict == {name: [sentence]}
    assert not ShopSettings.objects.exists()
    assert not Revision.objects.exclude(topic="store").exists()


@pytest.mark.parametrize("name", ["colour", "id", "pk"])
def test_an_unknown_setting_is_refused_with_those_that_exist(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        change_settings(**{name: 1})

    ((sentence,),) = refused.value.message_dict.values()
    assert sentence.startswith(
        "There is no such setting; there are auto_key_roles, auto_keys, cors_origins, "
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Paris", "+5.5", "-03:30", "UTC+5:45", "+14", "-12"])
def test_zones_are_taken_by_name_and_by_offset(zone: str) -> None:
    assert change_settings(timezone=zone).timezone == zone


def test_origins_are_taken_as_browsers_send_them() -> None:
    origins = ["https://shop.example", "http://localhost:3000"]

    assert change_settings(cors_origins=origins).cors_origins == origins
