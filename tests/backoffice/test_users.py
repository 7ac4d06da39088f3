"""Users > Edit: keys made and revoked on the user's own page, roles, and who is let in."""

import logging
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import deny, get_self, read_form_id, read_pair, read_shown, send
from tests.shops import get_key, setup_key, setup_order, setup_source, setup_user
from tillroll.access.models import ApiKey, Role, User
from tillroll.access.services import set_active
from tillroll.backoffice.shown_once import keep_unstored

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def url_of(user: User) -> str:
    return f"/admin/access/user/{user.pk}/change/"


def save(client: Client, user: User, **boxes: str) -> str:
    """Saves the box of a user's keys with a fresh form: the answer's text, or where it leads."""
    return send(client, url_of(user), **boxes)


def get_manager(login: Login) -> tuple[Client, User]:
    client = login("shop_manager")
    return client, get_self(client)


def get_rights_url(user: User) -> str:
    return f"/admin/access/user/{user.pk}/rights/"


# Making a key


def test_generating_shows_a_pair_that_opens_the_api(shop: Shop, login: Login) -> None:
    setup_order(shop.product)
    client = login("superuser")
    pair = read_pair(save(client, shop.holder, generate="on", label="Phone app"))
    key = get_key(pair)
    assert (key.user, key.label, key.revoked_at) == (shop.holder, "Phone app", None)
    assert ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status == 200
    bearer = ask("/edd-api/v2/sales/", headers={"Authorization": f"Bearer {pair.bearer}"})
    assert (bearer.status, len(bearer.data["sales"])) == (200, 1)


def test_the_answer_is_a_page_that_no_cache_keeps_with_lines_to_try(shop: Shop, login: Login) -> None:
    client = login("superuser")
    form = {"form_id": read_form_id(get_text(client, url_of(shop.holder))), "generate": "on"}
    reply = client.post(url_of(shop.holder), form)
    page = reply.content.decode()
    pair = read_pair(page)
    assert "no-store" in reply.headers["Cache-Control"]
    assert "no-store" in keep_unstored(HttpResponse()).headers["Cache-Control"]
    curl = f"curl -H 'Authorization: Bearer {pair.bearer}' 'http://testserver/edd-api/v2/sales/'"
    assert read_shown(page, "curl") == curl
    assert (
        read_shown(page, "address")
        == f"http://testserver/edd-api/v2/sales/?key={pair.public_key}&token={pair.token}"
    )
    assert page.count("data-copy=") == 5


