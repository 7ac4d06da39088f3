"""One request at a time: to look at answers before they are measured, and to learn what can be asked for."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit


class Reply(NamedTuple):
    """An answer; its headers' names in small letters."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.content)


def fetch(url: str, headers: Mapping[str, str] | None = None, timeout: float = 60) -> Reply:
    """Asks once; OSError where the server can't be reached or breaks off."""
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=dict(headers or {}))
        answer = connection.getresponse()
        content = answer.read()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
    except HTTPException as error:
        raise OSError(f"The answer can't be read: {error!r}") from error
    finally:
        connection.close()


def find_refusal(reply: Reply) -> str:
    """Why an answer is none, in the server's own words; empty for one that has what was asked for."""
    if reply.content.startswith(b"<?xml"):  # EDD sends it as text/html
        return "" if reply.status == 200 else f"{reply.status}"
    try:
        data = reply.data
    except ValueError:
        return f"{reply.status}, and no JSON"
    error = data.get("error") if isinstance(data, dict) else None
    if reply.status != 200 or error:
        return f"{reply.status} {error or ''}".strip()
    if not set(data) - {"request_speed"}:
        missing = reply.headers.get("x-edd-missing-capability")
        return f"nothing but request_speed: the key lacks {missing or 'a right'}"
    return ""
