"""Shops for commands: in this process with the suite's databases, or in processes of their own with fresh
ones."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result

from tests.cli.running import Shop, make_environment
from tests.conftest import STORE

Invoke = Callable[..., Result]

_numbers = count(1)


@pytest.fixture
def invoke(db: None) -> Invoke:
    """Runs a command in this process, on the suite's databases, and checks its exit code."""
    from tillroll.cli import tillroll

    def run(*arguments: str, code: int = 0, typed: str | None = None) -> Result:
        result = CliRunner().invoke(tillroll, list(arguments), input=typed)
        assert result.exit_code == code, f"{result.exit_code} {result.output} {result.exception}"
        if code == 2:
            assert result.stderr.count("\n") == 1, result.stderr
        return result

    return run


def _admin_url() -> str:
    return os.environ.get("TILLROLL_TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")


def _execute(*statements: str) -> None:
    with closing(psycopg.connect(_admin_url(), autocommit=True)) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def _urls(names: Sequence[str]) -> dict[str, str]:
    parts = psycopg.conninfo.conninfo_to_dict(_admin_url())
    login = f"{parts.get('user', '')}:{parts.get('password', '')}".rstrip(":")
    place = f"{login + '@' if login else ''}{parts.get('host', '')}:{parts.get('port', 5432)}"
    return {
        variable: f"postgresql://{place}/{name}"
        for variable, name in zip(("TILLROLL_DATABASE_URL", "TILLROLL_LOGS_URL"), names, strict=True)
    }


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """An empty shop that others are copied from, so that its migrations run once."""
    home = tmp_path_factory.mktemp("template") / "home"
    number = next(_numbers)  # other folders have templates of their own in the same process
    names = [f"test_tillroll_cli_{os.getpid()}_{number}_{alias}" for alias in ("default", "logs")]
    urls = {}
    if STORE == "postgresql":
        _execute(*(f"CREATE DATABASE {name}" for name in names))
        urls = _urls(names)
    shop = Shop(home, make_environment(home, **urls))
    for command in (("migrate",), ("settings", "set", "name", "Template")):
        done = shop.run(*command)
        assert done.returncode == 0, done.stderr
    yield shop
    if STORE == "postgresql":
        _execute(*(f"DROP DATABASE {name} WITH (FORCE)" for name in names))


@contextmanager
def _copy(migrated: Shop, home: Path) -> Iterator[Shop]:
    shutil.copytree(migrated.home, home)
    names: list[str] = []
    urls: dict[str, str] = {}
    if STORE == "postgresql":
        number = next(_numbers)
        for variable in ("TILLROLL_DATABASE_URL", "TILLROLL_LOGS_URL"):
            template = migrated.environment[variable].rpartition("/")[2]
            names.append(f"{template}_{number}")
            _execute(f"CREATE DATABASE {names[-1]} TEMPLATE {template}")
        urls = _urls(names)
    made = Shop(home, make_environment(home, **urls))
    yield made
    made.close()
    if names:
        _execute(*(f"DROP DATABASE {name} WITH (FORCE)" for name in names))


@pytest.fixture
def shop(migrated: Shop, tmp_path: Path) -> Iterator[Shop]:
    """An empty shop of this test's own."""
    with _copy(migrated, tmp_path / "home") as made:
        yield made


@pytest.fixture(scope="module")
def shared_shop(migrated: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop for all tests of a file."""
    with _copy(migrated, tmp_path_factory.mktemp("shared") / "home") as made:
        yield made


@pytest.fixture
def bare_home(tmp_path: Path) -> Iterator[Shop]:
    """A folder that does not exist yet, for a shop in SQLite."""
    made = Shop(tmp_path / "fresh", make_environment(tmp_path / "fresh"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def new_database() -> Iterator[Callable[..., str]]:
    """Makes empty PostgreSQL databases, as `CREATE DATABASE` takes options, and gives their addresses."""
    names: list[str] = []

    def make(options: str = "") -> str:
        names.append(f"test_tillroll_new_{os.getpid()}_{next(_numbers)}")
        _execute(f"CREATE DATABASE {names[-1]} {options}")
        return _urls([names[-1], ""])["TILLROLL_DATABASE_URL"]

    yield make
    _execute(*(f"DROP DATABASE {name} WITH (FORCE)" for name in names))
