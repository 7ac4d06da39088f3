"""How an answer's statements reach a store: on the database's own cursor, past Django's, which would cost
more than most of them.

To open a cursor takes longer than to look a key up, and every answer fetches its rows whole; so a connection
has one reader with one cursor for all its SELECTs.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from tillroll.shop.sqlite.base import turn_placeholders
from tillroll.shop.statements import BEGIN_SNAPSHOT

Row = tuple[Any, ...]

_PAGE = " LIMIT %s OFFSET %s"


class Reader(Protocol):
    def begin(self, query: str, values: Sequence[Any]) -> list[Row]:
        """Opens a snapshot and runs its first SELECT."""

    def run(self, query: str, values: Sequence[Any]) -> list[Row]:
        """Runs one SELECT."""

    def commit(self) -> None:
        """Ends the snapshot."""


class SQLiteReader:
    """On a connection of the sqlite3 module."""

    def __init__(self, connection: Any) -> None:
        cursor = connection.cursor()
        self._execute = cursor.execute
        self._fetch = cursor.fetchall

    def begin(self, query: str, values: Sequence[Any]) -> list[Row]:
        self._execute(BEGIN_SNAPSHOT["sqlite"])
        return self.run(query, values)

    def run(self, query: str, values: Sequence[Any]) -> list[Row]:
        self._execute(turn_placeholders(query), values)
        rows: list[Row] = self._fetch()
        return rows

    def commit(self) -> None:
        self._execute("COMMIT")


class PostgreSQLReader:
    """On a connection of psycopg. A statement that comes again and again is prepared (if the connection
    allows it), so that PostgreSQL plans it once.

    One plan for all values must be as good as one for these. So the numbers of a page stand in the text, and
    a statement about a span of time is not prepared: how many rows that is decides its plan.
    """

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self._connection = connection
        self._cursor = psycopg.Cursor(connection)
        self._planned = psycopg.ClientCursor(connection)
        self._rows = Transformer(connection)

    def begin(self, query: str, values: Sequence[Any]) -> list[Row]:
        """In one round trip where the statement has no values, as that for the revisions."""
        if values:
            self._tell(BEGIN_SNAPSHOT["postgresql"])
            return self.run(query, values)
        result = self._tell(f"{BEGIN_SNAPSHOT['postgresql']}; {query}")
        self._rows.set_pgresult(result)
        return self._rows.load_rows(0, result.ntuples, tuple)

    def run(self, query: str, values: Sequence[Any]) -> list[Row]:
        if query.endswith(_PAGE):
            *values, limit, offset = values
            query = f"{query[: -len(_PAGE)]} LIMIT {int(limit)} OFFSET {int(offset)}"
        for value in values:
            if value.__class__ is datetime:
                return self._planned.execute(query.encode(), values).fetchall()
        return self._cursor.execute(query.encode(), values).fetchall()

    def commit(self) -> None:
        self._tell("COMMIT")

    def _tell(self, text: str) -> PGresult:
        """Runs a text without values by libpq's own call, which takes half the time of a cursor's."""
        result = self._connection.pgconn.exec_(text.encode())
        if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
            raise psycopg.OperationalError(result.error_message.decode("utf-8", "replace"))
        return result


class CountedReader:
    """On Django's cursor, for a test that reads its log of statements."""

    def __init__(self, store: Any) -> None:
        self._cursor = store.cursor()
        self._begin = BEGIN_SNAPSHOT[store.vendor]

    def begin(self, query: str, values: Sequence[Any]) -> list[Row]:
        self._cursor.execute(self._begin)
        return self.run(query, values)

    def run(self, query: str, values: Sequence[Any]) -> list[Row]:
        self._cursor.execute(query, values)
        rows: list[Row] = self._cursor.fetchall()
        return rows

    def commit(self) -> None:
        self._cursor.execute("COMMIT")
