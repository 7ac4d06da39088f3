"""What was read of the source, row by row: which member each row belongs to, and a digest of the row.

It lies in a file beside the store, not in it: it can be lost, and then all is read anew. A mark tells whether
it is of the store's present state: the store is written first, under a mark that the ledger was told before.
"""

import json
import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tillroll.access.digests import digest_token
from tillroll.intake.mirror.layouts import LAYOUTS, Layout
from tillroll.shop.statements import cut

BLOCK_BITS = 10
"""Rows are compared by blocks of 2^10 = 1,024 ids."""

BATCH = 500

_NUMBERS = {layout.name: number for number, layout in enumerate(LAYOUTS)}


class Line(NamedTuple):
    """A row of the source, as the ledger has it."""

    id: int
    owner: int
    digest: int


def get_digest(layout: Layout) -> Callable[[bytes], int]:
    """What tells one state of a row from another by its text: the CRC-32, which the source can sum up. Of a
    secret nothing may be told from it."""
    return _digest_secret if layout.is_secret else zlib.crc32


def _digest_secret(text: bytes) -> int:
    return int(digest_token(text.decode("utf-8", "replace"))[:12], 16)


def remove_database(path: Path) -> None:
    """A file of SQLite's with what belongs to it: a file of changes that is left behind would be taken for
    the next one's."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
        path.with_name(name).unlink(missing_ok=True)


class Ledger:
    """The file, and the transaction that one round writes in it."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
            "CREATE TABLE IF NOT EXISTS line (layout INTEGER, id INTEGER, owner INTEGER, digest INTEGER,"
            " PRIMARY KEY (layout, id)) WITHOUT ROWID;"
            "CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
        )

    def close(self) -> None:
        self._database.close()

    def write(self, tell: Callable[["Ledger"], None]) -> None:
        """What is told is entered whole or not at all."""
        self._database.execute("BEGIN")
        try:
            tell(self)
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def get_fact(self, name: str, default: Any = None) -> Any:
        found = self._database.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return json.loads(found[0]) if found else default

    def set_fact(self, name: str, value: Any) -> None:
        self._database.execute("REPLACE INTO fact VALUES (?, ?)", (name, json.dumps(value)))

    def put(self, layout: Layout, lines: Iterable[Line]) -> None:
        number = _NUMBERS[layout.name]
        self._database.executemany(
            "REPLACE INTO line VALUES (?, ?, ?, ?)", [(number, *line) for line in lines]
        )

    def remove(self, layout: Layout, ids: Iterable[int]) -> None:
        number = _NUMBERS[layout.name]
        self._database.executemany(
            "DELETE FROM line WHERE layout = ? AND id = ?", [(number, id_) for id_ in ids]
        )

    def find(self, layout: Layout, ids: Collection[int]) -> dict[int, Line]:
        """The lines of some rows."""
        found: dict[int, Line] = {}
        for some in cut(ids, BATCH):
            found.update(self._select(layout, f"id IN ({', '.join('?' * len(some))})", some))
        return found

    def list_blocks(self, layout: Layout, blocks: Iterable[int]) -> dict[int, Line]:
        """All lines of some blocks."""
        found: dict[int, Line] = {}
        for block in blocks:
            bounds = (block << BLOCK_BITS, (block + 1) << BLOCK_BITS)
            found.update(self._select(layout, "id >= ? AND id < ?", bounds))
        return found

    def list_all(self, layout: Layout) -> dict[int, Line]:
        return dict(self._select(layout, "TRUE", ()))

    def sum_blocks(self, layout: Layout) -> Mapping[int, tuple[int, int]]:
        """Of each block how many rows it has, and the sum of their digests."""
        rows = self._database.execute(
            f"SELECT id >> {BLOCK_BITS}, COUNT(*), SUM(digest) FROM line WHERE layout = ? GROUP BY 1",  # noqa: S608 (own names)
            (_NUMBERS[layout.name],),
        )
        return {block: (count, total) for block, count, total in rows}

    def count(self, layout: Layout) -> int:
        """How many rows of a layout are known."""
        found = self._database.execute("SELECT COUNT(*) FROM line WHERE layout = ?", (_NUMBERS[layout.name],))
        return int(found.fetchone()[0])

    def get_last_id(self, layout: Layout) -> int:
        found = self._database.execute(
            "SELECT MAX(id) FROM line WHERE layout = ?", (_NUMBERS[layout.name],)
        ).fetchone()
        return found[0] or 0

    def _select(self, layout: Layout, where: str, values: Collection[int]) -> Iterator[tuple[int, Line]]:
        for row in self._database.execute(
            f"SELECT id, owner, digest FROM line WHERE layout = ? AND {where}",  # noqa: S608 (own names)
            (_NUMBERS[layout.name], *values),
        ):
            yield row[0], Line(*row)
