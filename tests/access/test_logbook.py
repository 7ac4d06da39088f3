"""Which lines of the request log a selection finds, how they are counted, and how they are written into
files."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from tests.shops import get_key, setup_key, setup_line_of_log, setup_user
from tillroll.access import log_export
from tillroll.access.log_export import COLUMNS, ExportFormat, export_lines
from tillroll.access.log_search import SelectionError
from tillroll.access.logbook import (
    KeyCount,
    Selection,
    count_by_day,
    count_by_key,
    list_lines,
    read_day,
    read_number,
)
from tillroll.access.models import RequestLogEntry
from tillroll.shop.zone import parse_zone

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
PARIS, KATHMANDU = parse_zone("Europe/Paris"), parse_zone("Asia/Kathmandu")


def find(selection: Selection, zone: Any = UTC) -> list[str]:
    """The questions of the lines that a selection finds, in their order."""
    return [line.question for line in list_lines(selection, zone)]


@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (Selection(), "fedcba"),
        (Selection(status="403"), "b"),
        (Selection(status="4xx"), "cb"),
        (Selection(status="2xx"), "feda"),
        (Selection(status="error"), "dcb"),
        (Selection(endpoint="sales"), "ba"),
        (Selection(version="v1"), "b"),
        (Selection(user_id=7), "c"),
        (Selection(user_id=8), ""),
        (Selection(status="error", endpoint="sales"), "b"),
        (Selection(since=date(2026, 11, 24)), "fe"),
        (Selection(until=date(2026, 11, 20)), "a"),
        (Selection(since=date(2026, 11, 21), until=date(2026, 11, 22)), "cb"),
    ],
    ids=repr,
)
def test_a_selection_finds_its_lines_newest_first(selection: Selection, found: str) -> None:
    lines: list[dict[str, Any]] = [
        {"endpoint": "sales", "version": "v2"},
        {"endpoint": "sales", "version": "v1", "status": 403, "error": "Invalid API key!"},
        {"status": 429, "user_id": 7, "error": "Too many"},
        {"error": "No sales found!"},
        {"endpoint": "stats"},
        {},
    ]
    for place, line in enumerate(lines):
        setup_line_of_log(NOW - timedelta(days=6 - place), question="abcdef"[place], **line)
    assert "".join(find(selection)) == found


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"status": "9"}, "'9' is no status; one is 403, a class of them 4xx, or error."),
        ({"status": "6xx"}, "'6xx' is no status; one is 403, a class of them 4xx, or error."),
        (
            {"since": date(2026, 2, 2), "until": date(2026, 2, 1)},
            "The first day, 2026-02-02, is after the last one, 2026-02-01.",
        ),
        ({"until": date.max}, "9999-12-31 is out of reach; days of 1970 to 9000 are taken."),
        ({"since": date.min}, "0001-01-01 is out of reach; days of 1970 to 9000 are taken."),
        ({"text": "a\x00"}, "The character NUL can't be looked for."),
        ({"endpoint": "\x00"}, "The character NUL can't be looked for."),
    ],
)
def test_what_selects_nothing_is_refused(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SelectionError) as refused:
        Selection(**wrong)
    assert str(refused.value) == sentence


def test_days_and_numbers_are_read_or_refused() -> None:
    assert (read_day("2026-11-26"), read_day("")) == (date(2026, 11, 26), None)
    assert (read_number("12", "key"), read_number("", "key")) == (12, None)
    with pytest.raises(SelectionError, match=r"'26\.11\.2026' is no day; one looks like 2026-11-26"):
        read_day("26.11.2026")
    for wrong in ("x", "-1", "1" * 20, "²"):
        with pytest.raises(SelectionError, match="is no key; a number is wanted"):
            read_number(wrong, "key")


def test_the_days_of_a_selection_are_the_shops_own() -> None:
    for at in ("2026-11-24T22:59:59", "2026-11-24T23:00:00", "2026-11-25T22:59:59", "2026-11-25T23:00:00"):
        setup_line_of_log(datetime.fromisoformat(at + "+00:00"), question=at[8:])
    day = Selection(since=date(2026, 11, 25), until=date(2026, 11, 25))
    assert find(day, PARIS) == ["25T22:59:59", "24T23:00:00"]
    assert find(day, UTC) == ["25T23:00:00", "25T22:59:59"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("203.0.113.7", "a"),
        ("::ffff:1", "d"),
        ("2001:db8:0::1", "c"),
        ("203.0.113.0/24", "ba"),
        ("203.0.113.4/30", "a"),
        ("203.0.112.0/21", "ba"),
        ("203.0.0.0/8", "ba"),
        ("192.0.0.0/4", "ba"),
        ("198.51.100.0/24", ""),
        ("Invalid API", "b"),
        ("INVALID", "b"),
        ("rosa", "c"),
        ("Till app", "d"),
        ("jane@example.com", "ea"),
        ("Jane Doe", "e"),
        ("abcdef0123456789", "b"),
        ("100%", ""),
        ("nothing like it", ""),
    ],
)
def test_a_text_finds_what_it_looks_like(text: str, found: str) -> None:
    setup_user("jane", wire_id=31, email="Jane@example.com")
    lines: list[dict[str, Any]] = [
        {"address": "203.0.113.7", "user_id": 31},
        {"address": "203.0.113.70", "error": "Invalid API key!", "key_start": "abcdef"},
        {"address": "2001:db8::1", "user_name": "Rosa"},
        {"address": "::ffff:1", "key_label": "Till app"},
        {"question": "email=jane%40example.com&s=Jane+Doe"},
    ]
    for place, line in enumerate(lines):
        setup_line_of_log(NOW + timedelta(seconds=place), version="abcde"[place], **line)
    assert "".join(line.version for line in list_lines(Selection(text=text), UTC)) == found


def test_a_network_of_another_kind_is_refused() -> None:
    with pytest.raises(SelectionError, match="networks are found for IPv4 alone"):
        list_lines(Selection(text="2001:db8::/32"), UTC)


def test_a_key_is_found_by_its_beginning_letter_for_letter() -> None:
    one = get_key(setup_key(public_key="AbCd1111" + "0" * 24))
    other = get_key(setup_key(public_key="AbCd2222" + "0" * 24))
    setup_line_of_log(NOW, question="one", key_id=one.pk)
    setup_line_of_log(NOW, question="other", key_id=other.pk)
    assert find(Selection(text=one.public_key)) == ["one"]
    assert find(Selection(text="AbCd")) == ["other", "one"]
    assert find(Selection(text="abcd1111")) == []


def _rotated() -> tuple[Any, Any]:
    first = get_key(setup_key(label="Phone"))
    second = get_key(setup_key(label="Phone, new"))
    second.meter_id = first.pk
    second.save()
    return first, second


def test_a_key_stands_for_those_that_are_counted_together_with_it() -> None:
    first, second = _rotated()
    for key in (first.pk, second.pk, second.pk + 1, None):
        setup_line_of_log(NOW, question=str(key), key_id=key)
    both = sorted(map(str, (first.pk, second.pk)))
    assert sorted(find(Selection(key_id=first.pk))) == both
    assert sorted(find(Selection(key_id=second.pk))) == both
    assert find(Selection(key_id=second.pk + 1)) == [str(second.pk + 1)]


def test_calls_and_errors_are_counted_by_day_also_where_there_are_none() -> None:
    setup_line_of_log(NOW)
    setup_line_of_log(NOW, status=403)
    setup_line_of_log(NOW - timedelta(days=29), error="No sales found!")
    setup_line_of_log(NOW - timedelta(days=30))
    days = count_by_day(Selection(), UTC, NOW)
    assert [one.day for one in days] == [date(2026, 10, 28) + timedelta(days=place) for place in range(30)]
    assert {str(one.day): (one.calls, one.errors) for one in days if one.calls} == {
        "2026-10-28": (1, 1),
        "2026-11-26": (2, 1),
    }
    only = count_by_day(Selection(since=date(2026, 10, 27), until=date(2026, 10, 27)), UTC, NOW)
    assert [(one.calls, one.errors) for one in only] == [(1, 0)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", date(2026, 3, 29), 23),
        ("Europe/Paris", date(2026, 10, 25), 25),
        ("Asia/Kathmandu", date(2026, 3, 29), 24),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("America/New_York", date(2026, 11, 1), 25),
        ("-03:30", date(2026, 6, 1), 24),
    ],
)
def test_a_day_is_as_long_as_the_shops_clock_makes_it(zone: str, day: date, hours: float) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    RequestLogEntry.objects.bulk_create(
        RequestLogEntry(at=noon + timedelta(minutes=15 * quarter), status=200) for quarter in range(-200, 200)
    )
    chosen = Selection(since=day - timedelta(days=1), until=day + timedelta(days=1))
    days = count_by_day(chosen, parse_zone(zone), NOW)
    assert (days[1].day, days[1].calls) == (day, hours * 4)
    assert sum(one.calls for one in days) == list_lines(chosen, parse_zone(zone)).count()


def test_a_long_period_is_counted_to_its_last_year_and_day() -> None:
    setup_line_of_log(NOW - timedelta(days=365))
    setup_line_of_log(NOW - timedelta(days=366))
    days = count_by_day(Selection(since=date(2000, 1, 1)), UTC, NOW)
    assert (len(days), days[0].day, sum(one.calls for one in days)) == (366, date(2025, 11, 26), 1)


def test_calls_are_counted_by_key_and_rotated_keys_as_one() -> None:
    first, second = _rotated()
    for key, status in ((first.pk, 200), (second.pk, 403), (second.pk, 200), (None, 403)):
        setup_line_of_log(NOW, key_id=key, status=status)
    for _ in range(2):
        setup_line_of_log(NOW, key_id=987, key_label="Old till")
    setup_line_of_log(NOW - timedelta(days=40), key_id=first.pk)
    assert count_by_key(Selection(), UTC, NOW) == [
        KeyCount(first.pk, "Phone, new", 3, 1),
        KeyCount(987, "Old till", 2, 0),
        KeyCount(None, "no known key", 1, 1),
    ]


def test_days_and_keys_add_up_for_any_selection() -> None:
    for number in range(60):
        setup_line_of_log(
            NOW - timedelta(hours=7 * number),
            key_id=number % 4 or None,
            status=(200, 200, 403, 500)[number % 4],
            endpoint=("sales", "stats", "info")[number % 3],
            error="" if number % 5 else "No sales found!",
        )
    for selection in (Selection(), Selection(endpoint="sales"), Selection(status="4xx"), Selection(key_id=2)):
        lines = list(list_lines(selection, KATHMANDU))
        errors = [line for line in lines if line.status >= 400 or line.error]
        for counts in (
            count_by_day(selection, KATHMANDU, NOW),
            count_by_key(selection, KATHMANDU, NOW),
        ):
            assert (sum(one.calls for one in counts), sum(one.errors for one in counts)) == (
                len(lines),
                len(errors),
            )


def test_calls_are_counted_from_an_index_and_errors_by_their_own() -> None:
    if connections["logs"].vendor != "sqlite":
        pytest.skip("PostgreSQL's planner decides by the table's size.")
    asked: list[str] = []

    def note(execute: Any, sql: str, values: Any, *rest: Any) -> Any:
        raw = connections["logs"].connection
        asked.extend(row[-1] for row in raw.execute("EXPLAIN QUERY PLAN " + sql.replace("%s", "?"), values))
        return execute(sql, values, *rest)

    with connections["logs"].execute_wrapper(note):
        count_by_day(Selection(endpoint="sales"), UTC, NOW)
        count_by_key(Selection(version="v2"), UTC, NOW)
    searched = [step for step in asked if "access_requestlogentry" in step]
    assert len(searched) == 62
    errors = [step for step in searched if "request_error_idx" in step]
    assert len(errors) == 31
    calls = [step for step in searched if step not in errors]
    assert [step for step in calls if "COVERING INDEX request_at_idx" not in step] == []


def export(selection: Selection, form: ExportFormat) -> str:
    return b"".join(piece for _, piece in export_lines(selection, UTC, form, NOW)).decode()


def test_a_file_has_every_column_oldest_first() -> None:
    setup_line_of_log(NOW, question="late")
    setup_line_of_log(
        datetime(2026, 11, 1, 2, 3, 4, 567000, tzinfo=UTC), user_id=7, user_name="rosa", key_id=3,
        key_label="Till", version="v2", endpoint="sales", question='s="a,b"', status=403, error="No!\nNo!",
        address="203.0.113.7", milliseconds=1.25, size=99,
    )  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(export(Selection(), ExportFormat.CSV), newline="")))
    assert [row["question"] for row in rows] == ['s="a,b"', "late"]
    assert list(rows[0]) == list(COLUMNS)
    assert list(rows[0].values()) == [
        "2026-11-01T02:03:04.567Z", "7", "rosa", "3", "Till", "", "v2", "sales", 's="a,b"', "403", "No!\nNo!",
        "203.0.113.7", "1.25", "99",
    ]  # fmt: skip
    lines = [json.loads(line) for line in export(Selection(), ExportFormat.NDJSON).splitlines()]
    assert lines[0] == {
        "at": "2026-11-01T02:03:04.567Z", "user_id": 7, "user_name": "rosa", "key_id": 3, "key_label": "Till",
        "key_start": "", "version": "v2", "endpoint": "sales", "question": 's="a,b"', "status": 403,
        "error": "No!\nNo!", "address": "203.0.113.7", "milliseconds": 1.25, "size": 99,
    }  # fmt: skip
    assert lines[1]["key_id"] is None


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_a_table_is_a_formula(text: str) -> None:
    setup_line_of_log(NOW, question=text)
    rows = list(csv.DictReader(io.StringIO(export(Selection(), ExportFormat.CSV), newline="")))
    assert rows[0]["question"] == f"'{text}"
    assert json.loads(export(Selection(), ExportFormat.NDJSON))["question"] == text


def test_a_file_is_written_in_batches_that_lose_and_repeat_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_export, "BATCH", 3)
    for number in range(11):  # several share a moment
        setup_line_of_log(NOW - timedelta(seconds=number // 4), question=str(number))
    setup_line_of_log(NOW + timedelta(seconds=1), question="came later")
    pieces = list(export_lines(Selection(since=date(2026, 11, 1)), UTC, ExportFormat.NDJSON, NOW))
    assert [count for count, _ in pieces] == [3, 3, 3, 2]
    found = [json.loads(line)["question"] for _, piece in pieces for line in piece.splitlines()]
    assert found == ["8", "9", "10", "4", "5", "6", "7", "0", "1", "2", "3"]


def test_a_file_has_its_selection_alone() -> None:
    setup_line_of_log(NOW, question="in", status=403)
    setup_line_of_log(NOW, question="out")
    setup_line_of_log(NOW - timedelta(days=9), question="before", status=403)
    chosen = Selection(status="4xx", since=date(2026, 11, 20))
    assert [json.loads(line)["question"] for line in export(chosen, ExportFormat.NDJSON).splitlines()] == [
        "in"
    ]
    assert export(Selection(status="500"), ExportFormat.CSV) == ",".join(COLUMNS) + "\r\n"
    assert export(Selection(status="500"), ExportFormat.NDJSON) == ""
