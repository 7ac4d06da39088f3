"""The recorded answers of EDD 3.6.5: how a case is sent again, and what of an answer is compared.

Answers are compared as data, JSON types included. Left out: request_speed, key order, and what EDD's blocks
add to products (see deviations.toml).
"""

import gzip
import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from xml.etree import ElementTree

from tests.asking import Reply, ask

DATA = Path(__file__).parent / "data"
DUMP = DATA / "dump.sql.gz"
USERS: dict[str, dict[str, Any]] = json.loads((DATA / "users.json").read_text())

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class Case:
    """A recorded request with its answer."""

    id: str
    label: str | None
    auth: dict[str, str]
    method: str
    path: str
    query: dict[str, str]
    raw_query: str | None
    post: dict[str, str]
    status: int
    body: str
    now: datetime
    is_fault: bool
    is_unstable: bool

    @property
    def parameters(self) -> dict[str, str]:
        """Query and form as one, names without brackets, the last value of each."""
        pairs = parse_qsl(self.raw_query, keep_blank_values=True) if self.raw_query else self.query.items()
        return {name.partition("[")[0]: value for name, value in [*pairs, *self.post.items()]}

    @property
    def has_arrays(self) -> bool:
        return "[" in (self.raw_query or "")

    @property
    def target(self) -> str:
        """What follows edd-api/, as it was asked for."""
        return self.parameters.get("edd-api") or self.path.rpartition("/edd-api/")[2]

    @property
    def endpoint(self) -> str:
        return self.target.strip("/").rpartition("/")[2]

    @property
    def version(self) -> str:
        return self.target.partition("/")[0] if self.target.startswith(("v1/", "v2/")) else "v2"

    @property
    def user(self) -> dict[str, Any] | None:
        return USERS[self.label] if self.label else None


def load_cases() -> Iterator[Case]:
    for name in ("cases.jsonl.gz", "cases-clocks.jsonl.gz"):
        with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
            for line in lines:
                raw = json.loads(line)
                yield Case(
                    id=raw["id"],
                    label=raw["as"],
                    auth=raw.get("auth") or {},
                    method=raw["method"],
                    path=raw["path"],
                    query=raw.get("query") or {},
                    raw_query=raw.get("raw_query"),
                    post=raw.get("post") or {},
                    status=raw["status"],
                    body=raw["body"],
                    now=datetime.fromisoformat(raw["now"]),
                    is_fault=bool(raw.get("oracle_fault")),
                    is_unstable=bool(raw.get("unstable_order")),
                )


def send(case: Case, **changes: object) -> Reply:
    """Asks the same question again; `changes` replace or (None) remove parameters of the query."""
    pair = {"key": case.user["public_key"], "token": case.user["token"]} if case.user else case.auth
    query: dict[str, object] | str
    if case.raw_query is not None:
        query = "&".join(part for part in (case.raw_query, urlencode(pair)) if part)
    else:
        query = {**case.query, **({} if "key" in case.post else pair)}
        for name, value in changes.items():
            if value is None:
                query.pop(name, None)
            else:
                query[name] = value
    return ask(case.path, query, method=case.method, form=case.post or None)


def read_recorded(case: Case) -> Any:
    """The recorded body as data; None where it is a page or nothing."""
    if case.body.startswith("{"):
        return normalise(json.loads(case.body))
    if case.body.startswith("<?xml"):
        return read_xml(case.body)
    return None


def read_reply(case: Case, reply: Reply) -> Any:
    if case.body.startswith("<?xml") or reply.content.startswith(b"<?xml"):
        return read_xml(reply.content.decode())
    return normalise(reply.data)


def normalise(data: Any) -> Any:
    """Without request_speed, and products without what EDD's blocks add; a price without its HTML."""
    data = {name: value for name, value in data.items() if name != "request_speed"}
    for product in data.get("products", ()) if isinstance(data.get("products"), list) else ():
        product["info"].pop("image", None)
        product["info"].pop("purchase_link", None)
        product["info"]["price"] = html.unescape(_TAG.sub("", product["info"]["price"]))
    return data


def read_xml(text: str) -> Any:
    """XML as nested lists of [name, text or children], without request_speed."""
    root = ElementTree.fromstring(text)  # noqa: S314 (our own answers and recordings)
    return [_read_element(child) for child in root if child.tag != "request_speed"]


def _read_element(element: ElementTree.Element) -> Any:
    children = [_read_element(child) for child in element]
    return [element.tag, dict(element.attrib), children or (element.text or "")]
