"""Asking the API as a server would: through the WSGI front door, without a socket."""

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes, urlencode

from tillroll.wsgi import application


@dataclass(frozen=True)
class Reply:
    """An answer as a client gets it."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.content)


def ask(
    path: str,
    query: Mapping[str, object] | str | None = None,
    *,
    method: str = "GET",
    form: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    content_type: str = "",
    address: str = "127.0.0.1",
) -> Reply:
    """Sends a request; `query` may be a string that is sent as it is."""
    if form is not None:
        body, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
    opened = open_answer(
        path, query, method=method, headers=headers, body=body, content_type=content_type, address=address
    )
    try:
        content = b"".join(opened.pieces)
    finally:
        opened.close()
    return Reply(opened.status, opened.headers, content)


@dataclass(frozen=True)
class Opened:
    """An answer whose body is not read yet; it has to be closed, as a server closes it."""

    status: int
    headers: dict[str, str]
    pieces: Iterable[bytes]

    def close(self) -> None:
        if hasattr(self.pieces, "close"):
            self.pieces.close()


def open_answer(
    path: str,
    query: Mapping[str, object] | str | None = None,
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    content_type: str = "",
    address: str = "127.0.0.1",
) -> Opened:
    """Sends a request and gives its body unread."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query if isinstance(query, str) else urlencode(query or {}),
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": address,
        "CONTENT_TYPE": content_type,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
    sent: dict[str, Any] = {}

    def start_response(status: str, pairs: list[tuple[str, str]], exc_info: object = None) -> None:
        sent["status"] = int(status.split(" ", 1)[0])
        sent["headers"] = {name.lower(): value for name, value in pairs}

    pieces = application(environ, start_response)
    return Opened(sent["status"], sent["headers"], pieces)
