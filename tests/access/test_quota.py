"""Requests a day and a month: exact over workers and restarts, in the shop's own days."""

import logging
import threading
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from tillroll.access import leases, quota
from tillroll.access.counting import UNCOUNTED, add_counts, get_calendar, get_count, list_counts, take
from tillroll.access.keys import Caller
from tillroll.access.limiter import limiter
from tillroll.access.models import Counter
from tillroll.access.policy import Policy
from tillroll.access.quota import QuotaExceeded, Quotas
from tillroll.shop.zone import parse_zone

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)


def make_caller(**limits: int) -> Caller:
    return Caller(1, "ann", 7, "", frozenset(), Policy(**limits), None, 7)  # type: ignore[arg-type]


def ask(worker: Quotas, caller: Caller, times: int, now: datetime = NOW) -> int:
    """How many of so many requests pass."""
    passed = 0
    for _ in range(times):
        try:
            worker.admit(caller, UTC, now)
        except QuotaExceeded:
            continue
        passed += 1
    return passed


def counted(period: str = "2026-03-04") -> int:
    return get_count("key:7", period)


@pytest.mark.parametrize("limits", [{"day": 10}, {"month": 10}, {"day": 10, "month": 50}])
def test_as_many_pass_as_are_allowed(limits: dict[str, int]) -> None:
    assert ask(Quotas(), make_caller(**limits), 25) == 10


@pytest.mark.parametrize("limit", [1, 7, 100, 5_000])
def test_workers_together_never_give_more_than_the_limit(limit: int) -> None:
    workers, caller = [Quotas() for _ in range(3)], make_caller(day=limit)
    passed = sum(ask(workers[number % 3], caller, 1) for number in range(limit * 2))
    assert limit - 3 * max(1, limit // 100) <= passed <= limit
    for worker in workers:
        worker.flush(NOW, UTC, is_last=True)
    assert counted() == passed
    assert ask(Quotas(), caller, limit) == limit - passed


def test_a_restart_does_not_begin_anew() -> None:
    first = Quotas()
    assert ask(first, make_caller(day=10), 6) == 6
    first.flush(NOW, UTC, is_last=True)
    assert ask(Quotas(), make_caller(day=10), 20) == 4


def test_a_killed_worker_takes_no_more_along_than_its_lease() -> None:
    assert ask(Quotas(), make_caller(day=1000), 500) == 500
    assert 490 <= ask(Quotas(), make_caller(day=1000), 1000) <= 500


def test_what_a_worker_does_not_use_goes_back_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    worker, caller = Quotas(), make_caller(day=1000)
    ask(worker, caller, 31)
    held = counted() - 31
    assert held > 0
    worker.flush(NOW, UTC)
    assert counted() == 31 + held
    monkeypatch.setattr(leases, "IDLE_SECONDS", -1.0)
    assert worker.is_waiting(False)
    worker.flush(NOW, UTC)
    assert counted() == 31
    assert not worker.is_waiting(True)


def test_a_worker_that_found_nothing_left_asks_again_after_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 10_000, 2))
    worker, caller = Quotas(), make_caller(day=1)
    assert ask(worker, caller, 2) == 1
    Counter.objects.update(used=0)
    assert ask(worker, caller, 1) == 0
    monkeypatch.setattr(leases, "monotonic", lambda: 1e9 + next(clock))
    assert ask(worker, caller, 1) == 1


def test_a_limit_that_is_raised_counts_at_once_and_so_does_a_lowered_one() -> None:
    worker = Quotas()
    assert ask(worker, make_caller(day=3), 5) == 3
    assert ask(worker, make_caller(day=5), 5) == 2
    assert ask(worker, make_caller(day=4), 5) == 0


def test_a_month_that_is_used_up_costs_nothing_of_the_day() -> None:
    worker, caller = Quotas(), make_caller(day=10, month=3)
    assert ask(worker, caller, 9) == 3
    worker.flush(NOW, UTC, is_last=True)
    assert (counted(), counted("2026-03")) == (3, 3)


