"""The source's database, read and never written: short snapshots, in which all tables are of one moment.

A row comes as one text, its values joined by a separator. So the server's CRC-32 of a row is ours, and a row
costs a split instead of a conversion for each value: four times as fast.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pymysql
from pymysql.constants import CR, ER
from pymysql.converters import encoders

from tillroll.intake.mirror.address import Address, AddressError
from tillroll.intake.wordpress.rows import Row

logger = logging.getLogger(__name__)

SEPARATOR, NULL, ROW_SEPARATOR = "\x1f", "\x1e", b"\x1d"
"""Between values, in a place without one, and between rows: control characters of ASCII that no keyboard
writes. Rows in whose values a separator stands are read once more, value by value."""

_NULL = NULL.encode()

LONGEST_PAGE = 1 << 24
"""Bytes of the rows that the source joins at the most: what a server sends at once by default."""

CONNECT_SECONDS, READ_SECONDS = 10, 180
"""How long a source may take to let us in, and to answer one statement."""

_AWAY = (
    CR.CR_CONNECTION_ERROR, CR.CR_CONN_HOST_ERROR, CR.CR_SERVER_GONE_ERROR, CR.CR_SERVER_LOST, 1040, 1053,
    1203, 1927, 3159,
)  # fmt: skip
_REFUSED = (
    ER.ACCESS_DENIED_ERROR, ER.DBACCESS_DENIED_ERROR, ER.TABLEACCESS_DENIED_ERROR,
    ER.COLUMNACCESS_DENIED_ERROR, ER.BAD_DB_ERROR, 1130, 1129, 1698, 1820, 1862, 2061,
)  # fmt: skip
_CHANGED = (ER.NO_SUCH_TABLE, ER.BAD_FIELD_ERROR)


class SourceProblem(Exception):
    """The source can't be followed now. The text is for the shop's staff, `trouble` is for anybody, `code` is
    what a command ends with."""

    trouble = "A round of the mirror failed."
    code = 1


class SourceAway(SourceProblem):
    """It does not answer, or not in time: it is asked again."""

    trouble = "The mirror's source can't be reached."
    code = 3


class SourceRefuses(SourceProblem):
    """It lets us not in, or not read."""

    trouble = "The mirror's source refuses its reader."
    code = 4


class SourceChanged(SourceProblem):
    """Its tables are not those that are known."""

    trouble = "The mirror's source has changed its tables."
    code = 5


class Columns(NamedTuple):
    """What is read of a table: its full name, the columns wanted, and of these the ones that exist, those of
    them that may be NULL, and those whose text is not kept as UTF-8."""

    table: str
    wanted: tuple[str, ...]
    present: frozenset[str]
    nullable: frozenset[str]
    foreign: frozenset[str] = frozenset()

    @property
    def values(self) -> str:
        return ", ".join(f"CAST({self._write(name)} AS BINARY)" for name in self.wanted)

    @property
    def text(self) -> str:
        """A row as one text of UTF-8, whatever character sets its columns have: bytes, since what a server
        keeps as such a text need not be one. NULL where it is longer than the server sends."""
        return f"CAST(CONCAT_WS(0x1F, {', '.join(map(self._write, self.wanted))}) AS BINARY)"

    @property
    def sum(self) -> str:
        """The sum of the rows' digests."""
        return f"SUM(COALESCE(CRC32({self.text}), 0))"

    @property
    def places(self) -> frozenset[int]:
        """Where among the values there may be none."""
        return frozenset(
            place
            for place, name in enumerate(self.wanted)
            if name.lower() in self.nullable or name.lower() not in self.present
        )

    def _write(self, name: str) -> str:
        if name.lower() not in self.present:
            return "0x1E"
        value = f"t.`{name}`"
        if name.lower() in self.foreign:
            value = f"CONVERT({value} USING utf8mb4)"
        return f"IFNULL({value}, 0x1E)" if name.lower() in self.nullable else value


Texts = list[tuple[Row, bytes]]
"""Rows, each with its text."""


