"""S: what the server itself costs. It gives the answers that were recorded for it, the same bytes and
headers, to the same questions; a 304 where the client has the answer. Nothing in Python can beat it here.

The file that BENCH_ANSWERS names holds the answers (`record`).
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from bench.client import Reply

_REASONS = {200: "200 OK", 304: "304 Not Modified"}
_OF_THE_SERVER = ("date", "server", "connection", "transfer-encoding")

Recorded = tuple[str, list[tuple[str, str]], bytes]


class Recording(msgspec.Struct, frozen=True):
    """The answers to a question: in full, and to one who has it."""

    full: Recorded
    unchanged: Recorded | None


def record(reply: Reply) -> Recorded:
    headers = [(name, value) for name, value in reply.headers.items() if name not in _OF_THE_SERVER]
    return _REASONS[reply.status], headers, reply.content


def get_key(url: str) -> str:
    """By what a question is found again."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def save(recordings: dict[str, Recording], path: Path) -> None:
    path.write_bytes(msgspec.msgpack.encode(recordings))


def make_application(recordings: dict[str, Recording]) -> Callable[..., Iterable[bytes]]:
    def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        found = recordings[f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"]
        is_known = "HTTP_IF_NONE_MATCH" in environ
        status, headers, content = found.unchanged if is_known and found.unchanged else found.full
        start_response(status, list(headers))
        return [content] if content else []

    return application


if "BENCH_ANSWERS" in os.environ:
    application = make_application(
        msgspec.msgpack.decode(Path(os.environ["BENCH_ANSWERS"]).read_bytes(), type=dict[str, Recording])
    )
