"""What an endpoint gives back, before it is encoded: a body, or a list too long to build whole."""

from collections.abc import Callable, Iterator
from datetime import datetime
from time import sleep

import msgspec

from tillroll.access.grants import Allowance
from tillroll.access.keys import Caller
from tillroll.eddapi.cursors import make_cursor, read_cursor
from tillroll.eddapi.errors import BadRequest
from tillroll.eddapi.filters import Filter, Order, order_by
from tillroll.eddapi.links import Link, describe_cursor, describe_pages
from tillroll.eddapi.places import begin_at
from tillroll.eddapi.queries import ALL_ROWS, changed_since, count_rows, get_position
from tillroll.eddapi.reading import Row, Run
from tillroll.eddapi.request import Page, Request
from tillroll.eddapi.shop import Shop
from tillroll.eddapi.streaming import StreamReader
from tillroll.shop.moments import bind_time

STREAM_ABOVE = 1_000
"""Rows; a longer answer is streamed ([CONTRACT] Paging)."""

BATCH = 100
"""Rows of a stream read at once: a millisecond or two of work, so that no other request waits for long."""

PAUSE = 0.001
"""Seconds between two batches. Without them a thread that answers somebody else would wait up to 5 ms, each
time that it comes back from the store, for Python's lock."""

Body = dict[str, object]


class Answer(msgspec.Struct):
    """A body, or `batches` of the list under `key`; headers, and links to other pages. `until` is the moment
    at which time alone makes it another answer; None: never."""

    body: Body
    headers: list[tuple[str, str]] = msgspec.field(default_factory=list)
    key: str = ""
    batches: Iterator[list[object]] | None = None
    links: tuple[Link, ...] = ()
    until: datetime | None = None


class Question(msgspec.Struct, frozen=True):
    """What an endpoint gets: the request, who asks, the shop, the snapshot to read from, and the moment."""

    asked: Request
    caller: Caller
    shop: Shop
    run: Run
    now: datetime
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

    `column` is the id's; without an order of its own a list begins with the newest id. With `since` it is
    what changed at or after that moment, by the column `modified`.
    """

    key: str
    table: str
    column: str
    rows: Filter
    fetch: Callable[[Run, Filter, str, int, int], list[Row]]
    render: Callable[[Run, list[Row]], list[object]]
    nothing: Body
    own_order: Order | None = None
    modified: str = ""
    since: datetime | None = None

    @property
    def order(self) -> Order:
        return self.own_order or order_by(self.column)


def answer_list(question: Question, page: Page, listing: Listing) -> Answer:
    """A page of a list with its totals in headers; what is longer than STREAM_ABOVE becomes a stream,
    unless its order is another each time."""
    if page.cursor is not None:
        return _answer_behind(question, page.cursor, page.number or 0, listing)
    run = question.run
    if listing.since is not None:
        changed = changed_since(
            run, listing.table, listing.column, listing.modified, listing.rows, listing.since
        )
        listing = msgspec.structs.replace(listing, rows=changed)
    limit = ALL_ROWS if page.number is None else page.number
    at_once = limit if listing.order.is_random else min(limit, STREAM_ABOVE + 1)
    rows, offset = _begin(run, listing, page)
    found = [] if rows is None else listing.fetch(run, rows, listing.order.sql, at_once, offset)
    total = _count(run, listing, page, len(found))
    headers, links = describe_pages(page, total)
    if rows is None or not found:
        return Answer(dict(listing.nothing), headers, links=links)
    if len(found) <= STREAM_ABOVE or listing.order.is_random:
        return Answer({listing.key: listing.render(run, found)}, headers, links=links)
    return Answer({}, headers, listing.key, _read_batches(listing, rows, limit, offset), links)


def _answer_behind(question: Question, cursor: str, number: int, listing: Listing) -> Answer:
    """The rows behind a cursor, and the one to go on with. What changed since a moment comes in the order in
    which it changed, and may go on at any later time."""
    run, endpoint, order = question.run, question.asked.endpoint, listing.order
    position: list[object] = []
    if listing.since is not None:
        order = order_by(listing.modified, listing.column, is_ascending=True)
        position = [str(bind_time(listing.since)), 0]
    if not order.columns:
        raise BadRequest("The cursor parameter goes with the orders date and ID alone!")
    if cursor:
        position = read_cursor(endpoint, order, cursor)
    rows = order.after(listing.rows, position) if position else listing.rows
    found = listing.fetch(run, rows, order.sql, number + 1, 0)
    shown = found[:number]
    if shown:
        position = get_position(run, listing.table, order, shown[-1][0])
    headers = []
    if listing.since is None and listing.rows.tallies:
        headers.append(("X-EDD-Total", str(count_rows(run, listing.table, listing.rows))))
    following = make_cursor(endpoint, order, position) if position else ""
    links = (describe_cursor(following),) if len(found) > number else ()
    if listing.since is not None:
        headers.append(("X-EDD-Cursor", following))
    if not shown:
        return Answer(dict(listing.nothing), headers, links=links)
    return Answer({listing.key: listing.render(run, shown)}, headers, links=links)


def _begin(run: Run, listing: Listing, page: Page) -> tuple[Filter | None, int]:
    """The list from the page's first row on, or from its own and the rows to pass by; None past the end."""
    if page.is_past_all:
        return None, 0
    if not page.offset or not listing.order.is_by_id:
        return listing.rows, page.offset
    return begin_at(run, listing.table, listing.column, listing.rows, page.offset), 0


def _count(run: Run, listing: Listing, page: Page, found: int) -> int | None:
    """The whole list's length; a last page that is not full tells it by itself."""
    if 0 < found < min(page.number or ALL_ROWS, STREAM_ABOVE + 1) or (not found and page.page == 1):
        return page.offset + found
    return count_rows(run, listing.table, listing.rows)


def _read_batches(listing: Listing, begun: Filter, limit: int, offset: int) -> Iterator[list[object]]:
    """The list from some row on in short SELECTs, each beginning where the last one ended; a list in another
    order than by id, such as products, is short and is read by offsets."""
    rows = begun
    with StreamReader() as run:
        while limit > 0:
            found = listing.fetch(run, rows, listing.order.sql, min(limit, BATCH), offset)
            if found:
                yield listing.render(run, found)
            if len(found) < BATCH:
                return
            sleep(PAUSE)
            limit -= len(found)
            if listing.order.is_by_id:
                rows = listing.rows.up_to(listing.column, found[-1][0] - 1)
            else:
                offset += len(found)
