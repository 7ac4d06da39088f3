"""The floor on PostgreSQL: a bare WSGI application that runs Tillroll's statements through psycopg 3 (one
snapshot: revisions, page, sub-lists, total) and writes the same JSON.

The key is known, as to a worker that has seen it before; no rights, no log, no limits.
"""

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

import django

django.setup()

import msgspec  # noqa: E402  (what is below imports models, which can be imported only now)
import psycopg  # noqa: E402
from django.db import connections  # noqa: E402

from bench.floor_answers import ANSWERS  # noqa: E402
from bench.floor_shop import Row, Shop  # noqa: E402
from bench.floor_statements import take  # noqa: E402
from tillroll.eddapi import queries  # noqa: E402

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
REVISIONS = take(queries.list_revisions)

_own = threading.local()
_encode = msgspec.json.Encoder().encode


def _get_cursor() -> psycopg.Cursor[Row]:
    """The running thread's cursor, as psycopg makes it: a statement that is met again is prepared."""
    try:
        cursor: psycopg.Cursor[Row] = _own.cursor
    except AttributeError:
        store = connections["default"].settings_dict
        places = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
        known = {name: store[place] for name, place in places.items() if store[place]}
        connection = psycopg.connect(**known, options="-c TimeZone=UTC", autocommit=True)
        cursor = _own.cursor = connection.cursor()
    return cursor


def _run(query: str, values: Sequence[object]) -> list[Row]:
    return _get_cursor().execute(query.encode(), values).fetchall()


_shop = Shop.load(_run)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answers a right question as Tillroll does, byte for byte but request_speed."""
    started = perf_counter()
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    cursor = _get_cursor()
    cursor.execute(BEGIN)
    _run(REVISIONS, ())
    _, answer = ANSWERS[environ["PATH_INFO"]]
    body = answer(_run, _shop, asked)
    cursor.execute("COMMIT")
    body["request_speed"] = perf_counter() - started
    content = _encode(body)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
