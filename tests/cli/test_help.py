"""The help is what a newcomer meets first: it answers at once and says what each command does."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.cli.running import Shop, make_environment
from tillroll import __version__
from tillroll.cli import COMMANDS, tillroll


def list_commands(command: click.Command, *path: str) -> list[tuple[str, ...]]:
    here = (*path, command.name or "")
    if not isinstance(command, click.Group):
        return [here]
    return [here, *(name for one in command.commands.values() for name in list_commands(one, *here))]


ALL = [path for command in COMMANDS for path in list_commands(command)]


def test_the_help_names_every_command_in_the_order_of_use() -> None:
    result = CliRunner().invoke(tillroll, ["--help"])
    assert result.exit_code == 0
    listed = [line.split()[0] for line in result.output.split("Commands:\n")[1].splitlines()]
    assert listed == [
        "serve", "worker", "demo", "import", "mirror", "pull", "keys", "roles", "user", "logs", "privacy",
        "settings", "backup", "restore", "doctor", "compare", "reconcile", "migrate", "move",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_says_what_it_does(path: tuple[str, ...]) -> None:
    result = CliRunner().invoke(tillroll, [*path, "--help"])
    assert result.exit_code == 0
    usage, _, rest = result.output.partition("\n\n")
    assert usage.startswith(f"Usage: tillroll {' '.join(path)} ")
    assert len(rest.strip().splitlines()[0].split()) >= 4


def test_no_line_of_the_list_of_commands_is_cut() -> None:
    assert "..." not in CliRunner().invoke(tillroll, ["--help"]).output.split("Commands:")[1]


def test_the_version_is_the_package_s() -> None:
    result = CliRunner().invoke(tillroll, ["--version"])
    assert (result.exit_code, result.output) == (0, f"tillroll {__version__}\n")


def list_loaded(environment: dict[str, str], command: str, names: set[str]) -> list[str]:
    """Which of some modules a command has loaded when it ends."""
    code = (
        "import sys\nfrom tillroll.cli import tillroll\n"
        f"try:\n    tillroll([{command!r}])\nfinally:\n"
        f"    print(*sorted({names!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()


def test_the_help_loads_neither_django_nor_rich_nor_granian(tmp_path: Path) -> None:
    assert (
        list_loaded(make_environment(tmp_path), "--help", {"django", "rich", "granian", "psycopg", "msgspec"})
        == []
    )
    assert list(tmp_path.iterdir()) == []


def test_a_command_loads_none_of_the_back_offices_pages(migrated: Shop) -> None:
    names = {"tillroll.health", "tillroll.backoffice.admin", "tillroll.urls", "unfold.admin"}
    assert list_loaded(migrated.environment, "reconcile", names) == ["tillroll.health"]
