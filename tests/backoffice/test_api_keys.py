"""Tools > API keys: every key with its holder, rights, limits and use, and the list's export."""

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import deny, get_self
from tests.shops import (
    setup_user,
)
from tillroll.access.counting import add_counts
from tillroll.access.digests import Pair
from tillroll.access.models import ApiKey, KeyUse, Role
from tillroll.access.services import issue_customer_key, issue_key, revoke_key, rotate_key, set_active
from tillroll.access.states import KeyState

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

LIST = "/admin/access/apikey/"
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def url_of(key: ApiKey, page: str = "change") -> str:
    return f"/admin/access/apikey/{key.pk}/{page}/"


def status_of(pair: Pair) -> int:
    return ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status


@pytest.fixture
def client(login: Login) -> Client:
    return login("superuser")


# The list


@pytest.fixture
def family(shop: Shop) -> dict[KeyState, ApiKey]:
    """A key in each state, called as its state is."""
    keys = {state: issue_key(shop.holder, label=f"Key-{state}")[0] for state in KeyState}
    now = timezone.now()
    other = setup_user("gone", role="shop_worker")
    set_active(other, False)
    changes: dict[KeyState, dict[str, Any]] = {
        KeyState.EXPIRES: {"expires_at": now + timedelta(days=1)},
        KeyState.EXPIRED: {"expires_at": now - timedelta(days=1)},
        KeyState.REVOKED: {"revoked_at": now},
        KeyState.SHUT_OUT: {"user": other},
        KeyState.PEPPER_LOST: {"pepper_id": "0" * 8, "bearer_pepper_id": "0" * 8},
    }
    for state, change in changes.items():
        ApiKey.objects.filter(pk=keys[state].pk).update(**change)
    return keys


def test_the_list_shows_the_state_of_each_key_and_filters_by_it(
    family: dict[KeyState, ApiKey], client: Client
) -> None:
    page = get_text(client, LIST)
    for state in KeyState:
        assert f"Key-{state}<" in page
        found = get_text(client, LIST, state=state)
        assert [other for other in KeyState if f"Key-{other}<" in found] == [state]
        assert f'class="state state-{state}"' in found


def test_a_state_says_whether_the_key_answers(client: Client, shop: Shop) -> None:
    pairs = {}
    for state in (KeyState.IN_FORCE, KeyState.EXPIRED, KeyState.REVOKED, KeyState.PEPPER_LOST):
        key, pairs[state] = issue_key(shop.holder)
        if state is KeyState.EXPIRED:
            ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        elif state is KeyState.PEPPER_LOST:
            ApiKey.objects.filter(pk=key.pk).update(pepper_id="0" * 8, bearer_pepper_id="0" * 8)
        elif state is KeyState.REVOKED:
            revoke_key(key)
    answers = {state: status_of(pair) for state, pair in pairs.items()}
    assert answers.pop(KeyState.IN_FORCE) == 200
    assert set(answers.values()) == {403}


def test_a_key_under_an_old_pepper_is_in_force(shop: Shop, client: Client, settings: Any) -> None:
    settings.OLD_KEY_PEPPERS = [settings.KEY_PEPPER]
    settings.KEY_PEPPER = "another"
    assert "Till app<" in get_text(client, LIST, state="in_force")
    settings.OLD_KEY_PEPPERS = []
    assert "Till app<" in get_text(client, LIST, state="pepper_lost")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"for": "user"}, {"Till app"}),
        ({"for": "service"}, {"Robot"}),
        ({"for": "customer"}, {"Buyer"}),
        ({"for": "nonsense"}, {"Till app", "Robot", "Buyer"}),
        ({"q": "robot-1"}, {"Robot"}),
        ({"q": "HOLDER@"}, {"Till app", "Buyer"}),
        ({"q": "nobody"}, set()),
    ],
)
def test_the_list_is_searched_and_filtered_by_holder(
    query: dict[str, str], found: set[str], shop: Shop, client: Client
) -> None:
    issue_key(setup_user("robot-1", is_service=True), label="Robot")
    issue_customer_key(shop.customer, label="Buyer")
    page = get_text(client, LIST, **query)
    assert {name for name in ("Till app", "Robot", "Buyer") if f"{name}<" in page} == found


def test_the_list_of_one_holder(shop: Shop, client: Client) -> None:
    issue_key(setup_user("ann"), label="Other")
    page = get_text(client, LIST, user=str(shop.holder.wire_id))
    assert "Till app<" in page
    assert "Other<" not in page
    assert "Other<" in get_text(client, LIST, user="nonsense")


