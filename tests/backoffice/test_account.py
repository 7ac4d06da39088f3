"""One's own account, and how long a login lasts."""

from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.backoffice.conftest import Login, get_text
from tests.shops import setup_user
from tillroll.access.models import AuditEntry, User
from tillroll.access.services import set_password

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "lantern-in-the-fog"
OTHER = "a-candle-by-the-door"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
CHANGE = "/admin/account/password/"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as stopped:
        yield stopped


@pytest.fixture
def ada() -> User:
    user = setup_user("ada", role="shop_manager")
    set_password(user, PASSWORD)
    return user


def enter(password: str = PASSWORD) -> Client:
    client = Client()
    reply = client.post("/admin/login/", {"username": "ada", "password": password})
    assert reply.status_code == 302
    return client


def is_in(client: Client) -> bool:
    return client.get("/admin/").status_code == 200


def change(client: Client, present: str = PASSWORD, password: str = OTHER, again: str = OTHER) -> Any:
    return client.post(CHANGE, {"present": present, "password": password, "again": again})


def test_everybody_who_logs_in_has_an_account_page(login: Login) -> None:
    for role in ("superuser", "shop_manager", "shop_accountant", "shop_vendor", "nobody"):
        page = get_text(login(role), "/admin/account/")
        assert 'href="/admin/account/password/"' in page
        assert 'href="/admin/my-keys/"' in page
    for url in ("/admin/account/", CHANGE, "/admin/account/two-factor/"):
        assert Client().get(url).headers["Location"] == f"/admin/login/?next={url}"


def test_a_changed_password_ends_other_logins(ada: User) -> None:
    here, there = enter(), enter()
    assert change(here).headers["Location"] == "/admin/account/"
    assert is_in(here)
    assert not is_in(there)
    assert is_in(enter(OTHER))
    entry = AuditEntry.objects.get(action="changed the password")
    assert (entry.actor_name, entry.title, entry.changes) == ("ada", "ada", [["password", "", "(new)"]])


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"present": "guess"}, "This is not your present password."),
        ({"again": "something-else"}, "The two passwords are not the same."),
        ({"password": "short", "again": "short"}, "This password is too short."),
        ({"password": "password123", "again": "password123"}, "This password is too common."),
        ({"present": ""}, "This field is required."),
    ],
)
def test_a_wrong_value_gives_a_sentence_and_changes_nothing(
    ada: User, sent: dict[str, str], sentence: str
) -> None:
    client = enter()
    reply = change(client, **sent)
    assert reply.status_code == 200
    assert sentence in unescape(reply.content.decode())
    assert PASSWORD not in reply.content.decode()
    assert is_in(enter())


def test_guesses_at_the_present_password_count_as_at_the_login(ada: User) -> None:
    client = enter()
    for _ in range(10):
        reply = change(client, present="guess")
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "900")
    assert "wait 15 minutes and try again" in change(client).content.decode()
    assert ada.check_password(PASSWORD)


def test_no_password_changes_without_a_csrf_token(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert change(client).status_code == 403


def test_one_logs_out_everywhere_else(ada: User) -> None:
    here, there = enter(), enter()
    assert here.get("/admin/account/log-out-everywhere/").status_code == 405
    assert here.post("/admin/account/log-out-everywhere/").headers["Location"] == "/admin/account/"
    assert (is_in(here), is_in(there)) == (True, False)
    assert AuditEntry.objects.latest("pk").action == "logged out everywhere"


# How long a login lasts


def test_an_idle_login_ends_and_says_so(ada: User, clock: Any) -> None:
    client = enter()
    clock.shift(timedelta(minutes=60))
    assert is_in(client)
    clock.shift(timedelta(minutes=60, seconds=1))
    assert client.get("/admin/shop/order/").headers["Location"] == "/admin/login/?next=/admin/shop/order/"
    assert "You were logged out after 60 minutes without a page." in get_text(client, "/admin/login/")
    assert not is_in(client)


def test_a_busy_login_ends_after_half_a_day(ada: User, clock: Any) -> None:
    client = enter()
    for _ in range(24):
        clock.shift(timedelta(minutes=30))
        assert is_in(client)
    clock.shift(timedelta(seconds=1))
    assert not is_in(client)
    assert "You were logged out: a login lasts 12 hours at most." in get_text(client, "/admin/login/")


def test_the_settings_say_how_long(ada: User, clock: Any, settings: Any) -> None:
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 1, 1
    client = enter()
    clock.shift(timedelta(seconds=61))
    assert not is_in(client)
    assert "after 1 minute without a page" in get_text(client, "/admin/login/")


def test_a_session_is_written_once_a_minute(ada: User, clock: Any) -> None:
    client = enter()

    def count_writes() -> int:
        with CaptureQueriesContext(connections["logs"]) as asked:
            assert is_in(client)
        return sum("django_session" in one["sql"] and one["sql"].startswith("UPDATE") for one in asked)

    clock.shift(timedelta(seconds=59))
    assert count_writes() == 0
    clock.shift(timedelta(seconds=1))
    assert count_writes() == 1
    assert count_writes() == 0


def test_a_login_begins_with_a_session_of_its_own(ada: User) -> None:
    client = Client()
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = planted = str(session.session_key)
    client.post("/admin/login/", {"username": "ada", "password": PASSWORD})
    assert client.session.session_key != planted
    assert not Session.objects.filter(session_key=planted).exists()
