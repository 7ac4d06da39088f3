"""Grants: requests given out of what was counted already, one by one, none twice and none lost."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from tests.access.test_quota import ask, make_caller
from tillroll.access.counting import get_count
from tillroll.access.grants import LARGEST
from tillroll.access.keys import Caller
from tillroll.access.quota import QuotaExceeded, Quotas

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def list_left(worker: Quotas, caller: Caller, times: int, name: str) -> list[int]:
    told = []
    for _ in range(times):
        windows = {window.name: window for window in worker.admit(caller, UTC, NOW)}
        told.append(windows[name].left)
    return told


@pytest.mark.parametrize("name", ["minute", "day", "month"])
def test_what_is_left_goes_down_by_one_each_time(name: str) -> None:
    worker, caller = Quotas(), make_caller(minute=50_000, day=60_000, month=70_000)
    limit = {"minute": 50_000, "day": 60_000, "month": 70_000}[name]
    assert list_left(worker, caller, 700, name) == list(range(limit - 1, limit - 701, -1))


def test_workers_with_grants_together_give_the_limit_and_no_more() -> None:
    workers = [Quotas(), Quotas()]
    caller = make_caller(minute=100_000, day=3_000, month=100_000)
    passed = sum(ask(worker, caller, 70) for _ in range(30) for worker in workers)
    assert passed == 3_000


def test_a_stopping_worker_gives_back_what_it_did_not_use() -> None:
    worker, caller = Quotas(), make_caller(minute=50_000, day=50_000, month=50_000)
    ask(worker, caller, 777)
    worker.flush(NOW, UTC, is_last=True)
    assert get_count("key:7", "2026-03-04") == 777
    assert get_count("key:7", "2026-03") == 777


def test_a_changed_limit_counts_at_once() -> None:
    worker = Quotas()
    ask(worker, make_caller(minute=50_000, day=50_000, month=50_000), 300)
    lower = make_caller(minute=50_000, day=300, month=50_000)
    with pytest.raises(QuotaExceeded):
        worker.admit(lower, UTC, NOW)
    worker.flush(NOW, UTC)
    assert list_left(worker, make_caller(minute=50_000, day=50_000, month=50_000), 1, "day") == [49_699]


def test_a_grant_ends_with_its_minute() -> None:
    worker, caller = Quotas(), make_caller(minute=10_000, day=90_000, month=90_000)
    assert list_left(worker, caller, LARGEST // 2, "minute")[-1] == 10_000 - LARGEST // 2
    later = NOW + timedelta(minutes=1)
    with time_machine.travel(later, tick=False):
        minute, day, _ = worker.admit(caller, UTC, later)
    assert (minute.left, day.left) == (9_999, 90_000 - LARGEST // 2 - 1)


def test_threads_share_grants_and_none_gets_lost() -> None:
    worker, caller = Quotas(), make_caller(minute=90_000, day=90_000, month=90_000)
    ask(worker, caller, 1)
    worker._leases._leases["key:7", "day"].left = worker._leases._leases["key:7", "month"].left = 450
    given = ask(worker, caller, 0)
    passed: list[int] = []

    def run() -> None:
        passed.append(sum(bool(worker.admit(caller, UTC, NOW)) for _ in range(100)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (given, passed) == (0, [100] * 4)
    for grant in worker._grants.values():
        grant.end()
    assert worker._leases._leases["key:7", "day"].left == 50


def test_a_grant_that_is_drawn_beside_another_gives_that_back() -> None:
    worker, caller = Quotas(), make_caller(minute=50_000, day=50_000, month=50_000)
    ask(worker, caller, 700)
    for _ in range(3):
        worker._admit(caller, UTC, NOW)  # as threads do that found the grant used up at once
    worker.flush(NOW, UTC, is_last=True)
    assert get_count("key:7", "2026-03-04") == 703
    assert get_count("key:7", "2026-03") == 703
