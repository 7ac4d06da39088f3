"""Answers come from a replica while it is known to be current enough, and from the primary otherwise: shown
on a real primary with a standby that streams from it."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connections

from tests.standby import DEADLINE, Pair, start_pair
from tillroll.checks.findings import Finding, State
from tillroll.cli.replica_checks import check_replicas
from tillroll.databases import describe_postgresql
from tillroll.eddapi import reading
from tillroll.eddapi.readers import PostgreSQLReader
from tillroll.eddapi.reading import Snapshot, run_alone
from tillroll.eddapi.replicas import Replicas
from tillroll.intake.move.target import stand_in
from tillroll.routing import Router
from tillroll.shop.models import ShopSettings

WHERE = "SELECT pg_is_in_recovery()"
COUNT = "SELECT COUNT(*) FROM written"
LIMIT = 600.0
"""Seconds: longer than any test, where a test is not about the limit."""


class Clock:
    """The monotonic clock of replicas, which a test can put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture(scope="module")
def servers() -> Iterator[Pair]:
    with start_pair() as pair:
        pair.primary.execute("CREATE TABLE written (number int)")
        pair.wait_until_level()
        yield pair


@pytest.fixture
def pair(servers: Pair, django_db_blocker: Any) -> Iterator[Pair]:
    """The shop's databases are these for the length of a test."""
    targets = {
        "default": describe_postgresql(servers.primary.url, "test"),
        "replica1": describe_postgresql(servers.standby.url, "test"),
    }
    with django_db_blocker.unblock(), ExitStack() as stack:
        connections.settings.setdefault("replica1", connections.settings["default"])
        stack.enter_context(stand_in(targets))
        yield servers
        connections["default"].close()
        connections["replica1"].close()
    del connections.settings["replica1"]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("tillroll.eddapi.replicas.monotonic", clock)
    return clock


Watch = Callable[[float], Replicas]