def test_the_secret_is_on_that_answer_alone(
    shop: Shop, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = login("superuser")
    pair = read_pair(save(client, shop.holder, generate="on", label="Phone app"))
    secrets = {pair.token, pair.bearer, pair.bearer[-46:], pair.public_key}
    key = get_key(pair)
    pages = (
        url_of(shop.holder),
        "/admin/access/apikey/",
        f"/admin/access/apikey/{key.pk}/change/",
        "/admin/",
    )
    for url in (*pages, "/admin/access/apikey/export/"):
        reply = client.get(url)
        page = (reply.getvalue() if reply.streaming else reply.content).decode()
        assert [secret for secret in secrets if secret in page] == [], url
    kept = str(dict(client.session)) + str(client.cookies) + caplog.text
    assert [secret for secret in secrets if secret in kept] == []
    assert f"issued key {key.pk} of holder." in caplog.text


def test_reloading_the_answer_makes_no_second_key(shop: Shop, login: Login) -> None:
    client = login("superuser")
    form = {"form_id": read_form_id(get_text(client, url_of(shop.holder))), "generate": "on"}
    first, second = (client.post(url_of(shop.holder), form).content.decode() for _ in range(2))
    pair = read_pair(first)
    assert ApiKey.objects.count() == 2  # the shop's own and the new one
    assert "This form was saved before" in second
    assert pair.token not in second
    assert 'id="token"' not in second


def test_a_form_id_counts_for_its_user_and_for_a_working_day(shop: Shop, login: Login, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 24 * 60, 24
    settings.SESSION_COOKIE_AGE = 24 * 3600
    client, other = login("superuser"), login("superuser")
    form_id = read_form_id(get_text(client, url_of(shop.holder)))
    for text in (form_id, form_id[:-1], "", "x" * 300):
        page = other.post(url_of(shop.holder), {"form_id": text, "generate": "on"}).content.decode()
        assert "This form is too old to be saved" in page
    later = timezone.now() + timedelta(hours=12, minutes=1)
    with time_machine.travel(later, tick=False):
        page = client.post(url_of(shop.holder), {"form_id": form_id, "generate": "on"}).content.decode()
    assert "This form is too old to be saved" in page
    assert ApiKey.objects.count() == 1


def test_a_post_without_a_csrf_token_changes_nothing(shop: Shop, login: Login) -> None:
    client = login("superuser", enforce_csrf_checks=True)
    form = {"form_id": read_form_id(get_text(client, url_of(shop.holder))), "generate": "on", "revoke": "on"}
    assert client.post(url_of(shop.holder), form).status_code == 403
    assert client.post(get_rights_url(shop.holder), {"roles": ["administrator"]}).status_code == 403
    assert ApiKey.objects.filter(revoked_at=None).count() == 1
    shop.holder.refresh_from_db()
    assert shop.holder.role_slugs == "shop_accountant"


def test_wrong_values_are_answered_beside_their_fields(shop: Shop, login: Login) -> None:
    client = login("superuser")
    for boxes, words in (
        ({}, "Nothing is ticked, so there is nothing to save."),
        ({"label": "App"}, "tick Generate API Key as well"),
        ({"generate": "on", "label": "x" * 101}, "at most 100 characters"),
    ):
        assert words in save(client, shop.holder, **boxes)
    assert ApiKey.objects.count() == 1


def test_a_label_is_text_and_nothing_else(shop: Shop, login: Login) -> None:
    client = login("superuser")
    save(client, shop.holder, generate="on", label="<b>bold</b>")
    assert "<b>bold" not in get_text(client, url_of(shop.holder))


# Revoking


def test_revoking_ends_every_key_of_the_user_and_nobody_elses(
    shop: Shop, login: Login, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client = login("superuser")
    mine, other = setup_key(user=shop.holder), setup_key(role="shop_manager")
    assert save(client, shop.holder, revoke="on") == url_of(shop.holder)
    assert "2 keys were revoked" in get_text(client, url_of(shop.holder))
    assert "revoked 2 keys of holder." in caplog.text
    reply = ask("/edd-api/v2/sales/", {"key": mine.public_key, "token": mine.token})
    assert (reply.status, reply.data) == (403, {"error": "Invalid API key!"})
    assert ask("/edd-api/v2/sales/", {"key": other.public_key, "token": other.token}).status == 200


def test_revoking_and_generating_leaves_the_new_key_alone(shop: Shop, login: Login) -> None:
    pair = read_pair(save(login("superuser"), shop.holder, revoke="on", generate="on"))
    in_force = ApiKey.objects.filter(user=shop.holder, revoked_at=None)
    assert [key.public_key for key in in_force] == [pair.public_key]


def test_the_page_shows_keys_with_their_use_and_leads_to_their_lines(shop: Shop, login: Login) -> None:
    page = get_text(login("superuser"), url_of(shop.holder))
    assert f"{shop.key.public_key[:6]}…" in page
    assert f'href="/admin/access/apikey/{shop.key.pk}/change/"' in page
    assert f'href="/admin/access/requestlogentry/?key_id={shop.key.pk}"' in page
    assert f'href="/admin/access/requestlogentry/?user_id={shop.holder.wire_id}"' in page
    assert "In force" in page


def test_a_user_without_keys_is_told_how_to_make_one(login: Login) -> None:
    page = get_text(login("superuser"), url_of(setup_user("ann", role="shop_worker")))
    assert "ann has no API key yet." in page
    assert 'name="revoke"' not in page


# Roles, and who is let in


def test_roles_and_admission_are_changed(shop: Shop, login: Login) -> None:
    client = login("superuser")
    reply = client.post(get_rights_url(shop.holder), {"roles": ["shop_manager", "shop_worker"]})
    assert reply.headers["Location"] == url_of(shop.holder)
    shop.holder.refresh_from_db()
    assert shop.holder.role_slugs == "shop_manager\nshop_worker"
    assert "manage_shop_settings" in shop.holder.capabilities
    assert not shop.holder.is_active
    assert "Holder shut out" in get_text(client, url_of(shop.holder))
    assert client.get(get_rights_url(shop.holder)).headers["Location"] == url_of(shop.holder)


def test_a_role_that_is_not_there_is_refused(shop: Shop, login: Login) -> None:
    reply = login("superuser").post(get_rights_url(shop.holder), {"roles": ["king"], "is_active": "on"})
    assert "king is not one of the available choices" in reply.content.decode()
    shop.holder.refresh_from_db()
    assert shop.holder.role_slugs == "shop_accountant"


def test_nobody_shuts_themselves_out(login: Login) -> None:
    client = login("superuser")
    me = User.objects.get(pk=client.session["_auth_user_id"])
    page = client.post(get_rights_url(me), {}).content.decode()
    assert "shut yourself out" in page
    assert User.objects.get(pk=me.pk).is_active


def test_an_imported_users_page_says_that_an_import_brings_roles(login: Login) -> None:
    user = setup_user("ann", role="shop_worker")
    User.objects.filter(pk=user.pk).update(source=setup_source())
    assert "An import brings back the roles" in get_text(login("superuser"), url_of(user))


# No escalation


def test_a_manager_gives_no_role_that_may_do_more(shop: Shop, login: Login) -> None:
    client, manager = get_manager(login)
    deny(manager, "manage_shop_discounts")
    page = get_text(client, url_of(shop.holder))
    assert "Administrator, Shop Manager" in page
    form = {"roles": ["shop_accountant", "shop_manager"], "is_active": "on"}
    page = unescape(client.post(get_rights_url(shop.holder), form).content.decode())
    assert "Shop Manager may do what you may not (manage_shop_discounts)" in page
    shop.holder.refresh_from_db()
    assert shop.holder.role_slugs == "shop_accountant"
    client.post(get_rights_url(shop.holder), {"roles": ["shop_accountant", "shop_worker"], "is_active": "on"})
    shop.holder.refresh_from_db()
    assert shop.holder.role_slugs == "shop_accountant\nshop_worker"


def test_a_manager_takes_but_not_gives_a_role_that_may_do_more(login: Login) -> None:
    client, manager = get_manager(login)
    deny(manager, "manage_shop_discounts")
    user = setup_user("ann", role="shop_manager")
    client.post(get_rights_url(user), {"roles": ["shop_manager", "shop_worker"], "is_active": "on"})
    assert User.objects.get(pk=user.pk).role_slugs == "shop_manager\nshop_worker"
    client.post(get_rights_url(user), {"roles": ["shop_worker"], "is_active": "on"})
    assert User.objects.get(pk=user.pk).role_slugs == "shop_worker"


def test_a_manager_makes_no_key_that_may_do_more_but_may_revoke_it(shop: Shop, login: Login) -> None:
    client, manager = get_manager(login)
    deny(manager, "view_shop_reports")
    page = unescape(save(client, shop.holder, generate="on"))
    assert "A key of holder may do what you may not (view_shop_reports)" in page
    assert ApiKey.objects.count() == 1
    save(client, shop.holder, revoke="on")
    assert ApiKey.objects.filter(revoked_at=None).count() == 0


@pytest.mark.parametrize("kind", ["superuser", "demo"])
def test_a_superusers_and_the_demos_account_is_touched_by_superusers_alone(kind: str, login: Login) -> None:
    client, _ = get_manager(login)
    boss = setup_user("boss", role="shop_worker", is_superuser=kind == "superuser", is_demo=kind == "demo")
    setup_key(user=boss)
    assert 'name="generate"' not in get_text(client, url_of(boss))
    form_id = read_form_id(get_text(client, url_of(setup_user("ann"))))  # an id counts on any page
    for box in ("generate", "revoke"):
        page = client.post(url_of(boss), {"form_id": form_id, box: "on"}).content.decode()
        assert "only a superuser may change this account" in page
    page = client.post(get_rights_url(boss), {"roles": []}).content.decode()
    assert "only a superuser may change this account" in page
    boss.refresh_from_db()
    assert (boss.is_active, boss.role_slugs) == (True, "shop_worker")
    assert ApiKey.objects.filter(user=boss, revoked_at=None).count() == 1
    superuser = login("superuser")
    assert read_pair(save(superuser, boss, generate="on")).token
    superuser.post(get_rights_url(boss), {"roles": ["shop_vendor"], "is_active": "on"})
    assert User.objects.get(pk=boss.pk).role_slugs == "shop_vendor"


def test_the_boxes_take_the_right_to_manage_settings(shop: Shop, login: Login) -> None:
    client, manager = get_manager(login)
    form_id = read_form_id(get_text(client, url_of(shop.holder)))
    deny(manager, "manage_shop_settings")
    page = get_text(client, url_of(shop.holder))
    assert "holder@example.com" in page
    assert 'name="generate"' not in page
    assert 'name="roles"' not in page
    form = {"form_id": form_id, "generate": "on", "revoke": "on"}
    assert client.post(url_of(shop.holder), form).status_code == 403
    assert client.post(get_rights_url(shop.holder), {"roles": []}).status_code == 403
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_who_may_not_see_users_saves_nothing_on_their_pages(shop: Shop, login: Login) -> None:
    Role.objects.create(slug="keeper", name="Keeper", capabilities=["manage_shop_settings"])
    client = login("keeper")
    assert client.get(url_of(shop.holder)).status_code == 403
    assert client.post(url_of(shop.holder), {"revoke": "on"}).status_code == 403
    assert client.post(get_rights_url(shop.holder), {"roles": []}).status_code == 403
    assert ApiKey.objects.filter(revoked_at=None).count() == 1


def test_a_user_that_is_not_there_is_not_found(login: Login) -> None:
    client = login("superuser")
    assert client.post(get_rights_url(User(pk=987654)), {"roles": []}).status_code == 404
    assert client.post("/admin/access/user/987654/change/", {"generate": "on"}).status_code in (302, 403)


def test_a_holder_who_is_let_in_again_has_their_keys_back(shop: Shop, login: Login) -> None:
    client = login("superuser")
    set_active(shop.holder, False)
    pair = read_pair(save(client, shop.holder, generate="on"))
    assert ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status == 403
    client.post(get_rights_url(shop.holder), {"roles": ["shop_accountant"], "is_active": "on"})
    assert ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status == 200
