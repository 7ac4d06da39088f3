"""Answers that are sent as they are read share their places: the API's long lists, and files of the back
office."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest
from django.db import connections
from django.http import HttpResponseBase
from django.test import Client, RequestFactory

from tests.asking import Opened, ask, open_answer
from tests.backoffice.conftest import Login, Shop
from tests.shops import setup_customer, setup_key, setup_order, signed
from tillroll.access.digests import Pair
from tillroll.access.streams import COUNT, Places, streams
from tillroll.backoffice.streamed import send_file
from tillroll.eddapi import answer
from tillroll.eddapi.app import application

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

SALES = "/edd-api/v2/sales/"
FILES = (
    "/admin/access/requestlogentry/export/csv/",
    "/admin/access/requestlogentry/export/ndjson/",
    "/admin/access/apikey/export/",
)


@pytest.fixture(autouse=True)
def kept_connections(stores: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response that a test closes itself would close the test's databases as well."""
    for connection in connections.all():
        monkeypatch.setattr(connection, "close_if_unusable_or_obsolete", lambda: None)


def count_free() -> int:
    """How many places are to be had now."""
    taken = []
    while place := streams.take():
        taken.append(place)
    for place in taken:
        place.give_back()
    return len(taken)


@pytest.fixture
def client(shop: Shop, login: Login) -> Client:
    return login("superuser")


@pytest.fixture
def pair(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """A key for lists that are long from three rows on."""
    monkeypatch.setattr(answer, "STREAM_ABOVE", 2)
    monkeypatch.setattr(answer, "BATCH", 2)
    for _ in range(5):
        setup_order(shop.product, customer=setup_customer())
    return setup_key(role="shop_manager")


def open_list(pair: Pair) -> Opened:
    return open_answer(SALES, signed(pair, number=-1))


@pytest.mark.parametrize("begin_with", ["list", *FILES])
def test_lists_and_files_together_never_take_the_last_thread(
    begin_with: str, pair: Pair, client: Client
) -> None:
    with ExitStack() as stack:
        for number in range(COUNT):
            opened: Any
            if (number % 2 == 0) is (begin_with == "list"):
                opened = open_list(pair)
                assert opened.status == 200
            else:
                opened = client.get(FILES[number % 3] if begin_with == "list" else begin_with)
                assert (opened.status_code, opened.streaming) == (200, True)
            stack.enter_context(closing(opened))
        assert count_free() == 0
        for url in FILES:
            refused = client.get(url)
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "30")
            assert refused.content == (
                b"Too many files and long lists are being sent; try again when one is done.\n"
            )
        reply = ask(SALES, signed(pair, number=-1))
        assert (reply.status, reply.headers["retry-after"]) == (429, "5")
        assert reply.data == {"error": "Too many long lists are being read; try again in a moment!"}
        assert ask(SALES, signed(pair, number=1)).status == 200  # the others are served
        assert client.get("/admin/shop/order/").status_code == 200
    assert count_free() == COUNT
    assert ask(SALES, signed(pair, number=-1)).status == 200
    assert [client.get(url).getvalue()[:0] for url in FILES] == [b""] * 3


@pytest.mark.parametrize("read", [0, 1, 99])
@pytest.mark.parametrize("url", FILES)
def test_a_file_gives_its_place_back_wherever_the_client_goes_away(
    url: str, read: int, client: Client
) -> None:
    for _ in range(COUNT + 1):
        opened: Any = client.get(url)
        assert opened.status_code == 200
        for _, _ in zip(range(read), opened, strict=False):
            pass
        opened.close()
        opened.close()
    assert count_free() == COUNT


def read_shares(*parts: int) -> Iterator[str]:
    """Pieces of a file; a part of 0 fails."""
    return (str(100 // part) for part in parts)


def test_a_file_whose_first_piece_fails_gives_its_place_back() -> None:
    with pytest.raises(ZeroDivisionError):
        send_file("x.csv", "text/csv", read_shares(0, 1))
    assert count_free() == COUNT


def test_a_file_that_breaks_off_gives_its_place_back_when_it_is_closed() -> None:
    reply: Any = send_file("x.csv", "text/csv", read_shares(4, 0))
    pieces = iter(reply)
    assert next(pieces) == b"25"
    with pytest.raises(ZeroDivisionError):
        next(pieces)
    reply.close()
    assert count_free() == COUNT


def test_a_file_without_pieces_is_an_empty_one() -> None:
    reply: Any = send_file("x.csv", "text/csv", iter(()))
    assert reply.headers["Content-Disposition"] == 'attachment; filename="x.csv"'
    assert reply.getvalue() == b""
    reply.close()
    assert count_free() == COUNT


def test_an_answer_that_was_dropped_before_it_began_gives_its_place_back(pair: Pair) -> None:
    reply: HttpResponseBase | None = send_file("x.csv", "text/csv", read_shares(4))
    assert count_free() == COUNT - 1
    del reply
    assert count_free() == COUNT
    opened: Opened | None = open_list(pair)
    assert count_free() == COUNT - 1
    del opened
    assert count_free() == COUNT


def test_a_list_that_can_not_be_begun_gives_its_place_back(pair: Pair) -> None:
    """The server may refuse to begin an answer, as for a client that is gone."""
    statuses: list[str] = []

    def start(status: str, headers: Any) -> None:
        statuses.append(status)
        if len(statuses) == 1:
            raise OSError("the client is gone")

    query = {name: str(value) for name, value in signed(pair, number=-1).items()}
    environ = RequestFactory().get(SALES, query).environ
    assert b"Internal error!" in b"".join(application(environ, start))
    assert statuses == ["200 OK", "500 Internal Server Error"]
    assert count_free() == COUNT


def test_a_place_goes_back_once() -> None:
    places = Places(2)
    first, second = places.take(), places.take()
    assert first is not None
    assert second is not None
    assert places.take() is None
    for _ in range(2):
        first.give_back()
    again = places.take()
    assert again is not None
    assert places.take() is None


@pytest.mark.parametrize("drop", [lambda places: places.clear(), lambda places: places.pop().give_back()])
def test_a_place_that_is_dropped_goes_back(drop: Callable[[Any], None]) -> None:
    places = Places(1)
    taken = [places.take()]
    assert places.take() is None
    drop(taken)
    assert places.take() is not None
