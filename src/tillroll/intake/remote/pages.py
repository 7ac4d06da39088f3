"""What was read of another shop so far, in a file of the shop's folder: a pull that broke off goes on from
it.

Records are kept as they came, under a key of their own, so that pages may overlap. A page and the place
behind it are written at once: a process that is killed has lost one page.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from django.utils import timezone

FRESH_FOR = timedelta(days=1)
"""What was read longer ago is read again: much may have changed since."""


class Place(NamedTuple):
    """How far a list was read: the rows passed by, or the cursor, and how many are asked for at once.

    A list that did not come out whole is read in another `round`.
    """

    number: int
    round: int = 1
    offset: int = 0
    cursor: str = ""
    is_read: bool = False
    is_checked: bool = False


class Record(NamedTuple):
    key: str
    body: bytes


class Pages:
    """The file; `with` closes it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT);"
            "CREATE TABLE IF NOT EXISTS record (list TEXT, key TEXT, round INTEGER, body BLOB,"
            " PRIMARY KEY (list, key)) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS place (list TEXT PRIMARY KEY, number INTEGER, round INTEGER,"
            " passed INTEGER, cursor TEXT, is_read INTEGER, is_checked INTEGER);"
        )

    def __enter__(self) -> "Pages":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def get_fact(self, name: str) -> str | None:
        row = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str) -> None:
        self._database.execute("REPLACE INTO fact VALUES (?, ?)", (name, value))

    def get_place(self, name: str, number: int) -> Place:
        """Where to go on with a list; its beginning with `number` rows at once where nothing was read."""
        row = self._database.execute(
            "SELECT number, round, passed, cursor, is_read, is_checked FROM place WHERE list = ?", (name,)
        ).fetchone()
        return Place(*row[:4], *map(bool, row[4:])) if row else Place(number)

    def put(self, name: str, place: Place, records: Iterable[Record] = ()) -> None:
        """Keeps the records of a page, and where to go on behind it."""
        self._database.execute("BEGIN")
        self._database.executemany(
            "REPLACE INTO record VALUES (?, ?, ?, ?)",
            [(name, record.key, place.round, record.body) for record in records],
        )
        self._database.execute("REPLACE INTO place VALUES (?, ?, ?, ?, ?, ?, ?)", (name, *place))
        self._database.execute("COMMIT")

    def has_any(self) -> bool:
        """Whether any list was begun."""
        return self._database.execute("SELECT 1 FROM place LIMIT 1").fetchone() is not None

    def drop_before(self, name: str, number: int) -> None:
        """Forgets what an earlier round had read and the last one did not find again."""
        self._database.execute("DELETE FROM record WHERE list = ? AND round < ?", (name, number))

    def count(self, name: str, number: int) -> int:
        """How many records of a list a round has read."""
        return int(
            self._database.execute(
                "SELECT COUNT(*) FROM record WHERE list = ? AND round = ?", (name, number)
            ).fetchone()[0]
        )

    def has_all(self, name: str, number: int, records: Sequence[Record]) -> bool:
        """Whether a round has read all of some records already."""
        find = "SELECT 1 FROM record WHERE list = ? AND key = ? AND round = ?"
        return all(self._database.execute(find, (name, record.key, number)).fetchone() for record in records)

    def get_body(self, name: str, key: str) -> bytes | None:
        """One record, as it came; None where none was read under that key."""
        find = "SELECT body FROM record WHERE list = ? AND key = ?"
        row = self._database.execute(find, (name, key)).fetchone()
        return None if row is None else bytes(row[0])

    def list_records(self, name: str, *, at_least: int = 1) -> Iterator[Record]:
        """The records of a list, of some round on."""
        find = "SELECT key, body FROM record WHERE list = ? AND round >= ? ORDER BY key"
        with closing(self._database.execute(find, (name, at_least))) as found:
            for row in found:
                yield Record(*row)

    def list_bodies(self, name: str, *, at_least: int = 1) -> Iterator[bytes]:
        """The same without their keys."""
        return (record.body for record in self.list_records(name, at_least=at_least))


def is_fresh(began_at: str | None) -> bool:
    """Whether what was begun then, in ISO form, may be gone on with."""
    if not began_at:
        return False
    age = timezone.now() - datetime.fromisoformat(began_at)
    return timedelta() <= age < FRESH_FOR
