"""A whole list, streamed by a served shop of 1,000,000 orders: what it takes of the worker's memory, how soon
it begins, and how long others wait meanwhile.

The stream is read by a process of its own (`python -m bench.streaming URL`); beside it somebody else asks
something small, one question after the other, and the same without a stream.
"""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from statistics import median
from time import perf_counter
from typing import TypedDict
from urllib.parse import urlsplit

from bench.goals import FIRST_BYTE, GROWTH, MEANWHILE
from bench.load import LoadError
from bench.plan import Plan
from bench.results import Row, Spread
from bench.servers import TILLROLL, Server, serve
from bench.shops import LARGE, get_shop

WHOLE = "/edd-api/v2/customers/?number=-1"
FORM = "v2 customers, number=-1"

_SMALL = {
    "info": "/edd-api/v2/info/?format=json",
    "v2 customers, 10": "/edd-api/v2/customers/?number=10",
    "v2 sales, 10": "/edd-api/v2/sales/?number=10",
}
_MOST_ROUNDS = 3
"""A stream of a million orders' customers is long enough to be measured seldom."""


class Streamed(TypedDict):
    """What a stream's reader tells; seconds from when it asked."""

    megabytes: float
    first: float
    whole: float


def measure_streaming(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or LARGE)
    growths: list[float] = []
    streams: list[Streamed] = []
    with serve(TILLROLL, shop.set_up()) as server:
        small = {name: url + shop.pair for name, url in _SMALL.items() if plan.only in name}
        for url in small.values():
            _ask_for(server, url, 1)
        before = server.read_megabytes()
        for name, url in small.items():
            sides: list[tuple[list[float], list[float]]] = []
            for _ in range(min(plan.rounds, _MOST_ROUNDS)):
                alone = _ask_for(server, url, plan.seconds)
                with _Memory(server) as memory, _begin(server, WHOLE + shop.pair) as stream:
                    sides.append((alone, _ask_while(server, url, stream)))
                    streams.append(_end(stream))
                growths.append(memory.most - before)
            yield _compare(name, sides)
    yield Row(part="streaming", name=GROWTH, form=FORM, unit="MB", ours=Spread.of(growths))
    seconds, megabytes = (median(each[key] for each in streams) for key in ("whole", "megabytes"))
    yield Row(
        part="streaming",
        name=FIRST_BYTE,
        form=FORM,
        unit="ms",
        ours=Spread.of([each["first"] * 1000 for each in streams]),
        note=f"of {megabytes:,.0f} MB in {seconds:.1f} s",
    )


def _compare(name: str, sides: list[tuple[list[float], list[float]]]) -> Row:
    """Half of the answers beside a stream were there within so long, and alone."""
    alone, beside = zip(*sides, strict=True)
    return Row(
        part="streaming",
        name=name,
        form=MEANWHILE,
        unit="ms, half of the answers",
        ours=Spread.of([_get_part(times, 0.5) for times in beside]),
        beside="alone",
        other=Spread.of([_get_part(times, 0.5) for times in alone]),
        p99=median(_get_part(times, 0.99) for times in beside),
        note=f"p99 alone {median(_get_part(times, 0.99) for times in alone):.2f} ms",
    )


class _Memory:
    """The worker's resident memory, looked at twenty times a second."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._ends = threading.Event()
        self.most = server.read_megabytes()

    def __enter__(self) -> "_Memory":
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ends.wait(0.05):
            self.most = max(self.most, self._server.read_megabytes())


def _begin(server: Server, url: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "bench.streaming", server.base + url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def _end(stream: "subprocess.Popen[str]") -> Streamed:
    told, _ = stream.communicate()
    if stream.returncode:
        raise LoadError(f"The stream broke off: {told.strip()}")
    streamed: Streamed = json.loads(told)
    return streamed


def _ask_for(server: Server, url: str, seconds: float) -> list[float]:
    end = perf_counter() + seconds
    return _ask(server, url, lambda: perf_counter() < end)


def _ask_while(server: Server, url: str, stream: "subprocess.Popen[str]") -> list[float]:
    return _ask(server, url, lambda: stream.poll() is None)


def _ask(server: Server, url: str, goes_on: Callable[[], bool]) -> list[float]:
    """The milliseconds of each answer on one kept connection, in order of length."""
    connection = HTTPConnection(urlsplit(server.base).netloc, timeout=60)
    times: list[float] = []
    while goes_on() or not times:
        began = perf_counter()
        connection.request("GET", url)
        answer = connection.getresponse()
        answer.read()
        times.append((perf_counter() - began) * 1000)
        if answer.status != 200:
            raise LoadError(f"{url.partition('&key')[0]} answers {answer.status}.")
    connection.close()
    return sorted(times)


def _get_part(times: list[float], part: float) -> float:
    return times[int(len(times) * part)]


def main() -> None:
    """Reads one answer to its end, as fast as it comes."""
    parts = urlsplit(sys.argv[1])
    ask = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    began = perf_counter()
    with socket.create_connection(
        (parts.hostname or "127.0.0.1", parts.port or 80), timeout=60
    ) as connection:
        connection.sendall(ask.encode())
        head = connection.recv(1 << 16)
        first = perf_counter() - began
        size, last = len(head), head[-5:]
        while piece := connection.recv(1 << 20):
            size, last = size + len(piece), (last + piece)[-5:]
    whole = perf_counter() - began
    if not head.startswith(b"HTTP/1.1 200") or last != b"0\r\n\r\n":
        sys.exit(head.partition(b"\r\n")[0].decode("latin-1") or "no answer")
    sys.stdout.write(json.dumps(Streamed(megabytes=size / 1e6, first=first, whole=whole)))


if __name__ == "__main__":
    main()
