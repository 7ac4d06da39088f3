"""The API as a WSGI application: the steps that a request passes, in order.

address -> shop settings -> version, endpoint, format -> credentials -> quota -> endpoint -> encoding -> log.
Whatever stops it on the way is a GateError, rendered once, here.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from time import perf_counter
from typing import Any

from django.db import InterfaceError, OperationalError, connections
from django.utils import timezone

from tillroll.access.addresses import get_client_address
from tillroll.access.keys import PUBLIC, Caller, KeyRefused, find_key
from tillroll.access.log import Line, request_log, shorten
from tillroll.access.quota import Allowance, QuotaExceeded, quotas
from tillroll.access.streams import Place, streams
from tillroll.access.usage import uses
from tillroll.eddapi.answer import Answer, Question, missing
from tillroll.eddapi.credentials import Credentials, Scene, authenticate, read_credentials
from tillroll.eddapi.endpoints import ENDPOINTS
from tillroll.eddapi.errors import GateError, TooManyRequests, Unavailable
from tillroll.eddapi.formats import Format, append_speed, encode_json, encode_xml, stream_json, stream_xml
from tillroll.eddapi.queries import list_revisions
from tillroll.eddapi.reading import Run, Snapshot
from tillroll.eddapi.request import (
    METHODS,
    Address,
    Environ,
    Request,
    read_address,
    read_format,
    read_request,
)
from tillroll.eddapi.shop import Shop, current_shop
from tillroll.shop.revision import Topic

logger = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], object]
Headers = list[tuple[str, str]]

REASONS = {
    200: "200 OK",
    204: "204 No Content",
    400: "400 Bad Request",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    404: "404 Not Found",
    405: "405 Method Not Allowed",
    429: "429 Too Many Requests",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}

_WORDS = re.compile(r"[A-Za-z0-9./_-]{0,32}")

RETRY_SECONDS = "5"
"""How soon to come again when the store is away or all streams are taken: about as long as a restart
takes."""


class Visit:
    """What becomes known of a request on its way, for the answer and for the log."""

    def __init__(self, environ: Environ) -> None:
        self.started = perf_counter()
        self.now = timezone.now()
        self.environ = environ
        self.address: Address | None = None
        self.shop: Shop | None = None
        self.asked: Request | None = None
        self.credentials: Credentials | None = None
        self.caller: Caller = PUBLIC
        self.client = get_client_address(environ)
        self.allowance: Allowance = ()

    @property
    def format(self) -> Format:
        """The form of the answer, also of one that was stopped before its format was looked at."""
        if self.asked is not None:
            return self.asked.format
        if self.address is not None and not self.address.value:
            return Format.JSON
        try:
            return read_format(self.address.parameters) if self.address else Format.JSON
        except GateError:
            return Format.JSON

    @property
    def is_pretty(self) -> bool:
        return self.address is not None and self.address.parameters.get("pretty") == "1"


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answers one API request. Nothing that a client sends ends in a 5xx ([CONTRACT] Order of checks)."""
    _drop_lost_connection()
    visit = Visit(environ)
    try:
        try:
            with Snapshot() as run:
                answer = _respond(visit, run)
        except (OperationalError, InterfaceError) as error:
            logger.exception("The store can't be read.")
            raise Unavailable(
                "The shop's records can't be reached!", {"Retry-After": RETRY_SECONDS}
            ) from error
        if answer.batches is not None:
            return _stream(visit, answer, start_response)
        return _send(visit, 200, answer.body, answer.headers, start_response)
    except GateError as stopped:
        return _send(
            visit, stopped.status, {"error": stopped.text}, list(stopped.headers.items()), start_response
        )
    except Exception:
        logger.exception("An API request failed.")
        return _send(visit, 500, {"error": "Internal error!"}, [], start_response)


