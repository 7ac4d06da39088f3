"""One list of another shop's, read to its end: by cursors where the shop is a Tillroll, else by pages.

Pages shift while sales come and go. What comes in lands on the first page, which is read again at the end;
what went away lets a row slip from one page to the one before, so the shop's own total is compared, and a
list that does not come out is read once more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import msgspec

from tillroll.intake.remote.client import TRIES, Client, Reply
from tillroll.intake.remote.pages import Pages, Place, Record
from tillroll.intake.remote.refused import Overwhelmed, PullRefused
from tillroll.intake.remote.said import get_error, refuse_form, to_line

NUMBER = 256
"""Rows asked for at once to begin with: some seconds' work for a small WordPress. Halved where that is too
much."""

HEAD = 100
"""Rows of the first page when it is read again."""

ROUNDS = 2
"""Times that a list is read whole when it does not come out."""

SAME_PAGES = 3
"""Pages without anything new in a row, after which a shop is taken not to page at all."""

ANY_TIME = "1970-01-01"
"""With `modified_after` a Tillroll also lists discounts that are archived."""

OnRead = Callable[[int, int, str], None]
"""Told how many records of a list were read, of how many (0: not known), and the list."""


class Total(NamedTuple):
    """What a shop says that a list has, and how much of that was read."""

    told: int
    read: int


CountTotal = Callable[[Client, Pages, Place], Total | None]
"""Asks a real EDD; None where it does not say."""


@dataclass(frozen=True)
class Listing:
    """A list to read. `get_key` reads a record and gives the key that tells it from others; `more` are
    parameters that a Tillroll alone understands."""

    name: str
    endpoint: str
    member: str
    get_key: Callable[[bytes], str]
    count_total: CountTotal | None = None
    more: Mapping[str, str] = field(default_factory=dict)
    as_public: bool = False


class ListReader:
    def __init__(self, client: Client, pages: Pages, number: int, on_read: OnRead) -> None:
        self._client = client
        self._pages = pages
        self._number = number
        self._on_read = on_read

    def read(self, listing: Listing) -> None:
        """Reads a list on from where it was left. Raises PullRefused."""
        place = self._pages.get_place(listing.name, self._number)
        self._same = 0
        self._told = 0
        while not place.is_checked:
            self._on_read(self._pages.count(listing.name, place.round), self._told, listing.name)
            if place.is_read:
                place = self._check(listing, place, self._read_head(listing, place))
            else:
                place = self._read_page(listing, place)

    def _read_page(self, listing: Listing, place: Place) -> Place:
        by_cursor = self._client.speaks_tillroll
        paging = {"cursor": place.cursor} if by_cursor else {"page": str(place.offset // place.number + 1)}
        try:
            reply = self._ask(listing, place.number, paging, tries=TRIES if place.number == 1 else 2)
        except Overwhelmed:
            if place.number == 1:
                raise
            self._number = place.number // 2
            place = place._replace(number=self._number)
            self._pages.put(listing.name, place)
            return place
        self._told = _get_total(reply) or self._told
        records = _list_records(listing, reply)
        if by_cursor:
            cursor = _get_next_cursor(reply)
            place = place._replace(cursor=cursor, is_read=not cursor)
        else:
            place = self._pass(listing, place, records)
        self._pages.put(listing.name, place, records)
        return place

    def _pass(self, listing: Listing, place: Place, records: list[Record]) -> Place:
        """The place behind a page. A first page of another length than asked for may be all there is, or as
        much as the shop gives at once: the next one tells."""
        found, page = len(records), place.offset // place.number
        is_known = self._pages.has_all(listing.name, place.round, records)
        self._same = self._same + 1 if records and is_known else 0
        if self._same >= SAME_PAGES:
            raise PullRefused(
                f"{self._client.address.host} gives the same {listing.name} on every page; something there"
                " ignores the parameter page."
            )
        if not found or (found < place.number and page):
            return place._replace(is_read=True)
        if found != place.number and not page:
            return place._replace(number=found, offset=found)
        return place._replace(offset=(page + 1) * place.number)

    def _read_head(self, listing: Listing, place: Place) -> int | None:
        """The first pages again, up to one that has nothing new; the total that a Tillroll tells there."""
        page = 1
        number = min(place.number, HEAD)
        while True:
            reply = self._ask(listing, number, {"page": str(page)}, tries=TRIES)
            records = _list_records(listing, reply)
            is_known = self._pages.has_all(listing.name, place.round, records)
            self._pages.put(listing.name, place, records)
            if is_known or len(records) < number:
                return _get_total(reply)
            page += 1

    def _check(self, listing: Listing, place: Place, told: int | None) -> Place:
        """The list is whole by the shop's own count, or is read in another round, or that is noted."""
        total = None
        if told is not None:
            total = Total(told, self._pages.count(listing.name, place.round))
        elif listing.count_total and not self._client.speaks_tillroll:
            total = listing.count_total(self._client, self._pages, place)
        is_whole = total is None or total.told == total.read
        if not is_whole and place.round < ROUNDS:
            place = Place(place.number, place.round + 1)
        else:
            if total is not None and not is_whole:
                self._pages.set_fact(f"short {listing.name}", f"{total.told} {total.read}")
            self._pages.drop_before(listing.name, place.round)
            place = place._replace(is_checked=True)
        self._pages.put(listing.name, place)
        return place

    def _ask(self, listing: Listing, number: int, paging: Mapping[str, str], *, tries: int) -> Reply:
        more = listing.more if self._client.speaks_tillroll else {}
        parameters = {"number": str(number), **paging, **more}
        return self._client.get(listing.endpoint, parameters, as_public=listing.as_public, tries=tries)


def _list_records(listing: Listing, reply: Reply) -> list[Record]:
    """The records of a page; none where EDD says that there are none."""
    try:
        members = msgspec.json.decode(reply.content, type=dict[str, msgspec.Raw])
        found = members.get(listing.member)
        if found is None:
            _refuse_silence(listing, reply)
            return []
        bodies = msgspec.json.decode(found, type=list[msgspec.Raw] | dict[str, msgspec.Raw])
        rows = bodies.values() if isinstance(bodies, dict) else bodies
        return [Record(listing.get_key(bytes(body)), bytes(body)) for body in rows]
    except msgspec.DecodeError as error:
        raise refuse_form(listing.endpoint, error) from None


def _refuse_silence(listing: Listing, reply: Reply) -> None:
    """An answer without the list: EDD's own word for nothing, or a right that is missing."""
    missing = reply.headers.get("x-edd-missing-capability")
    if missing or (listing.endpoint != "sales" and not get_error(reply.content)):
        said = to_line(missing or "") or "the shop says nothing"
        raise PullRefused(f"The key may not read {listing.endpoint} ({said}); take an administrator's.")


def _get_total(reply: Reply) -> int | None:
    """The length of the list, which a Tillroll tells in a header."""
    told = reply.headers.get("x-edd-total", "")
    return int(told) if told.isascii() and told.isdigit() else None


def _get_next_cursor(reply: Reply) -> str:
    """The cursor of a Tillroll's `Link` with rel="next"; empty behind the last row."""
    for part in reply.headers.get("link", "").split(","):
        address, _, relation = part.partition(">")
        if 'rel="next"' in relation:
            query = urlsplit(address.strip().lstrip("<")).query
            return parse_qs(query).get("cursor", [""])[0]
    return ""
