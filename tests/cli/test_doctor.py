"""The doctor finds each fault, says what to do, and is quiet about a healthy shop."""

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import settings as server
from django.db import connection

from tests.cli.conftest import Invoke
from tests.conftest import STORE
from tests.shops import setup_customer, setup_key, setup_mirror, setup_order, setup_settings, setup_user
from tillroll.access.models import ApiKey
from tillroll.checks import basic as checks
from tillroll.checks.findings import Finding, State
from tillroll.checks.mirror import check_mirror
from tillroll.shop.models import Customer, ShopSettings, Tally

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(server, "TILLROLL_HOME", tmp_path)
    (tmp_path / "secrets").touch(0o600)
    return tmp_path


def read(output: str) -> dict[str, list[str]]:
    """The findings by what they are about: state, what was found, what to do."""
    rows = {}
    for line in output.splitlines()[2:]:
        cells = re.split(r" {2,}", line.strip())
        rows[cells[1]] = [cells[0], *cells[2:]]
    return rows


def only(findings: list[Finding], about: str) -> Finding:
    found = [finding for finding in findings if finding.about == about]
    assert len(found) == 1
    return found[0]


def test_a_healthy_shop_is_all_fine(invoke: Invoke) -> None:
    setup_key(user=setup_user("ann", role="administrator", password="x", is_superuser=True))
    setup_order()
    found = read(invoke("doctor", "--deep").stdout)
    assert {cells[0] for cells in found.values()} == {"fine"}
    assert list(found)[:6] == [
        "Folder", "Disk", "Secrets", "Database default", "Database logs", "Migrations",
    ]  # fmt: skip
    assert list(found)[6:12] == ["Zone", "Clock", "API keys", "Request log", "Back office", "Counts"]
    assert ("Content of default" in found) == (STORE == "sqlite")
    assert all(len(cells) == 2 for cells in found.values())


def test_a_fault_makes_the_exit_code_1_and_says_what_to_do(invoke: Invoke) -> None:
    setup_key()
    ApiKey.objects.update(pepper_id="other")
    state, what, advice = read(invoke("doctor", code=1).stdout)["API keys"]
    assert (state, what) == ("wrong", "1 of 1 keys were made under another pepper and don't open.")
    assert "TILLROLL_KEY_PEPPER" in advice


def test_a_shop_without_a_login_is_a_note_and_no_fault(invoke: Invoke) -> None:
    setup_user("ann", role="administrator")
    assert read(invoke("doctor").stdout)["Back office"] == [
        "note", "Nobody can log in.", "Run: tillroll user add NAME --superuser",
    ]  # fmt: skip


def test_secrets_that_others_can_read_are_a_fault(home: Path) -> None:
    (home / "secrets").chmod(0o640)
    found = only(list(checks.check_secrets()), "Secrets")
    assert (found.state, found.found) == (State.WRONG, f"{home / 'secrets'} has mode 0640.")
    assert found.advice == f"Run: chmod 600 {home / 'secrets'}"


def test_secrets_of_another_user_are_noted(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = (home / "secrets").stat().st_uid
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)
    assert only(list(checks.check_secrets()), "Secrets").state == State.NOTE


def test_secrets_from_the_environment_need_no_file(home: Path) -> None:
    (home / "secrets").unlink()
    assert list(checks.check_secrets()) == [Finding("Secrets", State.FINE, "They come from the environment.")]


def test_a_folder_that_cannot_be_made_is_a_fault(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "file").touch()
    monkeypatch.setattr(server, "TILLROLL_HOME", home / "file/inside")
    found = only(list(checks.check_home()), "Folder")
    assert found.state == State.WRONG
    assert found.found.startswith(f"{home / 'file/inside'} can't be written: ")


def test_little_room_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1 << 29

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage)
    found = only(list(checks.check_home()), "Disk")
    assert (found.state, found.found) == (State.NOTE, "0.5 GiB are free.")


def test_the_remains_of_a_restore_are_a_fault(home: Path) -> None:
    (home / "logs.sqlite3.before-restore").touch()
    found = only(list(checks.check_home()), "Restore")
    assert (found.state, found.found) == (
        State.WRONG,
        "A restore broke off and left logs.sqlite3.before-restore.",
    )


@pytest.mark.parametrize(
    ("changes", "about", "found", "advice"),
    [
        ({"timezone": "Mars"}, "Zone", "'Mars' is not a time zone", "tillroll settings set timezone"),
        (
            {"url": "shop.example"},
            "Address",
            "The shop's address is shop.example.",
            "tillroll settings set url",
        ),
    ],
)
def test_a_setting_that_does_not_work_is_a_fault(
    changes: dict[str, str], about: str, found: str, advice: str
) -> None:
    setup_settings(name="Mine")
    ShopSettings.objects.update(**changes)
    wrong = only(list(checks.check_settings()), about)
    assert wrong.state == State.WRONG
    assert found in wrong.found
    assert advice in wrong.advice


