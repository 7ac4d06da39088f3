"""Invitations and reset links: shown once, good once, for some days, and for nobody with more rights."""

import logging
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.core import mail
from django.test import Client

from tests.backoffice.conftest import Login, get_text
from tests.backoffice.forms import deny, get_self, post, read_shown, send
from tests.shops import setup_user
from tillroll.access import mailing
from tillroll.access.models import AuditEntry, User
from tillroll.access.services import create_service_account, set_active, set_password

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "lantern-in-the-fog"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
ADD = "/admin/access/user/add/?how=invitation"
WELCOME = "/admin/welcome/"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as stopped:
        yield stopped


@pytest.fixture
def ada() -> User:
    user = setup_user("ada", role="shop_accountant", email="ada@example.com")
    set_password(user, PASSWORD)
    return user


def url_of(user: User) -> str:
    return f"/admin/access/user/{user.pk}/link/"


def make(client: Client, user: User) -> str:
    """A fresh link, without its host."""
    url = read_shown(post(client, url_of(user)), "link")
    assert url.startswith("http://testserver/admin/welcome/?link=")
    return url.removeprefix("http://testserver")


def get_secret(link: str) -> str:
    """The part of a link that nobody else may read, as it was made."""
    return unquote(link.partition("=")[2])


def follow(link: str) -> Client:
    client = Client()
    reply = client.get(link)
    assert reply.headers["Location"] == WELCOME
    assert reply.headers["Referrer-Policy"] == "no-referrer"
    return client


CHOSEN = "a-candle-by-the-door"


def choose(client: Client, password: str = CHOSEN, again: str | None = None) -> Any:
    return client.post(WELCOME, {"password": password, "again": password if again is None else again})


def test_somebody_invited_chooses_a_password_and_logs_in(login: Login) -> None:
    client = login("superuser")
    page = send(client, ADD, username="ben", display_name="Ben", roles=["shop_worker"])
    link = read_shown(page, "link").removeprefix("http://testserver")
    ben = User.objects.get(username="ben")
    assert (ben.has_usable_password(), ben.is_staff) == (False, False)
    guest = follow(link)
    reply = guest.get(WELCOME)
    assert "Choose a password for ben" in reply.content.decode()
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in reply.headers["Cache-Control"]
    assert get_secret(link) not in reply.content.decode()
    assert choose(guest).headers["Location"] == "/admin/login/"
    assert "Your password is set, ben. Log in with it." in get_text(guest, "/admin/login/")
    reply = Client().post("/admin/login/", {"username": "ben", "password": "a-candle-by-the-door"})
    assert reply.headers["Location"] == "/admin/"
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["added", "made an invitation", "took an invitation", "logged in"]


def test_a_link_counts_once(ada: User, login: Login) -> None:
    link = make(login("superuser"), ada)
    first, second = follow(link), follow(link)
    assert choose(first).status_code == 302
    reply = choose(second, "another-candle")
    assert reply.status_code == 410
    assert "This link counts no more" in reply.content.decode()
    ada.refresh_from_db()
    assert ada.check_password("a-candle-by-the-door")
    assert follow(link).get(WELCOME).status_code == 410


def test_to_look_at_a_link_does_not_use_it_up(ada: User, login: Login) -> None:
    link = make(login("superuser"), ada)
    for _ in range(3):
        assert follow(link).get(WELCOME).status_code == 200
    assert choose(follow(link)).status_code == 302


@pytest.mark.parametrize(("is_new", "hours"), [(True, 7 * 24), (False, 24)])
def test_a_link_gets_old(ada: User, login: Login, clock: Any, is_new: bool, hours: int) -> None:
    if is_new:
        ada.set_unusable_password()
        ada.save()
    link = make(login("superuser"), ada)
    clock.shift(timedelta(hours=hours))
    assert follow(link).get(WELCOME).status_code == 200
    clock.shift(timedelta(seconds=2))
    assert follow(link).get(WELCOME).status_code == 410


def test_a_login_a_new_password_and_a_shut_door_end_a_link(ada: User, login: Login, clock: Any) -> None:
    client = login("superuser")
    link = make(client, ada)
    clock.shift(timedelta(seconds=5))
    Client().post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert follow(link).get(WELCOME).status_code == 410
    ada.refresh_from_db()
    link = make(client, ada)
    set_active(ada, False)
    assert follow(link).get(WELCOME).status_code == 410
    set_active(ada, True)
    assert follow(link).get(WELCOME).status_code == 200


def test_a_reset_ends_all_sessions_of_the_user(ada: User, login: Login) -> None:
    inside = Client()
    inside.force_login(ada)
    ada.refresh_from_db()
    assert choose(follow(make(login("superuser"), ada))).status_code == 302
    assert inside.get("/admin/").status_code == 302


def test_a_link_that_was_made_up_is_none(ada: User) -> None:
    for token in ("x", "WzEsInIiLCJ4Il0:1abcde:xyz"):
        assert follow(f"{WELCOME}?link={token}").get(WELCOME).status_code == 410
    assert Client().get(WELCOME).status_code == 410


