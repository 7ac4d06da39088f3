"""What is done to API keys in Tools: issue, limit, rotate, revoke, and by whom."""

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import deny, get_self, post, read_form_id, read_pair, read_shown, send
from tests.shops import (
    get_key,
    setup_customer,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    setup_user,
)
from tillroll.access.digests import Pair
from tillroll.access.models import ApiKey, AuditEntry, User
from tillroll.access.services import issue_customer_key, issue_key, revoke_key, rotate_key

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

LIST = "/admin/access/apikey/"
ADD = "/admin/access/apikey/add/"


def url_of(key: ApiKey, page: str = "change") -> str:
    return f"/admin/access/apikey/{key.pk}/{page}/"


def status_of(pair: Pair) -> int:
    return ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status


@pytest.fixture
def client(login: Login) -> Client:
    return login("superuser")


# Issuing


def test_a_key_with_limits_is_issued_to_a_user(shop: Shop, client: Client) -> None:
    end = (timezone.now() + timedelta(days=30)).replace(second=0, microsecond=0)
    page = send(
        client, ADD, holder="HOLDER@example.com", label="Phone", endpoints=["sales", "info"],
        hidden_fields=["emails"], rate_minute="60", quota_day="1000", quota_month="",
        expires_at=f"{end:%Y-%m-%dT%H:%M}", networks="203.0.113.7, 198.51.100.0/24",
    )  # fmt: skip
    key = get_key(read_pair(page))
    assert (key.user, key.label, key.expires_at) == (shop.holder, "Phone", end)
    assert (key.endpoints, key.hidden_fields) == ("sales info", "emails")
    assert (key.rate_minute, key.quota_day, key.quota_month) == (60, 1000, None)
    assert key.networks == "203.0.113.7 198.51.100.0/24"


def test_a_service_account_is_made_with_its_key(client: Client) -> None:
    product = setup_product()
    setup_order(product)
    page = send(
        client, f"{ADD}?for=service", username="warehouse", roles=["shop_accountant"], label="Night run"
    )
    pair = read_pair(page)
    account = get_key(pair).user
    assert (account.username, account.is_service, account.role_slugs) == (
        "warehouse",
        True,
        "shop_accountant",
    )
    reply = ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token})
    assert len(reply.data["sales"]) == 1


def test_a_buyers_key_sees_that_customer_alone(shop: Shop, client: Client) -> None:
    other = setup_customer("joe@example.com", "Joe")
    setup_order(shop.product, customer=other)
    for name in ("joe@Example.com", str(other.pk)):
        pair = read_pair(send(client, f"{ADD}?for=customer", customer=name))
        key = get_key(pair)
        assert (key.customer_id, key.user.is_service) == (other.pk, True)
        reply = ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token})
        assert [sale["email"] for sale in reply.data["sales"]] == ["joe@example.com"]


WRONG = (
    ("", {"holder": "nobody"}, "No user is called nobody"),
    ("", {"holder": ""}, "This field is required"),
    ("", {"holder": "twin@example.com"}, "Several users have the address"),
    ("", {"holder": "holder", "label": "x" * 101}, "at most 100 characters"),
    ("", {"holder": "holder", "rate_minute": "0"}, "A limit is at least 1"),
    ("", {"holder": "holder", "quota_day": "many"}, "A whole number is wanted"),
    ("", {"holder": "holder", "quota_month": "99999999999"}, "A limit is at most 2147483647"),
    ("", {"holder": "holder", "networks": "home"}, "home is no IP address or network"),
    ("", {"holder": "holder", "endpoints": ["secrets"]}, "secrets is not one of the available choices"),
    ("", {"holder": "holder", "expires_at": "2001-01-01T00:00"}, "This time is past"),
    ("", {"holder": "holder", "expires_at": "tomorrow"}, "A time such as"),
    ("?for=service", {"username": "holder"}, "There is an account holder already"),
    ("?for=service", {"username": "a b?"}, "Enter a valid username"),
    ("?for=service", {"username": "x" * 61}, "at most 60 characters"),
    ("?for=service", {"username": "robot", "roles": ["king"]}, "king is not one of the available choices"),
    ("?for=service", {"username": "robot", "networks": "home"}, "home is no IP address"),
    ("?for=customer", {"customer": "nobody@example.com"}, "There is no customer nobody@example.com"),
    ("?for=customer", {"customer": "9" * 30}, "There is no customer 999"),
)


