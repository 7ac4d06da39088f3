"""The API as a WSGI application: the steps that a request passes, in order.

revisions -> shop settings -> address, version, endpoint, format -> credentials -> quota -> the answer that is
kept for the same question -> endpoint -> encoding -> log. Whatever stops it on the way is a GateError,
rendered once, here.
"""

import logging
from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError

from tillroll.access.grants import Allowance
from tillroll.access.keys import PUBLIC, Caller, Found, KeyRefused
from tillroll.access.quota import QuotaExceeded, quotas
from tillroll.access.usage import uses
from tillroll.eddapi.age import find_age, refuse_too_old
from tillroll.eddapi.answer import Answer, Question, missing
from tillroll.eddapi.cache import (
    Kept,
    Name,
    cache,
    describe,
    find_current,
    make_etag,
    name_answer,
    tell_modified,
)
from tillroll.eddapi.credentials import Credentials, Scene, authenticate, read_credentials
from tillroll.eddapi.endpoints import ENDPOINTS, Endpoint
from tillroll.eddapi.errors import GateError, TooManyRequests, Unavailable
from tillroll.eddapi.reading import Overtaken, Run, Snapshot, Turn, give_back
from tillroll.eddapi.recognition import State, keep, name_question, recognition
from tillroll.eddapi.request import Request, read_address, read_request
from tillroll.eddapi.revisions import Revisions, find_revisions, still_hold
from tillroll.eddapi.sending import (
    RETRY_SECONDS,
    StartResponse,
    encode,
    name_copy,
    refuse,
    send,
    send_preflight,
    send_unchanged,
    stream,
)
from tillroll.eddapi.shop import Shop, current_shop
from tillroll.eddapi.visit import Visit
from tillroll.shop.revision import NOTHING_CHANGED, STORE, Topic

logger = logging.getLogger(__name__)


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Answers one API request. Nothing that a client sends ends in a 5xx ([CONTRACT] Order of checks)."""
    turn = Turn()
    try:
        return _reply(Visit(environ), turn, start_response)
    finally:
        give_back()
        turn.give_back()


def _reply(visit: Visit, turn: Turn, start_response: StartResponse) -> Iterable[bytes]:
    """The answer, or why there is none."""
    try:
        try:
            answer = _read(visit, turn)
        except (OperationalError, InterfaceError) as error:
            logger.exception("The store can't be read.")
            raise Unavailable(
                "The shop's records can't be reached!", {"Retry-After": RETRY_SECONDS}
            ) from error
        if answer is None:
            return send_preflight(visit, start_response)
        if isinstance(answer, Answer):
            return stream(visit, answer, start_response)
        if isinstance(answer, Unchanged):
            return send_unchanged(visit, answer.headers, start_response)
        return send(visit, answer, start_response)
    except GateError as stopped:
        return refuse(visit, stopped.status, stopped.text, list(stopped.headers.items()), start_response)
    except Exception:
        logger.exception("An API request failed.")
        return refuse(visit, 500, "Internal error!", [], start_response)


class Unchanged(NamedTuple):
    """The client's own copy is still good."""

    headers: list[tuple[str, str]]


def _read(visit: Visit, turn: Turn) -> Kept | Unchanged | Answer | None:
    """The steps on one snapshot; a second time, on the primary's, where a write came between them."""
    try:
        with Snapshot(turn) as run:
            return _respond(visit, run)
    except Overtaken:
        with Snapshot(turn, of_primary=True) as run:
            return _respond(visit, run, is_again=True)


def _respond(visit: Visit, run: Run, *, is_again: bool = False) -> Kept | Unchanged | Answer | None:
    """The steps up to the encoded answer; an answer that is to be streamed; or None for a question about the
    methods. Raises Overtaken where a write came between the steps; the second time all is read from one
    snapshot, and nothing is counted again."""
    found = find_revisions(run, is_known=not is_again)
    read = found.numbers.get
    state = (
        read(Topic.SETTINGS, NOTHING_CHANGED),
        read(Topic.ACCESS, NOTHING_CHANGED),
        read(STORE, NOTHING_CHANGED),
    )
    shop = visit.shop = current_shop(run, state[0])
    visit.age = find_age(run, shop, visit.now)
    asked = _recognise(visit, run, state)
    if asked is None:
        return None
    refuse_too_old(visit.age, shop)
    caller = visit.caller
    if caller.key_id is not None:
        uses.note(caller.key_id, visit.now, visit.client)
        if not visit.is_counted:
            visit.allowance = _count(visit, caller, shop)
            visit.is_counted = True
    if not caller.may_ask(asked.endpoint):
        return _encode(visit, missing(f"endpoint:{asked.endpoint}"))
    return _answer(visit, Question(asked, caller, shop, run, visit.now, visit.allowance), found)


