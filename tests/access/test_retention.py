"""What the night removes, what it leaves, and that one worker alone does it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.db import OperationalError

from tests.shops import setup_line_of_log, setup_settings
from tillroll.access import nightly as nightly_module
from tillroll.access import retention
from tillroll.access.models import Counter, RequestLogEntry
from tillroll.access.nightly import LOOKS_EVERY, Nightly, claim
from tillroll.access.retention import (
    measure_log,
    prune_age,
    prune_attempts,
    prune_counters,
    prune_sessions,
    prune_size,
    run_batches,
)
from tillroll.shop.zone import parse_zone

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Notes the rests between batches in place of taking them."""
    rests: list[float] = []
    monkeypatch.setattr(retention, "sleep", rests.append)
    return rests


def list_left() -> list[str]:
    return list(RequestLogEntry.objects.order_by("at", "id").values_list("question", flat=True))


def test_lines_go_by_age_oldest_first_and_in_batches(
    monkeypatch: pytest.MonkeyPatch, no_rest: list[float]
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for days in (1, 5, 3, 4, 2):
        setup_line_of_log(NOW - days * DAY, question=str(days))
    batches: list[int] = []
    assert run_batches(prune_age(2, NOW), batches.append) == 3
    assert (batches, len(no_rest)) == ([2, 1], 2)
    assert list_left() == ["2", "1"]


def test_a_line_of_the_last_moment_that_is_kept_stays() -> None:
    setup_line_of_log(NOW - 90 * DAY, question="kept")
    setup_line_of_log(NOW - 90 * DAY - timedelta(milliseconds=1), question="gone")
    assert run_batches(prune_age(90, NOW)) == 1
    assert list_left() == ["kept"]


def test_nought_keeps_everything() -> None:
    setup_line_of_log(NOW - 9999 * DAY)
    assert run_batches(prune_age(0, NOW)) == run_batches(prune_size(0)) == 0
    assert RequestLogEntry.objects.count() == 1


def test_a_time_that_no_calendar_holds_keeps_everything() -> None:
    setup_line_of_log(NOW)
    assert prune_age(10**9, NOW)() == 0


def test_few_long_lines_do_not_drive_out_many_short_ones() -> None:
    for _ in range(60):
        setup_line_of_log(NOW)
    for _ in range(3):
        setup_line_of_log(NOW, question="x" * 2_000)
    whole = measure_log().size
    assert whole < 63 * 600
    assert prune_size(1)() == 0


def test_lines_go_by_size_until_the_rest_fits() -> None:
    RequestLogEntry.objects.bulk_create(
        RequestLogEntry(at=NOW - place * DAY, status=200, question=f"{place:04}" + "x" * 1996)
        for place in range(1000)
    )
    found = measure_log()
    assert found.lines == 1000
    assert 2_250 <= found.bytes_per_line <= 2_300
    assert found.size == round(1000 * found.bytes_per_line)
    removed = run_batches(prune_size(1))
    assert removed == 1000 - int(1_000_000 / found.bytes_per_line)
    assert measure_log().size <= 1_000_000
    left = list_left()
    assert (left[-1][:4], len(left)) == ("0000", 1000 - removed)  # the newest stays
    assert run_batches(prune_size(1)) == 0


def test_a_log_that_fits_stays_whole_and_an_empty_one_is_no_trouble() -> None:
    assert run_batches(prune_size(1)) == 0
    setup_line_of_log(NOW)
    assert run_batches(prune_size(1)) == 0
    assert RequestLogEntry.objects.count() == 1


def test_old_counters_go_and_those_that_are_asked_for_stay() -> None:
    gone = ("2026-09-24", "2024-10", "2019-01-01")
    kept = ("2026-11-26", "2026-09-25", "2026-11", "2024-11")
    for period in (*gone, *kept):
        Counter.objects.create(subject="key:7", period=period, used=5)
    removed = sum(run_batches(batch) for batch in prune_counters(NOW, UTC))
    assert removed == len(gone)
    assert set(Counter.objects.values_list("period", flat=True)) == set(kept)


def test_sessions_that_ended_go() -> None:
    for key, end in (("old", NOW - timedelta(seconds=1)), ("live", NOW)):
        Session.objects.create(session_key=key, session_data="", expire_date=end)
    assert run_batches(prune_sessions(NOW)) == 1
    assert Session.objects.get().session_key == "live"


def test_wrong_passwords_go_that_keep_nobody_waiting() -> None:
    for name, minutes in (("old", 16), ("young", 14)):
        made = AccessAttempt.objects.create(
            username=name, ip_address="203.0.113.9", user_agent="", failures_since_start=1
        )
        AccessAttempt.objects.filter(pk=made.pk).update(attempt_time=NOW - timedelta(minutes=minutes))
    assert run_batches(prune_attempts(NOW)) == 1
    assert AccessAttempt.objects.get().username == "young"


def test_a_night_is_claimed_once() -> None:
    assert [claim("2026-11-26"), claim("2026-11-26"), claim("2026-11-27")] == [True, False, True]


@pytest.fixture
def old_line() -> None:
    setup_settings(timezone="Europe/Paris", log_keep_days=30)
    setup_line_of_log(NOW - 31 * DAY, question="old")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


@pytest.mark.parametrize(
    ("moment", "is_done"),
    [
        ("2026-11-26T01:59:59", False),  # 02:59:59 in Paris
        ("2026-11-26T02:00:00", True),
        ("2026-11-26T22:59:59", True),
        ("2026-11-26T23:00:00", False),
        ("2026-07-01T00:59:59", False),  # summer
        ("2026-07-01T01:00:00", True),
    ],
)
def test_the_night_begins_at_three_on_the_shops_clock(moment: str, is_done: bool, old_line: None) -> None:
    RequestLogEntry.objects.update(at=at(moment) - 31 * DAY)
    Nightly().run(at(moment))
    assert (list_left() == []) is is_done


def test_a_night_is_one_workers_also_after_a_restart(old_line: None) -> None:
    first, second, restarted = Nightly(), Nightly(), Nightly()
    first.run(NOW)
    assert list_left() == []
    setup_line_of_log(NOW - 31 * DAY, question="another")
    for worker in (first, second, restarted):
        worker.run(NOW + timedelta(minutes=1))
    assert list_left() == ["another"]
    second.run(NOW + DAY)
    assert list_left() == []
    assert Counter.objects.filter(subject="nightly").count() == 2


def test_an_idle_worker_asks_the_databases_once_in_five_minutes(
    old_line: None, django_assert_num_queries: Callable[..., object]
) -> None:
    worker = Nightly()
    worker.run(NOW)
    with (
        django_assert_num_queries(0),  # type: ignore[attr-defined]
        django_assert_num_queries(0, using="logs"),  # type: ignore[attr-defined]
    ):
        worker.run(NOW + timedelta(seconds=1))
        worker.run(NOW + LOOKS_EVERY - timedelta(seconds=1))
    with (
        django_assert_num_queries(1),  # type: ignore[attr-defined]
        django_assert_num_queries(0, using="logs"),  # type: ignore[attr-defined]
    ):
        worker.run(NOW + 2 * LOOKS_EVERY)


def test_the_work_is_done_a_turn_at_a_time(old_line: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 1)
    monkeypatch.setattr(nightly_module, "TURN_SECONDS", 0.0001)
    clock = iter(range(10_000))
    monkeypatch.setattr(nightly_module, "monotonic", lambda: next(clock) / 20_000)
    for number in range(3):
        setup_line_of_log(NOW - (40 + number) * DAY, question=f"older {number}")
    worker = Nightly()
    turns = []
    for second in range(20):
        worker.run(NOW + timedelta(seconds=second))
        turns.append(len(list_left()))
    assert turns[0] == 3  # a turn ends after its time, whatever is left
    assert turns[-1] == 0


def test_what_fails_is_tried_again_after_a_rest(old_line: None, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = Nightly()
    delete, calls = retention._delete, []

    def fail(*_: object) -> int:
        calls.append(1)
        raise OperationalError("database is locked")

    monkeypatch.setattr(retention, "_delete", fail)
    with pytest.raises(OperationalError):
        worker.run(NOW)
    worker.run(NOW + timedelta(seconds=1))
    assert len(calls) == 1
    monkeypatch.setattr(retention, "_delete", delete)
    worker.run(NOW + LOOKS_EVERY)
    assert list_left() == []


def test_a_zone_that_is_ahead_has_its_own_night(old_line: None) -> None:
    setup_settings(timezone="Pacific/Auckland")
    Nightly().run(NOW)  # 01:00 of the next day there
    assert list_left() == ["old"]
    assert parse_zone("Pacific/Auckland").utcoffset(NOW) == timedelta(hours=13)
