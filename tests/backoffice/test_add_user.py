"""Users > Add: who may, what is refused beside which field, and the automatic key on the one answer."""

import logging
from html import unescape
from typing import Any

import pytest
from django.test import Client

from tests.asking import ask
from tests.backoffice.conftest import Login, get_text
from tests.backoffice.forms import deny, get_self, post, read_form_id, read_pair, send
from tests.shops import get_key, setup_customer, setup_settings, setup_user
from tillroll.access.models import ApiKey, Role, User
from tillroll.access.models.users import AccountManager
from tillroll.shop.models import Customer

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ADD = "/admin/access/user/add/"
KEYS = f"{ADD}?how=keys"
SERVICE = f"{ADD}?how=service"
PASSWORD = "correct horse battery"
TWICE = {"password": PASSWORD, "again": PASSWORD}


def url_of(user: User) -> str:
    return f"/admin/access/user/{user.pk}/change/"


def count() -> int:
    """Users without whoever is logged in."""
    return User.objects.exclude(username__startswith="user").count()


@pytest.fixture
def client(login: Login) -> Client:
    return login("superuser")


# Who may


@pytest.mark.parametrize(
    ("role", "status"), [("anonymous", 302), ("nobody", 403), ("shop_vendor", 403), ("shop_accountant", 403)]
)
def test_nobody_else_sees_the_form_or_adds_a_user(role: str, status: int, login: Login) -> None:
    form_id = read_form_id(get_text(login("superuser"), ADD))
    client = login(role)
    for url in (ADD, KEYS, SERVICE):
        assert client.get(url).status_code == status
        form = {"form_id": form_id, "username": "ann", "roles": ["administrator"], **TWICE}
        assert client.post(url, form).status_code == status
    assert count() == 0


@pytest.mark.parametrize("lacking", ["manage_shop_settings", "view_shop_sensitive_data"])
def test_adding_takes_both_rights(lacking: str, login: Login) -> None:
    client = login("shop_manager")
    form_id = read_form_id(get_text(client, ADD))
    deny(get_self(client), lacking)
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"form_id": form_id, "username": "ann", **TWICE}).status_code == 403
    assert count() == 0


def test_the_list_has_a_button_for_those_who_may(login: Login) -> None:
    button = f'href="{ADD}">Add a user</a>'
    client = login("shop_manager")
    assert button in get_text(client, "/admin/access/user/")
    deny(get_self(client), "manage_shop_settings")
    assert ADD not in get_text(client, "/admin/access/user/")


def test_a_post_without_a_csrf_token_adds_nobody(login: Login) -> None:
    client = login("superuser", enforce_csrf_checks=True)
    form = {"form_id": read_form_id(get_text(client, ADD)), "username": "ann", **TWICE}
    assert client.post(ADD, form).status_code == 403
    assert count() == 0


# The three kinds


