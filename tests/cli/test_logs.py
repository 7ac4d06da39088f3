"""The request log on the command line."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.cli.conftest import Invoke
from tests.shops import get_key, setup_key, setup_line_of_log, setup_settings, setup_user
from tillroll.access import retention
from tillroll.access.models import RequestLogEntry

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture(autouse=True)
def no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "sleep", lambda _seconds: None)


def test_the_newest_lines_come_first(invoke: Invoke) -> None:
    at = datetime(2026, 11, 26, 10, 11, 12, tzinfo=UTC)
    setup_line_of_log(
        at, user_name="rosa", key_id=3, key_label="Till", version="v2", endpoint="sales", question="number=5",
        status=403, error="Invalid API key!", address="203.0.113.7", milliseconds=1.25, size=835,
    )  # fmt: skip
    setup_line_of_log(at + timedelta(hours=1), question="later", key_start="abcdef")
    lines = [line.split() for line in invoke("logs", "show").stdout.splitlines()[2:]]
    assert lines == [
        ["2026-11-26", "11:11:12", "200", "later", "unknown:", "abcdef…", "0.0", "0"],
        [
            "2026-11-26", "10:11:12", "403", "v2", "sales", "number=5", "rosa", "Till", "203.0.113.7", "1.2",
            "835", "Invalid", "API", "key!",
        ],
    ]  # fmt: skip
    assert len(invoke("logs", "show", "--number", "1").stdout.splitlines()) == 3


def test_an_empty_log_says_so(invoke: Invoke) -> None:
    assert invoke("logs", "show").stdout == "No lines.\n"


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--since", "2026-11-26"), {"b", "c"}),
        (("--until", "2026-11-25"), {"a"}),
        (("--status", "4xx"), {"b"}),
        (("--endpoint", "sales"), {"a"}),
        (("--api-version", "v1"), {"c"}),
        (("--key", "feed"), {"b"}),
        (("--user", "rosa"), {"c"}),
        (("--search", "203.0.113.7"), {"a"}),
        (("--search", "203.0.113.7", "--status", "error"), set()),
    ],
    ids=lambda value: " ".join(sorted(value)) if isinstance(value, set) else " ".join(value),
)
def test_options_select_lines_alike_for_all_commands(
    invoke: Invoke, options: tuple[str, ...], found: set[str]
) -> None:
    setup_settings(timezone="Europe/Paris")
    key = get_key(setup_key(public_key="feed" + "0" * 28))
    user = setup_user("rosa")
    at = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
    setup_line_of_log(at, question="a", endpoint="sales", address="203.0.113.7")
    setup_line_of_log(at + timedelta(hours=1), question="b", status=403, key_id=key.pk)
    setup_line_of_log(at + timedelta(hours=2), question="c", version="v1", user_id=user.wire_id)
    shown = invoke("logs", "show", *options).stdout
    assert {name for name in "abc" if f" {name} " in shown} == found
    written = invoke("logs", "export", "-", "--format", "ndjson", *options)
    assert {json.loads(line)["question"] for line in written.stdout.splitlines()} == found
    assert written.stderr == f"Wrote {len(found)} lines.\n"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--since", "yesterday"), "'yesterday' is no day; one looks like 2026-11-26."),
        (("--status", "bad"), "'bad' is no status; one is 403, a class of them 4xx, or error."),
        (("--key", "ffff"), "No key begins with ffff; `tillroll keys list` shows them."),
        (("--user", "nobody"), "No user is called nobody; `tillroll user list` shows them."),
        (
            ("--search", "2001:db8::/32"),
            "2001:db8::/32 can't be searched for: networks are found for IPv4 alone.",
        ),
        (
            ("--since", "2026-02-02", "--until", "2026-02-01"),
            "The first day, 2026-02-02, is after the last one, 2026-02-01.",
        ),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_options_that_make_no_sense_are_refused(
    invoke: Invoke, options: tuple[str, ...], sentence: str, tmp_path: Path
) -> None:
    for command in (("show",), ("stats",), ("export", str(tmp_path / "log"))):
        assert invoke("logs", *command, *options, code=2).stderr == f"{sentence}\n"


def test_a_key_that_is_gone_is_found_by_its_id(invoke: Invoke) -> None:
    setup_line_of_log(question="old", key_id=77)
    setup_line_of_log(question="new", key_id=78)
    shown = invoke("logs", "show", "--key", "77").stdout
    assert " old " in shown
    assert " new " not in shown


def test_a_file_is_a_table_unless_told_otherwise(invoke: Invoke, tmp_path: Path) -> None:
    setup_line_of_log(question="=1+1")
    target = tmp_path / "log.csv"
    assert invoke("logs", "export", str(target)).stderr == "Wrote 1 lines.\n"
    rows = list(csv.DictReader(io.StringIO(target.read_text())))
    assert rows[0]["question"] == "'=1+1"
    stderr = invoke("logs", "export", str(tmp_path / "no" / "log.csv"), code=2).stderr
    assert "No such file or directory" in stderr


def test_calls_and_errors_are_counted_a_day_and_a_key(invoke: Invoke) -> None:
    key = get_key(setup_key(label="Till"))
    setup_line_of_log(key_id=key.pk)
    setup_line_of_log(key_id=key.pk, status=403)
    setup_line_of_log(error="No sales found!")
    output = invoke("logs", "stats").stdout
    rows = [line.split() for line in output.splitlines()]
    assert [f"{timezone.now():%Y-%m-%d}", "3", "2"] in rows
    assert ["Till", "2", "1"] in rows
    assert ["no", "known", "key", "1", "1"] in rows
    assert output.endswith("\n3 calls, 2 errors.\n")
    assert len(rows) == 2 + 30 + 1 + 2 + 2 + 2


def test_many_keys_end_in_a_line_for_the_rest(invoke: Invoke) -> None:
    RequestLogEntry.objects.bulk_create(
        RequestLogEntry(at=timezone.now(), status=200, key_id=number) for number in range(1, 61)
    )
    rows = [line.split() for line in invoke("logs", "stats").stdout.splitlines()]
    assert ["10", "others", "10", "0"] in rows


def test_lines_are_pruned_by_the_settings(invoke: Invoke) -> None:
    setup_settings(log_keep_days=30)
    for days in (29, 31, 32):
        setup_line_of_log(timezone.now() - timedelta(days=days))
    assert invoke("logs", "prune").stdout == "Removed 2 lines by age and 0 by size.\n"
    assert RequestLogEntry.objects.count() == 1


def test_lines_are_pruned_as_told(invoke: Invoke) -> None:
    for days in (1, 3):
        setup_line_of_log(timezone.now() - timedelta(days=days))
    assert invoke("logs", "prune", "--days", "0").stdout == "Removed 0 lines by age and 0 by size.\n"
    assert invoke("logs", "prune", "--megabytes", "1").stdout == "Removed 0 lines by age and 0 by size.\n"
    assert invoke("logs", "prune", "--days", "2").stdout == "Removed 1 lines by age and 0 by size.\n"
    RequestLogEntry.objects.bulk_create(
        RequestLogEntry(at=timezone.now(), status=200, question="x" * 9_800) for _ in range(150)
    )
    removed = int(invoke("logs", "prune", "--megabytes", "1").stdout.split()[6])
    assert 45 <= removed <= 60
    assert "-1 is not in the range" in invoke("logs", "prune", "--days", "-1", code=2).stderr
