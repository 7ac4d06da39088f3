"""The floor: what one WSGI application costs that does only what an answer can't do without.

It runs on the same server with the same threads, and asks the same SQLite file the same statements
(revisions, page, sub-lists, total; the key once) through bare sqlite3. No framework, no pipeline, no
transaction, no log, no links; one shop, one dialect (`documented`), the happy path alone. Django is loaded
for the statements' text, and has no part in an answer.
"""

import hmac
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import django
import msgspec

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")
django.setup()

from django.conf import settings  # noqa: E402  (models can be imported only now)

from bench.floor_answers import ANSWERS  # noqa: E402
from bench.floor_shop import Row, Shop  # noqa: E402
from bench.floor_statements import take  # noqa: E402
from tillroll.eddapi import queries  # noqa: E402
from tillroll.eddapi.formats import Format, append_speed, encode_xml  # noqa: E402

FIND_KEY = """
SELECT k.token_digest, u.capabilities FROM access_apikey k JOIN access_user u ON u.wire_id = k.user_id
WHERE k.public_key = %s AND k.revoked_at IS NULL AND u.is_active
"""
REVISIONS = take(queries.list_revisions)

_own = threading.local()
_encode = msgspec.json.Encoder().encode
_pepper = settings.KEY_PEPPER.encode()
_keys: dict[tuple[str, int], Row] = {}


def connect() -> sqlite3.Connection:
    """A connection of one thread, set up as Tillroll's own; statements run without implicit transactions."""
    store = settings.DATABASES["default"]
    connection = sqlite3.connect(store["NAME"], isolation_level=None)
    connection.executescript(store["OPTIONS"]["init_command"])
    return connection


@cache
def _turn(query: str) -> str:
    """A statement with sqlite3's marks."""
    return query.replace("%s", "?").replace("%%", "%")


def _run(query: str, values: Sequence[object]) -> list[Row]:
    try:
        connection: sqlite3.Connection = _own.connection
    except AttributeError:
        connection = _own.connection = connect()
    return connection.execute(_turn(query), values).fetchall()


_shop = Shop.load(_run)


def _find_key(public_key: str, revision: int) -> Row:
    """Kept while nothing of access changes, as Tillroll keeps it."""
    if (held := _keys.get((public_key, revision))) is None:
        [held] = _run(FIND_KEY, (public_key,))
        _keys[public_key, revision] = held
    return held


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answers a right question as Tillroll does, byte for byte but request_speed; refuses all others."""
    started = perf_counter()
    revisions = {topic: number for topic, number, *_ in _run(REVISIONS, ())}
    return _answer(environ, start_response, started, revisions.get("access", 0))


def knowing_application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """The same without asking for revisions and key, as if it knew by itself that nothing was written."""
    return _answer(environ, start_response, perf_counter(), 0)


def _answer(
    environ: dict[str, Any], start_response: Callable[..., object], started: float, revision: int
) -> Iterable[bytes]:
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    kept_digest, held = _find_key(asked["key"], revision)
    digest = hmac.digest(_pepper, asked["token"].encode(), "sha256").hex()
    needed, answer = ANSWERS[environ["PATH_INFO"]]
    if not hmac.compare_digest(digest, kept_digest) or needed not in held.split():
        start_response("403 Forbidden", [("Content-Length", "0")])
        return []
    body = answer(_run, _shop, asked)
    fmt = Format.XML if asked.get("format") == "xml" else Format.JSON
    if fmt is Format.XML:
        content = append_speed(encode_xml(body), perf_counter() - started, fmt)
    else:
        body["request_speed"] = perf_counter() - started
        content = _encode(body)
    start_response("200 OK", [("Content-Type", fmt.content_type), ("Content-Length", str(len(content)))])
    return [content]
