"""A write between the steps of a request: rights, settings and records are of one state all the same."""

from collections.abc import Callable

import pytest
from django.db import connection  # noqa: F401  (for skipif)

from tests.asking import ask
from tests.shops import get_key, setup_customer, setup_key, setup_settings, signed
from tillroll.access.digests import Pair
from tillroll.access.services import revoke_key
from tillroll.eddapi import app

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "logs"]),
    pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL's snapshot is there by then"),
]

Overtake = Callable[[Callable[[], object]], None]


@pytest.fixture
def overtake(monkeypatch: pytest.MonkeyPatch) -> Overtake:
    """Has something written when the next request has been counted, and has begun no snapshot yet."""

    def prepare(change: Callable[[], object]) -> None:
        counted = app._count
        waiting = [change]

        def count(*arguments: object) -> object:
            allowance = counted(*arguments)  # type: ignore[arg-type]
            if waiting:
                waiting.pop()()
            return allowance

        monkeypatch.setattr(app, "_count", count)

    return prepare


@pytest.fixture
def pair() -> Pair:
    setup_customer("before@example.com")
    return setup_key(quota_day=100)


@pytest.mark.parametrize("question", ["customers", "customers?number=-1", "info"])
def test_a_key_that_was_revoked_meanwhile_sees_nothing_of_afterwards(
    question: str, pair: Pair, overtake: Overtake
) -> None:
    endpoint, _, query = question.partition("?")
    asked = signed(pair, **dict(piece.split("=") for piece in query.split("&") if piece))
    assert [ask(f"/edd-api/v2/{endpoint}/", asked).status for _ in range(2)] == [200, 200]
    setup_customer("between@example.com")  # so that no answer is kept
    ask("/edd-api/v2/discounts/", signed(pair))  # but the revisions are known

    def change() -> None:
        revoke_key(get_key(pair))
        setup_customer("after@example.com")

    overtake(change)
    reply = ask(f"/edd-api/v2/{endpoint}/", asked)
    assert (reply.status, reply.data) == (403, {"error": "Invalid API key!"})


def test_new_records_are_shown_by_the_new_settings(pair: Pair, overtake: Overtake) -> None:
    asked = signed(pair)
    ask("/edd-api/v2/customers/", asked)
    setup_customer("between@example.com")
    ask("/edd-api/v2/discounts/", asked)

    def change() -> None:
        setup_settings(dialect="edd3")
        setup_customer("after@example.com")

    overtake(change)
    reply = ask("/edd-api/v2/customers/", asked)
    assert len(reply.data["customers"]) == 3
    assert "id" not in reply.data["customers"][0]["info"]


def test_a_request_that_was_overtaken_is_counted_once(pair: Pair, overtake: Overtake) -> None:
    asked = signed(pair)
    ask("/edd-api/v2/customers/", asked)
    overtake(lambda: setup_customer("after@example.com"))
    assert '"day";r=98' in ask("/edd-api/v2/customers/", asked).headers["ratelimit"]
