"""A server of a test's own that notes what it is asked and answers what it is told to. It speaks HTTP and, as
PHP does, FastCGI."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.deploy.fastcgi import VERSION, make_answer, read_question


@dataclass(frozen=True)
class Asked:
    """`parameters` are those of PHP."""

    method: str
    target: str
    headers: Message
    form: bytes
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class StandIn:
    """`status` None is a server that takes a request and never answers it; `seconds` is how slow it is."""

    name: str
    port: int = 0
    status: int | None = 200
    seconds: float = 0
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def body(self) -> bytes:
        return f'{{"answered_by":"{self.name}"}}'.encode()

    def note(self, asked: Asked) -> int | None:
        """The status to answer with, once it is time."""
        self.asked.append(asked)
        self.over.wait(None if self.status is None else self.seconds)
        return self.status


@contextmanager
def stand_in(name: str, status: int | None = 200) -> Iterator[StandIn]:
    told = StandIn(name, status=status)

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            if self.connection.recv(1, socket.MSG_PEEK) == VERSION:
                self.answer_as_php()
            else:
                super().handle()

        def answer_as_php(self) -> None:
            parameters, form = read_question(self.rfile)
            headers = Message()
            for name, value in parameters.items():
                if name.startswith("HTTP_"):
                    headers[name.removeprefix("HTTP_").replace("_", "-")] = value
            asked = Asked(parameters["REQUEST_METHOD"], parameters["REQUEST_URI"], headers, form, parameters)
            if status := told.note(asked):
                output = b"Status: %d\r\nContent-Type: application/json\r\n\r\n" % status
                self.wfile.write(make_answer(output + told.body, b"PHP Warning: something is deprecated"))

        def answer(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = told.note(Asked(self.command, self.path, self.headers, form))
            if status is None:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told.body)))
            self.send_header("Retry-After", "5")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(told.body)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = answer

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        told.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield told
        finally:
            told.over.set()
            server.shutdown()
            thread.join()