def test_the_list_shows_rights_limits_and_use(shop: Shop, client: Client) -> None:
    Role.objects.filter(slug="shop_accountant").update(rate_minute=60)
    ApiKey.objects.filter(pk=shop.key.pk).update(endpoints="sales info", quota_month=1500)
    issue_customer_key(shop.customer, label="Buyer")
    with time_machine.travel(NOW, tick=False):
        KeyUse.objects.create(key_id=shop.key.pk, at=NOW - timedelta(hours=2), address="203.0.113.5")
        add_counts({(f"key:{shop.key.pk}", "2026-03"): 1234, (f"key:{shop.key.pk}", "2026-02"): 99})
        page = get_text(client, LIST)
    for words in (
        "shop_accountant",
        "only sales, info",
        "60 a minute",
        "1,500 a month",
        "2026-03-04 10:00 UTC",
        ">1,234<",
        f"only customer {shop.customer.pk}",
    ):
        assert words in page, words


def test_a_keys_page_shows_it_whole(shop: Shop, client: Client) -> None:
    key, _ = issue_key(shop.holder, label="First")
    with time_machine.travel(NOW, tick=False):
        ApiKey.objects.filter(pk=key.pk).update(
            created_at=NOW, networks="203.0.113.0/24", hidden_fields="emails"
        )
        successor, _ = rotate_key(key)
        KeyUse.objects.create(key_id=successor.pk, at=NOW, address="203.0.113.5")
        add_counts({(f"key:{key.pk}", "2026-03"): 7, (f"key:{key.pk}", "2026-03-04"): 3})
        page = get_text(client, url_of(successor))
    for words in (
        "203.0.113.0/24",
        "without e-mail addresses",
        "2026-03-04 12:00:00 UTC from 203.0.113.5",
        "3 calls today and 7 this month",
        f'href="{url_of(key)}"',
        "2026-03-11 12:00 UTC",
        "(this one)",
        f'href="/admin/access/requestlogentry/?key_id={successor.pk}"',
        f'href="{url_of(successor, "rotate")}"',
        f'href="{url_of(successor, "revoke")}"',
    ):
        assert words in page, words
    assert f'href="{url_of(key, "rotate")}"' not in get_text(client, url_of(key))
    revoke_key(successor)
    page = get_text(client, url_of(successor))
    assert "This key was revoked" in page
    assert f'href="{url_of(successor, "rotate")}"' not in page


# The export


def read_export(client: Client, **query: str) -> list[dict[str, str]]:
    reply = client.get(f"{LIST}export/", query)
    assert reply.status_code == 200
    assert reply.streaming
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(reply.getvalue().decode().splitlines()))


def test_the_export_has_every_key_of_the_list_and_no_secret(
    family: dict[KeyState, ApiKey], shop: Shop, client: Client
) -> None:
    rows = read_export(client)
    assert len(rows) == len(family) + 1
    by_label = {row["label"]: row for row in rows}
    assert {by_label[f"Key-{state}"]["state"] for state in KeyState} == set(KeyState)
    row = by_label["Till app"]
    assert (row["key"], row["holder"], row["email"]) == (
        shop.key.public_key[:6],
        "holder",
        "holder@example.com",
    )
    assert row["capabilities"] == "edit_shop_payments export_shop_reports view_shop_reports"
    reply = client.get(f"{LIST}export/").getvalue().decode()
    assert shop.key.public_key not in reply
    assert shop.key.token_digest not in reply
    assert [row["label"] for row in read_export(client, state="revoked")] == ["Key-revoked"]
    assert [row["label"] for row in read_export(client, q="till")] == ["Till app"]


def test_the_export_goes_on_past_what_it_reads_at_once(
    shop: Shop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tillroll.backoffice import key_export

    monkeypatch.setattr(key_export, "AT_ONCE", 2)
    for number in range(4):
        issue_key(shop.holder, label=f"Key {number}")
    assert len(read_export(client)) == 5


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
def test_a_spreadsheet_takes_no_label_for_a_formula(start: str, shop: Shop, client: Client) -> None:
    ApiKey.objects.filter(pk=shop.key.pk).update(label=f"{start}1+1")
    assert read_export(client)[0]["label"] == f"'{start}1+1"


def test_the_export_takes_the_right_to_export(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    assert "Export CSV" in get_text(client, LIST)
    deny(get_self(client), "export_shop_reports")
    assert "Export CSV" not in get_text(client, LIST)
    assert client.get(f"{LIST}export/").status_code == 403


def test_addresses_of_holders_are_for_those_who_may_see_them(shop: Shop, login: Login) -> None:
    Role.objects.create(
        slug="keeper", name="Keeper", capabilities=["manage_shop_settings", "export_shop_reports"]
    )
    keeper, manager = login("keeper"), login("shop_manager")
    assert {row["email"] for row in read_export(keeper)} == {""}
    assert "holder@example.com" in {row["email"] for row in read_export(manager)}
    assert "Till app" not in get_text(keeper, LIST, q="holder@example.com")
    assert "Till app" in get_text(manager, LIST, q="holder@example.com")
