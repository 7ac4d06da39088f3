"""S gives back what was recorded, and tells apart who has the answer already."""

from typing import Any

from bench.client import Reply
from bench.constant import Recording, get_key, make_application, record

FULL = Reply(
    200, {"content-type": "application/json", "etag": 'W/"1"', "date": "now", "server": "granian"}, b"{}"
)
UNCHANGED = Reply(304, {"etag": 'W/"1"'}, b"")
URL = "http://127.0.0.1:8000/edd-api/v2/sales/?number=10&key=k"


def ask(recording: Recording, **headers: str) -> tuple[Any, bytes]:
    sent: list[Any] = []
    application = make_application({get_key(URL): recording})
    environ = {"PATH_INFO": "/edd-api/v2/sales/", "QUERY_STRING": "number=10&key=k", **headers}
    content = b"".join(application(environ, lambda status, pairs: sent.append((status, pairs))))
    return sent[0], content


def test_the_same_bytes_and_headers_come_back_but_for_the_servers_own() -> None:
    told, content = ask(Recording(record(FULL), record(UNCHANGED)))
    assert told == ("200 OK", [("content-type", "application/json"), ("etag", 'W/"1"')])
    assert content == b"{}"


def test_who_has_the_answer_gets_a_304() -> None:
    told, content = ask(Recording(record(FULL), record(UNCHANGED)), HTTP_IF_NONE_MATCH='W/"1"')
    assert told == ("304 Not Modified", [("etag", 'W/"1"')])
    assert content == b""


def test_an_answer_without_an_etag_is_always_given_in_full() -> None:
    assert ask(Recording(record(FULL), None), HTTP_IF_NONE_MATCH='W/"1"')[0][0] == "200 OK"
