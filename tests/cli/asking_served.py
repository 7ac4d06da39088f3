"""Asking a served shop over sockets, by several clients at once."""

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from urllib.parse import urlencode

from tests.cli.running import Server, Shop
from tillroll.access.digests import Pair


def issue(shop: Shop, user: str = "ann", role: str = "shop_manager") -> Pair:
    """A user with a key, made by commands."""
    assert shop.run("user", "add", user, "--role", role, "--no-password").returncode == 0
    done = shop.run("keys", "issue", user)
    assert done.returncode == 0, done.stderr
    told = dict(line.split(None, 1) for line in done.stdout.splitlines() if len(line.split()) == 2)
    return Pair(told["key"], told["token"])


def ask_many(server: Server, pair: Pair, times: int, *, clients: int = 16) -> "Counter[int]":
    """The statuses of so many requests, sent by several clients that keep their connections."""
    statuses: Counter[int] = Counter()
    lock = threading.Lock()
    shares = [times // clients + (number < times % clients) for number in range(clients)]

    def run(share: int) -> None:
        seen = Counter(_ask_kept(server.port, pair, share))
        with lock:
            statuses.update(seen)

    threads = [threading.Thread(target=run, args=(share,)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def _ask_kept(port: int, pair: Pair, times: int) -> list[int]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    path = f"/edd-api/v2/info/?{urlencode({'key': pair.public_key, 'token': pair.token})}"
    statuses = []
    for _ in range(times):
        connection.request("GET", path)
        reply = connection.getresponse()
        reply.read()
        statuses.append(reply.status)
    connection.close()
    return statuses


def ask_until(server: Server, pair: Pair, is_over: Callable[[], bool]) -> list[int]:
    """Pages asked for one after the other, as `page=1` and so on, until it is over or the server is gone."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    asked: list[int] = []
    credentials = urlencode({"key": pair.public_key, "token": pair.token})
    try:
        while not is_over():
            number = len(asked) + 1
            connection.request("GET", f"/edd-api/v2/sales/?{credentials}&page={number}")
            if connection.getresponse().read():
                asked.append(number)
    except (OSError, http.client.HTTPException):
        pass
    connection.close()
    return asked
