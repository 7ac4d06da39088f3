"""Long lists are streamed: the same rows, a few at once, whole or recognizably not ([CONTRACT] Paging)."""

import json
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from itertools import count
from typing import Any
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.db import OperationalError

from tests.asking import Opened, Reply, ask, open_answer
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.access.log import request_log
from tillroll.eddapi import answer, queries
from tillroll.eddapi.reading import Row
from tillroll.shop import kept
from tillroll.shop.models import FileDownload

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
ROWS = 50
PLACES = max(settings.WORKER_THREADS - 1, 1)
LOGS = "/edd-api/v2/file-download-logs/"

LISTS = {
    "products": "products",
    "customers": "customers",
    "sales": "sales",
    "discounts": "discounts",
    "file-download-logs": "download_logs",
}
EVERY_LIST = pytest.mark.parametrize("endpoint", list(LISTS))
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])


@pytest.fixture(scope="module", autouse=True)
def rows(kept_shop: None) -> None:
    setup_key(public_key=PAIR.public_key, token=PAIR.token)
    for place in range(ROWS):
        product = setup_product(title=f"Product <{place}>")
        customer = setup_customer(additional_emails=(f"more{place}@b.example",))
        setup_order(product, customer=customer)
        setup_discount()
        setup_download(product, customer)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list is long from 21 rows on, and read by sevens."""
    monkeypatch.setattr(answer, "STREAM_ABOVE", 20)
    monkeypatch.setattr(answer, "BATCH", 7)


def is_streamed(reply: Reply | Opened) -> bool:
    return "content-length" not in reply.headers


# The rows


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("pretty", ["", "1"])
def test_a_stream_has_the_rows_of_the_pages(endpoint: str, version: str, pretty: str) -> None:
    path, name = f"/edd-api/{version}/{endpoint}/", LISTS[endpoint]
    streamed = ask(path, signed(PAIR, number=-1, pretty=pretty))
    pages = [ask(path, signed(PAIR, number=10, page=page)) for page in range(1, 6)]
    assert is_streamed(streamed)
    assert not any(is_streamed(page) for page in pages)
    assert streamed.data[name] == [row for page in pages for row in page.data[name]]
    assert list(streamed.data) == [name, "request_speed"]
    assert 0 < streamed.data["request_speed"] < 60
    assert (b"\n" in streamed.content) is bool(pretty)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.usefixtures("small")
def test_a_stream_in_xml_has_the_elements_of_the_pages(endpoint: str, version: str) -> None:
    path = f"/edd-api/{version}/{endpoint}/"
    streamed = ask(path, signed(PAIR, number=-1, format="xml"))
    pages = [ask(path, signed(PAIR, number=10, page=page, format="xml")) for page in range(1, 6)]
    assert is_streamed(streamed)
    assert streamed.headers["content-type"] == "application/xml; charset=UTF-8"
    expected = [element for page in pages for element in elements(page)[:-1]]
    assert elements(streamed)[:-1] == expected
    assert elements(streamed)[-1].startswith(b"<request_speed>")
    assert len(expected) == ROWS


def elements(reply: Reply) -> list[bytes]:
    return [ElementTree.tostring(each) for each in ElementTree.fromstring(reply.content)]  # noqa: S314 (ours)


@EVERY_LIST
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("number", "page", "first", "last"),
    [
        (21, 1, 0, 21),
        (21, 2, 21, 42),
        (24, 2, 24, 48),
        (28, 1, 0, 28),
        (49, 1, 0, 49),
        (50, 1, 0, 50),
        (99, 1, 0, 50),
    ],
)
def test_a_long_page_is_streamed_from_its_first_row_to_its_last(
    endpoint: str, number: int, page: int, first: int, last: int
) -> None:
    path, name = f"/edd-api/v2/{endpoint}/", LISTS[endpoint]
    streamed = ask(path, signed(PAIR, number=number, page=page))
    assert is_streamed(streamed)
    assert streamed.data[name] == ask(path, signed(PAIR, number=-1)).data[name][first:last]


@pytest.mark.usefixtures("small")
def test_a_streams_head_has_the_totals_and_types_of_any_answer() -> None:
    with closing(open_answer("/edd-api/v2/sales/", signed(PAIR, number=-1))) as opened:
        assert opened.status == 200
        assert opened.headers == {
            "content-type": "application/json",
            "cache-control": "private, no-cache",
            "x-edd-total": str(ROWS),
            "x-edd-total-pages": "1",
        }


@pytest.mark.usefixtures("small")
def test_head_of_a_long_list_has_neither_body_nor_length() -> None:
    reply = ask("/edd-api/v2/sales/", signed(PAIR, number=-1), method="HEAD")
    assert (reply.status, reply.content) == (200, b"")
    assert "content-length" not in reply.headers
    assert reply.headers["x-edd-total"] == str(ROWS)


@pytest.mark.usefixtures("small")
def test_a_row_that_comes_in_meanwhile_moves_no_other() -> None:
    opened = open_answer("/edd-api/v2/customers/", signed(PAIR, number=-1))
    with closing(opened):
        pieces = iter(opened.pieces)
        begun = [next(pieces), next(pieces)]
        newcomer = setup_customer()
        content = b"".join([*begun, *pieces])
    keys = [int(row["info"]["customer_id"]) for row in json.loads(content)["customers"]]
    assert len(keys) == len(set(keys)) == ROWS
    assert newcomer.pk not in keys


@pytest.mark.parametrize(
    ("rows", "number", "streams"),
    [(1_000, -1, False), (1_001, -1, True), (1_001, 1_000, False), (1_001, 1_001, True)],
)
def test_a_list_of_more_than_1000_rows_is_streamed(rows: int, number: int, streams: bool) -> None:
    FileDownload.objects.bulk_create(
        FileDownload(product_id=1, created_at=datetime(2026, 1, 1, tzinfo=UTC)) for _ in range(rows - ROWS)
    )
    kept.refresh_tallies()
    reply = ask(LOGS, signed(PAIR, number=number))
    assert is_streamed(reply) is streams
    assert len(reply.data["download_logs"]) == (rows if number == -1 else number)
    assert reply.headers["x-edd-total"] == str(rows)


# A stream that breaks off


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch, small: None) -> None:
    """The store goes away at the third batch of a download log."""
    calls = count()
    list_downloads = queries.list_downloads

    def fail(*arguments: Any, **more: Any) -> list[Row]:
        if next(calls) % 4 == 3:  # of each request: the first call looks whether the list is long
            raise OperationalError("the connection was lost")
        return list_downloads(*arguments, **more)

    monkeypatch.setattr(queries, "list_downloads", fail)


@pytest.mark.usefixtures("breaking")
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_a_stream_that_breaks_off_ends_without_its_last_member(
    fmt: str, caplog: pytest.LogCaptureFixture
) -> None:
    reply = ask(LOGS, signed(PAIR, number=-1, format=fmt))
    assert reply.status == 200
    assert reply.content.count(b"payment_id") == (14 if fmt == "json" else 28)
    assert b"request_speed" not in reply.content
    assert not reply.content.endswith((b"}]}", b"</edd>"))
    assert "A streamed answer broke off." in caplog.text


@pytest.mark.usefixtures("breaking")
def test_a_stream_that_broke_off_is_logged_so_and_gives_its_place_back() -> None:
    for _ in range(PLACES + 1):
        request_log._waiting.clear()
        assert ask(LOGS, signed(PAIR, number=-1)).status == 200
    [line] = request_log._waiting
    assert (line.status, line.error) == (200, "The answer broke off.")
    assert line.size > 1_000


# Places


def open_long() -> Opened:
    return open_answer(LOGS, signed(PAIR, number=-1))


@pytest.mark.usefixtures("small")
def test_one_stream_too_many_is_put_off() -> None:
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(open_long())) for _ in range(PLACES)]
        assert [each.status for each in opened] == [200] * PLACES
        reply = ask(LOGS, signed(PAIR, number=-1))
        assert reply.status == 429
        assert reply.data == {"error": "Too many long lists are being read; try again in a moment!"}
        assert reply.headers["retry-after"] == "5"
        assert ask(LOGS, signed(PAIR)).status == 200  # a short list waits for nobody
        assert ask(LOGS, signed(PAIR, number=-1), method="HEAD").status == 200
    assert ask(LOGS, signed(PAIR, number=-1)).status == 200


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("read", [0, 1, 2, 99])
def test_a_stream_gives_its_place_back_wherever_the_client_goes_away(read: int) -> None:
    for _ in range(2 * PLACES + 1):
        opened = open_long()
        assert opened.status == 200
        for _, _ in zip(range(read), opened.pieces, strict=False):
            pass
        opened.close()
        opened.close()


@pytest.mark.usefixtures("small")
def test_a_stream_that_was_read_to_its_end_gives_its_place_back_before_it_is_closed() -> None:
    for _ in range(PLACES + 1):
        opened = open_long()
        assert opened.status == 200
        assert b"".join(opened.pieces).endswith(b"}")


@pytest.mark.usefixtures("small")
def test_a_stream_is_logged_once_with_what_was_sent() -> None:
    request_log._waiting.clear()
    opened = open_long()
    content = b"".join(opened.pieces)
    opened.close()
    [line] = request_log._waiting
    assert (line.status, line.error, line.size) == (200, "", len(content))
    request_log._waiting.clear()
    opened = open_long()
    piece = next(iter(opened.pieces))
    assert request_log._waiting == []
    opened.close()
    assert [line.size for line in request_log._waiting] == [len(piece)]