class Snapshot:
    """One moment of the source."""

    def __init__(self, connection: "pymysql.connections.Connection[Any]") -> None:
        self._connection = connection
        self.queries = 0

    def run(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of a statement, values as texts."""
        self.queries += 1
        with _explain(), self._connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return list(cursor.fetchall())

    def read(self, columns: Columns, where: str, values: Sequence[object] = (), order: str = "") -> Texts:
        """Rows that fulfil a condition, each with its text."""
        behind = f" FROM `{columns.table}` t WHERE {where}{order}"
        texts = [text for (text,) in self.run(f"SELECT {columns.text}{behind}", values)]
        rows = _split(columns, texts) if None not in texts else None
        if rows is not None:
            return rows
        return [
            (_put_nulls(tuple(map(_decode, found)), columns.places), SEPARATOR.encode().join(found))
            for found in self.run(f"SELECT {columns.values}{behind}", values)
        ]

    def read_page(
        self, columns: Columns, where: str, values: Sequence[object], key: str, limit: int
    ) -> Texts:
        """The first rows by a key, with their texts. The source joins them to one text: twice as fast."""
        order = f" ORDER BY t.`{key}` LIMIT {limit}"
        page = f"SELECT {columns.text} AS r, t.`{key}` AS k FROM `{columns.table}` t WHERE {where}{order}"  # noqa: S608 (own names)
        joined_rows = "GROUP_CONCAT(r ORDER BY k SEPARATOR 0x1D)"
        ((count, length, joined),) = self.run(
            f"SELECT COUNT(*), SUM(LENGTH(r)), {joined_rows} FROM ({page}) page",  # noqa: S608 (own names)
            values,
        )
        if int(count) == 0:
            return []
        texts = (joined or b"").split(ROW_SEPARATOR)
        if len(texts) == int(count) and len(joined) == int(length or 0) + len(texts) - 1:
            rows = _split(columns, texts)
            if rows is not None:
                return rows
        return self.read(columns, where, values, order)

    def get_time(self) -> datetime:
        """What the source's own clock shows, in UTC."""
        return datetime.fromisoformat(self.run("SELECT CAST(UTC_TIMESTAMP() AS CHAR)")[0][0])


def _split(columns: Columns, texts: list[bytes]) -> Texts | None:
    """Rows by their texts; None where a separator stands in a value."""
    width, places = len(columns.wanted), columns.places
    rows: Texts = []
    for text in texts:
        row = tuple(text.decode("utf-8", "replace").split(SEPARATOR))
        if len(row) != width:
            return None
        rows.append((_put_nulls(row, places) if _NULL in text else row, text))
    return rows


def _decode(value: bytes) -> str:
    """A text with U+FFFD for what is none, as in a dump."""
    return value.decode("utf-8", "replace")


def _put_nulls(row: Row, places: frozenset[int]) -> Row:
    return tuple(None if value == NULL and place in places else value for place, value in enumerate(row))


class Database:
    """The way to the source: a connection that is made when it is needed, and again after a failure."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: pymysql.connections.Connection[Any] | None = None

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """All statements of the block see one moment. Raises SourceProblem; the connection is made anew
        then."""
        try:
            if self._connection is None or not self._connection.open:
                self._connection = self._connect()
            snapshot = Snapshot(self._connection)
            for statement in (
                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                f"SET SESSION group_concat_max_len = {LONGEST_PAGE}",
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            ):
                snapshot.run(statement)
            yield snapshot
            snapshot.run("ROLLBACK")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and connection.open:
            try:
                connection.close()
            except (pymysql.MySQLError, OSError):
                logger.debug("A connection that was lost could not be closed.")

    def _connect(self) -> "pymysql.connections.Connection[Any]":
        with _explain(self.address):
            return pymysql.connect(
                **self.address.get_options(),
                charset="utf8mb4",
                conv=dict(encoders),  # what comes is text
                connect_timeout=CONNECT_SECONDS,
                read_timeout=READ_SECONDS,
                write_timeout=READ_SECONDS,
                program_name="tillroll",
                autocommit=True,
            )


@contextmanager
def _explain(address: Address | None = None) -> Iterator[None]:
    """A driver's error as what it means for a mirror."""
    try:
        yield
    except pymysql.MySQLError as error:
        number = error.args[0] if error.args and isinstance(error.args[0], int) else 0
        text = " ".join(str(error.args[-1] if error.args else error).split()).rstrip(".")
        if number in _REFUSED:
            raise SourceRefuses(
                f"The source refuses its reader: {text}."
                " It needs the right password and SELECT on the shop's tables."
            ) from error
        if number in _CHANGED:
            raise SourceChanged(f"The source's tables are not those that are known: {text}.") from error
        if number in _AWAY or isinstance(error, pymysql.InterfaceError) or "SSL" in text:
            where = f" at {address.socket or f'{address.host}:{address.port}'}" if address else ""
            raise SourceAway(f"The source can't be reached{where}: {text}.") from error
        raise SourceProblem(f"The source can't be read: {text}.") from error
    except UnicodeError as error:
        raise SourceProblem(f"The source sends what is no text: {error}.") from error
    except AddressError as error:
        raise SourceProblem(str(error)) from error
    except OSError as error:
        raise SourceAway(f"The source can't be reached: {error.strerror or error}.") from error
    except RuntimeError as error:
        # PyMySQL's word for a method of logging in that needs a library
        raise SourceRefuses(f"The source's way of logging in is not known here: {error}.") from error


def before(moment: datetime, minutes: float) -> str:
    """A moment some minutes earlier, as MySQL writes it."""
    return f"{moment - timedelta(minutes=minutes):%Y-%m-%d %H:%M:%S}"
