"""Reading the store: one snapshot for an answer of several SELECTs, and keyset batches for a stream.

A snapshot is a deferred read transaction: it never waits for a writer, and all its SELECTs see one state.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, connection

Row = tuple[Any, ...]
Run = Callable[[str, Sequence[Any]], list[Row]]
"""Runs one SELECT and gives its rows."""

_BEGIN = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


@contextmanager
def snapshot() -> Iterator[Run]:
    """One state of the store for as long as the block lasts."""
    with connection.cursor() as cursor:

        def run(query: str, values: Sequence[Any] = ()) -> list[Row]:
            cursor.execute(query, values)
            rows: list[Row] = cursor.fetchall()
            return rows

        if connection.in_atomic_block:
            yield run
            return
        cursor.execute(_BEGIN[connection.vendor])
        try:
            yield run
        finally:
            _end(cursor)


def run_alone(query: str, values: Sequence[Any] = ()) -> list[Row]:
    """One SELECT by itself: a stream holds no transaction open while a slow client reads."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        rows: list[Row] = cursor.fetchall()
        return rows


def _end(cursor: Any) -> None:
    try:
        cursor.execute("COMMIT")
    except DatabaseError:
        connection.close()
        raise
