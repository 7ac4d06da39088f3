"""This process's own API on loopback, as another shop is met: over a socket."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.db import connections

from tillroll.wsgi import application


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


_OWN = ("x-edd-total", "x-edd-total-pages", "x-edd-cursor", "x-edd-missing-capability", "link")


def answer_as_edd(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """The same without what Tillroll adds: totals, links, cursors, changes, credentials in headers."""
    asked = parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name not in ("cursor", "modified_after")]
    environ["QUERY_STRING"] = urlencode(kept)
    environ.pop("HTTP_AUTHORIZATION", None)

    def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        return start_response(status, [each for each in headers if each[0].lower() not in _OWN])

    return application(environ, start)


@contextmanager
def serve_this_shop(app: Any = application) -> Iterator[str]:
    """The address of the shop in the test's own databases, while it is served."""
    with make_server("127.0.0.1", 0, app, handler_class=_Quiet) as server:

        def serve() -> None:
            try:
                server.serve_forever(poll_interval=0.01)
            finally:
                connections.close_all()  # this thread's own

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join(10)