@pytest.fixture
def watch(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    """Reads from replicas under a limit; the standby is level and was looked at once."""
    made: list[Replicas] = []

    def make(limit: float) -> Replicas:
        replicas = Replicas(("replica1",), limit)
        made.append(replicas)
        monkeypatch.setattr(reading, "replicas", replicas)
        look_until(replicas, pair, is_current=True)
        return replicas

    yield make
    for replicas in made:
        replicas.close()


def look_until(replicas: Replicas, pair: Pair, *, is_current: bool) -> None:
    """Looks as the worker's thread does, until the standby is as expected."""
    deadline = time.monotonic() + DEADLINE
    replicas.look()
    while (replicas.choose() == "replica1") is not is_current:
        assert time.monotonic() < deadline, replicas.all[0].problem
        time.sleep(0.02)
        replicas.look()


def reads_from_standby() -> bool:
    return bool(run_alone(WHERE, ())[0][0])


def test_a_current_replica_is_read_from_in_one_snapshot(pair: Pair, watch: Watch) -> None:
    watch(LIMIT)
    with Snapshot() as run:
        [(before,)] = run(COUNT, ())
        pair.primary.execute("INSERT INTO written VALUES (1)")
        pair.wait_until_level()
        assert run(COUNT, ()) == [(before,)]
        assert run(WHERE, ()) == [(True,)]
    assert run_alone(COUNT, ()) == [(before + 1,)]


def test_models_are_read_from_where_the_answer_is_and_written_to_the_primary(
    pair: Pair, watch: Watch
) -> None:
    watch(LIMIT)
    router = Router()
    with Snapshot() as run:
        run(WHERE, ())
        assert router.db_for_read(ShopSettings) == "replica1"
        assert router.db_for_write(ShopSettings) is None
    assert router.db_for_read(ShopSettings) is None


def test_what_a_replica_has_not_replayed_within_the_limit_is_read_from_the_primary(
    pair: Pair, watch: Watch, clock: Clock
) -> None:
    replicas = watch(5)
    pair.standby.execute("SELECT pg_wal_replay_pause()")
    try:
        pair.primary.execute("INSERT INTO written VALUES (1)")
        replicas.look()
        assert reads_from_standby(), "It is behind, for less than the limit."
        clock.ahead += 5
        assert not reads_from_standby()
        replicas.look()
        assert not reads_from_standby()
        problem = replicas.all[0].problem
        assert problem
        assert problem.endswith(" bytes behind, for more than 5 seconds.")
    finally:
        pair.standby.execute("SELECT pg_wal_replay_resume()")
    look_until(replicas, pair, is_current=True)
    assert reads_from_standby()


def test_a_snapshot_that_came_too_late_is_taken_from_the_primary(
    pair: Pair, watch: Watch, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas = watch(5)
    choose = replicas.choose

    def stall() -> str:
        alias = choose()
        clock.ahead += 6
        return alias

    monkeypatch.setattr(replicas, "choose", stall)
    assert not reads_from_standby()


def test_a_replica_that_goes_away_is_left_at_once_said_once_and_comes_back(
    pair: Pair, watch: Watch, caplog: pytest.LogCaptureFixture
) -> None:
    replicas = watch(LIMIT)
    caplog.set_level(logging.WARNING, "tillroll.eddapi.replicas")
    pair.standby.stop()
    try:
        for _ in range(3):
            assert not reads_from_standby()
            replicas.look()
    finally:
        pair.standby.start()
    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "replica1 is not read from"
    ]
    look_until(replicas, pair, is_current=True)
    assert reads_from_standby()
    assert [record.getMessage() for record in caplog.records[1:]] == ["replica1 is read from again."]


def test_what_was_read_counts_though_the_replica_goes_away_at_the_end(
    pair: Pair, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    replicas = watch(LIMIT)

    def fail(_reader: PostgreSQLReader) -> None:
        raise psycopg.OperationalError("the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(PostgreSQLReader, "commit", fail)
        with Snapshot() as run:
            assert run(WHERE, ()) == [(True,)]
    assert replicas.choose() == "default"


def test_what_is_read_once_more_is_read_from_the_primary(pair: Pair, watch: Watch) -> None:
    watch(LIMIT)
    with Snapshot(of_primary=True) as run:
        assert run(WHERE, ()) == [(False,)]


def test_without_the_primary_a_replica_answers_while_it_is_known_to_be_current(
    pair: Pair, watch: Watch, clock: Clock
) -> None:
    replicas = watch(5)
    pair.primary.stop()
    try:
        replicas.look()
        assert reads_from_standby()
        clock.ahead += 5
        replicas.look()
        with pytest.raises(OperationalError):
            run_alone(WHERE, ())
    finally:
        pair.primary.start()
    look_until(replicas, pair, is_current=True)


def test_another_server_is_never_taken_for_a_replica(pair: Pair, watch: Watch) -> None:
    """Its log is longer than that of the primary, so its position alone would let it pass."""
    replicas = watch(LIMIT)
    replica = replicas.all[0]
    [sample] = list(replicas._samples)[-1:]
    stranger = sample._replace(history=sample.history._replace(system=1))
    replica.look(type(replicas._samples)([stranger]), LIMIT)
    assert replica.problem == "It does not follow this primary."
    assert replicas.choose() == "default"


@pytest.mark.parametrize(
    ("end", "position"),
    [(8192 * 3 + 24, 8192 * 3), (16 << 20 | 40, 16 << 20), (8192 * 3 + 40, 8192 * 3 + 40), (8192, 8192)],
    ids=["page", "file", "inside", "level"],
)
def test_the_header_of_a_page_is_nothing_to_be_replayed(end: int, position: int) -> None:
    replicas = Replicas((), 5)
    replicas._add_sample(0, end, 8192, 16 << 20, 1, 1)
    assert replicas._samples[0].position == position


def test_replicas_take_turns() -> None:
    replicas = Replicas(("replica1", "replica2", "replica3"), 5)
    for replica in replicas.all[1:]:
        replica.current_until = float("inf")
    assert {replicas.choose() for _ in range(6)} == {"replica2", "replica3"}


def test_without_replicas_the_primary_answers() -> None:
    assert Replicas((), 5).choose() == "default"


def test_the_doctor_says_what_each_replica_does(pair: Pair, settings: Any, watch: Watch) -> None:
    watch(LIMIT)
    settings.REPLICA_ALIASES, settings.REPLICA_MAX_LAG = ("replica1",), 1
    assert list(check_replicas()) == [
        Finding("replica1", State.FINE, "It follows the primary, less than 1 seconds behind.")
    ]
    pair.standby.execute("SELECT pg_wal_replay_pause()")
    try:
        pair.primary.execute("INSERT INTO written VALUES (1)")
        [finding] = check_replicas()
    finally:
        pair.standby.execute("SELECT pg_wal_replay_resume()")
    assert finding.state == State.NOTE
    assert finding.found.endswith(" bytes behind, for more than 1 seconds.")
    assert finding.advice == "Look at its server; the primary answers meanwhile."


def test_a_promoted_standby_is_no_replica_any_more(pair: Pair, watch: Watch) -> None:
    """The last one here: there is no way back."""
    replicas = watch(LIMIT)
    pair.standby.promote()
    replicas.look()
    assert not reads_from_standby()
    assert replicas.all[0].problem == "It is no standby: it was promoted, or never was one."