def test_keys_without_limits_are_counted_with_the_next_flush() -> None:
    worker = Quotas()
    assert ask(worker, make_caller(), 5) == 5
    assert counted() == 0
    worker.flush(NOW, UTC)
    worker.flush(NOW, UTC)
    assert (counted(), counted("2026-03")) == (5, 5)


def test_of_a_key_with_one_limit_the_other_period_is_counted_too() -> None:
    worker = Quotas()
    ask(worker, make_caller(day=100), 5)
    worker.flush(NOW, UTC, is_last=True)
    assert (counted(), counted("2026-03")) == (5, 5)


def test_days_and_months_are_the_shops_own() -> None:
    zone, caller = parse_zone("America/New_York"), make_caller(day=1, month=2)
    worker = Quotas()
    late = datetime(2026, 3, 1, 4, 59, 59, tzinfo=UTC)  # 28 February, 23:59:59
    assert [window.resets_in for window in worker.admit(caller, zone, late)] == [1, 1]
    with pytest.raises(QuotaExceeded) as stopped:
        worker.admit(caller, zone, late)
    assert (stopped.value.window.name, stopped.value.window.resets_in) == ("day", 1)
    day, month = worker.admit(caller, zone, late + timedelta(seconds=1))
    assert (day.length, day.left, day.resets_in) == (86_400, 0, 86_400)
    assert (month.length, month.left) == (31 * 86_400 - 3600, 1)  # March loses an hour
    worker.flush(late, zone, is_last=True)
    assert list_counts(["key:7"], "2026-02-28") == {"key:7": 1}
    assert list_counts(["key:7"], "2026-03") == {"key:7": 1}


def test_a_calendar_knows_days_that_the_clock_shortens() -> None:
    zone = parse_zone("Europe/Paris")
    spring = get_calendar(datetime(2026, 3, 29, 10, tzinfo=UTC), zone)
    assert spring.day_end - spring.day_start == timedelta(hours=23)
    assert get_calendar(datetime(2026, 3, 29, 22, tzinfo=UTC), zone).day == "2026-03-30"


def test_what_is_left_is_told() -> None:
    worker, caller = Quotas(), make_caller(minute=5, day=3, month=100)
    left = [[window.left for window in worker.admit(caller, UTC, NOW)] for _ in range(3)]
    assert left == [[4, 2, 99], [3, 1, 98], [2, 0, 97]]
    with pytest.raises(QuotaExceeded) as stopped:
        worker.admit(caller, UTC, NOW)
    assert stopped.value.window.name == "day"
    assert [(window.name, window.limit) for window in stopped.value.allowance] == [
        ("minute", 5),
        ("day", 3),
        ("month", 100),
    ]


def test_a_minute_that_is_used_up_costs_nothing_of_the_day() -> None:
    worker, caller = Quotas(), make_caller(minute=2, day=100)
    assert ask(worker, caller, 5) == 2
    with pytest.raises(QuotaExceeded) as stopped:
        worker.admit(caller, UTC, NOW)
    assert stopped.value.window.name == "minute"
    assert stopped.value.allowance[1].left == 98
    worker.flush(NOW, UTC, is_last=True)
    assert counted() == 2


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("the counters are away")

    monkeypatch.setattr(leases, "take", fail)


@pytest.mark.usefixtures("unreachable")
def test_counters_that_can_not_be_reached_let_requests_pass_and_are_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    worker = Quotas()
    assert ask(worker, make_caller(day=2), 5) == 5
    assert caplog.messages == ["Quotas can't be counted (the counters are away): requests pass without."]
    worker.flush(NOW, UTC)
    assert get_count(UNCOUNTED, "2026-03") == 5
    assert counted() == 0


def test_a_flush_that_fails_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Quotas()
    ask(worker, make_caller(), 5)
    with monkeypatch.context() as patch:
        patch.setattr(quota, "add_counts", lambda _: (_ for _ in ()).throw(OperationalError("gone")))
        with pytest.raises(OperationalError):
            worker.flush(NOW, UTC)
    worker.flush(NOW, UTC)
    assert counted() == 5


