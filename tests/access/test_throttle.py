"""Guesses are slowed down by address: wrong keys and tokens in a minute, wrong passwords in a quarter of an
hour."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.asking import ask
from tests.shops import basic, bearing, setup_key, signed
from tillroll.access.digests import Pair

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 4, 12, 2, tzinfo=UTC)
SALES = "/edd-api/v2/sales/"


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.FAILED_TRIES_A_MINUTE = 3
    settings.FAILED_LOGINS = 3


def guess(address: str = "203.0.113.9", **more: Any) -> int:
    return ask(SALES, {"key": "0" * 32, "token": "x"}, address=address, **more).status


def test_an_address_that_guesses_has_to_wait_and_another_has_not() -> None:
    assert [guess() for _ in range(5)] == [403, 403, 403, 429, 429]
    assert guess("203.0.113.10") == 403


def test_the_answer_says_so_in_edds_form_and_when_to_come_again() -> None:
    for _ in range(3):
        guess()
    reply = ask(SALES, {"key": "0" * 32, "token": "x"}, address="203.0.113.9")
    assert reply.data == {"error": "Too many wrong keys came from your address; try again later!"}
    assert 1 <= int(reply.headers["retry-after"]) <= 60


def test_a_right_key_that_is_new_to_the_address_waits_too() -> None:
    pair = setup_key()
    for _ in range(3):
        guess()
    assert ask(SALES, signed(pair), address="203.0.113.9").status == 429
    assert ask(SALES, signed(pair), address="203.0.113.10").status == 200


def test_a_key_that_was_right_from_there_before_goes_on() -> None:
    pair, other = setup_key(), setup_key()
    assert ask(SALES, signed(pair), address="203.0.113.9").status == 200
    for _ in range(3):
        guess()
    assert ask(SALES, signed(pair), address="203.0.113.9").status == 200
    assert ask(SALES, headers=bearing(pair), address="203.0.113.9").status == 200
    assert ask(SALES, signed(other), address="203.0.113.9").status == 429


def test_after_a_while_the_address_may_try_again() -> None:
    with time_machine.travel(NOW) as clock:
        assert [guess() for _ in range(4)] == [403, 403, 403, 429]
        clock.shift(timedelta(minutes=3))
        assert guess() == 403


@pytest.mark.parametrize(
    ("path", "query"),
    [
        pytest.param(SALES, {}, id="nothing sent"),
        pytest.param(SALES, {"key": "0" * 32}, id="a key alone"),
        pytest.param("/edd-api/v9/sales/", {"key": "0", "token": "0"}, id="another gate"),
        pytest.param("/edd-api/v2/products/", {}, id="public"),
    ],
)
def test_what_is_no_guess_does_not_count(path: str, query: dict[str, str]) -> None:
    for _ in range(5):
        assert ask(path, query, address="203.0.113.9").status != 429
    assert guess() == 403


def test_a_foreign_header_on_public_products_does_not_count() -> None:
    for _ in range(5):
        reply = ask("/edd-api/v2/products/", headers={"Authorization": "Basic YTpi"}, address="203.0.113.9")
        assert reply.status == 200
    assert guess() == 403


def test_guesses_by_header_on_public_products_count_and_are_answered_as_the_public() -> None:
    pair = setup_key()
    headers = basic(Pair(pair.public_key, "guess"))
    for _ in range(5):
        reply = ask("/edd-api/v2/products/", headers=headers, address="203.0.113.9")
        assert reply.status == 200
    assert guess() == 429
