"""The PostgreSQL that takes a shop in. All that is done to it is done in the caller's transaction: tables,
rows and indexes are all there at its end, or nothing is."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from tillroll.databases import Description
from tillroll.intake.move.source import MoveRefused
from tillroll.intake.move.tables import Table, list_sums
from tillroll.shop.statements import forget_store

SEEDED = ("access_role", "auth_permission", "django_content_type", "shop_revision")
"""Tables that have rows as soon as they are migrated; they are not records."""

MIGRATIONS = "django_migrations"
"""Kept by Django, outside of its models."""

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"

_FOREIGN_KEYS = """
SELECT quote_ident(t.relname), quote_ident(c.conname), pg_get_constraintdef(c.oid)
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace
"""

_INDEXES = """
SELECT quote_ident(i.relname), pg_get_indexdef(i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE i.relnamespace = current_schema()::regnamespace
AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = x.indexrelid)
"""


@contextmanager
def stand_in(targets: Mapping[str, Description]) -> Iterator[None]:
    """For as long as the block lasts, the shop's databases are these: migrations and models find them."""
    before = [(alias, connections.settings[alias], connections[alias]) for alias in targets]
    known = {**connections.settings, **{alias: dict(store) for alias, store in targets.items()}}
    described = connections.configure_settings(known)
    for alias in targets:
        connections[alias].close()
        del connections[alias]
        connections.settings[alias] = described[alias]
    forget_store()
    try:
        yield
    finally:
        for alias, description, connection in before:
            connections[alias].close()
            connections.settings[alias] = description
            connections[alias] = connection
        forget_store()


class Target:
    """A database inside the transaction that fills it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self._connection = connections[alias]

    def prepare(self, tables: Iterable[Table]) -> None:
        """Makes the tables, and takes rows from those that migrations fill. Raises MoveRefused where
        records, or somebody else's tables, are."""
        names = [table.name for table in tables]
        with self._connection.cursor() as cursor:
            # a server may be told to end what takes long, or waits: this does both
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute(f"SET LOCAL lock_timeout = '{settings.WRITE_TIMEOUT}s'")
            # rows of one migration may not wait for the check of their references while the next changes
            # their table
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            _require_unicode(cursor)
            _require_empty(cursor, names)
            executor = MigrationExecutor(self._connection)
            executor.migrate(executor.loader.graph.leaf_nodes())
            cursor.execute(f"TRUNCATE {', '.join(_quote(name) for name in names)}")

    def identify(self) -> tuple[Any, ...]:
        """What no other database of any server has."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = current_database()),"
                " current_schema() FROM pg_control_system()"
            )
            return tuple(cursor.fetchone() or ())

    @contextmanager
    def without_indexes(self) -> Iterator[None]:
        """Indexes and references are dropped, and made anew behind the block: to build them of all rows at
        once takes a fraction of the time."""
        with self._connection.cursor() as cursor:
            cursor.execute(_FOREIGN_KEYS)
            references = cursor.fetchall()
            cursor.execute(_INDEXES)
            indexes = cursor.fetchall()
            for table, name, _ in references:
                cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
            for name, _ in indexes:
                cursor.execute(f"DROP INDEX {name}")
        yield
        with self._connection.cursor() as cursor:
            for _, definition in indexes:
                cursor.execute(definition)
            for table, name, definition in references:
                cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")

    def copy_in(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Takes rows into a table that was emptied in this transaction."""
        statement = f"COPY {_quote(table.name)} ({table.column_names}) FROM STDIN WITH (FREEZE)"
        with (
            self._connection.wrap_database_errors,
            self._connection.cursor() as cursor,
            cursor.copy(statement) as copy,
        ):
            for row in rows:
                copy.write_row(row)

    def count_on(self, table: Table, last: int) -> None:
        """The next record gets the number behind `last`, the last that was given."""
        with self._connection.cursor() as cursor:
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)",
                (_quote(table.name), table.counter, last or 1, last > 0),
            )

    def analyze(self, table: Table) -> None:
        """Lets PostgreSQL plan by what is in the table now."""
        with self._connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {_quote(table.name)}")

    def sum_up(self, table: Table) -> list[int]:
        expressions = ", ".join(expression for _, expression in list_sums(table, "postgresql"))
        with self._connection.cursor() as cursor:
            cursor.execute(f"SELECT {expressions} FROM {_quote(table.name)}")
            return [int(value or 0) for value in cursor.fetchone() or ()]

    def clear(self, tables: Iterable[Table]) -> None:
        """Takes back rows that were committed already, because another database could not be."""
        with self._connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(_quote(table.name) for table in tables)}")


def _require_unicode(cursor: CursorWrapper) -> None:
    cursor.execute("SHOW server_encoding")
    [encoding] = cursor.fetchone() or ("",)
    if encoding != "UTF8":
        raise MoveRefused(
            f"The target's encoding is {encoding}; make one that holds every character:"
            " createdb --encoding UTF8 --template template0 NAME."
        )


def _require_empty(cursor: CursorWrapper, names: list[str]) -> None:
    cursor.execute(_TABLES)
    present = [name for (name,) in cursor.fetchall()]
    advice = "give it an empty one: createdb NAME."
    if strange := [name for name in present if name not in (*names, MIGRATIONS)]:
        raise MoveRefused(f"The target holds something else already (its table {strange[0]}); {advice}")
    for name in present:
        if name in (*SEEDED, MIGRATIONS):
            continue
        cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {_quote(name)})")
        if (cursor.fetchone() or (False,))[0]:
            raise MoveRefused(f"The target has records already (in its table {name}); {advice}")


def _quote(name: str) -> str:
    return f'"{name}"'
