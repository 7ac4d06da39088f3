"""Reading the store: one snapshot for an answer of several SELECTs.

A snapshot is a read transaction: it never waits for a writer, and all its SELECTs see one state. It is of the
shop's database or, where there are replicas, of one that is current enough; no other module chooses.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections

from tillroll.eddapi.readers import CountedReader, PostgreSQLReader, Reader, Row, SQLiteReader
from tillroll.eddapi.replicas import replicas
from tillroll.routing import reading
from tillroll.shop.statements import get_store

Run = Callable[[str, Sequence[Any]], list[Row]]
"""Runs one SELECT and gives its rows."""

__all__ = ["Overtaken", "Row", "Run", "Snapshot", "give_back", "run_alone"]


class Overtaken(Exception):
    """What was read can't be answered from: a write came between the steps, or a replica went away. It is
    all to be read once more."""


class Snapshot:
    """One state of the store for as long as the block lasts; gives what runs a SELECT on it.

    It begins with the first SELECT, when it is the request's turn. The block as a whole turns the database's
    errors into Django's. Inside of a caller's own transaction that is read from.
    """

    __slots__ = ("_held", "_is_own", "_of_primary", "_reader", "_turn")

    def __init__(self, turn: "Turn | None" = None, *, of_primary: bool = False) -> None:
        self._turn = turn
        self._of_primary = of_primary

    def __enter__(self) -> Run:
        store = get_store()
        self._held: _Held | None = None
        self._reader: Reader | None = None
        self._is_own = not store.in_atomic_block
        return self._run if self._is_own else _Held(DEFAULT_DB_ALIAS, is_own=False).reader.run

    def _run(self, query: str, values: Sequence[Any]) -> list[Row]:
        reader = self._reader
        return self._begin(query, values) if reader is None else reader.run(query, values)

    def _begin(self, query: str, values: Sequence[Any]) -> list[Row]:
        """The first SELECT, on a replica or on the shop's database. A connection that was cut since it was
        last used, as by a restart of the server, is replaced once."""
        if self._turn is not None:
            self._turn.take()
        is_renewed = False
        while True:
            alias = DEFAULT_DB_ALIAS if self._of_primary else replicas.choose()
            held = None
            try:
                with connections[alias].wrap_database_errors:
                    held = _Held(alias)
                    rows = held.reader.begin(query, values)
            except (OperationalError, InterfaceError) as error:
                is_lost = held is not None and held.is_lost
                if held is not None:
                    held.drop()
                if alias != DEFAULT_DB_ALIAS:
                    replicas.leave(alias, error)
                elif is_renewed or not is_lost:
                    raise
                else:
                    is_renewed = True
                continue
            except BaseException:
                if held is not None:
                    held.drop()
                raise
            self._held, self._reader = held, held.reader
            if replicas.is_current(alias):
                reading.alias = alias
                return rows
            self._end()

    def _end(self) -> None:
        held, self._held, self._reader = self._held, None, None
        reading.alias = None
        if held is None:
            return
        try:
            with connections[held.alias].wrap_database_errors:
                held.reader.commit()
        except DatabaseError as error:
            held.drop()
            if held.alias == DEFAULT_DB_ALIAS:
                raise
            replicas.leave(held.alias, error)  # all was read by then
            return
        held.give_back()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        alias = self._held.alias if self._held else DEFAULT_DB_ALIAS
        try:
            if self._is_own:
                self._end()
            if error is not None:
                get_store().wrap_database_errors.__exit__(kind, error, trace)
        except (OperationalError, InterfaceError) as failed:
            if alias == DEFAULT_DB_ALIAS:
                raise
            replicas.leave(alias, failed)
            raise Overtaken from failed


class Turn:
    """A request's turn. Those that have to read are answered one after the other by a SQLite worker: SQLite
    lets go of the interpreter at every row, and two threads at once would hand it back and forth for longer
    than they work.

    Nobody waits for long: whoever had no turn after a moment goes on beside the one who has it.
    """

    __slots__ = ("_is_mine",)

    MOST_SECONDS = 0.002
    _lock = threading.Lock()

    def __init__(self) -> None:
        self._is_mine = False

    def take(self) -> None:
        """Waits for it, where it is not the request's already."""
        if not self._is_mine and get_store().vendor == "sqlite":
            self._is_mine = self._lock.acquire(timeout=self.MOST_SECONDS)

    def give_back(self) -> None:
        """Lets the next request begin."""
        if self._is_mine:
            self._is_mine = False
            self._lock.release()


def run_alone(query: str, values: Sequence[Any]) -> list[Row]:
    """One SELECT by itself: a stream holds no transaction open while a slow client reads."""
    with Snapshot() as run:
        return run(query, values)


def give_back() -> None:
    """For a request's end: what of it went by Django's own connections is put back into their pools, where a
    worker has some. A caller's own transaction is left alone."""
    if get_store().settings_dict["CONN_MAX_AGE"] is None:
        return
    for store in connections.all(initialized_only=True):
        if store.connection is not None and not store.in_atomic_block:
            store.close_if_unusable_or_obsolete()


class _Held:
    """A connection with its reader, for as long as it is needed: one of the pool, or the thread's own."""

    __slots__ = ("_connection", "_pool", "alias", "reader")

    def __init__(self, alias: str, *, is_own: bool = True) -> None:
        store: Any = connections[alias] if alias != DEFAULT_DB_ALIAS else get_store()
        self.alias = alias
        self._pool = store.pool if is_own and store.vendor == "postgresql" else None
        if self._pool is None:
            self.reader, self._connection = _get_reader(store), store.connection
            return
        if self._pool.closed:
            self._pool.open()
        self._connection = self._pool.getconn()
        if self._connection.reader is None:
            self._connection.reader = PostgreSQLReader(self._connection)
        self.reader = self._connection.reader

    @property
    def is_lost(self) -> bool:
        return bool(getattr(self._connection, "closed", False))

    def give_back(self) -> None:
        if self._pool is not None:
            self._pool.putconn(self._connection)

    def drop(self) -> None:
        """A connection that failed, and all that were cut with it."""
        if self._pool is None:
            connections[self.alias].close()
        else:
            self._connection.close()
            self._pool.putconn(self._connection)
            self._pool.check()


class _Kept(threading.local):
    """The thread's reader, and the connection that it is of."""

    connection: object = None
    reader: Reader | None = None


_kept = _Kept()


def _get_reader(store: Any) -> Reader:
    """The reader of Django's own connection, kept while that lasts: in front of Django its signal for a lost
    one doesn't fire. A caller's own transaction is left alone."""
    if not store.in_atomic_block:
        store.close_if_unusable_or_obsolete()
    if store.execute_wrappers or store.queries_logged:
        return CountedReader(store)
    if _kept.reader is None or store.connection is None or _kept.connection is not store.connection:
        store.ensure_connection()
        make = SQLiteReader if store.vendor == "sqlite" else PostgreSQLReader
        _kept.reader, _kept.connection = make(store.connection), store.connection
    return _kept.reader
