"""A server of a test's own that notes what it is asked and answers what it is told to."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: Message
    form: bytes


@dataclass
class StandIn:
    """`status` None is a server that takes a request and never answers it."""

    name: str
    port: int = 0
    status: int | None = 200
    asked: list[Asked] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def stand_in(name: str, status: int | None = 200) -> Iterator[StandIn]:
    told = StandIn(name, status=status)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            form = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            told.asked.append(Asked(self.command, self.path, self.headers, form))
            if told.status is None:
                told.over.wait()
                self.close_connection = True
                return
            body = f'{{"answered_by":"{told.name}"}}'.encode()
            self.send_response(told.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "5")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

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
