"""The load generator: what is read of wrk's output, and what our own does where there is no wrk."""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench.load import Load, LoadError, measure, read_answer, read_wrk

TOLD = """Running 2s test @ http://127.0.0.1:8000/
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.94ms    1.02ms  20.40ms   84.90%
    Req/Sec     4.25k   210.00     4.60k    70.00%
  Latency Distribution
     50%  500.00us
     75%    2.10ms
     90%    2.90ms
     99%    1.01s
  8470 requests in 2.00s, 29.47MB read
Requests/sec:   4234.07
Transfer/sec:     14.73MB
"""


def test_rates_and_latencies_are_read_of_wrk_in_milliseconds() -> None:
    assert read_wrk(TOLD) == Load(4234.07, 0.5, 1010.0)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (TOLD + "  Non-2xx or 3xx responses: 12\n", "Non-2xx or 3xx responses: 12"),
        (
            TOLD + "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
            "Socket errors: connect 0, read 3, write 0, timeout 0",
        ),
        (TOLD.replace("4234.07", "0.00"), "No answer came."),
        ("", "wrk printed nothing."),
    ],
    ids=["bad answers", "broken connections", "no answers", "no output"],
)
def test_what_is_no_measurement_is_said(told: str, said: str) -> None:
    with pytest.raises(LoadError, match=f"^{said}"):
        read_wrk(told)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP", ("HTTP/1.1 200 OK", True)),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP", ("HTTP/1.1 304 Not Modified", True)),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\n\r\nHTTP",
            ("HTTP/1.1 200 OK", True),
        ),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nokHTTP",
            ("HTTP/1.1 200 OK", False),
        ),
    ],
    ids=["with a length", "without a body", "in chunks", "and no further"],
)
def test_an_answer_is_read_to_its_end_and_no_further(answer: bytes, expected: tuple[str, bool]) -> None:
    answers = io.BytesIO(answer)
    assert read_answer(answers) == expected
    assert answers.read() == b"HTTP"


def test_an_answer_without_a_length_ends_with_its_connection() -> None:
    assert read_answer(io.BytesIO(b"HTTP/1.1 200 OK\r\n\r\nall of it")) == ("HTTP/1.1 200 OK", False)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: set[str]

    def do_GET(self) -> None:
        Handler.asked.add(f"{self.path} {self.headers.get('If-None-Match', '')}")
        self.send_response(403 if "refused" in self.path else 200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    Handler.asked = set()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


@pytest.fixture
def without_wrk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.load.shutil.which", lambda _name: None)


@pytest.mark.usefixtures("without_wrk")
def test_without_wrk_the_bench_asks_by_itself(server: str) -> None:
    found = measure([f"{server}/a?x=1", f"{server}/b"], 0.2, {"If-None-Match": 'W/"1"'}, connections=2)
    assert found.rate > 0
    assert 0 < found.p50 <= found.p99
    assert Handler.asked == {'/a?x=1 W/"1"', '/b W/"1"'}


@pytest.mark.usefixtures("without_wrk")
def test_a_refused_answer_is_no_measurement(server: str) -> None:
    with pytest.raises(LoadError, match=r"HTTP/1\.1 403 Forbidden"):
        measure(f"{server}/refused", 0.2)