def _drop_lost_connection() -> None:
    """In front of Django its signal for this doesn't fire. A caller's own transaction is left alone."""
    connection = connections["default"]
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def _respond(visit: Visit, run: Run) -> Answer:
    """The steps up to the endpoint's answer."""
    revisions = list_revisions(run)
    shop = visit.shop = current_shop(revisions.get(Topic.SETTINGS, 0))
    address = visit.address = read_address(visit.environ)
    sent = visit.credentials = read_credentials(
        visit.environ, address.parameters, from_query=shop.settings.query_credentials
    )
    if address.refusal is not None:
        raise address.refusal
    if visit.environ["REQUEST_METHOD"] == "OPTIONS":
        return Answer({}, [("Allow", ", ".join(METHODS))])
    asked = visit.asked = read_request(address, shop.default_version)
    caller = visit.caller = _identify(visit, run, sent, revisions.get(Topic.ACCESS, 0), asked)
    if caller.key_id is not None:
        visit.allowance = _count(visit, caller, shop)
    if not caller.may_ask(asked.endpoint):
        return missing(f"endpoint:{asked.endpoint}")
    return ENDPOINTS[asked.endpoint](Question(asked, caller, shop, run, visit.allowance))


def _identify(visit: Visit, run: Run, sent: Credentials, revision: int, asked: Request) -> Caller:
    """Who asks; of a key that is refused the log is to know the holder."""
    scene = Scene(visit.client, visit.now, revision)
    try:
        found = authenticate(run, sent, scene, is_public=asked.endpoint == "products")
    except GateError as refused:
        if isinstance(refused.__cause__, KeyRefused):
            visit.caller = refused.__cause__.caller
        raise
    if found.caller.key_id is not None:
        uses.note(found.caller.key_id, visit.now, visit.client)
        if found.is_outdated:
            uses.renew(found.caller.key_id, sent.kind, sent.secret)
    return found.caller


def _count(visit: Visit, caller: Caller, shop: Shop) -> Allowance:
    """What is left of a key's limits after this request. Raises TooManyRequests."""
    try:
        return quotas.admit(caller, shop.zone, visit.now)
    except QuotaExceeded as stopped:
        visit.allowance = stopped.allowance
        window = stopped.window
        raise TooManyRequests(
            f"Your limit of {window.limit} requests a {window.name} is used up; try again later!",
            {"Retry-After": str(window.resets_in)},
        ) from stopped


def _send(
    visit: Visit, status: int, body: dict[str, object], headers: Headers, start: StartResponse
) -> list[bytes]:
    """Encodes a body, with request_speed unless a gate stopped it, sends and logs it."""
    fmt = visit.format
    is_preflight = visit.environ.get("REQUEST_METHOD") == "OPTIONS"
    content = b""
    if is_preflight and status == 200:
        status = 204
    else:
        content = encode_xml(body) if fmt is Format.XML else encode_json(body, pretty=visit.is_pretty)
        if status == 200:
            content = append_speed(content, perf_counter() - visit.started, fmt)
        headers += [("Content-Type", fmt.content_type), ("Content-Length", str(len(content)))]
    headers += _common_headers(visit)
    start(REASONS[status], headers)
    _log(visit, status, str(body.get("error", "")), len(content))
    return [] if visit.environ.get("REQUEST_METHOD") == "HEAD" else [content]


def _common_headers(visit: Visit) -> Headers:
    headers = [("Cache-Control", "private, no-cache"), *_describe_limits(visit.allowance)]
    origin = visit.environ.get("HTTP_ORIGIN")
    if origin and visit.shop and origin in visit.shop.settings.cors_origins:
        headers += [
            ("Access-Control-Allow-Origin", origin),
            (
                "Access-Control-Expose-Headers",
                "Link, RateLimit, RateLimit-Policy, Retry-After, X-EDD-Total, X-EDD-Total-Pages,"
                " X-EDD-Missing-Capability",
            ),
            ("Vary", "Origin"),
        ]
        if visit.environ.get("REQUEST_METHOD") == "OPTIONS":
            headers += [
                ("Access-Control-Allow-Methods", ", ".join(METHODS)),
                ("Access-Control-Allow-Headers", "Authorization, Content-Type"),
                ("Access-Control-Max-Age", "86400"),
            ]
    return headers


