"""The floor: what one WSGI application costs that does only what an answer can't do without.

It runs on the same server with the same threads, and asks the same SQLite file the same statements
(revision, key, page, sub-lists, total) through bare sqlite3. No framework, no pipeline, no transaction, no
log, no links; one shop, one dialect (`documented`), the happy path alone.
"""

import hmac
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from bench import floor_lists, floor_products, floor_stats
from bench.floor_shop import Row, Shop
from tillroll.secret_file import load_secrets

HOME = Path(os.environ["TILLROLL_HOME"])

# The same as Tillroll's own connections.
PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA cache_size=-65536",
    "PRAGMA mmap_size=268435456",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA foreign_keys=ON",
)

FIND_KEY = """
SELECT k.id, k.token_digest, k.label, u.wire_id, u.login, u.capabilities,
       CASE WHEN k.revoked_at IS NULL AND u.is_active THEN 1 ELSE 0 END
FROM access_apikey k JOIN access_user u ON u.wire_id = k.user_id WHERE k.public_key = ?
"""

ANSWERS: dict[str, tuple[str, Callable[..., dict[str, object]]]] = {
    "/edd-api/v2/products/": ("view_shop_reports", floor_products.answer),
    "/edd-api/v1/customers/": ("view_shop_sensitive_data", floor_lists.customers_v1),
    "/edd-api/v2/customers/": ("view_shop_sensitive_data", floor_lists.customers_v2),
    "/edd-api/v1/sales/": ("view_shop_reports", floor_lists.sales_v1),
    "/edd-api/v2/sales/": ("view_shop_reports", floor_lists.sales_v2),
    "/edd-api/v2/stats/": ("view_shop_reports", floor_stats.answer),
    "/edd-api/v2/discounts/": ("manage_shop_discounts", floor_lists.discounts),
    "/edd-api/v2/file-download-logs/": ("view_shop_sensitive_data", floor_lists.downloads),
    "/edd-api/v2/info/": ("view_shop_reports", floor_lists.info),
}

_own = threading.local()
_encode = msgspec.json.Encoder().encode
_pepper = load_secrets(HOME / "secrets").key_pepper.encode()


def connect() -> sqlite3.Connection:
    """A connection of one thread; statements run as they are, without implicit transactions."""
    connection = sqlite3.connect(HOME / "tillroll.sqlite3", isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    return connection


def _run(query: str, values: Sequence[object] = ()) -> list[Row]:
    rows: list[Row] = get_connection().execute(query, values).fetchall()
    return rows


def get_connection() -> sqlite3.Connection:
    """The running thread's connection."""
    try:
        connection: sqlite3.Connection = _own.connection
    except AttributeError:
        connection = _own.connection = connect()
    return connection


_shop = Shop.load(_run)


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answers a right question as Tillroll does, byte for byte but request_speed; refuses all others."""
    started = perf_counter()
    asked = dict(parse_qsl(environ["QUERY_STRING"]))
    run = get_connection().execute
    run("SELECT topic, number FROM shop_revision").fetchall()
    held = run(FIND_KEY, (asked["key"],)).fetchone()
    digest = hmac.digest(_pepper, asked["token"].encode(), "sha256").hex()
    needed, answer = ANSWERS[environ["PATH_INFO"]]
    if not hmac.compare_digest(digest, held[1]) or needed not in held[5].split():
        start_response("403 Forbidden", [("Content-Length", "0")])
        return []
    body = answer(_run, _shop, asked)
    body["request_speed"] = perf_counter() - started
    content = _encode(body)
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
    return [content]