@pytest.mark.parametrize(("query", "values", "words"), WRONG)
def test_a_wrong_value_is_answered_beside_its_field(
    query: str, values: dict[str, Any], words: str, shop: Shop, client: Client
) -> None:
    for _ in range(2):
        setup_user(email="twin@example.com")
    users = User.objects.count()
    page = send(client, f"{ADD}{query}", **values)
    assert words in page
    assert (ApiKey.objects.count(), User.objects.count()) == (1, users)


def test_an_unknown_kind_of_holder_is_a_user(client: Client) -> None:
    assert 'name="holder"' in get_text(client, f"{ADD}?for=king&holder=ann")
    assert 'value="ann"' in get_text(client, f"{ADD}?holder=ann")


def test_the_command_to_try_asks_what_the_key_may_see(shop: Shop, client: Client) -> None:
    setup_settings(query_credentials=False)
    setup_user("worker", role="shop_worker")
    for values, endpoint in (
        ({"holder": "holder"}, "sales"),
        ({"holder": "worker"}, "info"),
        ({"holder": "worker", "endpoints": ["products"]}, "products"),
    ):
        page = send(client, ADD, **values)
        assert f"/edd-api/v2/{endpoint}/" in read_shown(page, "curl")
        assert 'id="address"' not in page


def test_a_form_that_is_sent_twice_makes_one_key(shop: Shop, client: Client) -> None:
    form = {"form_id": read_form_id(get_text(client, ADD)), "holder": "holder"}
    first, second = post(client, ADD, **form), post(client, ADD, **form)
    assert read_pair(first).token not in second
    assert "This form was saved before" in second
    assert ApiKey.objects.count() == 2


# Limits


