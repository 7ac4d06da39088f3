"""PostgreSQL's own tools, which know best how to save and bring back a database."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from tillroll.cli.refusals import Refusal


def dump(connection: Any, target: Path) -> None:
    """Saves a database, as it is at one moment, in pg_dump's own form."""
    _run(connection, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")


def restore(connection: Any, source: Path) -> None:
    """Brings a saved database back, in one transaction: whole or not at all. Tables that are younger than
    what was saved go away, or the migrations that make them would find them there."""
    script = source.with_name("restore.sql")
    as_text = ("--clean", "--if-exists", "--no-owner", "--no-privileges", f"--file={script}")
    _run(None, "pg_restore", *as_text, str(source))
    tables = [*connection.introspection.django_table_names(only_existing=True), "django_migrations"]
    connection.close()
    names = ", ".join(map(connection.ops.quote_name, tables))
    try:
        _run(
            connection,
            "psql",
            "--no-psqlrc",
            "--quiet",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--command=DROP TABLE IF EXISTS {names} CASCADE",
            f"--file={script}",
        )
    finally:
        script.unlink()


def require_tools() -> None:
    """Refuses a machine without PostgreSQL's own programs."""
    for name in ("pg_dump", "pg_restore", "psql"):
        _find(name)


def _find(name: str) -> str:
    found = shutil.which(name)
    if not found:
        raise Refusal(f"{name} is not installed; on Debian or Ubuntu: apt-get install postgresql-client.")
    return found


def _run(connection: Any, name: str, *arguments: str) -> None:
    program = _find(name)
    password_file = Path(arguments[-1].removeprefix("--file=")).with_name("pgpass")
    where = [f"--dbname={_describe(connection, password_file)}", "--no-password"] if connection else []
    done = subprocess.run(  # noqa: S603 (PostgreSQL's own program, with arguments of ours)
        [program, *where, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    password_file.unlink(missing_ok=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [
            f"exit code {done.returncode}"
        ]
        raise Refusal(f"{name} failed: {lines[0].strip()}")


def _describe(connection: Any, password_file: Path) -> str:
    """The database's address for libpq. The password goes into a file, since anybody may read a command
    line."""
    from psycopg.conninfo import make_conninfo

    known = connection.settings_dict
    parts = {
        "dbname": known["NAME"],
        "user": known["USER"],
        "host": known["HOST"],
        "port": known["PORT"],
        **{name: value for name, value in known["OPTIONS"].items() if isinstance(value, str)},
    }
    if known["PASSWORD"]:
        secret = known["PASSWORD"].replace("\\", "\\\\").replace(":", "\\:")
        password_file.touch(0o600)
        password_file.write_text(f"*:*:*:*:{secret}\n", "utf-8")
        parts["passfile"] = str(password_file)
    return make_conninfo("", **{name: value for name, value in parts.items() if value})