def _recognise(visit: Visit, run: Run, state: State) -> Request | None:
    """What is asked and who asks, as when the same question came before, or read anew; None for OPTIONS."""
    name = name_question(visit.environ, visit.client)
    known = recognition.find(name, state, visit.now) if name else None
    if known is not None:
        visit.address, visit.credentials, visit.caller = known.address, known.sent, known.caller
        visit.asked, visit.described = known.asked, known.described
        return known.asked
    assert visit.shop is not None  # noqa: S101 (the step before)
    address = visit.address = read_address(visit.environ)
    sent = visit.credentials = read_credentials(
        visit.environ, address.parameters, from_query=visit.shop.settings.query_credentials
    )
    if address.refusal is not None:
        raise address.refusal
    if visit.method == "OPTIONS":
        return None
    asked = visit.asked = read_request(address, visit.shop.default_version)
    found = _identify(visit, run, sent, state[1:] if state[1] != NOTHING_CHANGED else None, asked)
    visit.caller = found.caller
    if reads := ENDPOINTS[asked.endpoint].reads:
        visit.described = describe(asked, found.caller, reads)
    if name and not found.is_outdated and (found.caller is not PUBLIC or not sent.is_anything):
        keep(name, visit, state, found.expires_at)
    return asked


def _identify(visit: Visit, run: Run, sent: Credentials, access: object, asked: Request) -> Found:
    """Who asks; of a key that is refused the log is to know the holder."""
    scene = Scene(visit.client, visit.now, access)
    try:
        found = authenticate(run, sent, scene, is_public=asked.endpoint == "products")
    except GateError as refused:
        if isinstance(refused.__cause__, KeyRefused):
            visit.caller = refused.__cause__.caller
        raise
    if found.is_outdated and found.caller.key_id is not None:
        uses.renew(found.caller.key_id, sent.kind, sent.secret)
    return found


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


def _answer(visit: Visit, question: Question, found: Revisions) -> Kept | Unchanged | Answer:
    """What the worker keeps under the question's name, or the endpoint's answer, kept for the next one."""
    endpoint = ENDPOINTS[question.asked.endpoint]
    name = name_answer(question, endpoint.reads, visit.described, found.numbers) if endpoint.reads else None
    if name is None:
        answer = _ask(endpoint, question, found)
        return answer if answer.batches is not None else _encode(visit, answer)
    kept = cache.find(name, visit.now)
    copies = visit.environ.get("HTTP_IF_NONE_MATCH")
    if copies and visit.method != "POST" and (etag := find_current(copies, name, visit.now, kept)):
        return Unchanged(name_copy(visit, etag, tell_modified(name, etag)))
    if kept is None:
        answer = _ask(endpoint, question, found)
        if answer.batches is not None:
            return answer
        kept = _encode(visit, answer, name)
        cache.put(name, kept)
    return kept


def _ask(endpoint: Endpoint, question: Question, found: Revisions) -> Answer:
    """The endpoint's own answer. Raises Overtaken where it may be of another state than the rights and
    settings that it was made under."""
    answer = endpoint.answer(question)
    if not still_hold(found):
        raise Overtaken
    return answer


def _encode(visit: Visit, answer: Answer, name: Name | None = None) -> Kept:
    """The answer's bytes and headers, with the ETag of its name where it has one."""
    etag = make_etag(name, answer.until) if name else ""
    modified = tell_modified(name, etag) if name else ""
    return Kept(
        name.state if name else (),
        visit.format,
        encode(visit, answer.body),
        (
            *name_copy(visit, etag, modified),
            *answer.headers,
            ("Content-Type", visit.format.content_type),
        ),
        answer.links,
        str(answer.body.get("error", "")),
        etag,
        answer.until,
    )
