"""A snapshot sees one state of the store; a thread's cursor is kept while its connection lasts."""

import threading

import pytest
from django.db import OperationalError, ProgrammingError, connection, connections
from django.test.utils import CaptureQueriesContext

from tillroll.eddapi.reading import Run, Snapshot, run_alone
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
