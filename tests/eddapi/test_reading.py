"""A snapshot sees one state of the store; a thread's cursor is kept while its connection lasts."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from django.db import OperationalError, ProgrammingError, connection, connections
from django.test.utils import CaptureQueriesContext

from tests.asking import ask
from tillroll.databases import PREPARE_AFTER, use_pool
from tillroll.eddapi.reading import Run, Snapshot, run_alone
from tillroll.intake.move.target import stand_in
from tillroll.shop.models import Tally

COUNT = "SELECT COUNT(*) FROM shop_tally WHERE name LIKE %s"


def _count(run: Run) -> int:
    return int(run(COUNT, ("test:%",))[0][0])


def _in_another_thread(work: object) -> None:
    def run() -> None:
        try:
            assert callable(work)
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_does_not_see_what_is_committed_meanwhile() -> None:
    with Snapshot() as run:
        assert _count(run) == 0
        _in_another_thread(lambda: Tally.objects.create(name="test:one", value=1))
        assert _count(run) == 0
    with Snapshot() as run:
        assert _count(run) == 1
    assert _count(run_alone) == 1


@pytest.mark.django_db(transaction=True)
def test_a_snapshot_leaves_no_transaction_open() -> None:
    with Snapshot() as run:
        _count(run)
    with pytest.raises(ZeroDivisionError), Snapshot() as run:
        raise ZeroDivisionError
    Tally.objects.create(name="test:one", value=1)
    seen: list[int] = []
    _in_another_thread(lambda: seen.append(_count(run_alone)))
    assert seen == [1]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_opened_again() -> None:
    assert _count(run_alone) == 0
    connection.close()
    assert _count(run_alone) == 0
    connection.close()
    with Snapshot() as run:
        assert _count(run) == 0


@pytest.mark.django_db
def test_a_callers_own_transaction_is_read_from() -> None:
    Tally.objects.create(name="test:one", value=1)
    with Snapshot() as run:
        assert _count(run) == 1
    assert connection.in_atomic_block


@pytest.mark.django_db
def test_a_cursor_is_kept_but_never_past_a_capture() -> None:
    _count(run_alone)
    with CaptureQueriesContext(connection) as captured, Snapshot() as run:
        _count(run)
    assert [query["sql"].startswith("SELECT COUNT") for query in captured.captured_queries] == [True]
    captured_before = len(connection.queries_log)
    _count(run_alone)
    assert len(connection.queries_log) == captured_before


@pytest.mark.django_db(transaction=True)
def test_a_wrong_statement_is_djangos_error_and_the_next_one_runs() -> None:
    with pytest.raises((OperationalError, ProgrammingError)), Snapshot() as run:
        run("SELECT nothing FROM nowhere", ())
    assert _count(run_alone) == 0


PID = "SELECT pg_backend_pid()"
CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> %s
"""
PREPARED = """
SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements WHERE statement LIKE %s
"""


@pytest.fixture(params=["kept by its thread", "of a pool"])
def default_store(request: pytest.FixtureRequest, transactional_db: None) -> Iterator[None]:
    """The suite's PostgreSQL as a command reads it, and as a worker does."""
    if connection.vendor != "postgresql":
        pytest.skip("It is about connections to a server.")
    known = connections.settings["default"]
    description = {**known, "OPTIONS": dict(known["OPTIONS"])}
    if request.param == "of a pool":
        use_pool(description, 3)
    with stand_in({"default": description}):
        yield
        if (pool := connections["default"].pool) is not None:  # type: ignore[attr-defined]
            pool.close()
            del type(connections["default"])._connection_pools["default"]  # type: ignore[attr-defined]


def _restart() -> None:
    """Cuts every connection to the database, as a restart of the server does."""
    with psycopg.connect(**connections["default"].get_connection_params()) as other:
        [(own,)] = other.execute(PID).fetchall()
        other.execute(CUT, (own,))


@pytest.mark.usefixtures("default_store")
def test_a_restart_of_the_server_costs_no_answer() -> None:
    [(before,)] = run_alone(PID, ())
    _restart()
    assert _count(run_alone) == 0
    [(after,)] = run_alone(PID, ())
    assert after != before
    _restart()
    assert [ask("/edd-api/v2/products/").status for _ in range(3)] == [200, 200, 200]


@pytest.mark.usefixtures("default_store")
def test_a_connection_that_is_cut_within_an_answer_ends_that_one_alone() -> None:
    def answer() -> None:
        with Snapshot() as run:
            _count(run)
            _restart()
            _count(run)

    with pytest.raises(OperationalError):
        answer()
    assert _count(run_alone) == 0


@pytest.mark.usefixtures("default_store")
def test_an_answer_leaves_no_transaction_and_no_connection_behind() -> None:
    def answer() -> None:
        with Snapshot() as run:
            _count(run)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        answer()
    assert ask("/edd-api/v2/products/").status == 200
    pool = connections["default"].pool  # type: ignore[attr-defined]
    if pool is not None:
        assert connections["default"].connection is None
        assert pool.get_stats()["pool_available"] == pool.get_stats()["pool_size"]
    _in_another_thread(lambda: Tally.objects.create(name="test:one", value=1))
    assert _count(run_alone) == 1


@pytest.mark.usefixtures("default_store")
def test_a_statement_that_comes_again_is_prepared_but_not_one_about_a_span_of_time() -> None:
    page = "SELECT id FROM shop_order WHERE id > %s ORDER BY id DESC LIMIT %s OFFSET %s"
    span = "SELECT id FROM shop_order WHERE created_at >= %s ORDER BY id DESC LIMIT %s OFFSET %s"
    with Snapshot() as run:
        for number in range(PREPARE_AFTER + 2):
            assert run(page, (number, 10, 0)) == []
            assert run(span, (datetime(2026, 1, 1 + number, tzinfo=UTC), 10, 0)) == []
        prepared = run(PREPARED, ("%shop_order%",))
    assert prepared == [("SELECT id FROM shop_order WHERE id > $1 ORDER BY id DESC LIMIT 10 OFFSET 0", 2)]
