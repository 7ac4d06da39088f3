"""The API's lists as tests ask them: what they are called, where a row's id is, and links to follow."""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl

from tests.asking import Reply, ask
from tests.shops import signed
from tillroll.access.digests import Pair


class Place(NamedTuple):
    """A list's member of the answer, and the way to the id in one of its rows."""

    name: str
    steps: tuple[str, ...]


LISTS = {
    "products": Place("products", ("info", "id")),
    "customers": Place("customers", ("info", "customer_id")),
    "sales": Place("sales", ("ID",)),
    "discounts": Place("discounts", ("ID",)),
    "file-download-logs": Place("download_logs", ("ID",)),
}


def get_ids(endpoint: str, reply: Reply) -> list[int]:
    """The ids of an answer's rows; none where there is no list."""
    name, steps = LISTS[endpoint]
    found = []
    for row in reply.data.get(name, ()):
        for step in steps:
            row = row[step]
        found.append(int(row))
    return found


def get_link(reply: Reply, relation: str = "next") -> str | None:
    """The question of a link, without its path."""
    link = re.search(rf'<[^>?]*\?([^>]*)>; rel="{relation}"', reply.headers.get("link", ""))
    return link[1] if link else None


def follow(reply: Reply, path: str, pair: Pair) -> Reply | None:
    """The answer behind the link to the next rows; None where there is none."""
    query = get_link(reply)
    return None if query is None else ask(path, signed(pair, **dict(parse_qsl(query, True))))