def _describe_limits(allowance: Allowance) -> Headers:
    """The limits and what is left of them (draft-ietf-httpapi-ratelimit-headers-10)."""
    if not allowance:
        return []
    left = ", ".join([f'"{one.name}";r={one.left};t={one.resets_in}' for one in allowance])
    policy = _describe_policy(tuple([(one.name, one.limit, one.length) for one in allowance]))
    return [("RateLimit-Policy", policy), ("RateLimit", left)]


@lru_cache(maxsize=256)
def _describe_policy(limits: tuple[tuple[str, int, int], ...]) -> str:
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
            self._place.give_back()
            _log(self._visit, 200, error, self._size)


def _stream(visit: Visit, answer: Answer, start: StartResponse) -> Iterable[bytes]:
    assert answer.batches is not None  # noqa: S101 (the caller looked)
    fmt = visit.format
    headers = [*answer.headers, ("Content-Type", fmt.content_type), *_common_headers(visit)]
    if visit.environ.get("REQUEST_METHOD") == "HEAD":  # how long the stream would be, nobody knows yet
        start(REASONS[200], headers)
        _log(visit, 200, "", 0)
        return []
    place = streams.take()
    if place is None:
        raise TooManyRequests(
            "Too many long lists are being read; try again in a moment!", {"Retry-After": RETRY_SECONDS}
        )

    def get_seconds() -> float:
        return perf_counter() - visit.started

    if fmt is Format.XML:
        pieces = stream_xml(answer.key, answer.batches, get_seconds)
    else:
        pieces = stream_json(answer.key, answer.batches, get_seconds, pretty=visit.is_pretty)
    try:
        start(REASONS[200], headers)
    except BaseException:
        place.give_back()
        raise
    return _Stream(visit, place, pieces)


def _get_safe_start(value: str) -> str:
    """What of an unknown endpoint may be logged: a URL that was put together wrongly has the token in its
    path."""
    match = _WORDS.match(value)
    return match[0] if match else ""


def _is_ignored(visit: Visit, sent: Credentials) -> bool:
    """Whether a wrong header made somebody a reader of public products: their line is not the holder's."""
    is_public = visit.asked is not None and visit.asked.endpoint == "products" and visit.caller is PUBLIC
    return is_public and sent.is_header and bool(sent.key and sent.secret)


def _log(visit: Visit, status: int, error: str, size: int) -> None:
    """A line for every attempt that names a key; public reads by setting ([CONTRACT] Request log)."""
    shop, sent = visit.shop, visit.credentials
    if shop is None or sent is None or visit.address is None or not shop.settings.log_requests:
        return
    named = sent.key or visit.address.parameters.text("key")  # also one that doesn't count, in the query
    if not named and not shop.settings.log_public_requests:
        return
    caller, key_start = visit.caller, ""
    if _is_ignored(visit, sent):
        key_start, error = named[:6], error or "The header was ignored."
    elif caller.key_id is None and named:
        try:
            key = find_key(named)
            caller = key.caller if key else PUBLIC
        except (OperationalError, InterfaceError):
            logger.exception("The key of a request can't be looked up for the log.")
        key_start = "" if caller.key_id else named[:6]
    request_log.add(
        Line(
            timezone.now(),
            caller.user_id,
            caller.user_name,
            caller.key_id,
            caller.key_label,
            key_start,
            visit.asked.version if visit.asked else "",
            visit.asked.endpoint if visit.asked else _get_safe_start(visit.address.value),
            shorten(visit.address.parameters.question),
            status,
            shorten(error),
            visit.client,
            (perf_counter() - visit.started) * 1000,
            size,
        )
    )