@pytest.mark.parametrize(
    ("password", "again", "sentence"),
    [
        ("short", "short", "This password is too short."),
        ("a-candle-by-the-door", "a-candle", "The two passwords are not the same."),
        ("", "", "This field is required."),
    ],
)
def test_a_wrong_value_gives_a_sentence(
    ada: User, login: Login, password: str, again: str, sentence: str
) -> None:
    guest = follow(make(login("superuser"), ada))
    reply = choose(guest, password, again)
    assert (reply.status_code, sentence in unescape(reply.content.decode())) == (200, True)
    assert choose(guest).status_code == 302


def test_no_password_is_chosen_without_a_csrf_token(ada: User, login: Login) -> None:
    guest = Client(enforce_csrf_checks=True)
    guest.get(make(login("superuser"), ada))
    assert choose(guest).status_code == 403


def test_a_link_is_in_no_log_line(ada: User, login: Login, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    link = make(login("superuser"), ada)
    guest = follow(link)
    choose(guest)
    follow(link).get(WELCOME)
    assert get_secret(link) not in caplog.text


def test_nobody_makes_a_link_for_themselves_which_would_spare_the_present_password(login: Login) -> None:
    client = login("superuser")
    page = post(client, url_of(get_self(client)))
    assert "Your own password is under My account, where it takes the present one." in page
    assert not AuditEntry.objects.exists()


def test_nobody_makes_a_link_for_somebody_with_more_rights(login: Login) -> None:
    boss, colleague = setup_user("boss", is_superuser=True), setup_user("cleo", role="shop_manager")
    manager = login("shop_manager")
    deny(get_self(manager), "edit_shop_payments")
    for user, sentence in (
        (boss, "only a superuser may change this account"),
        (colleague, "cleo may do what you may not (edit_shop_payments)"),
        (create_service_account("robot"), "nobody logs in with it"),
        (setup_user("demo", is_demo=True), "demo-credentials"),
    ):
        page = post(manager, url_of(user))
        assert sentence in page
        assert "/admin/welcome/?link" not in page
    assert login("shop_accountant").get(url_of(colleague)).status_code == 403
    assert login("shop_accountant").post(url_of(colleague)).status_code == 403
    assert not AuditEntry.objects.exists()


# By e-mail


@pytest.fixture
def mails(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.SENDS_MAIL = True
    settings.PUBLIC_URL = "https://shop.example"
    settings.DEFAULT_FROM_EMAIL = "shop@shop.example"
    monkeypatch.setattr("tillroll.backoffice.forgotten.send_link_behind", mailing.send_link)
    return mail.outbox


def test_an_invitation_is_mailed_where_there_is_a_server(login: Login, mails: Any) -> None:
    page = send(login("superuser"), ADD, username="ben", email="ben@example.com", roles=["shop_worker"])
    url = read_shown(page, "link")
    assert url.startswith("https://shop.example/admin/welcome/?link=")
    assert "It was e-mailed to ben@example.com as well." in page
    assert [(one.to, one.from_email, url in one.body) for one in mails] == [
        (["ben@example.com"], "shop@shop.example", True)
    ]


def test_the_login_page_offers_a_link_only_where_mails_go_out(ada: User, mails: Any, settings: Any) -> None:
    assert 'href="/admin/forgotten/"' in get_text(Client(), "/admin/login/")
    settings.SENDS_MAIL = False
    assert "forgotten" not in get_text(Client(), "/admin/login/")
    assert Client().get("/admin/forgotten/").status_code == 404


def test_a_forgotten_password_gets_a_link_and_the_answer_is_always_the_same(ada: User, mails: Any) -> None:
    setup_user("eve", email="eve@example.com")  # a customer who has no password
    answers = {
        Client().post("/admin/forgotten/", {"name": name}, HTTP_HOST="evil.example").content
        for name in ("ada", "ADA@example.com", "nobody", "eve", "eve@example.com")
    }
    assert len(answers) == 1
    assert [one.to for one in mails] == [["ada@example.com"]] * 2
    link = mails[0].body.split("https://shop.example")[1].split()[0]
    assert "evil.example" not in mails[0].body
    assert choose(follow(link)).status_code == 302


def test_nobody_is_flooded_with_mails(ada: User, mails: Any) -> None:
    for _ in range(10):
        assert Client().post("/admin/forgotten/", {"name": "ada"}).status_code == 200
    assert len(mails) == 3
    assert Client().post("/admin/forgotten/", {"name": "ada"}).status_code == 429


def test_a_mail_that_does_not_go_out_is_said_without_its_link(
    ada: User, mails: Any, monkeypatch: pytest.MonkeyPatch, caplog: Any, login: Login
) -> None:
    def fail(*_args: Any) -> None:
        raise ConnectionRefusedError("no server")

    monkeypatch.setattr(mailing, "send_mail", fail)
    page = post(login("superuser"), url_of(ada))
    assert "e-mailed" not in page
    assert "A mail to a user could not be sent: ConnectionRefusedError" in caplog.text
    assert "/admin/welcome/" not in caplog.text
