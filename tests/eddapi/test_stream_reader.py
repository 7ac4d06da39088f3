"""On SQLite a stream reads through a connection of its own, which keeps nothing of the file and ends with
the stream."""

import json
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from tests.asking import ask, open_answer
from tests.conftest import STORE
from tests.shops import setup_customer, setup_key, setup_product, signed
from tillroll.access.digests import Pair
from tillroll.eddapi import answer
from tillroll.eddapi.streaming import StreamReader

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
PATH = "/edd-api/v2/customers/"
ALL = signed(PAIR, number=-1)

sqlite_alone = pytest.mark.skipif(STORE != "sqlite", reason="PostgreSQL keeps its pages to itself")


@pytest.fixture(autouse=True)
def rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve customers; a list is long from 6 rows on, and read by fives."""
    monkeypatch.setattr(answer, "STREAM_ABOVE", 5)
    monkeypatch.setattr(answer, "BATCH", 5)
    setup_key(public_key=PAIR.public_key, token=PAIR.token)
    for _ in range(12):
        setup_customer()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The stores that were made to read streams through."""
    made: list[Any] = []
    copy = type(connection._connections[connection._alias]).copy  # type: ignore[attr-defined]  # the proxy's

    def note(store: Any, alias: str | None = None) -> Any:
        made.append(copy(store, alias))
        return made[-1]

    monkeypatch.setattr(type(connection._connections[connection._alias]), "copy", note)  # type: ignore[attr-defined]
    return made


def ask_pragma(store: Any, name: str) -> int:
    with store.cursor() as cursor:
        cursor.execute(f"PRAGMA {name}")
        return int(cursor.fetchone()[0])


@sqlite_alone
def test_a_stream_maps_and_keeps_nothing_of_the_file_and_can_not_write(opened: list[Any]) -> None:
    reply = open_answer(PATH, ALL)
    next(pieces := iter(reply.pieces))
    assert opened == []  # nothing is opened before the first rows are read
    next(pieces)
    [own] = opened
    assert (ask_pragma(own, "mmap_size"), ask_pragma(own, "cache_size")) == (0, -2_000)
    assert ask_pragma(connection, "mmap_size") > 0
    with pytest.raises(OperationalError, match="readonly"), own.cursor() as cursor:
        cursor.execute("DELETE FROM shop_customer")
    reply.close()


@sqlite_alone
@pytest.mark.parametrize("read", [2, 3, 99])
def test_the_connection_ends_with_the_stream_wherever_the_client_goes_away(
    opened: list[Any], read: int
) -> None:
    reply = open_answer(PATH, ALL)
    for _ in zip(range(read), reply.pieces, strict=False):
        pass
    assert (opened[0].connection is None) is (read == 99)
    reply.close()
    assert opened[0].connection is None


@sqlite_alone
def test_a_stream_that_was_never_begun_opens_nothing(opened: list[Any]) -> None:
    open_answer(PATH, ALL).close()
    assert opened == []


@sqlite_alone
def test_an_answer_that_is_no_stream_opens_nothing(opened: list[Any]) -> None:
    assert len(ask(PATH, signed(PAIR, number=5)).data["customers"]) == 5
    assert opened == []


def test_a_long_list_in_a_random_order_is_whole_and_has_each_row_once() -> None:
    products = [setup_product() for _ in range(12)]
    reply = open_answer("/edd-api/v2/products/", {"number": "-1", "orderby": "rand"})
    listed = json.loads(b"".join(reply.pieces))["products"]
    assert sorted(each["info"]["id"] for each in listed) == sorted(each.pk for each in products)


@sqlite_alone
def test_a_stream_that_breaks_off_closes_its_connection(
    opened: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    reply = open_answer(PATH, ALL)
    next(pieces := iter(reply.pieces))
    next(pieces)
    opened[0].connection.close()
    assert list(pieces) == []
    assert "A streamed answer broke off." in caplog.text
    assert opened[0].connection is None


@sqlite_alone
def test_inside_a_transaction_a_stream_sees_what_was_written_in_it(opened: list[Any]) -> None:
    with transaction.atomic(), StreamReader() as run:
        assert opened == []
        assert run("SELECT COUNT(*) FROM shop_customer", ()) == [(12,)]


def test_a_stream_leaves_the_threads_own_connection_as_it_was() -> None:
    assert len(ask(PATH, ALL).data["customers"]) == 12
    assert not connection.in_atomic_block
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM shop_customer")
        assert cursor.fetchone() == (12,)