def test_a_user_with_a_password_logs_in_and_sees_what_their_roles_allow(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    values: dict[str, Any] = {
        "username": "ann",
        "display_name": "Ann Lee",
        "email": "ann@EXAMPLE.com",
        "roles": ["shop_accountant", "shop_worker"],
        **TWICE,
    }
    there = send(client, ADD, **values)
    ann = User.objects.get(username="ann")
    assert there == url_of(ann)
    page = get_text(client, there)
    assert "ann was added." in page
    assert "Ann Lee has no API key yet." in page
    assert (ann.display_name, ann.email, ann.login) == ("Ann Lee", "ann@example.com", "ann")
    assert ann.role_slugs == "shop_accountant\nshop_worker"
    assert ann.capabilities == (
        "edit_others_products edit_shop_payments export_shop_reports view_shop_reports"
    )
    assert (ann.is_staff, ann.is_superuser, ann.is_service, ann.is_demo) == (True, False, False, False)
    own = Client()
    assert own.login(username="ann", password=PASSWORD)
    assert own.get("/admin/shop/order/").status_code == 200
    assert own.get("/admin/access/user/").status_code == 403
    assert f"{get_self(client).username} added the user ann." in caplog.text
    assert PASSWORD not in caplog.text + page + str(dict(client.session)) + str(client.cookies)


def test_a_user_without_a_password_holds_keys_and_does_not_log_in(client: Client) -> None:
    assert 'name="password"' not in get_text(client, KEYS)
    values = {"username": "ann", "roles": ["shop_manager"], **TWICE}  # a password is not asked for there
    assert send(client, KEYS, **values) == url_of(User.objects.get(username="ann"))
    ann = User.objects.get(username="ann")
    assert (ann.is_staff, ann.is_service, ann.has_usable_password()) == (False, False, False)
    assert (ann.display_name, ann.email) == ("ann", "")
    assert not Client().login(username="ann", password=PASSWORD)
    pair = read_pair(send(client, url_of(ann), generate="on"))
    assert ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status == 200


def test_a_service_account_never_logs_in(client: Client) -> None:
    send(client, SERVICE, username="robot", roles=["shop_accountant"], **TWICE)
    robot = User.objects.get(username="robot")
    assert (robot.is_service, robot.is_staff, robot.has_usable_password()) == (True, False, False)
    assert robot.role_slugs == "shop_accountant"
    assert not Client().login(username="robot", password=PASSWORD)


def test_nobody_becomes_more_than_the_form_says(client: Client) -> None:
    more = {"is_superuser": "on", "is_demo": "on", "is_service": "on", "wire_id": "1", "is_staff": "on"}
    send(client, KEYS, username="ann", **more)
    ann = User.objects.get(username="ann")
    assert (ann.is_superuser, ann.is_demo, ann.is_service, ann.is_staff) == (False,) * 4
    assert ann.capabilities == ""


def test_a_way_in_that_is_unknown_is_the_first(client: Client) -> None:
    assert 'name="password"' in get_text(client, f"{ADD}?how=magic")


# What is refused

WRONG: tuple[tuple[dict[str, Any], str, str], ...] = (
    ({"username": ""}, "username", "This field is required."),
    ({"username": "holder"}, "username", "There is an account holder already."),
    ({"username": "HOLDER"}, "username", "There is an account holder already."),
    ({"username": "hÖlder"}, "username", "There is an account HÖLDER already."),
    ({"username": "\uff48older"}, "username", "There is an account holder already."),
    ({"username": "a b"}, "username", "Enter a valid username."),
    ({"username": "x" * 61}, "username", "at most 60 characters"),
    ({"display_name": "x" * 251}, "display_name", "at most 250 characters"),
    ({"email": "nowhere"}, "email", "Enter a valid email address."),
    ({"password": ""}, "password", "This field is required."),
    ({"again": ""}, "again", "This field is required."),
    ({"again": "correct horse batterY"}, "again", "The two passwords are not the same."),
    ({"again": f"{PASSWORD} "}, "again", "The two passwords are not the same."),
    ({"password": "kx7vq", "again": "kx7vq"}, "password", "This password is too short."),
    ({"password": "password123", "again": "password123"}, "password", "This password is too common."),
    ({"password": "ann-of-rhodes", "again": "ann-of-rhodes"}, "password", "too similar to the username"),
    ({"roles": ["king"]}, "roles", "king is not one of the available choices"),
)


@pytest.mark.parametrize(("values", "field", "words"), WRONG)
def test_a_wrong_value_is_answered_beside_its_field(
    values: dict[str, Any], field: str, words: str, client: Client
) -> None:
    setup_user("holder")
    setup_user("HÖLDER")
    setup_settings(auto_keys="everybody")
    right = {"username": "ann-of-rhodes", "email": "ann@example.com", "roles": ["shop_worker"], **TWICE}
    form = {"form_id": read_form_id(get_text(client, ADD)), **right, **values}
    reply: Any = client.post(ADD, form)
    assert reply.status_code == 200
    errors = reply.context_data["form"].errors
    assert list(errors) == [field]
    assert words in errors[field][0]
    page = unescape(reply.content.decode())
    assert words in page
    assert f'value="{right["email"] if field != "email" else "nowhere"}"' in page
    assert PASSWORD not in page
    assert (count(), ApiKey.objects.count()) == (2, 0)


def test_everything_that_a_service_refuses_is_said_at_once(client: Client) -> None:
    setup_user("holder")
    values = {"username": "Holder", "email": "x@", "password": "short", "again": "short"}
    page = send(client, ADD, **values)
    for words in ("There is an account holder already.", "valid email address", "This password is too short"):
        assert words in page
    again = post(client, ADD, form_id=read_form_id(page), username="ann", **TWICE)
    assert again == url_of(User.objects.get(username="ann"))  # the form was made anew


def test_a_manager_gives_no_role_that_may_do_more(login: Login) -> None:
    client = login("shop_manager")
    deny(get_self(client), "manage_shop_discounts")
    assert "Administrator, Shop Manager" in get_text(client, ADD)
    for url in (ADD, KEYS, SERVICE):
        page = send(client, url, username="ann", roles=["shop_accountant", "shop_manager"], **TWICE)
        assert "Shop Manager may do what you may not (manage_shop_discounts)" in page
    assert count() == 0
    send(client, KEYS, username="ann", roles=["shop_accountant"])
    assert User.objects.get(username="ann").role_slugs == "shop_accountant"


def test_a_name_is_text_and_nothing_else(client: Client) -> None:
    there = send(client, KEYS, username="ann", display_name="<b>bold</b>")
    assert "<b>bold" not in get_text(client, there)


# The automatic key


@pytest.mark.parametrize("url", [ADD, KEYS, SERVICE])
@pytest.mark.parametrize(
    ("settings", "role", "is_made"),
    [
        ({"auto_keys": "nobody", "auto_key_roles": ["shop_accountant"]}, "shop_accountant", False),
        ({"auto_keys": "everybody"}, "shop_accountant", True),
        ({"auto_keys": "everybody"}, "", True),
        ({"auto_keys": "roles", "auto_key_roles": ["shop_accountant"]}, "shop_accountant", True),
        ({"auto_keys": "roles", "auto_key_roles": ["shop_accountant"]}, "shop_worker", False),
        ({"auto_keys": "roles", "auto_key_roles": []}, "shop_accountant", False),
    ],
)
def test_the_key_that_the_shop_wants_is_made(
    url: str, settings: dict[str, Any], role: str, is_made: bool, client: Client
) -> None:
    setup_settings(**settings)
    answer = send(client, url, username="ann", roles=[role] if role else [], **TWICE)
    ann = User.objects.get(username="ann")
    assert ann.api_keys.count() == is_made
    if not is_made:
        assert answer == url_of(ann)
        return
    pair = read_pair(answer)
    key = get_key(pair)
    assert (key.user, key.label, key.customer_id) == (ann, "Made automatically", None)
    assert "ann was added." in answer
    assert f'href="{url_of(ann)}"' in answer
    assert ask("/edd-api/v2/info/", {"key": pair.public_key, "token": pair.token}).status == 200


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"auto_keys": "nobody", "auto_key_roles": ["shop_worker"]}, ""),
        ({"auto_keys": "everybody"}, "A key is made for every new user and shown once"),
        (
            {"auto_keys": "roles", "auto_key_roles": ["shop_vendor", "shop_worker"]},
            "A key is made for new users with one of the roles shop_vendor, shop_worker and shown once",
        ),
        ({"auto_keys": "roles", "auto_key_roles": []}, ""),
    ],
)
def test_the_form_says_whether_a_key_comes_with_it(
    settings: dict[str, Any], words: str, client: Client
) -> None:
    setup_settings(**settings)
    page = get_text(client, ADD)
    assert words in page
    assert ("A key is made" in page) == bool(words)


