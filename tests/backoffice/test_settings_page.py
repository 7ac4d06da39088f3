"""The settings' page: every setting, what is wrong beside its field, and what a change changes besides."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.backoffice.conftest import Login, get_text
from tests.backoffice.forms import get_self, post
from tests.shops import setup_line, setup_mirror, setup_order, setup_product, setup_settings
from tillroll.access.models import AuditEntry
from tillroll.backoffice.setting_fields import SettingsForm, list_groups
from tillroll.shop.models import ShopSettings
from tillroll.shop.services import get_settings
from tillroll.shop.services.mirror import SOURCE_SETTINGS
from tillroll.stats.reconcile import Reconciliation

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAGE = "/admin/shop/shopsettings/1/change/"
NAMES = [field.name for field in ShopSettings._meta.fields if not field.primary_key]


@pytest.fixture
def client(login: Login) -> Client:
    return login("shop_manager")


def fill(**changes: Any) -> dict[str, Any]:
    """The form as it comes, with some fields filled in otherwise; False is a box without a tick."""
    form = SettingsForm(settings=get_settings())
    values = {name: form[name].value() for name in form.fields}
    values = {name: "\n".join(value) if name == "cors_origins" else value for name, value in values.items()}
    return {name: value for name, value in {**values, **changes}.items() if value is not False}


def save(client: Client, **changes: Any) -> str:
    return post(client, PAGE, **fill(**changes))


def read_error(page: str, name: str) -> str:
    """The sentence beside a field."""
    place = page.index(f'name="{name}"')
    return " ".join(re.sub(r"<[^>]+>", " ", page[place : place + 6_000]).split())


def test_every_setting_is_on_the_page_with_its_explanation(client: Client) -> None:
    page = get_text(client, PAGE)
    assert [name for name in NAMES if f'name="{name}"' not in page] == []
    assert sorted(name for _, names in list_groups() for name in names) == sorted(NAMES)
    form = SettingsForm(settings=get_settings())
    without = {name for name, field in form.fields.items() if not field.help_text}
    assert without == {"currency_position"}


VALUES: dict[str, tuple[Any, Any]] = {
    "name": ("Paper Lantern", "Paper Lantern"),
    "url": ("https://shop.example", "https://shop.example"),
    "week_start": ("0", 0),
    "test_mode": ("on", True),
    "currency_position": ("after", "after"),
    "decimal_separator": (";", ";"),
    "thousands_separator": (" ", " "),
    "taxes_enabled": ("on", True),
    "prices_include_tax": ("on", True),
    "skus_enabled": ("on", True),
    "default_version": ("v2", "v2"),
    "edd_version": ("3.6.5", "3.6.5"),
    "query_credentials": (False, False),
    "open_download_logs": ("on", True),
    "cors_origins": ("https://a.example\n\nhttps://b.example", ["https://a.example", "https://b.example"]),
    "public_max_age": ("60", 60),
    "user_keys_allowed": ("on", True),
    "auto_keys": ("everybody", "everybody"),
    "auto_key_roles": (["shop_vendor"], ["shop_vendor"]),
    "log_requests": (False, False),
    "log_public_requests": ("on", True),
    "log_keep_days": ("7", 7),
    "log_keep_megabytes": ("0", 0),
    "mirror_max_age": ("600", 600),
}


@pytest.mark.parametrize("name", VALUES)
def test_a_setting_is_saved_alone_and_noted(name: str, client: Client) -> None:
    given, kept = VALUES[name]
    before = {one: getattr(get_settings(), one) for one in NAMES}
    assert save(client, **{name: given}) == PAGE
    after = {one: getattr(get_settings(), one) for one in NAMES}
    assert after == {**before, name: kept}
    noted = AuditEntry.objects.get()
    assert (noted.action, noted.kind, noted.actor_name) == (
        "changed", "shop.shopsettings", get_self(client).username,
    )  # fmt: skip
    assert [change[0] for change in noted.changes] == [name]


def test_the_trail_has_the_old_value_and_the_new_one(client: Client) -> None:
    save(client, name="Paper Lantern", skus_enabled="on")
    assert AuditEntry.objects.get().changes == [
        ["name", "My shop", "Paper Lantern"], ["skus_enabled", "no", "yes"],
    ]  # fmt: skip
    assert "My shop → Paper Lantern" in unescape(get_text(client, PAGE))


def test_what_is_as_it_was_is_not_saved(client: Client) -> None:
    assert save(client) == PAGE
    assert not ShopSettings.objects.exists()
    assert not AuditEntry.objects.exists()


WRONG = {
    "name": ("", "This field is required."),
    "url": ("shop.example", "The shop's address begins with http:// or https://."),
    "timezone": ("Mars/Base", "'Mars/Base' is not a time zone: give a name such as America/New_York"),
    "currency": ("E1", "E1 is no currency's code: letters are wanted, such as EUR."),
    "decimal_separator": ("", "A sign is wanted, such as a point or a comma."),
    "thousands_separator": (".", "It can't be the same as the decimal separator."),
    "dialect": ("latin", "Choose one of the list; latin is not in it."),
    "cors_origins": ("shop.example", "each like https://shop.example, without a path."),
    "public_max_age": ("soon", "A whole number is wanted."),
    "log_keep_days": ("40000", "At most 36500 days; 0 keeps all lines."),
    "log_keep_megabytes": ("", "A whole number is wanted; 0 is one."),
    "mirror_max_age": ("-1", "A number from 0 up is wanted."),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_value_gets_a_sentence_beside_its_field(name: str, client: Client) -> None:
    given, sentence = WRONG[name]
    assert sentence in read_error(save(client, **{name: given}), name)
    assert not ShopSettings.objects.exists()
    assert not AuditEntry.objects.exists()


def test_keys_for_chosen_roles_want_a_role(client: Client) -> None:
    page = save(client, auto_keys="roles", auto_key_roles=[])
    assert "Tick at least one role, or choose another answer above." in page


def read_confirmation(page: str) -> dict[str, Any]:
    """What a confirmation sends when its answer is yes."""
    body = page[page.index('<form method="post">') :]
    kept: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', body, re.DOTALL):
        kept.setdefault(name, []).append(unescape(value))
    seal = re.search(r'name="confirmed" value="([^"]+)"', body)
    assert seal
    kept.pop("csrfmiddlewaretoken", None)
    return {**kept, "confirmed": unescape(seal[1])}


def setup_evening_sales() -> None:
    """Two orders that are on another day in Tokyo, and one that is not."""
    product = setup_product()
    for hour in (14, 15, 23):
        setup_order(setup_line(product, "10"), at=datetime(2026, 3, 4, hour, 30, tzinfo=UTC))


def test_another_zone_says_which_orders_move_before_it_is_saved(client: Client) -> None:
    setup_evening_sales()
    asked = client.post(PAGE, fill(timezone="Asia/Tokyo")).content.decode()
    assert "Time zone: UTC becomes Asia/Tokyo" in asked
    assert "2 of 3 orders and refunds fall on another day." in asked
    assert get_settings().timezone == "UTC"
    assert post(client, PAGE, **read_confirmation(asked)) == PAGE
    assert get_settings().timezone == "Asia/Tokyo"
    assert list(Reconciliation()) == []
    assert AuditEntry.objects.get().changes == [["timezone", "UTC", "Asia/Tokyo"]]


def test_an_answer_is_to_what_was_asked_alone(client: Client) -> None:
    asked = client.post(PAGE, fill(timezone="Asia/Tokyo")).content.decode()
    answer = {**read_confirmation(asked), "timezone": "Europe/Paris"}
    assert "Time zone: UTC becomes Europe/Paris" in post(client, PAGE, **answer)
    setup_settings(timezone="Asia/Kolkata")
    again = post(client, PAGE, **read_confirmation(asked))
    assert "Time zone: Asia/Kolkata becomes Asia/Tokyo" in again
    assert get_settings().timezone == "Asia/Kolkata"


def test_one_can_go_back_to_the_form_with_what_was_filled_in(client: Client) -> None:
    asked = client.post(PAGE, fill(timezone="Asia/Tokyo", name="Lantern")).content.decode()
    answer = read_confirmation(asked)
    del answer["confirmed"]
    page = post(client, PAGE, **answer, again="1")
    assert 'value="Asia/Tokyo"' in page
    assert 'value="Lantern"' in page
    assert get_settings().timezone == "UTC"


def test_another_dialect_shows_a_sale_in_both_forms(client: Client) -> None:
    order = setup_order(setup_line(setup_product(), "19.99"))
    asked = client.post(PAGE, fill(dialect="edd3")).content.decode()
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", unescape(asked))
    assert cells[:6] == [str(order.pk), f'"{order.pk}"', '"19.99"', '"19.990000000"', "0", '"0.000000000"']
    assert post(client, PAGE, **read_confirmation(asked)) == PAGE
    back = unescape(client.post(PAGE, fill(dialect="documented")).content.decode())
    assert re.findall(r"<td[^>]*>([^<]*)</td>", back)[:2] == [f'"{order.pk}"', str(order.pk)]


def test_another_currency_says_that_no_amount_is_converted(client: Client) -> None:
    setup_order(setup_line(setup_product(), "10"))
    asked = client.post(PAGE, fill(currency="jpy")).content.decode()
    assert "No amount is converted: 1 orders and refunds keep their numbers" in asked
    assert "1 of them were paid in another currency than JPY." in asked
    assert "Amounts are shown with 0 decimals instead of 2." in asked
    assert post(client, PAGE, **read_confirmation(asked)) == PAGE
    assert get_settings().currency == "JPY"


def test_sequential_numbers_show_the_latest_sale_before_and_after(client: Client) -> None:
    order = setup_order(setup_line(setup_product(), "10"), number="INV-0007")
    asked = unescape(client.post(PAGE, fill(sequential_numbers="on")).content.decode())
    assert re.findall(r"<td[^>]*>([^<]*)</td>", asked) == [str(order.pk), "INV-0007"]


def test_a_mirrored_shop_shows_what_its_source_decides_and_keeps_it(client: Client) -> None:
    mirror = setup_mirror(timezone.now())
    page = unescape(get_text(client, PAGE))
    assert page.count(f"{mirror.source.name} decides it; change it there.") == len(SOURCE_SETTINGS)
    assert save(client, name="Another", log_keep_days="7") == PAGE
    assert (get_settings().name, get_settings().log_keep_days) == ("Mirrored", 7)


def test_nobody_else_saves_and_no_form_without_its_token(login: Login) -> None:
    assert login("shop_accountant").post(PAGE, fill(name="Mine")).status_code == 403
    careful = login("shop_manager", enforce_csrf_checks=True)
    assert careful.post(PAGE, fill(name="Mine")).status_code == 403
    assert get_settings().name == "My shop"
