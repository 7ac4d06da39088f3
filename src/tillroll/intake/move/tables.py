"""The tables of a database, found from the models, and what of them is added up on both stores to see that
nothing was lost.

Sums stay within 64 bits: numbers are added in two parts, times as seconds and microseconds.
"""

from enum import StrEnum
from typing import NamedTuple

from django.apps import apps
from django.db import connections, models, router
from django.db.backends.base.base import BaseDatabaseWrapper


class Kind(StrEnum):
    """What a column holds. A kind's value is the beginning of PostgreSQL's name for its types."""

    NUMBER = "bigint integer smallint"
    FLAG = "boolean"
    TEXT = "varchar text"
    BYTES = "bytea"
    JSON = "jsonb"
    TIME = "timestamp"
    DATE = "date"
    FLOAT = "double"
    UUID = "uuid"
    ADDRESS = "inet"


class Column(NamedTuple):
    name: str
    kind: Kind


class Table(NamedTuple):
    """`counter` is the column that the database numbers by itself; empty where none is."""

    name: str
    columns: tuple[Column, ...]
    counter: str

    @property
    def column_names(self) -> str:
        return ", ".join(f'"{column.name}"' for column in self.columns)


_POSTGRESQL = {
    Kind.NUMBER: ("SUM({0} / 1000000000)", "SUM({0} % 1000000000)"),
    Kind.FLAG: ("SUM(CAST({0} AS INTEGER))",),
    Kind.TEXT: ("SUM(OCTET_LENGTH({0}))",),
    Kind.BYTES: ("SUM(OCTET_LENGTH({0}))",),
    Kind.JSON: (),  # each store writes the same value in its own way
    Kind.TIME: (
        "SUM(FLOOR(EXTRACT(EPOCH FROM {0})))",
        "SUM(CAST(EXTRACT(MICROSECONDS FROM {0}) AS BIGINT) % 1000000)",
    ),
    Kind.DATE: ("SUM({0} - DATE '1970-01-01')",),
    Kind.FLOAT: ("SUM(TRUNC({0} * 1000))",),
    Kind.UUID: (),  # SQLite has no dashes in it
    Kind.ADDRESS: ("SUM(LENGTH(HOST({0})))",),
}
_SQLITE = {
    **_POSTGRESQL,
    Kind.TEXT: ("SUM(LENGTH(CAST({0} AS BLOB)))",),
    Kind.BYTES: ("SUM(LENGTH(CAST({0} AS BLOB)))",),
    Kind.TIME: (
        "SUM(CAST(STRFTIME('%s', SUBSTR({0}, 1, 19)) AS INTEGER))",
        "SUM(CAST(SUBSTR(SUBSTR({0}, 21) || '000000', 1, 6) AS INTEGER))",
    ),
    Kind.DATE: ("SUM(CAST(JULIANDAY({0}) - 2440587.5 AS INTEGER))",),
    Kind.FLOAT: ("SUM(CAST({0} * 1000 AS INTEGER))",),
    Kind.ADDRESS: ("SUM(LENGTH({0}))",),
}


def list_tables(alias: str) -> list[Table]:
    """The tables that belong into a database, which must be a PostgreSQL by now."""
    connection = connections[alias]
    return [
        _describe(model, connection)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and router.allow_migrate_model(alias, model)
    ]


def list_sums(table: Table, vendor: str) -> list[tuple[str, str]]:
    """What is added up: of which column (empty: the rows), and the expression, as the store writes it."""
    known = _SQLITE if vendor == "sqlite" else _POSTGRESQL
    sums = [("", "COUNT(*)")]
    for column in table.columns:
        for expression in ("COUNT({0})", *known[column.kind]):
            sums.append((column.name, expression.format(f'"{column.name}"')))
    return sums


def _describe(model: type[models.Model], connection: BaseDatabaseWrapper) -> Table:
    fields = model._meta.local_concrete_fields
    counters = [field.column for field in fields if isinstance(field, models.AutoField)]
    return Table(
        model._meta.db_table,
        tuple(Column(field.column, _get_kind(field, connection)) for field in fields),
        counters[0] if counters else "",
    )


def _get_kind(field: "models.Field[object, object]", connection: BaseDatabaseWrapper) -> Kind:
    written = field.db_type(connection) or ""
    for kind in Kind:
        if written.startswith(tuple(kind.split())):
            return kind
    raise NotImplementedError(f"A move can't add up {field}, which is of type {written!r}.")
