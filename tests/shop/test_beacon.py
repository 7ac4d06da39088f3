"""The beacon tells a reader of a write before anything can be seen of it, and is never put out too early."""

import os
from pathlib import Path

import pytest
from django.db import connection, transaction

from tillroll.shop.beacon import Beacon, get_beacon, settle
from tillroll.shop.revision import Topic, write

sqlite_only = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL is asked each time")


def test_a_write_is_seen_from_its_beginning_to_its_end(tmp_path: Path) -> None:
    writer, reader = Beacon(tmp_path / "beacon"), Beacon(tmp_path / "beacon")
    assert reader.read() == 1
    number = writer.begin()
    assert reader.read() == 0
    writer.end(number)
    assert (reader.read(), number) == (2, 2)
    assert Beacon(tmp_path / "beacon").read() == 2


def test_a_slow_writer_does_not_put_out_the_next_ones_beacon(tmp_path: Path) -> None:
    one, other, reader = (Beacon(tmp_path / "beacon") for _ in range(3))
    first = one.begin()
    second = other.begin()
    one.end(first)
    assert reader.read() == 0
    other.end(second)
    assert reader.read() == 3
    one.end(first)
    assert reader.read() == 3


def test_a_killed_writer_leaves_it_untold_until_the_next_write(tmp_path: Path) -> None:
    path = tmp_path / "beacon"
    if (child := os.fork()) == 0:
        Beacon(path).begin()
        os._exit(0)
    os.waitpid(child, 0)
    beacon = Beacon(path)
    assert beacon.read() == 0
    beacon.end(beacon.begin())
    assert beacon.read() == 3
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_may_write_the_database_may_raise_it(tmp_path: Path) -> None:
    database = tmp_path / "tillroll.sqlite3"
    database.touch()
    database.chmod(0o660)
    made = tmp_path / "tillroll.sqlite3-beacon"
    Beacon(made)
    assert made.stat().st_mode & 0o777 == 0o660


def test_without_a_file_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"x")
    for beacon in (Beacon(None), Beacon(tmp_path / "nowhere" / "beacon"), Beacon(tmp_path / "short")):
        beacon.end(beacon.begin())
        assert beacon.read() == 0


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_write_raises_it_and_a_rollback_too() -> None:
    beacon = get_beacon()
    settle()
    before = beacon.read()
    assert before > 0
    with write(Topic.ORDERS):
        assert beacon.read() == 0
    assert beacon.read() == before + 1
    with pytest.raises(ZeroDivisionError), write(Topic.ORDERS):
        raise ZeroDivisionError
    assert beacon.read() == before + 2


@sqlite_only
@pytest.mark.django_db(transaction=True)
def test_a_write_inside_a_transaction_ends_with_it() -> None:
    beacon = get_beacon()
    settle()
    before = beacon.read()
    with transaction.atomic():
        with write(Topic.ORDERS):
            pass
        assert beacon.read() == 0
    assert beacon.read() == before + 1


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="SQLite has one")
@pytest.mark.django_db
def test_postgresql_has_none() -> None:
    assert connection.vendor == "postgresql"
    assert get_beacon().begin() == 0