def test_leases_grow_with_the_hurry_and_stay_a_hundredth_of_the_limit() -> None:
    sizes = []
    worker, caller = Quotas(), make_caller(day=2_000)
    before = 0
    for _ in range(200):
        ask(worker, caller, 1)
        if (now := counted()) != before:
            sizes.append(now - before)
            before = now
    assert sizes[:5] == [1, 2, 4, 8, 16]
    assert max(sizes) == 20


def test_taking_gives_what_is_left_and_no_more() -> None:
    assert take("key:7", "2026-03", 10, 15) == (10, 5)
    assert take("key:7", "2026-03", 10, 15) == (5, 0)
    assert take("key:7", "2026-03", 10, 15) == (0, 0)
    assert take("key:7", "2026-03", 10, 12) == (0, 0)


def test_counts_are_added_in_one_statement_each_and_taken_away() -> None:
    add_counts({("a", "2026-03"): 3, ("b", "2026-03"): 1, ("c", "2026-03"): 0})
    add_counts({("a", "2026-03"): -1})
    assert list_counts(["a", "b", "c"], "2026-03") == {"a": 2, "b": 1}
    add_counts({})


def test_threads_of_a_worker_share_a_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    left, lock = [300], threading.Lock()

    def take_from_memory(_subject: str, _period: str, wanted: int, _limit: int) -> tuple[int, int]:
        with lock:
            taken = min(wanted, left[0])
            left[0] -= taken
            return taken, left[0]

    monkeypatch.setattr(leases, "take", take_from_memory)
    monkeypatch.setattr(leases, "_Patience", nullcontext)
    worker, caller = Quotas(), make_caller(day=300)
    passed: list[int] = []
    threads = [threading.Thread(target=lambda: passed.append(ask(worker, caller, 100))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 300


# The minute


def test_a_worker_gives_its_share_of_a_minute(settings: Any) -> None:
    settings.WORKERS = 4
    assert [limiter.hit("key:7", 10)[0] for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.parametrize("limit", [1, 10, 250, 20_000])
def test_a_minute_begins_with_its_first_request_and_gives_its_whole_limit(limit: int) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(2):
            standings = [limiter.hit("key:7", limit) for _ in range(limit + 20)]
            assert [one.is_within for one in standings] == [True] * limit + [False] * 20
            assert [one.left for one in standings[:limit]] == list(range(limit - 1, -1, -1))
            assert {one.resets_in for one in standings} == {60}
            clock.shift(timedelta(seconds=59))
            assert limiter.hit("key:7", limit) == (False, 0, 1)
            clock.shift(timedelta(seconds=1, milliseconds=1))


def test_a_batch_ends_with_its_minute() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        assert limiter.hit("key:7", 1000).left == 999
        assert limiter.hit("key:7", 1000).left == 998
        clock.shift(timedelta(seconds=61))
        assert limiter.hit("key:7", 1000).left == 999


def test_a_limit_that_is_changed_begins_its_own_minute() -> None:
    assert limiter.hit("key:7", 1000).left == 999
    assert limiter.hit("key:7", 500).left == 499


def test_looking_counts_nothing() -> None:
    assert [limiter.look("x", 1)[0] for _ in range(3)] == [True] * 3
    assert limiter.hit("x", 1)[0]
    assert not limiter.look("x", 1)[0]


def test_subjects_are_apart() -> None:
    assert limiter.hit("one", 1)[0]
    assert limiter.hit("other", 1)[0]
    assert not limiter.hit("one", 1)[0]


def test_a_redis_that_is_away_lets_requests_pass_says_so_once_and_is_counted(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://:s3cret@127.0.0.1:1/0"
    caplog.set_level(logging.DEBUG)
    assert [limiter.hit("key:7", 1)[0] for _ in range(3)] == [True] * 3
    assert caplog.messages == [
        "Redis can't be reached (ConnectionError): requests pass without being counted."
    ]
    assert "s3cret" not in caplog.text
    assert limiter.take_uncounted() == 3
    assert limiter.take_uncounted() == 0
