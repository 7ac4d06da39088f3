"""The recorded shop in a MariaDB of its own, and a mirror of it in the tests' store."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.conformance.recordings import DUMP
from tests.mariadb import Server, Shop, make_server
from tillroll.intake.mirror import unfinished
from tillroll.intake.mirror.address import Address
from tillroll.intake.mirror.following import Follower, Plan
from tillroll.intake.mirror.tables import want
from tillroll.intake.wordpress.shops import Shop as WordPress
from tillroll.intake.wordpress.shops import ShopKind


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    """A folder of the test's own, whose locks no other test holds."""
    settings.TILLROLL_HOME = tmp_path
    return tmp_path


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order that lost all its items is none that is just being written."""
    monkeypatch.setattr(unfinished, "PATIENCE", -1)


@pytest.fixture(scope="session")
def recorded_tables() -> Iterator[Server]:
    """The tables that a mirror reads: to make one takes the server a while."""
    with make_server() as server:
        server.load(DUMP)
        wanted = want(WordPress("wp_", ShopKind.EDD3, "wp_")).columns
        others = [
            table
            for table in server.run("SHOW TABLES", database=server.database).split()[1:]
            if table not in wanted
        ]
        server.run(f"DROP TABLE {', '.join(others)}", database=server.database)
        yield server


@pytest.fixture
def server(recorded_tables: Server) -> Iterator[Server]:
    """The recorded shop, in a database that the test may change."""
    with make_server() as server:
        server.run(recorded_tables.dump(), database=server.database)
        yield server


@pytest.fixture
def shop(server: Server) -> Iterator[Shop]:
    shop = server.connect()
    yield shop
    shop.connection.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a mirror keeps beside the store."""
    path = tmp_path / "mirror"
    path.mkdir()
    return path


@pytest.fixture
def follower(server: Server, folder: Path) -> Follower:
    return make_follower(server, folder)


def make_follower(
    server: Server, folder: Path, *, thorough_every: float = 3_600, address: Address | None = None
) -> Follower:
    plan = Plan(address or server.get_address(), None, 15, thorough_every)
    return Follower(plan, folder, lambda _done, _total, _what: None)
