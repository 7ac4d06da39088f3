"""The health pages: ok, unmigrated, unreachable; and how little they ask."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections, connections, reset_queries
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test.utils import CaptureQueriesContext

from tests.asking import Reply, ask
from tillroll import health
from tillroll.databases import describe_postgresql

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

OK = {"status": "ok"}


@pytest.fixture(autouse=True)
def nothing_known() -> Iterator[None]:
    """What was found before doesn't count."""
    health._migrated.clear()
    yield
    health._migrated.clear()


@pytest.fixture(autouse=True)
def kept_connections() -> Iterator[None]:
    """Django ends connections between requests; a test's own must stay."""
    request_started.disconnect(close_old_connections)
    request_started.disconnect(reset_queries)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(reset_queries)
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def ready() -> Reply:
    return ask("/healthz/ready")


def count_queries() -> tuple[int, int]:
    with (
        CaptureQueriesContext(connections["default"]) as shop,
        CaptureQueriesContext(connections["logs"]) as log,
    ):
        assert ready().data == OK
    return len(shop), len(log)


def test_a_living_process_says_so_without_asking_a_database() -> None:
    with (
        CaptureQueriesContext(connections["default"]) as shop,
        CaptureQueriesContext(connections["logs"]) as log,
    ):
        reply = ask("/healthz/live")
    assert (reply.status, reply.data) == (200, OK)
    assert (reply.headers["content-type"], reply.headers["cache-control"]) == ("application/json", "no-store")
    assert (len(shop), len(log)) == (0, 0)


def test_a_server_whose_databases_answer_is_ready() -> None:
    reply = ready()
    assert (reply.status, reply.data, reply.headers["cache-control"]) == (200, OK, "no-store")


def test_it_takes_a_select_or_two_a_database_once_all_was_fine() -> None:
    """One for the migrations, and of the records one for what they follow."""
    first = count_queries()
    assert first > (2, 1)
    assert count_queries() == (2, 1)
    assert count_queries() == (2, 1)


def test_a_database_that_lacks_migrations_is_named_with_what_to_do() -> None:
    recorder = MigrationRecorder(connections["default"])
    [last] = MigrationLoader(None).graph.leaf_nodes("access")
    recorder.record_unapplied(*last)
    reply = ready()
    assert reply.status == 503
    assert reply.data == {
        "status": "unready",
        "problems": ["The default database lacks 1 migrations; run `tillroll migrate`."],
    }
    recorder.record_applied(*last)
    assert ready().status == 200


def test_a_database_that_was_fine_and_is_exchanged_for_an_older_one_is_noticed() -> None:
    assert ready().status == 200
    last = MigrationRecorder(connections["logs"]).migration_qs.latest("id")
    last.delete()
    assert ready().data["problems"] == [
        "The logs database lacks 1 migrations; run `tillroll migrate`.",
    ]


class _Broken:
    """A cursor of a database that is away."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __call__(self, *_args: object, **_named: object) -> Any:
        raise OperationalError(self.text)


@pytest.mark.parametrize("alias", ["default", "logs"])
@pytest.mark.parametrize("is_known", [True, False])
def test_a_database_that_is_away_is_named_and_the_reason_is_logged(
    alias: str, is_known: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if is_known:
        assert ready().status == 200
    with monkeypatch.context() as broken:
        broken.setattr(
            connections[alias], "cursor", _Broken("connection to 10.0.0.5 refused\nIs it running?")
        )
        broken.setattr(connections[alias], "close", lambda: None)
        reply = ready()
    assert reply.status == 503
    assert reply.data == {"status": "unready", "problems": [f"The {alias} database can't be reached."]}
    assert f"The {alias} database can't be reached: connection to 10.0.0.5 refused" in caplog.text
    assert ready().data == OK


def test_a_connection_that_was_cut_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready().status == 200
    connection = connections["default"]
    whole = connection.cursor
    closed: list[bool] = []

    def cursor(*args: Any, **named: Any) -> Any:
        if not closed:
            raise OperationalError("server closed the connection unexpectedly")
        return whole(*args, **named)

    monkeypatch.setattr(connection, "cursor", cursor)
    monkeypatch.setattr(connection, "close", lambda: closed.append(True))
    assert ready().data == OK


def test_a_probe_names_any_host_and_needs_no_session(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["shop.example"]
    for host in ("10.1.2.3:8000", "nobody.example"):
        reply = ask("/healthz/ready", headers={"Host": host})
        assert (reply.status, "set-cookie" in reply.headers) == (200, False)
    assert ask("/admin/login/", headers={"Host": "nobody.example"}).status == 400


def test_the_pages_are_there_below_a_prefix_too(settings: Any) -> None:
    settings.PATH_PREFIX = "/shop"
    assert ask("/shop/healthz/live").data == OK
    assert ask("/healthz/live").data == OK


def test_other_addresses_are_not_there() -> None:
    assert [ask(path).status for path in ("/healthz", "/healthz/", "/healthz/live/", "/healthz/x")] == [
        404
    ] * 4


def test_a_fresh_home_lacks_everything_until_it_is_migrated(tmp_path: Path) -> None:
    """In a process of its own: databases that nobody migrated."""
    script = (
        "import django; django.setup()\n"
        "from tillroll.health import find_store_problems\n"
        "print(*find_store_problems(), sep='\\n')\n"
        "from tillroll.cli.stores import migrate_stores; migrate_stores()\n"
        "print(find_store_problems())\n"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TILLROLL")},
        "TILLROLL_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "tillroll.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    first, second, last = done.stdout.splitlines()
    assert first.startswith("The default database lacks ")
    assert second.startswith("The logs database lacks ")
    assert last == "[]"


def test_a_replica_that_is_away_changes_nothing() -> None:
    nowhere = describe_postgresql("postgresql://127.0.0.1:1/nowhere", "test")
    connections.settings |= connections.configure_settings({**connections.settings, "replica1": nowhere})
    try:
        assert ready().data == OK
        assert health.find_store_problems() == []
    finally:
        del connections.settings["replica1"]
