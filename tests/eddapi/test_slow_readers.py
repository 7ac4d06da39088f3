"""A real server whose long lists are read slowly still answers everybody else."""

import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import psycopg
import pytest

from tests.cli.running import DEADLINE, Server, Shop, make_environment
from tests.conftest import STORE

ORDERS = 10_000
"""Indented they are 10 MB: more than the 4 to 6 MB that a kernel takes off a server's hands."""

PLACES = {"sqlite": 1, "postgresql": 3}[STORE]
"""Streams that a worker reads out at once: one less than its threads."""

QUICK = 2.0
"""Seconds: a short list's whole time, on a machine that has other things to do as well."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("slow") / "home"
    with fresh_databases() as urls:
        made = Shop(home, make_environment(home, **urls))
        done = made.run("demo", "--orders", str(ORDERS))
        assert done.returncode == 0, done.stderr
        yield made
        made.close()


@contextmanager
def fresh_databases() -> Iterator[dict[str, str]]:
    """Two databases on PostgreSQL; SQLite makes its files itself."""
    if STORE == "sqlite":
        yield {}
        return
    admin = os.environ.get("TILLROLL_TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")
    names = {
        variable: f"test_tillroll_slow_{variable.split('_')[1].lower()}_{os.getpid()}"
        for variable in ("TILLROLL_DATABASE_URL", "TILLROLL_LOGS_URL")
    }
    with closing(psycopg.connect(admin, autocommit=True)) as connection:
        for name in names.values():
            connection.execute(f"CREATE DATABASE {name}".encode())
        try:
            yield {variable: admin.rpartition("/")[0] + f"/{name}" for variable, name in names.items()}
        finally:
            for name in names.values():
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="module")
def server(shop: Shop) -> Server:
    running = shop.serve()
    running.wait_until_ready()
    return running


@pytest.fixture(scope="module")
def credentials(shop: Shop) -> str:
    done = shop.run("keys", "issue", "demo").stdout
    words = dict(line.split() for line in done.splitlines() if line.startswith(("key ", "token ")))
    return f"key={words['key']}&token={words['token']}"


class SlowReader:
    """A client that takes a few bytes of a long list and leaves the rest in the way."""

    def __init__(self, server: Server, path: str) -> None:
        self.connection = HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
        plug = socket.socket()
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        plug.settimeout(DEADLINE)
        plug.connect(("127.0.0.1", server.port))
        self.connection.sock = plug
        self.connection.request("GET", path)
        self.reply: HTTPResponse = self.connection.getresponse()
        self.begun = self.reply.read(64)

    def finish(self) -> Any:
        with closing(self.connection):
            return json.loads(self.begun + self.reply.read())

    def go_away(self) -> None:
        self.reply.close()
        self.connection.close()


def ask(server: Server, path: str) -> tuple[int, Any, float]:
    """Status, body and seconds."""
    started = time.monotonic()
    try:
        with urllib.request.urlopen(f"{server.url}{path}", timeout=DEADLINE) as reply:
            status, content = reply.status, reply.read()
    except urllib.error.HTTPError as refused:
        with refused:
            status, content = refused.code, refused.read()
    return status, json.loads(content), time.monotonic() - started


def wait_for_a_place(server: Server, path: str) -> Any:
    """The long list, as soon as the server has a place for it."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        status, body, _ = ask(server, path)
        if status == 200:
            return body
        assert status == 429
        threading.Event().wait(0.05)
    raise AssertionError("No place came back.")


def test_slow_readers_hold_nobody_up(server: Server, credentials: str) -> None:
    long = f"/edd-api/v2/sales/?{credentials}&number=-1&pretty=1"
    readers = [SlowReader(server, long) for _ in range(PLACES)]
    quick = [
        ask(server, f"/edd-api/v2/{endpoint}/?{credentials}")
        for endpoint in ("sales", "customers", "products", "stats") * 5
    ]
    assert [status for status, _, _ in quick] == [200] * 20
    assert max(seconds for _, _, seconds in quick) < QUICK
    status, refused, seconds = ask(server, long)
    assert status == 429, "the slow readers were served already"
    assert list(refused) == ["error"]
    assert seconds < QUICK
    for reader in readers:
        body = reader.finish()
        assert list(body) == ["sales", "request_speed"]
        assert body["sales"][:10] == quick[0][1]["sales"]
        keys = [int(sale["ID"]) for sale in body["sales"]]
        assert keys == sorted(set(keys), reverse=True)
        assert len(keys) == int(reader.reply.headers["X-EDD-Total"]) > 1_000
    assert len(wait_for_a_place(server, long)["sales"]) == len(keys)


def test_clients_that_go_away_give_their_places_back(server: Server, credentials: str) -> None:
    long = f"/edd-api/v2/sales/?{credentials}&number=-1&pretty=1"
    wait_for_a_place(server, long)
    readers: list[SlowReader] = []
    while len(readers) < PLACES:
        reader = SlowReader(server, long)
        assert reader.reply.status == 200
        readers.append(reader)
    assert ask(server, long)[0] == 429
    for reader in readers:
        reader.go_away()
    assert len(wait_for_a_place(server, long)["sales"]) > 1_000


def test_the_servers_own_log_has_no_credentials(shop: Shop, server: Server, credentials: str) -> None:
    """Last: it stops the server, which writes what is waiting."""
    assert server.stop() == 0
    words = [pair.partition("=")[2] for pair in credentials.split("&")]
    assert not [word for word in words if word in server.output]
    [(lines,)] = shop.execute("SELECT COUNT(*) FROM access_requestlogentry WHERE status = 200", "logs")
    assert lines >= 22
