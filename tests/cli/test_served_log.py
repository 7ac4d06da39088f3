"""The request log when a server is stopped: SIGTERM loses no line, SIGKILL at most the last second's."""

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.cli.asking_served import ask_many, ask_until, issue
from tests.cli.running import DEADLINE, Server, Shop


def count_lines(shop: Shop) -> int:
    [(lines,)] = shop.execute("SELECT COUNT(*) FROM access_requestlogentry", "logs")
    return int(lines)


def list_workers(server: Server) -> list[int]:
    own = server.process.pid
    return [int(child) for child in Path(f"/proc/{own}/task/{own}/children").read_text().split()]


def test_sigterm_loses_no_line(shop: Shop) -> None:
    pair = issue(shop)
    server = shop.serve("--workers", "2")
    server.wait_until_ready()
    assert ask_many(server, pair, 500) == {200: 500}
    assert server.stop(signal.SIGTERM) == 0
    assert count_lines(shop) == 500


def test_sigterm_amid_requests_loses_no_line_of_an_answer(shop: Shop) -> None:
    pair = issue(shop)
    server = shop.serve()
    server.wait_until_ready()
    asked: list[int] = []
    client = threading.Thread(target=lambda: asked.extend(ask_until(server, pair, lambda: False)))
    client.start()
    wait_until(lambda: count_lines(shop) >= 100)
    assert server.stop(signal.SIGTERM) == 0
    client.join(DEADLINE)
    pages = {
        int(question.partition("page=")[2])
        for (question,) in shop.execute("SELECT question FROM access_requestlogentry", "logs")
    }
    assert set(asked) <= pages


def test_sigkill_loses_at_most_the_last_second(shop: Shop) -> None:
    pair = issue(shop)
    server = shop.serve()
    server.wait_until_ready()
    times: list[float] = []
    is_over = threading.Event()

    def note() -> bool:
        times.append(time.monotonic())
        return is_over.is_set()

    client = threading.Thread(target=ask_until, args=(server, pair, note))
    client.start()
    wait_until(lambda: bool(times) and time.monotonic() > times[0] + 2.5)
    killed_at = time.monotonic()
    for worker in list_workers(server):
        os.kill(worker, signal.SIGKILL)
    server.process.kill()
    is_over.set()
    client.join(DEADLINE)
    answered_before = sum(later < killed_at - 1 for later in times[1:])
    assert answered_before > 0
    assert count_lines(shop) >= answered_before


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < end, "It does not come about."
        time.sleep(0.05)