def test_the_secret_is_on_that_answer_alone(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    setup_settings(auto_keys="everybody")
    form = {"form_id": read_form_id(get_text(client, KEYS)), "username": "ann", "roles": ["shop_worker"]}
    reply = client.post(KEYS, form)
    page = reply.content.decode()
    pair = read_pair(page)
    assert "no-store" in reply.headers["Cache-Control"]
    assert page.count(f">{pair.token}<") == 1
    key, ann = get_key(pair), User.objects.get(username="ann")
    secrets = {pair.token, pair.bearer, pair.bearer[-46:], pair.public_key}
    shown = [url_of(ann), "/admin/access/user/", "/admin/access/apikey/", KEYS, "/admin/"]
    for url in (*shown, f"/admin/access/apikey/{key.pk}/change/"):
        page = get_text(client, url)
        assert [secret for secret in secrets if secret in page] == [], url
    kept = str(dict(client.session)) + str(client.cookies) + caplog.text
    assert [secret for secret in secrets if secret in kept] == []
    who = get_self(client).username
    assert f"{who} added the user ann." in caplog.text
    assert f"{who} issued key {key.pk} of ann." in caplog.text


@pytest.mark.parametrize("auto_keys", ["everybody", "nobody"])
def test_sending_the_form_again_adds_nobody_and_shows_nothing(auto_keys: str, client: Client) -> None:
    setup_settings(auto_keys=auto_keys)
    form = {"form_id": read_form_id(get_text(client, ADD)), "username": "ann", **TWICE}
    first = post(client, ADD, **form)
    for name in ("ann", "ben"):
        second = post(client, ADD, **{**form, "username": name})
        assert "This form was saved before, and the user was added then" in second
        assert "There is an account" not in second
        assert 'id="token"' not in second
        assert auto_keys == "nobody" or read_pair(first).token not in second
    assert (count(), ApiKey.objects.count()) == (1, int(auto_keys == "everybody"))


def test_a_form_counts_for_its_user_alone(login: Login) -> None:
    form_id = read_form_id(get_text(login("superuser"), KEYS))
    for text in (form_id, "", "x"):
        page = post(login("superuser"), KEYS, form_id=text, username="ann")
        assert "This form is too old to be saved" in page
    assert count() == 0


@pytest.fixture
def jane(monkeypatch: pytest.MonkeyPatch) -> Customer:
    """A customer whom the next user is."""
    monkeypatch.setattr(AccountManager, "next_wire_id", lambda _manager: 4711)
    return setup_customer(user_id=4711)


def test_an_automatic_key_that_may_do_what_one_may_not_is_not_made(login: Login, request: Any) -> None:
    """A buyer's key shows orders: whoever may not see those is not shown one."""
    Role.objects.create(
        slug="clerk", name="Clerk", capabilities=["manage_shop_settings", "view_shop_sensitive_data"]
    )
    setup_settings(auto_keys="everybody")
    client = login("clerk")
    request.getfixturevalue("jane")
    there = send(client, KEYS, username="ann")
    ann = User.objects.get(username="ann")
    assert there == url_of(ann)
    page = unescape(get_text(client, there))
    assert "ann was added." in page
    assert "auto_keys wants a key for them, but none was made. A buyer's key may do what you may not" in page
    assert "(view_shop_reports)" in page
    assert ann.api_keys.count() == 0


def test_a_buyer_gets_a_buyers_key_from_somebody_who_may(client: Client, jane: Customer) -> None:
    setup_settings(auto_keys="everybody")
    assert get_key(read_pair(send(client, KEYS, username="ann"))).customer_id == jane.pk


def test_a_manager_is_shown_the_key_of_a_user_who_may_as_much(login: Login) -> None:
    setup_settings(auto_keys="everybody")
    client = login("shop_manager")
    pair = read_pair(send(client, ADD, username="ann", roles=["shop_manager"], **TWICE))
    assert ask("/edd-api/v2/sales/", {"key": pair.public_key, "token": pair.token}).status == 200
