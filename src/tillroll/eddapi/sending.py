"""How an answer leaves: headers, whole bodies and streams; each ends in a line of the request log."""

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from tillroll.access.grants import Allowance
from tillroll.access.keys import PUBLIC
from tillroll.access.streams import Place, streams
from tillroll.eddapi.answer import Answer
from tillroll.eddapi.cache import Kept
from tillroll.eddapi.errors import TooManyRequests
from tillroll.eddapi.formats import Format, append_speed, encode_json, encode_xml, stream_json, stream_xml
from tillroll.eddapi.links import write_links
from tillroll.eddapi.reading import give_back
from tillroll.eddapi.request import METHODS
from tillroll.eddapi.visit import Visit

logger = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], object]
Headers = list[tuple[str, str]]

REASONS = {
    200: "200 OK",
    204: "204 No Content",
    304: "304 Not Modified",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}

RETRY_SECONDS = "5"
"""How soon to come again when the store is away or all streams are taken: about as long as a restart
takes."""

_EXPOSED = (
    "ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-EDD-Cursor, X-EDD-Total, X-EDD-Total-Pages,"
    " X-EDD-Missing-Capability, X-Tillroll-Mirror-Age, X-Tillroll-Mirror-Round"
)


def encode(visit: Visit, body: dict[str, object]) -> bytes:
    """A body in the format that was asked for, without request_speed."""
    if visit.format is Format.XML:
        return encode_xml(body)
    return encode_json(body, pretty=visit.is_pretty)


def send(visit: Visit, kept: Kept, start: StartResponse) -> list[bytes]:
    """An encoded answer with its request_speed."""
    content = append_speed(kept.content, visit.get_seconds(), kept.form)
    headers = [*kept.headers, ("Content-Length", str(len(content)))]
    if kept.links and visit.asked is not None:
        headers.append(("Link", write_links(visit.asked, kept.links)))
    _add_common(headers, visit)
    start(REASONS[200], headers)
    visit.log(200, kept.error, len(content))
    return [] if visit.method == "HEAD" else [content]


def send_unchanged(visit: Visit, headers: Headers, start: StartResponse) -> list[bytes]:
    """The client's copy is still good: only what names it."""
    _add_common(headers, visit)
    start(REASONS[304], headers)
    visit.log(304, "", 0)
    return []


def refuse(visit: Visit, status: int, text: str, headers: Headers, start: StartResponse) -> list[bytes]:
    """What a gate stopped: EDD's one member, without request_speed."""
    content = encode(visit, {"error": text})
    headers += [
        _UNKEPT,
        ("Content-Type", visit.format.content_type),
        ("Content-Length", str(len(content))),
    ]
    _add_common(headers, visit)
    start(REASONS[status], headers)
    visit.log(status, text, len(content))
    return [] if visit.method == "HEAD" else [content]


def send_preflight(visit: Visit, start: StartResponse) -> list[bytes]:
    """The answer to OPTIONS, by which a browser learns what it may send."""
    headers = [_UNKEPT, ("Allow", ", ".join(METHODS))]
    _add_common(headers, visit)
    start(REASONS[204], headers)
    visit.log(204, "", 0)
    return []


_UNKEPT = ("Cache-Control", "private, no-cache")


def name_copy(visit: Visit, etag: str, modified: str) -> Headers:
    """Who may keep an answer for how long, and by what it is asked for again."""
    headers = [_UNKEPT]
    age = visit.shop.public_max_age if visit.shop is not None and visit.caller is PUBLIC else 0
    if etag and age:
        headers = [("Cache-Control", f"public, max-age={age}"), ("Vary", "Authorization")]
    if etag:
        headers.append(("ETag", etag))
    if modified:
        headers.append(("Last-Modified", modified))
    return headers


def _add_common(headers: Headers, visit: Visit) -> None:
    """The age of a mirror's records, limits, and what browsers of allowed origins need."""
    if visit.age is not None:
        headers += visit.age.headers
    if visit.allowance:
        headers += _describe_limits(visit.allowance)
    origins = visit.shop.settings.cors_origins if visit.shop is not None else ()
    if not origins:
        return
    headers.append(("Vary", "Origin"))  # a copy made for no origin lacks what a page of an allowed one needs
    origin = visit.environ.get("HTTP_ORIGIN", "")
    if origin not in origins:
        return
    headers += [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", _EXPOSED)]
    if visit.method == "OPTIONS":
        headers += [
            ("Access-Control-Allow-Methods", ", ".join(METHODS)),
            ("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match"),
            ("Access-Control-Max-Age", "86400"),
        ]


def _describe_limits(allowance: Allowance) -> Headers:
    """The limits and what is left of them (draft-ietf-httpapi-ratelimit-headers-10)."""
    left = ", ".join([f'"{one.name}";r={one.left};t={one.resets_in}' for one in allowance])
    policy = _describe_policy(*[(one.name, one.limit, one.length) for one in allowance])
    return [("RateLimit-Policy", policy), ("RateLimit", left)]


@lru_cache(maxsize=256)
def _describe_policy(*limits: tuple[str, int, int]) -> str:
    return ", ".join(f'"{name}";q={limit};w={length}' for name, limit, length in limits)


class _Stream:
    """A streamed body that gives its place back and is logged however it ends."""

    def __init__(self, visit: Visit, place: Place, pieces: Iterator[bytes]) -> None:
        self._visit = visit
        self._place = place
        self._pieces = pieces
        self._size = 0
        self._is_open = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            piece = next(self._pieces)
        except StopIteration:
            self.close()
            raise
        except Exception:
            # The head is out already: the answer ends without its last member, which tells the client.
            logger.exception("A streamed answer broke off.")
            self.close("The answer broke off.")
            raise StopIteration from None
        self._size += len(piece)
        return piece

    def close(self, error: str = "") -> None:
        """Called by the server in the end, also when the client went away."""
        if self._is_open:
            self._is_open = False
            self._pieces = iter(())  # with the pieces goes what they are read through
            self._place.give_back()
            self._visit.log(200, error, self._size)
            give_back()


def stream(visit: Visit, answer: Answer, start: StartResponse) -> Iterable[bytes]:
    """A list that is sent as it is read. Raises TooManyRequests when all places for such are taken."""
    assert answer.batches is not None and visit.asked is not None  # noqa: S101,PT018 (the caller looked)
    form = visit.format
    headers = [_UNKEPT, *answer.headers, ("Content-Type", form.content_type)]
    if answer.links:
        headers.append(("Link", write_links(visit.asked, answer.links)))
    _add_common(headers, visit)
    if visit.method == "HEAD":  # how long the stream would be, nobody knows yet
        start(REASONS[200], headers)
        visit.log(200, "", 0)
        return []
    place = streams.take()
    if place is None:
        raise TooManyRequests(
            "Too many long lists are being read; try again in a moment!", {"Retry-After": RETRY_SECONDS}
        )
    if form is Format.XML:
        pieces = stream_xml(answer.key, answer.batches, visit.get_seconds)
    else:
        pieces = stream_json(answer.key, answer.batches, visit.get_seconds, pretty=visit.is_pretty)
    try:
        start(REASONS[200], headers)
    except BaseException:
        place.give_back()
        raise
    return _Stream(visit, place, pieces)