def test_limits_are_changed_and_count_from_the_next_request(
    shop: Shop, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key, pair = issue_key(shop.holder, label="Phone")
    values = {"label": "Tablet", "endpoints": ["info"], "networks": "203.0.113.7"}
    assert status_of(pair) == 200
    assert post(client, url_of(key, "limits"), **values) == url_of(key)
    key.refresh_from_db()
    assert (key.label, key.endpoints, key.networks) == ("Tablet", "info", "203.0.113.7")
    assert status_of(pair) == 403
    assert f"changed key {key.pk}." in caplog.text
    assert pair.token not in caplog.text


def test_the_form_shows_the_limits_in_force_and_keeps_them(shop: Shop, client: Client) -> None:
    key, _ = issue_key(shop.holder)
    end = timezone.now() + timedelta(days=3)
    ApiKey.objects.filter(pk=key.pk).update(
        endpoints="sales", networks="203.0.113.7", rate_minute=5, expires_at=end
    )
    page = get_text(client, url_of(key, "limits"))
    assert 'value="203.0.113.7"' in page
    assert re.findall(r'<input[^>]* value="(\w+)"[^>]*\schecked[\s>]', page) == ["sales"]
    values = {"endpoints": ["sales"], "networks": "203.0.113.7", "rate_minute": "5"}
    post(client, url_of(key, "limits"), **values, expires_at=f"{end:%Y-%m-%dT%H:%M}")
    key.refresh_from_db()
    assert (key.expires_at, key.rate_minute, key.networks) == (end, 5, "203.0.113.7")


def test_a_revoked_keys_limits_are_not_changed(shop: Shop, client: Client) -> None:
    revoke_key(shop.key)
    assert "This key was revoked" in post(client, url_of(shop.key, "limits"), label="New")
    shop.key.refresh_from_db()
    assert shop.key.label == "Till app"


# Rotation


@pytest.mark.parametrize(("grace", "hours"), [("0", 0), ("1", 1), ("24", 24), ("168", 168), ("720", 720)])
def test_a_rotation_gives_a_new_pair_and_ends_the_old_one_in_time(
    grace: str, hours: int, shop: Shop, client: Client
) -> None:
    key, old = issue_key(shop.holder, label="Phone")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        new = read_pair(send(client, url_of(key, "rotate"), grace=grace))
        successor = get_key(new)
        assert (successor.meter, successor.label, successor.user) == (key.pk, "Phone", shop.holder)
        assert (status_of(new), status_of(old)) == (200, 200 if hours else 403)
        clock.shift(timedelta(hours=hours, seconds=1))
        assert (status_of(new), status_of(old)) == (200, 403)


def test_a_rotation_that_is_sent_twice_makes_one_successor(shop: Shop, client: Client) -> None:
    url = url_of(shop.key, "rotate")
    form = {"form_id": read_form_id(get_text(client, url)), "grace": "24"}
    pair = read_pair(post(client, url, **form))
    page = post(client, url, **form)
    assert "This key was rotated already" in page
    assert [text for text in (pair.token, pair.bearer, pair.public_key) if text in page] == []
    assert ApiKey.objects.count() == 2


def test_a_key_that_ended_is_not_rotated(shop: Shop, client: Client) -> None:
    revoke_key(shop.key)
    assert "This key has ended; issue a new one." in post(client, url_of(shop.key, "rotate"), grace="0")
    assert ApiKey.objects.count() == 1


def test_a_key_that_was_rotated_already_leads_to_its_successor(shop: Shop, client: Client) -> None:
    successor, pair = rotate_key(shop.key)
    page = post(client, url_of(shop.key, "rotate"), grace="0")
    assert f"{pair.public_key[:6]}… took over from it. Rotate that one." in page
    assert pair.public_key not in page
    assert ApiKey.objects.count() == 2
    revoke_key(successor)
    assert get_key(read_pair(send(client, url_of(shop.key, "rotate"), grace="24"))).meter == shop.key.pk


def test_a_wrong_grace_is_refused(shop: Shop, client: Client) -> None:
    assert "not one of the available choices" in send(client, url_of(shop.key, "rotate"), grace="5000")
    assert ApiKey.objects.count() == 1


# Revoking


def test_a_key_is_revoked_after_a_question(
    shop: Shop, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    key, pair = issue_key(shop.holder, label="Phone")
    assert "That can't be undone." in get_text(client, url_of(key, "revoke")).replace("&#x27;", "'")
    assert status_of(pair) == 200
    assert post(client, url_of(key, "revoke")) == url_of(key)
    assert status_of(pair) == 403
    assert f"revoked key {key.pk}." in caplog.text
    key.refresh_from_db()
    first = key.revoked_at
    assert "It was revoked on" in post(client, url_of(key, "revoke"))
    key.refresh_from_db()
    assert key.revoked_at == first


# Rights


def test_every_page_of_a_key_takes_the_right_to_manage(shop: Shop, login: Login) -> None:
    pages = [ADD, f"{LIST}export/", *(url_of(shop.key, page) for page in ("limits", "rotate", "revoke"))]
    for role in ("shop_accountant", "shop_worker", "subscriber", "nobody"):
        client = login(role)
        for url in pages:
            assert (client.get(url).status_code, client.post(url, {}).status_code) == (403, 403), (role, url)
    anonymous = login("anonymous")
    for url in pages:
        assert anonymous.post(url, {}).headers["Location"] == f"/admin/login/?next={url}"
    shop.key.refresh_from_db()
    assert (ApiKey.objects.count(), shop.key.revoked_at) == (1, None)


def test_a_form_without_a_csrf_token_changes_nothing(shop: Shop, login: Login) -> None:
    client = login("superuser", enforce_csrf_checks=True)
    for page in ("limits", "rotate", "revoke"):
        get_text(client, url_of(shop.key, page))
        assert client.post(url_of(shop.key, page), {"label": "x", "grace": "0"}).status_code == 403
    assert client.post(ADD, {"holder": "holder"}).status_code == 403
    shop.key.refresh_from_db()
    assert (ApiKey.objects.count(), shop.key.revoked_at, shop.key.expires_at) == (1, None, None)


def test_a_key_that_is_not_there_is_not_found(shop: Shop, client: Client) -> None:
    for page in ("limits", "rotate", "revoke"):
        assert client.get(f"/admin/access/apikey/987654/{page}/").status_code == 404


def test_nobody_is_shown_a_pair_that_may_do_more_than_they(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    deny(get_self(client), "view_shop_reports")
    words = "may do what you may not (view_shop_reports)"
    assert words in send(client, ADD, holder="holder")
    assert words in post(client, url_of(shop.key, "rotate"), grace="0")
    assert words in post(client, url_of(shop.key, "limits"), label="New")
    assert "what you may not see (view_shop_reports)" in send(
        client, f"{ADD}?for=customer", customer="jane@example.com"
    )
    assert words in send(client, f"{ADD}?for=service", username="robot", roles=["shop_accountant"])
    assert ApiKey.objects.count() == 1
    assert not User.objects.filter(username="robot").exists()
    assert read_pair(send(client, f"{ADD}?for=service", username="robot", roles=["shop_worker"])).token
    assert post(client, url_of(shop.key, "revoke")) == url_of(shop.key)


def test_a_buyers_key_is_not_rotated_by_who_may_not_see_buyers(shop: Shop, login: Login) -> None:
    key, _ = issue_customer_key(setup_customer("joe@example.com"))
    client = login("shop_manager")
    deny(get_self(client), "view_shop_sensitive_data")
    page = post(client, url_of(key, "rotate"), grace="0")
    assert "A buyer's key may do what you may not (view_shop_sensitive_data)" in page
    assert ApiKey.objects.filter(customer_id=key.customer_id).count() == 1


@pytest.mark.parametrize("kind", ["superuser", "demo"])
def test_a_superusers_and_the_demos_keys_are_touched_by_superusers_alone(kind: str, login: Login) -> None:
    boss = setup_user("boss", role="shop_worker", is_superuser=kind == "superuser", is_demo=kind == "demo")
    key = get_key(setup_key(user=boss))
    manager, superuser = login("shop_manager"), login("superuser")
    words = "only a superuser may change this account"
    assert words in send(manager, ADD, holder="boss")
    for page in ("limits", "rotate", "revoke"):
        assert words in post(manager, url_of(key, page), grace="0", label="x")
    key.refresh_from_db()
    assert (key.revoked_at, key.expires_at, key.label) == (None, None, "")
    assert post(superuser, url_of(key, "revoke")) == url_of(key)


def test_what_a_session_keeps_holds_no_secret(shop: Shop, client: Client) -> None:
    from django.contrib.sessions.models import Session

    pair = read_pair(send(client, url_of(shop.key, "rotate"), grace="24"))
    kept = str([session.get_decoded() for session in Session.objects.all()]) + str(client.cookies)
    assert [text for text in (pair.token, pair.bearer, pair.public_key) if text in kept] == []


def test_what_is_done_to_a_key_is_in_the_trail_without_its_secrets(shop: Shop, login: Login) -> None:
    client = login("superuser")
    url = f"/admin/access/apikey/{shop.key.pk}/"
    page = send(client, "/admin/access/apikey/add/", holder="holder", label="Shelf")
    pair = read_pair(page)
    post(client, f"{url}limits/", label="Till", rate_minute="5")
    send(client, f"{url}rotate/", grace="24")
    post(client, f"{url}revoke/")
    lines = AuditEntry.objects.filter(kind="access.apikey").order_by("pk")
    assert [one.action for one in lines] == ["issued", "changed", "rotated", "revoked"]
    assert ["label", "", "Shelf"] in lines[0].changes
    assert lines[1].changes == [["label", "Till app", "Till"], ["rate minute", "", "5"]]
    told = str(list(lines.values()))
    secrets = (pair.public_key, pair.token, pair.bearer, shop.key.public_key)
    assert [secret for secret in secrets if secret in told] == []
