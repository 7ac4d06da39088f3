"""Statements by hand, on a cursor that is kept: to open one takes longer than many a statement.

Rows are fetched whole, so that the cursor is free again when a statement returns.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

Value = TypeVar("Value")


def cut(values: Iterable[Value], size: int) -> Iterator[list[Value]]:
    """Values in pieces of a size: how many a statement may name is bounded."""
    every = list(values)
    return (every[start : start + size] for start in range(0, len(every), size))


class _Kept(threading.local):
    """A thread's way to the store, the cursor on it, and the connection that this is of."""

    store: Any = None
    cursor: Any = None
    connection: object = None


_kept = _Kept()


def run(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Runs a statement on the shop's records, and gives its rows."""
    return _execute(query, values)[0]


def insert_row(query: str, values: Sequence[Any]) -> int:
    """Runs an INSERT of one row, and gives the id that SQLite took for it."""
    return int(_execute(query, values)[1])


def _execute(query: str, values: Sequence[Any]) -> tuple[list[tuple[Any, ...]], Any]:
    """The database's own cursor inside Django's does it; Django's would do the same with more ado."""
    store = get_store()
    if store.force_debug_cursor or store.execute_wrappers:
        cursor: Any = store.cursor()
    else:
        if _kept.connection is None or _kept.connection is not store.connection:
            _kept.cursor = store.cursor().cursor
            _kept.connection = store.connection
        cursor = _kept.cursor
    with store.wrap_database_errors:
        cursor.execute(query, values)
        rows = cursor.fetchall() if cursor.description else []
    return rows, getattr(cursor, "lastrowid", 0)


def get_store() -> Any:
    """Django's connection of the running thread; to look it up takes longer than to count up a row."""
    store = _kept.store
    if store is None:
        store = _kept.store = connections[DEFAULT_DB_ALIAS]
    return store


def forget_store() -> None:
    """Drops what the thread keeps: for who exchanges the store under a running process."""
    _kept.store = _kept.cursor = _kept.connection = None


BEGIN_SNAPSHOT = {
    "sqlite": "BEGIN DEFERRED",
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
}


@contextmanager
def snapshot() -> Iterator[None]:
    """All statements of the block see one state of the records, however long it takes; writers go on."""
    store = get_store()
    store.ensure_connection()
    if store.in_atomic_block:
        yield
        return
    run(BEGIN_SNAPSHOT[store.vendor])
    try:
        yield
    finally:
        run("ROLLBACK")
