"""Reading the store: one snapshot for an answer of several SELECTs, and keyset batches for a stream.

A snapshot is a deferred read transaction: it never waits for a writer, and all its SELECTs see one state.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

Row = tuple[Any, ...]
Run = Callable[[str, Sequence[Any]], list[Row]]
"""Runs one SELECT and gives its rows."""

_BEGIN = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


class Snapshot:
    """One state of the store for as long as the block lasts; gives what runs a SELECT on it.

    The statements run on the database's own cursor inside Django's, and the block as a whole turns their
    errors into Django's: doing so for each statement costs more than most of them.
    """

    __slots__ = ("_cursor", "_errors", "_is_own")

    def __enter__(self) -> Run:
        opened = _get_cursor()
        store = opened.db
        self._errors = store.wrap_database_errors
        self._is_own = not store.in_atomic_block
        cursor = self._cursor = opened if store.execute_wrappers or store.queries_logged else opened.cursor
        if self._is_own:
            with self._errors:
                cursor.execute(_BEGIN[store.vendor], ())

        def run(query: str, values: Sequence[Any]) -> list[Row]:
            cursor.execute(query, values)
            rows: list[Row] = cursor.fetchall()
            return rows

        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_own:
            try:
                with self._errors:
                    self._cursor.execute("COMMIT", ())
            except DatabaseError:
                connections[DEFAULT_DB_ALIAS].close()
                raise
        self._errors.__exit__(kind, error, trace)


def run_alone(query: str, values: Sequence[Any]) -> list[Row]:
    """One SELECT by itself: a stream holds no transaction open while a slow client reads."""
    cursor = _get_cursor()
    cursor.execute(query, values)
    rows: list[Row] = cursor.fetchall()
    return rows


class _Kept(threading.local):
    """A thread's cursor, and the connection that it is of."""

    cursor: Any = None
    connection: object = None


_kept = _Kept()


def _get_cursor() -> Any:
    """Django's cursor, kept by the thread while its connection lasts: to open one takes longer than to look a
    key up. Every answer fetches its rows whole, so that one does for all its SELECTs."""
    store = connections[DEFAULT_DB_ALIAS]
    if store.queries_logged:
        return store.cursor()
    if _kept.connection is None or _kept.connection is not store.connection:
        _kept.cursor = store.cursor()
        _kept.connection = store.connection
    return _kept.cursor
