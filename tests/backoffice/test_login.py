"""Logging in: guesses are slowed down by address, and who holds keys alone has no way in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.test import Client

from tests.shops import setup_user
from tillroll.access.models import Counter, User
from tillroll.access.services import create_service_account, set_password

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "lantern-in-the-fog"
LOGIN = "/admin/login/"
NOON = datetime(2026, 3, 4, 12, 3, tzinfo=UTC)
"""Three minutes into a quarter of an hour, so that there are twelve to wait."""


@pytest.fixture
def ada() -> User:
    user = setup_user("ada", role="shop_manager")
    set_password(user, PASSWORD)
    return user


@pytest.fixture
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as stopped:
        yield stopped


def log_in(client: Client, password: str = PASSWORD, name: str = "ada", **extra: str) -> Any:
    return client.post(LOGIN, {"username": name, "password": password}, **extra)  # type: ignore[arg-type]


def guess(times: int, **extra: str) -> None:
    for _ in range(times):
        assert log_in(Client(**extra), "guess").status_code == 200  # type: ignore[arg-type]


def test_a_login_leads_to_the_overview_or_to_where_one_wanted(ada: User) -> None:
    assert log_in(Client()).headers["Location"] == "/admin/"
    reply = Client().post(f"{LOGIN}?next=/admin/my-keys/", {"username": "ada", "password": PASSWORD})
    assert reply.headers["Location"] == "/admin/my-keys/"


def test_after_ten_wrong_passwords_an_address_waits_even_with_the_right_one(ada: User, clock: Any) -> None:
    guess(10)
    client = Client()
    reply = log_in(client)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "720")
    assert "wait 12 minutes and try again" in reply.content.decode()
    assert "sessionid" not in client.cookies
    clock.shift(timedelta(minutes=11, seconds=30))
    assert "wait 1 minute and try again" in log_in(client).content.decode()
    clock.shift(timedelta(seconds=31))
    assert log_in(client).status_code == 302


def test_nine_wrong_passwords_are_forgiven(ada: User, clock: Any) -> None:
    guess(9)
    assert log_in(Client()).status_code == 302


def test_another_address_does_not_wait(ada: User, clock: Any) -> None:
    guess(10, REMOTE_ADDR="203.0.113.9")
    assert log_in(Client(REMOTE_ADDR="203.0.113.9")).status_code == 429
    assert log_in(Client(REMOTE_ADDR="203.0.113.10")).status_code == 302


def test_guesses_at_many_names_count_together(ada: User, clock: Any) -> None:
    for number in range(10):
        log_in(Client(), "guess", f"user-{number}")
    assert log_in(Client()).status_code == 429


def test_the_address_behind_a_trusted_proxy_counts_and_no_other(ada: User, clock: Any, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    guess(10, REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9")
    assert log_in(Client(REMOTE_ADDR="203.0.113.9")).status_code == 429
    behind = Client(REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.10")
    assert log_in(behind).status_code == 302
    forged = Client(REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="203.0.113.77")
    assert log_in(forged).status_code == 429


def make_request(address: str) -> HttpRequest:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = address
    return request


def test_no_other_way_in_avoids_the_wait(ada: User, clock: Any) -> None:
    enter: Callable[[str, str], Any] = lambda address, password: authenticate(  # noqa: E731 (read as a table)
        make_request(address), username="ada", password=password
    )
    assert enter("203.0.113.9", PASSWORD) == ada
    for _ in range(10):
        assert enter("203.0.113.9", "guess") is None
    assert enter("203.0.113.9", PASSWORD) is None
    assert enter("203.0.113.10", PASSWORD) == ada
    assert Counter.objects.get(subject="login:203.0.113.9").used == 10


def test_who_waits_makes_it_no_longer_by_trying(ada: User, clock: Any) -> None:
    guess(10)
    for _ in range(5):
        assert log_in(Client(), "guess").status_code == 429
    assert Counter.objects.get(subject="login:127.0.0.1").used == 10


def test_the_demo_from_elsewhere_is_a_wrong_login_as_well(clock: Any) -> None:
    set_password(setup_user("demo", role="shop_manager", is_demo=True), PASSWORD)
    for _ in range(10):
        assert log_in(Client(REMOTE_ADDR="203.0.113.9"), name="demo").status_code == 200
    assert log_in(Client(REMOTE_ADDR="203.0.113.9"), name="demo").status_code == 429


def test_a_service_account_does_not_log_in_even_with_a_password(clock: Any) -> None:
    account = create_service_account("robot", roles=["shop_manager"])
    account.set_password(PASSWORD)
    account.is_staff = True
    account.save()
    client = Client()
    assert log_in(client, name="robot").status_code == 200
    assert "sessionid" not in client.cookies
    User.objects.filter(pk=account.pk).update(is_service=False)
    assert log_in(client, name="robot").status_code == 302


def test_a_form_without_a_csrf_token_logs_nobody_in(ada: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert log_in(client).status_code == 403
    assert "sessionid" not in client.cookies
