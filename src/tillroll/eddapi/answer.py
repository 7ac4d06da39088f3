"""What an endpoint gives back, before it is encoded: a body, or a list too long to build whole."""

from collections.abc import Callable, Iterator
from urllib.parse import quote

import msgspec

from tillroll.access.keys import Caller
from tillroll.access.quota import Allowance
from tillroll.eddapi.queries import ALL_ROWS, Filter, count_rows
from tillroll.eddapi.reading import Row, Run, run_alone
from tillroll.eddapi.request import Page, Request, quote_path
from tillroll.eddapi.shop import Shop

STREAM_ABOVE = 1_000
"""Rows; a longer answer is streamed ([CONTRACT] Paging)."""

BATCH = 500
"""Rows of a stream read at once: a few milliseconds of work, so that no other request waits for long."""

Body = dict[str, object]


class Answer(msgspec.Struct):
    """A body, or `batches` of the list under `key`; and headers."""

    body: Body
    headers: list[tuple[str, str]] = msgspec.field(default_factory=list)
    key: str = ""
    batches: Iterator[list[object]] | None = None


class Question(msgspec.Struct, frozen=True):
    """What an endpoint gets: the request, who asks, the shop, and the snapshot to read from."""

    asked: Request
    caller: Caller
    shop: Shop
    run: Run
    allowance: Allowance = ()

    def get(self, name: str) -> str | None:
        return self.asked.parameters.get(name)

    def text(self, name: str) -> str:
        return self.asked.parameters.text(name)

    @property
    def is_v1(self) -> bool:
        return self.asked.version == "v1"


def missing(capability: str) -> Answer:
    """EDD's silence where a right is missing, and the header that breaks it ([CONTRACT] Answers): a
    capability, or `endpoint:sales` where a role or a key leaves the endpoint out."""
    return Answer({}, [("X-EDD-Missing-Capability", capability)])


def failed(error: str) -> Answer:
    """What an endpoint found wrong or missing: 200 with EDD's own words."""
    return Answer({"error": error})


class Listing(msgspec.Struct, frozen=True):
    """A list: which rows, how they are fetched (their id first) and rendered, and the body when there are
    none.

    `column` is the id's own column, by which a stream goes on; None where the list has another order.
    """

    key: str
    table: str
    column: str | None
    rows: Filter
    fetch: Callable[[Run, Filter, int, int], list[Row]]
    render: Callable[[Run, list[Row]], list[object]]
    nothing: Body


def answer_list(question: Question, page: Page, listing: Listing) -> Answer:
    """A page of a list with its totals in headers; what is longer than STREAM_ABOVE becomes a stream."""
    limit = ALL_ROWS if page.number is None else page.number
    found = (
        []
        if page.is_past_all
        else listing.fetch(question.run, listing.rows, min(limit, STREAM_ABOVE + 1), page.offset)
    )
    total = _count(question.run, listing, page, len(found))
    headers = _describe_pages(question, page, total)
    if not found:
        return Answer(dict(listing.nothing), headers)
    if len(found) <= STREAM_ABOVE:
        return Answer({listing.key: listing.render(question.run, found)}, headers)
    return Answer({}, headers, listing.key, _read_batches(listing, limit, page.offset))


def _count(run: Run, listing: Listing, page: Page, found: int) -> int | None:
    """The whole list's length; a last page that is not full tells it by itself."""
    if 0 < found < min(page.number or ALL_ROWS, STREAM_ABOVE + 1) or (not found and page.page == 1):
        return page.offset + found
    return count_rows(run, listing.table, listing.rows)


def _read_batches(listing: Listing, limit: int, offset: int) -> Iterator[list[object]]:
    """The list in short SELECTs, each beginning where the last one ended."""
    if listing.column is None:
        yield from _read_pages(listing, limit, offset)
        return
    rows = listing.rows
    while limit > 0:
        found = listing.fetch(run_alone, rows, min(limit, BATCH), offset)
        if found:
            yield listing.render(run_alone, found)
        if len(found) < BATCH:
            return
        limit -= len(found)
        offset = 0
        rows = listing.rows.and_(f"{listing.column} < %s", (found[-1][0],))


def _read_pages(listing: Listing, limit: int, offset: int) -> Iterator[list[object]]:
    """The same for a list in another order than by id: short lists only, such as products."""
    while limit > 0:
        found = listing.fetch(run_alone, listing.rows, min(limit, BATCH), offset)
        if found:
            yield listing.render(run_alone, found)
        if len(found) < BATCH:
            return
        limit -= len(found)
        offset += len(found)


def _describe_pages(question: Question, page: Page, total: int | None) -> list[tuple[str, str]]:
    if total is None:
        return []
    pages = 1 if page.number is None and total else -(-total // page.number) if page.number else 0
    headers = [("X-EDD-Total", str(total)), ("X-EDD-Total-Pages", str(pages))]
    if pages > 1:
        headers.append(("Link", _link(question.asked, page.page, pages)))
    return headers


def _link(asked: Request, page: int, pages: int) -> str:
    """RFC 8288 links to other pages, relative to the host and without credentials."""
    rest = asked.parameters.question_without("page")
    if (inner := asked.parameters.get("edd-api")) is not None:
        rest = f"edd-api={quote(inner, safe='/')}{'&' if rest else ''}{rest}"
    head = f"<{quote_path(asked.path)}?{rest}{'&' if rest else ''}page="
    places = {"first": 1, "prev": min(page - 1, pages), "next": page + 1, "last": pages}
    return ", ".join(f'{head}{place}>; rel="{name}"' for name, place in places.items() if 1 <= place <= pages)
