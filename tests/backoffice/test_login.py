"""Logging in: guesses are slowed down by address, and who holds keys alone has no way in."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from axes.models import AccessAttempt
from django.contrib.auth import authenticate
from django.http import HttpRequest
from django.test import Client

from tests.shops import setup_user
from tillroll.access.attempts import release
from tillroll.access.models import AuditEntry, User
from tillroll.access.services import create_service_account, set_password

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "lantern-in-the-fog"
LOGIN = "/admin/login/"
NOON = datetime(2026, 3, 4, 12, 3, tzinfo=UTC)


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
    for number in range(1, times + 1):
        expected = 429 if number >= 10 else 200  # the guess that closes the door is told so
        assert log_in(Client(**extra), "guess").status_code == expected  # type: ignore[arg-type]


def test_a_login_leads_to_the_overview_or_to_where_one_wanted(ada: User) -> None:
    assert log_in(Client()).headers["Location"] == "/admin/"
    reply = Client().post(f"{LOGIN}?next=/admin/my-keys/", {"username": "ada", "password": PASSWORD})
    assert reply.headers["Location"] == "/admin/my-keys/"


def test_after_ten_wrong_passwords_an_address_waits_even_with_the_right_one(ada: User, clock: Any) -> None:
    guess(10)
    client = Client()
    reply = log_in(client)
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "900")
    assert "wait 15 minutes and try again" in reply.content.decode()
    assert "sessionid" not in client.cookies
    clock.shift(timedelta(minutes=14, seconds=30))
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
    assert AccessAttempt.objects.get(ip_address="203.0.113.9").failures_since_start == 10


def test_who_waits_makes_it_no_longer_by_trying(ada: User, clock: Any) -> None:
    guess(10)
    for _ in range(5):
        assert log_in(Client(), "guess").status_code == 429
    assert AccessAttempt.objects.get(ip_address="127.0.0.1").failures_since_start == 10
    assert AuditEntry.objects.filter(action="locked out").count() == 1


def test_a_right_password_forgives_the_guesses_at_its_own_name_alone(ada: User, clock: Any) -> None:
    guess(5)
    log_in(Client(), "guess", "ben")
    assert log_in(Client()).status_code == 302
    assert [*AccessAttempt.objects.values_list("username", "failures_since_start")] == [("ben", 1)]
    for _ in range(8):
        assert log_in(Client(), "guess", "ben").status_code == 200
    assert log_in(Client(), "guess", "ben").status_code == 429


def test_other_browsers_of_an_address_wait_as_well(ada: User, clock: Any) -> None:
    for number in range(10):
        log_in(Client(HTTP_USER_AGENT=f"Browser {number}"), "guess")
    assert log_in(Client(HTTP_USER_AGENT="Browser 10")).status_code == 429


def test_without_any_address_a_name_is_counted(ada: User, clock: Any) -> None:
    guess(10, REMOTE_ADDR="unix:")
    assert log_in(Client(REMOTE_ADDR="unix:")).status_code == 429
    assert log_in(Client(REMOTE_ADDR="unix:"), "guess", "ben").status_code == 200


def test_a_lock_that_is_released_is_gone(ada: User, clock: Any) -> None:
    guess(10)
    assert release(address="203.0.113.9") == 0
    assert release(address="127.0.0.1") == 10
    assert log_in(Client()).status_code == 302


def test_no_password_and_no_token_of_a_form_is_kept(ada: User, clock: Any) -> None:
    log_in(Client(), "a-near-miss")
    kept = AccessAttempt.objects.get()
    assert "a-near-miss" not in kept.post_data + kept.get_data


def test_logging_in_and_being_locked_out_are_noted(ada: User, clock: Any) -> None:
    log_in(Client(REMOTE_ADDR="203.0.113.8"))
    guess(10, REMOTE_ADDR="203.0.113.9")
    lines = AuditEntry.objects.order_by("pk").values_list("action", "actor_name", "address", "title")
    assert [*lines] == [
        ("logged in", "ada", "203.0.113.8", "ada"),
        ("locked out", "(login)", "203.0.113.9", "ada"),
    ]


def test_the_demo_from_elsewhere_is_a_wrong_login_as_well(clock: Any) -> None:
    set_password(setup_user("demo", role="shop_manager", is_demo=True), PASSWORD)
    for _ in range(9):
        assert log_in(Client(REMOTE_ADDR="203.0.113.9"), name="demo").status_code == 200
    assert log_in(Client(REMOTE_ADDR="203.0.113.9"), name="demo").status_code == 429
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
