"""The scratch file within reach of the shop's own store: beside it in SQLite, as temporary tables in
PostgreSQL."""

# ruff: noqa: S608 (statements are put together from the project's own names; values are bound)

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from tillroll.intake.sparing import spare_memory
from tillroll.intake.staging import KINDS


@contextmanager
def attach(path: Path, parts: Collection[str] = ()) -> Iterator[None]:
    """The staged records, and the ids of `parts`, within reach of the shop's own store, before any lock is
    taken."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with transaction.atomic():
                _copy_to_postgresql(cursor, path, parts)
            try:
                yield
            finally:
                names = (*(f"staged_{kind.table}" for kind in KINDS), *(f"part_{part}" for part in parts))
                cursor.execute(f"DROP TABLE {', '.join(f'pg_temp.{name}' for name in names)}")
            return
        cursor.execute("ATTACH DATABASE %s AS staging", (str(path),))
        if parts:
            cursor.execute("ANALYZE staging")  # else a few records would be looked for from the many
        try:
            with spare_memory():
                yield
        finally:
            cursor.execute("DETACH DATABASE staging")


def _copy_to_postgresql(cursor: CursorWrapper, path: Path, parts: Collection[str]) -> None:
    """The scratch file's tables as temporary ones, with the shop's own column types."""
    with closing(sqlite3.connect(path)) as scratch:
        for part in parts:
            cursor.execute(f"CREATE TEMPORARY TABLE part_{part} (id BIGINT PRIMARY KEY)")
            with cursor.copy(f"COPY part_{part} (id) FROM STDIN") as copy:
                for row in scratch.execute(f"SELECT id FROM part_{part}"):
                    copy.write_row(row)
            cursor.execute(f"ANALYZE part_{part}")
        for kind in KINDS:
            names = ", ".join(f'"{name}"' for name in kind.columns)
            table = f"staged_{kind.table}"
            cursor.execute(f"CREATE TEMPORARY TABLE {table} AS SELECT {names} FROM {kind.table} WITH NO DATA")
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in scratch.execute(f"SELECT {names} FROM {table}"):
                    copy.write_row(_drop_nul(row))
            cursor.execute(f"CREATE INDEX ON {table} ({', '.join(kind.key)})")
            cursor.execute(f"ANALYZE {table}")


def _drop_nul(row: tuple[Any, ...]) -> list[Any]:
    """PostgreSQL's texts can't hold the character NUL, which no reader would miss."""
    return [value.replace("\0", "") if value.__class__ is str and "\0" in value else value for value in row]
