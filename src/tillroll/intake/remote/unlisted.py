"""Orders that are in no list: refunds, and orders that were given back or never came to money. The API shows
each to who asks for its id, so the ids that the list leaves out are asked for one by one, where they are
not too many."""

from collections.abc import Iterator

import msgspec

from tillroll.intake.remote.answers import SaleAnswer, whole
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.lists import OnRead
from tillroll.intake.remote.pages import Pages, Place, Record
from tillroll.intake.remote.said import refuse_form

UNLISTED = "unlisted orders"

MOST_ASKED = 2_000
"""Ids that are asked for unless the user says otherwise: some minutes. A shop that began with EDD 2 shares
its ids with all of WordPress' posts, and has very many that are no orders."""

MISSES = 20
"""Ids in a row that are no orders, below the first listed one and above the last, where the asking ends."""

_ANSWER = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLACE = Place(1)


def read_unlisted(
    client: Client, pages: Pages, listed: set[int], on_read: OnRead, *, is_wanted: bool | None
) -> None:
    """Asks for the ids between those that are listed, and a few around them. `is_wanted`: None leaves it to
    how many there are."""
    if not listed:
        return
    first, last = min(listed), max(listed)
    count = last - first + 1 - len(listed)
    pages.set_fact("unlisted ids", str(count))
    if is_wanted is False or (is_wanted is None and count > MOST_ASKED):
        pages.set_fact("unlisted", "no")
        return
    done = 0
    for id_ in range(first, last + 1):
        if id_ not in listed:
            on_read(done, count, UNLISTED)
            _ask(client, pages, id_)
            done += 1
    for ids in (iter(range(first - 1, 0, -1)), _count_up(last)):
        misses = 0
        while misses < MISSES and (id_ := next(ids, 0)):
            misses = 0 if _ask(client, pages, id_) else misses + 1
    pages.set_fact("unlisted", "yes")


def _count_up(last: int) -> Iterator[int]:
    while True:
        last += 1
        yield last


def _ask(client: Client, pages: Pages, id_: int) -> bool:
    """Whether there is an order with that id. What was asked before is not asked again."""
    known = pages.get_body(UNLISTED, str(id_))
    if known is None:
        reply = client.get("sales", {"id": str(id_)})
        try:
            found = _ANSWER.decode(reply.content).get("sales")
            bodies = msgspec.json.decode(found, type=list[msgspec.Raw]) if found else []
            known = bytes(bodies[0]) if bodies else b""
            if known and whole(msgspec.json.decode(known, type=SaleAnswer).id) != id_:
                known = b""
        except msgspec.DecodeError as error:
            raise refuse_form(f"sales for the id {id_}", error) from None
        pages.put(UNLISTED, _PLACE, [Record(str(id_), known)])
    return bool(known)
