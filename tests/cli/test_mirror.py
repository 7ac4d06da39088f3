"""`tillroll mirror` as its user runs it: a process beside a server, on a real MariaDB; killed and started."""

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import COMMAND, DEADLINE, Shop, refusal
from tests.conformance.recordings import DUMP
from tests.intake.mirror.day import Day
from tests.mariadb import Reader, Server, make_server

KILLS = int(os.environ.get("TILLROLL_TEST_KILLS", "8"))
"""How often a mirror is killed; TILLROLL_TEST_KILLS tries it more often."""


@pytest.fixture(scope="module")
def source() -> Iterator[Server]:
    with make_server() as server:
        server.load(DUMP)
        yield server


@pytest.fixture
def reader(source: Server) -> Iterator[Reader]:
    with source.make_reader() as reader:
        yield reader


def mirror(
    shop: Shop, reader: Reader, *options: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    environment.setdefault("TILLROLL_MIRROR_PASSWORD", reader.password)
    return shop.run("mirror", str(reader.address), *options, **environment)


def count(shop: Shop, table: str) -> int:
    return int(shop.execute(f"SELECT COUNT(*) FROM {table}")[0][0])  # noqa: S608 (own names)


def test_once_copies_then_follows_and_ends_at_will(shop: Shop, reader: Reader, source: Server) -> None:
    done = mirror(shop, reader, "--once")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Copied Harbor & Pine Plugins (http://127.0.0.1:8090) from ")
    assert "283 orders, 424 order items" in done.stdout
    assert done.stderr == ""

    done = mirror(shop, reader, "--once")
    assert (done.returncode, done.stdout.startswith("Nothing changed (thorough round, ")) == (0, True)

    wordpress = source.connect()
    Day(wordpress, 5).sell()
    wordpress.connection.close()
    done = mirror(shop, reader, "--once")
    assert "orders: 1 added;" in done.stdout
    assert count(shop, "shop_order") == 284

    refused = shop.run("import", "wordpress", str(DUMP))
    assert refusal(refused).startswith("This shop follows http://127.0.0.1:8090;")
    refused = shop.run("settings", "set", "currency", "EUR")
    assert refusal(refused).startswith("The setting currency can't be changed here")

    ended = shop.run("mirror", "--end")
    assert ended.stdout == f"This shop no longer follows {reader.address}; its records can be changed here.\n"
    assert shop.run("settings", "set", "currency", "EUR").returncode == 0
    assert refusal(shop.run("mirror", "--end")) == "This shop follows no other: there is no mirror to end."


def test_the_exit_code_tells_what_is_wrong(
    shop: Shop, reader: Reader, source: Server, tmp_path: Path
) -> None:
    wrong = mirror(shop, reader, "--once", TILLROLL_MIRROR_PASSWORD="wrong")
    assert wrong.returncode == 4
    assert wrong.stderr.startswith(f"The source refuses its reader: Access denied for user '{reader.name}'")
    gone = shop.run("mirror", "mysql://reader@127.0.0.1:1/wordpress", "--once", TILLROLL_MIRROR_PASSWORD="x")
    assert gone.returncode == 3
    assert gone.stderr.startswith("The source can't be reached at 127.0.0.1:1: ")
    assert count(shop, "shop_order") == 0

    file = tmp_path / "password"
    file.write_text(f"{reader.password}\nmore\n")
    assert shop.run("mirror", str(reader.address), "--once", "--password-file", str(file)).returncode == 0
    wordpress = source.connect()
    try:
        wordpress.run("ALTER TABLE wp_edd_orders RENAME COLUMN gateway TO way")
        changed = mirror(shop, reader, "--once")
        assert changed.returncode == 5
        assert "has lost its column gateway" in changed.stderr
        afresh = mirror(shop, reader, "--once", "--afresh")
        assert (afresh.returncode, afresh.stdout[:6]) == (0, "Copied")
    finally:
        wordpress.run("ALTER TABLE wp_edd_orders RENAME COLUMN way TO gateway")
        wordpress.connection.close()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Missing argument 'SOURCE', such as mysql://USER@HOST/DATABASE; see `tillroll mirror --help`."),
        (("mysql://u:secret@h/d",), "A password in the source's address could be read by every user of this"),
        (("postgresql://u@h/d",), "The source's address begins with mysql://"),
        (("mysql://h/d",), "The source's address names no user or no database"),
        (("mysql://u@h/",), "The source's address names no user or no database"),
        (("mysql://u@h:x/d",), "The source's address can't be read"),
        (("mysql://u@h/d?ssl=1",), "The source's address has an option ssl: it takes socket alone."),
        (("mysql://u@h/d", "--every", "soon"), "Invalid value for '--every': soon is no length of time"),
        (("mysql://u@h/d", "--every", "0"), "Invalid value for '--every': 0 is no length of time"),
    ],
)
def test_a_wrong_command_is_one_sentence(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    sentence = refusal(shop.run("mirror", *arguments))
    assert sentence.startswith(said)
    assert "secret" not in sentence


def test_two_mirrors_of_one_shop_are_one_too_many(shop: Shop, reader: Reader) -> None:
    first = start(shop, reader, "--every", "0.2")
    try:
        wait_for_mirror(shop, first)
        assert refusal(mirror(shop, reader, "--once")) == (
            "Another process follows the source already; end that first."
        )
    finally:
        stop(first)
    assert first.returncode == 128 + signal.SIGTERM


def start(shop: Shop, reader: Reader, *options: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [*COMMAND, "mirror", str(reader.address), *options],
        env={**shop.environment, "TILLROLL_MIRROR_PASSWORD": reader.password},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


def stop(process: "subprocess.Popen[bytes]", number: int = signal.SIGTERM) -> None:
    process.send_signal(number)
    process.wait(DEADLINE)


def wait_for_mirror(shop: Shop, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + DEADLINE
    while count(shop, "shop_mirror") == 0:
        assert process.poll() is None
        assert time.monotonic() < end
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.05)


class Watcher(threading.Thread):
    """Reads the store all the time: an order is there with its items, or not at all."""

    def __init__(self, shop: Shop, first: int) -> None:
        super().__init__(daemon=True)
        self._shop = shop
        self._first = first
        self._is_over = threading.Event()
        self.looks = 0
        self.halves: list[Any] = []

    def run(self) -> None:
        query = (
            f"SELECT o.id FROM shop_order o WHERE o.id >= {self._first}"  # noqa: S608 (own names)
            " AND NOT EXISTS (SELECT 1 FROM shop_orderitem i WHERE i.order_id = o.id)"
        )
        while not self._is_over.is_set():
            self.halves += self._shop.execute(query)
            self.looks += 1

    def end(self) -> None:
        self._is_over.set()
        self.join(DEADLINE)


def test_a_mirror_that_is_killed_at_any_moment_ends_up_the_same(
    shop: Shop, reader: Reader, source: Server, tmp_path: Path
) -> None:
    draw = random.Random(KILLS)
    wordpress = source.connect()
    day = Day(wordpress, KILLS)
    ((last,),) = wordpress.select("SELECT MAX(id) FROM wp_edd_orders")
    watcher = Watcher(shop, last + 1)
    watcher.start()
    try:
        for _ in range(KILLS):
            process = start(shop, reader, "--every", "0.05", "--check-every", "0.3")
            with suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0.5, 1.2))
            for _ in range(20):
                day.sell()
                day.change_status()
                day.make_key()
            with suppress(subprocess.TimeoutExpired):
                process.wait(draw.uniform(0, 0.6))
            assert process.poll() is None
            stop(process, signal.SIGKILL)
        # one that never had items would be waited for, for a minute
        wordpress.run("UPDATE wp_edd_orders SET date_modified = '2026-01-01 00:00:00' WHERE id <= %s", last)
    finally:
        watcher.end()
        wordpress.connection.close()
    assert watcher.halves == []
    assert watcher.looks > KILLS
    done = mirror(shop, reader, "--once")
    assert done.returncode == 0, done.stderr

    followed = read_orders(shop)
    assert followed == read_source(source)
    checked = shop.run("reconcile")
    assert checked.returncode == 0, checked.stdout
    again = mirror(shop, reader, "--once", "--afresh")
    assert again.returncode == 0, again.stderr
    assert read_orders(shop) == followed


def read_orders(shop: Shop) -> list[tuple[Any, ...]]:
    return [
        tuple(map(str, row))
        for row in shop.execute(
            "SELECT o.id, o.status, o.customer_id,"
            " (SELECT COUNT(*) FROM shop_orderitem i WHERE i.order_id = o.id)"
            " FROM shop_order o ORDER BY o.id"
        )
    ]


def read_source(source: Server) -> list[tuple[Any, ...]]:
    wordpress = source.connect()
    try:
        rows = wordpress.select(
            "SELECT o.id, o.status, NULLIF(o.customer_id, 0),"
            " (SELECT COUNT(*) FROM wp_edd_order_items i WHERE i.order_id = o.id)"
            " FROM wp_edd_orders o ORDER BY o.id"
        )
    finally:
        wordpress.connection.close()
    return [tuple(map(str, row)) for row in rows]
