"""A recorded EDD that answers questions: what it was asked in its time as it did then, anything else as the
imported shop does, so that only recorded answers can differ."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from django.db import connections

from tests.asking import ask as ask_tillroll
from tests.conformance.recordings import USERS, Case, load_cases
from tillroll.cli.comparing.answers import Answer, read_answer
from tillroll.cli.comparing.questions import Question
from tillroll.cli.comparing.sides import write_form
from tillroll.intake.remote.credentials import Credentials

NEAR = timedelta(minutes=2)
"""The recordings of one moment took a minute and a half."""

OWNER = Credentials(USERS["admin"]["public_key"], USERS["admin"]["token"])


@cache
def list_recorded() -> tuple[tuple[Case, Question], ...]:
    """The cases that are questions of the owner's, or without a key: plain ones, by the usual address."""
    return tuple(_list_recorded())


def _list_recorded() -> Iterator[tuple[Case, Question]]:
    for case in load_cases():
        is_plain = case.method == "GET" and case.raw_query is None and not case.auth
        path = case.path.strip("/").split("/")
        if is_plain and case.label in ("admin", None) and len(path) == 3 and path[0] == "edd-api":
            pair = "own" if case.label else "none"
            if path[1] in ("v1", "v2") and case.path.endswith("/"):
                yield case, Question(path[2], path[1], tuple(case.query.items()), pair)


def name(question: Question) -> tuple[object, ...]:
    """A question whatever the order of its parameters."""
    return question.endpoint, question.version, question.pair, tuple(sorted(question.parameters))


class Imported:
    """The imported shop as it answers now."""

    name = "the import"

    def send(self, question: Question) -> tuple[int, bytes, str]:
        form = dict(parse_qsl(write_form(question, OWNER)))
        reply = ask_tillroll(
            f"/edd-api/{question.version}/{question.endpoint}/",
            dict(question.parameters),
            method="POST" if form else "GET",
            form=form or None,
        )
        return reply.status, reply.content, reply.headers.get("x-edd-missing-capability", "")

    def ask(self, question: Question) -> Answer:
        return read_answer(*self.send(question))


class Recorded(Imported):
    """EDD at one moment. `change` makes other bytes of a recorded body, as a fault would."""

    name = "the recorded EDD"

    def __init__(
        self, now: datetime, change: Callable[[Question, bytes], bytes] = lambda _question, body: body
    ) -> None:
        self._known = {
            name(question): case for case, question in list_recorded() if abs(case.now - now) < NEAR
        }
        self._change = change
        self.answered = 0

    def send(self, question: Question) -> tuple[int, bytes, str]:
        case = self._known.get(name(question))
        if case is None:
            status, content, _right = super().send(question)
            return status, content, ""
        self.answered += 1
        return case.status, self._change(question, case.body.encode()), ""


Send = Callable[[Question], tuple[int, bytes, str]]


@contextmanager
def serve(send: Send) -> Iterator[str]:
    """A site at whose address the API answers so; gives the address. A wrong pair is told so, as EDD does."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            parts = urlsplit(self.path)
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            sent = dict(parse_qsl(form))
            pair = "own" if sent == OWNER.__dict__ else "wrong" if sent else "none"
            version, _, endpoint = parts.path.removeprefix("/edd-api/").strip("/").partition("/")
            query = tuple(parse_qsl(parts.query, keep_blank_values=True))
            status, content, _right = send(Question(endpoint, version, query, pair))
            connections.close_all()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