@time_machine.travel(NOW, tick=False)
def test_the_zone_is_shown_with_its_time() -> None:
    setup_settings(timezone="Asia/Kolkata")
    assert list(checks.check_settings()) == [
        Finding("Zone", State.FINE, "Asia/Kolkata: it is 2026-03-12 21:00 in the shop.")
    ]


def test_debugging_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DEBUG", True)
    assert only(list(checks.check_settings()), "Debugging").state == State.WRONG


@time_machine.travel(NOW, tick=False)
def test_a_clock_behind_the_newest_record_is_a_fault() -> None:
    setup_order(at=NOW + timedelta(minutes=4))
    assert [finding.state for finding in checks.check_clock()] == [State.FINE]
    setup_order(at=NOW + timedelta(hours=2))
    assert list(checks.check_clock()) == [
        Finding(
            "Clock",
            State.WRONG,
            "It is 2026-03-12 15:30 UTC, but the newest order is of 2026-03-12 17:30.",
            "Set the machine's clock (timedatectl set-ntp true).",
        )
    ]


@time_machine.travel(NOW, tick=False)
def test_a_clock_behind_the_database_s_file_is_a_fault(home: Path) -> None:
    (home / "tillroll.sqlite3").touch()
    os.utime(home / "tillroll.sqlite3", ((NOW + timedelta(days=1)).timestamp(),) * 2)
    assert only(list(checks.check_clock()), "Clock").found.endswith(
        "but the newest write to the database is of 2026-03-13 15:30."
    )


def test_a_count_that_drifted_is_a_fault_and_can_be_repaired(invoke: Invoke) -> None:
    customer = setup_customer()
    setup_order(customer=customer)
    Tally.objects.filter(name="customer").update(value=5)
    Customer.objects.update(purchase_count=9)
    state, what, advice = read(invoke("doctor", code=1).stdout)["Counts"]
    assert (state, what) == ("wrong", "1 differ; customer is kept as 5 and is 1.")
    assert advice.endswith("run: tillroll doctor --repair")
    assert read(invoke("doctor", "--repair").stdout)["Counts"][0] == "fine"
    customer.refresh_from_db()
    assert customer.purchase_count == 1


def test_a_count_of_nothing_is_none() -> None:
    Tally.objects.create(name="order:sale:failed", value=0)
    assert list(checks.check_counts()) == [Finding("Counts", State.FINE, "All are right.")]


def test_missing_migrations_hide_the_checks_that_need_them(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tillroll.health.find_store_problems", lambda: ["The logs database lacks 1 migrations."]
    )
    found = read(invoke("doctor", code=1).stdout)
    assert found["Migrations"] == ["wrong", "The logs database lacks 1 migrations.", "Run: tillroll migrate"]
    assert "Clock" not in found


@pytest.mark.skipif(STORE != "sqlite", reason="It is about SQLite's pragmas.")
def test_a_database_without_foreign_keys_is_a_fault() -> None:
    found = only(list(checks.check_stores()), "Database default")
    assert found.state == State.FINE
    assert found.found.endswith(", WAL, synchronous, foreign keys on.")
    wrong = list(checks._check_sqlite(Unguarded()))
    assert wrong[0][0] == State.WRONG
    assert "foreign_keys 0" in wrong[0][1]


class Unguarded:
    """A connection as another program would have it."""

    alias = "default"

    def __init__(self) -> None:
        self._told = iter([("delete",), (2,), (0,), ("3.40.1",)])

    def cursor(self) -> "Unguarded":
        return self

    def __enter__(self) -> "Unguarded":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def execute(self, _statement: str) -> None:
        pass

    def fetchone(self) -> tuple[object]:
        return next(self._told)


@pytest.mark.skipif(STORE != "postgresql", reason="It is about PostgreSQL's tools.")
def test_missing_tools_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    states = [finding.state for finding in checks.check_stores()]
    assert states == [State.FINE, State.NOTE, State.FINE, State.NOTE]


def test_the_check_does_not_write(invoke: Invoke) -> None:
    with connection.execute_wrapper(refuse_writes):
        invoke("doctor", "--deep")


def refuse_writes(execute: object, sql: str, params: object, many: bool, context: object) -> object:
    assert sql.split()[0] in ("SELECT", "PRAGMA"), sql
    return execute(sql, params, many, context)  # type: ignore[operator]


@pytest.mark.parametrize(
    ("seconds", "problem", "state", "found", "advice"),
    [
        (30, "", State.FINE, "The records are 30 s old.", ""),
        (
            601,
            "",
            State.WRONG,
            "The records are 601 s old.",
            "Is it running? tillroll mirror mysql://reader@db.internal/wp",
        ),
        (
            30,
            "The source can't be reached: refused.",
            State.WRONG,
            "The source can't be reached: refused. The records are 30 s old.",
            "Mend that; the mirror then catches up by itself.",
        ),
    ],
)
def test_a_mirror_that_does_not_follow_is_found(
    seconds: int, problem: str, state: State, found: str, advice: str
) -> None:
    setup_mirror(NOW, problem=problem)
    with time_machine.travel(NOW + timedelta(seconds=seconds), tick=False):
        assert list(check_mirror()) == [Finding("Mirror", state, found, advice)]
