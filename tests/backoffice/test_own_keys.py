"""My API keys: everybody's own, also for whom the back office has nothing else, and nobody else's."""

import logging

import pytest
from django.test import Client

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import get_self, post, read_form_id, read_pair, send
from tests.shops import (
    get_key,
    setup_customer,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    setup_user,
)
from tillroll.access.models import ApiKey
from tillroll.access.services import issue_key

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

OWN = "/admin/my-keys/"
ROLES = ("superuser", "shop_manager", "shop_accountant", "shop_worker", "shop_vendor", "subscriber", "nobody")


def url_of(key: ApiKey, page: str) -> str:
    return f"/admin/my-keys/{key.pk}/{page}/"


def test_nobody_has_keys_without_logging_in(shop: Shop, login: Login) -> None:
    client = login("anonymous")
    for url in (OWN, url_of(shop.key, "rotate"), url_of(shop.key, "revoke")):
        assert client.get(url).headers["Location"] == f"/admin/login/?next={url}"
        assert client.post(url).headers["Location"] == f"/admin/login/?next={url}"
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


@pytest.mark.parametrize("role", ROLES)
def test_whoever_can_log_in_sees_their_own_keys_alone(role: str, shop: Shop, login: Login) -> None:
    client = login(role)
    key, _ = issue_key(get_self(client), label="Mine")
    page = get_text(client, OWN)
    assert "Mine" in page
    assert f"{key.public_key[:6]}…" in page
    assert key.public_key not in page
    assert "Till app" not in page


@pytest.mark.parametrize("role", ["superuser", "shop_manager", "subscriber", "nobody"])
def test_nobody_elses_key_is_rotated_or_revoked_here(role: str, shop: Shop, login: Login) -> None:
    client = login(role)
    for page in ("rotate", "revoke"):
        assert client.get(url_of(shop.key, page)).status_code == 404
        assert client.post(url_of(shop.key, page), {"grace": "0"}).status_code == 404
    assert ApiKey.objects.filter(revoked_at=None, expires_at=None).count() == 1


def test_the_403_page_leads_to_ones_keys(login: Login) -> None:
    reply = login("subscriber").get("/admin/")
    assert reply.status_code == 403
    assert f'href="{OWN}"' in reply.content.decode()


def test_the_page_of_who_may_see_nothing_leads_nowhere_else(shop: Shop, login: Login) -> None:
    page = get_text(login("subscriber"), OWN)
    assert "/admin/shop/" not in page
    assert "/admin/access/" not in page
    assert "have permission to view" not in page
    assert page.count(f'href="{OWN}"') == 2  # in the menu and in the account's links
    assert 'action="/admin/logout/"' in page


def test_a_key_is_made_where_the_shop_allows_it(login: Login, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    setup_settings(user_keys_allowed=True)
    setup_order(setup_product())
    client = login("shop_accountant")
    reply = client.post(OWN, {"form_id": read_form_id(get_text(client, OWN)), "label": "Phone"})
    pair = read_pair(reply.content.decode())
    assert "no-store" in reply.headers["Cache-Control"]
    key = get_key(pair)
    assert (key.user, key.label) == (get_self(client), "Phone")
    assert len(ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).data["sales"]) == 1
    page = get_text(client, OWN)
    assert [text for text in (pair.token, pair.bearer, pair.public_key) if text in page + caplog.text] == []
    assert f"issued key {key.pk} of their own." in caplog.text


def test_a_buyer_makes_a_key_for_their_own_purchases(login: Login) -> None:
    setup_settings(user_keys_allowed=True)
    client = login("subscriber")
    product = setup_product()
    jane = setup_customer("jane@example.com", user_id=get_self(client).wire_id)
    setup_order(product, customer=jane)
    setup_order(product, customer=setup_customer("joe@example.com"))
    pair = read_pair(send(client, OWN))
    assert get_key(pair).customer_id == jane.pk
    sales = ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).data["sales"]
    assert [sale["email"] for sale in sales] == ["jane@example.com"]


def test_no_key_is_made_where_the_shop_does_not_allow_it(login: Login) -> None:
    setup_settings(user_keys_allowed=True)
    client = login("shop_accountant")
    form_id = read_form_id(get_text(client, OWN))
    setup_settings(user_keys_allowed=False)
    page = get_text(client, OWN)
    assert "You have no API key. Who runs the shop can make you one." in page
    assert 'name="form_id"' not in page
    client.post(OWN, {"form_id": form_id})
    assert ApiKey.objects.count() == 0


def test_a_key_that_would_see_nothing_is_not_made_and_the_page_says_why(login: Login) -> None:
    setup_settings(user_keys_allowed=True)
    client = login("subscriber")
    assert "You have no API key yet. Make one below." in get_text(client, OWN)
    assert "a key would see nothing" in send(client, OWN)
    assert "at most 100 characters" in send(client, OWN, label="x" * 101)
    assert ApiKey.objects.count() == 0


def test_a_form_that_is_sent_twice_makes_one_key(login: Login) -> None:
    setup_settings(user_keys_allowed=True)
    client = login("shop_accountant")
    form = {"form_id": read_form_id(get_text(client, OWN))}
    post(client, OWN, **form)
    assert "This form was saved before" in post(client, OWN, **form)
    assert ApiKey.objects.count() == 1


def test_ones_own_key_is_rotated_and_revoked(login: Login, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = login("subscriber")
    old = get_key(setup_key(user=get_self(client)))
    pair = read_pair(send(client, url_of(old, "rotate"), grace="0"))
    new = get_key(pair)
    assert new.meter == old.pk
    page = get_text(client, OWN)
    assert "Expired" in page
    assert f'href="{url_of(new, "revoke")}"' in page
    assert f'href="{url_of(old, "revoke")}"' not in page
    assert post(client, url_of(new, "revoke")) == OWN
    reply = ask("/edd-api/v2/info/", {"key": pair.public_key, "token": pair.token})
    assert reply.status == 403
    assert f"rotated key {old.pk} into key {new.pk}." in caplog.text
    assert f"revoked key {new.pk}." in caplog.text


def test_a_form_without_a_csrf_token_changes_nothing(login: Login) -> None:
    setup_settings(user_keys_allowed=True)
    client: Client = login("shop_accountant", enforce_csrf_checks=True)
    key = get_key(setup_key(user=get_self(client)))
    form = {"form_id": read_form_id(get_text(client, OWN)), "grace": "0"}
    for url in (OWN, url_of(key, "rotate"), url_of(key, "revoke")):
        assert client.post(url, form).status_code == 403
    assert ApiKey.objects.filter(revoked_at=None, expires_at=None).count() == 1


def test_a_login_that_was_ended_has_no_page(login: Login) -> None:
    client = login("subscriber")
    user = get_self(client)
    user.is_active = False
    user.save()
    assert client.get(OWN).headers["Location"] == f"/admin/login/?next={OWN}"


def test_a_service_account_has_no_session(login: Login) -> None:
    client = Client()
    client.force_login(setup_user("robot", is_service=True, role="shop_manager"))
    for url in (OWN, "/admin/"):
        assert client.get(url).headers["Location"] == f"/admin/login/?next={url}"
