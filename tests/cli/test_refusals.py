"""Whatever goes wrong ends in one sentence on stderr and exit code 2."""

import io
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import OperationalError, ProgrammingError
from pytest_django.fixtures import Settings

from tests.cli.running import Shop, make_environment, refusal
from tillroll.cli.refusals import Commands, Refusal, describe


@click.group(cls=Commands)
def program() -> None:
    pass


def failing(error: BaseException) -> Commands:
    @click.command()
    def fail() -> None:
        raise error

    group = Commands("program")
    group.add_command(fail)
    return group


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        pytest.param(Refusal("There is no shop."), "There is no shop.", id="refusal"),
        pytest.param(ImproperlyConfigured("Set it."), "Set it.", id="configuration"),
        pytest.param(ValidationError({"zone": "Wrong."}), "zone: Wrong.", id="field"),
        pytest.param(ValidationError(["One.", "Two."]), "One. Two.", id="plain"),
        pytest.param(
            OperationalError("database is locked"),
            "The shop's records are being written by another process; try again in a moment.",
            id="busy",
        ),
        pytest.param(
            ProgrammingError('relation "shop_order" does not exist\nLINE 1: SELECT'),
            'The database lacks something (relation "shop_order" does not exist); run `tillroll migrate`.',
            id="unmigrated",
        ),
        pytest.param(
            OperationalError("connection refused\nIs it running?"),
            "The database can't be used: connection refused",
            id="away",
        ),
        pytest.param(PermissionError(13, "Permission denied", "/x"), "/x: Permission denied.", id="file"),
        pytest.param(
            ZeroDivisionError("division by zero\nmore"),
            "This should not have happened (ZeroDivisionError: division by zero);"
            " run it again with TILLROLL_DEBUG=1 to see where.",
            id="unforeseen",
        ),
        pytest.param(
            KeyError(),
            "This should not have happened (KeyError); run it again with TILLROLL_DEBUG=1 to see where.",
            id="without-text",
        ),
    ],
)
def test_an_exception_becomes_a_sentence(error: Exception, sentence: str) -> None:
    result = CliRunner().invoke(failing(error), ["fail"])
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"{sentence}\n")


def test_our_own_exceptions_speak_for_themselves() -> None:
    from tillroll.intake.demo import NotADemo
    from tillroll.shop.revision import StoreBusy

    assert describe(StoreBusy()).startswith("The shop's records are being written by another process")
    assert describe(NotADemo()).startswith("This shop has records that are not a demo's")


def test_debugging_shows_the_traceback_of_what_nobody_foresaw(
    settings: Settings,
) -> None:
    settings.DEBUG = True
    result = CliRunner().invoke(failing(ZeroDivisionError("oops")), ["fail"])
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert result.stderr.splitlines()[-1].startswith(
        "This should not have happened (ZeroDivisionError: oops)"
    )


def test_a_stop_from_the_keyboard_is_no_error() -> None:
    result = CliRunner().invoke(failing(KeyboardInterrupt()), ["fail"])
    assert (result.exit_code, result.stderr.strip()) == (130, "Stopped.")


def test_a_reader_that_went_away_is_not_complained_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        with pytest.raises(SystemExit) as ended:
            failing(BrokenPipeError(32, "Broken pipe")).main(["fail"])
    assert ended.value.code == 1
    assert (tmp_path / "out").read_text() == ""


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("nonsense",), "No such command 'nonsense'; see `tillroll --help`."),
        (("serve", "--prot", "1"), "No such option '--prot'"),
        (("serve", "--port", "90000"), "Invalid value for '--port'"),
        (("demo", "--orders", "1000001"), "Invalid value for '--orders'"),
        (("demo", "--orders", "0"), "Invalid value for '--orders'"),
        (("backup",), "Missing argument 'FILE'; see `tillroll backup --help`."),
        (("import", "wordpress", "/does/not/exist.sql"), "Invalid value for 'FILE'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_slip_on_the_command_line_is_one_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    from tillroll.cli import tillroll

    result = CliRunner().invoke(tillroll, arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1
    assert "--help`." in result.stderr


def test_a_command_of_a_group_that_is_missing_shows_the_group_s_help() -> None:
    from tillroll.cli import tillroll

    result = CliRunner().invoke(tillroll, ["user"])
    assert result.exit_code == 2
    assert "Usage: tillroll user" in result.stderr


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        (
            {"TILLROLL_DATABASE_URL": "mysql://root@localhost/shop"},
            "TILLROLL_DATABASE_URL takes a PostgreSQL address",
        ),
        ({"TILLROLL_DATABASE_URL": "postgresql://127.0.0.1:1/shop"}, "The default database can't be"),
        ({"TILLROLL_REPLICA_URLS": "postgresql://a/shop"}, "set TILLROLL_DATABASE_URL to their primary."),
        (
            {
                "TILLROLL_DATABASE_URL": "postgresql://a/b",
                "TILLROLL_REPLICA_URLS": "postgresql://a/b,mysql://a",
            },
            "TILLROLL_REPLICA_URLS takes a PostgreSQL address",
        ),
        ({"TILLROLL_DATABASE_POOL": "2"}, "TILLROLL_DATABASE_POOL takes a whole number from 3 up, not 2."),
    ],
    ids=["another kind", "nobody answers", "no primary", "replica of another kind", "pool too small"],
)
def test_a_database_that_cannot_be_used_is_one_sentence(
    environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, make_environment(tmp_path))
    for command in (("migrate",), ("keys", "list")):
        assert words in refusal(shop.run(*command, **environment))


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    shop = Shop(tmp_path / "home", make_environment(tmp_path / "home"))
    assert str(tmp_path / "home") in refusal(shop.run("migrate"))


def test_secrets_that_are_not_whole_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "secrets").write_text("SECRET_KEY=abc\n")
    shop = Shop(tmp_path, make_environment(tmp_path))
    assert "has no KEY_PEPPER" in refusal(shop.run("migrate"))


def test_commands_on_a_store_without_tables_say_to_migrate(tmp_path: Path) -> None:
    shop = Shop(tmp_path, make_environment(tmp_path))
    for command in (
        ("keys", "list"),
        ("user", "list"),
        ("settings", "list"),
        ("backup", str(tmp_path / "b")),
    ):
        assert "run `tillroll migrate`" in refusal(shop.run(*command))


def test_a_click_exception_is_told_without_decoration() -> None:
    shown = io.StringIO()
    Refusal("So it is.").show(shown)
    assert shown.getvalue() == "So it is.\n"
