"""The totals of a list, and RFC 8288 links to its other pages, relative to the host and without
credentials."""

from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from tillroll.eddapi.request import LONGEST_KEPT, Page, Request, quote_path

Headers = list[tuple[str, str]]


class Link(NamedTuple):
    """Another page of a list: its relation, and the parameter that leads to it."""

    relation: str
    parameter: str
    value: str


def describe_pages(page: Page, total: int | None) -> tuple[Headers, tuple[Link, ...]]:
    """Of a list in pages; nothing where its length is not known."""
    if total is None:
        return [], ()
    pages = 1 if page.number is None and total else -(-total // page.number) if page.number else 0
    headers = [("X-EDD-Total", str(total)), ("X-EDD-Total-Pages", str(pages))]
    if pages <= 1:
        return headers, ()
    places = {"first": 1, "prev": min(page.page - 1, pages), "next": page.page + 1, "last": pages}
    return headers, tuple(
        [Link(name, "page", str(place)) for name, place in places.items() if 1 <= place <= pages]
    )


def describe_cursor(cursor: str) -> Link:
    """The link to what comes behind a cursor."""
    return Link("next", "cursor", cursor)


def write_links(asked: Request, links: tuple[Link, ...]) -> str:
    """The header for a question as it was written; all links lead by one parameter."""
    rest = asked.parameters.question_without(links[0].parameter)
    write = _write_kept if len(rest) <= LONGEST_KEPT else _write
    return write(asked.path, rest, asked.parameters.get("edd-api"), links)


def _write(path: str, rest: str, inner: str | None, links: tuple[Link, ...]) -> str:
    if inner is not None:
        rest = f"edd-api={quote(inner, safe='/')}{'&' if rest else ''}{rest}"
    head = f"<{quote_path(path)}?{rest}{'&' if rest else ''}"
    return ", ".join(f'{head}{name}={value}>; rel="{relation}"' for relation, name, value in links)


_write_kept = lru_cache(maxsize=512)(_write)
