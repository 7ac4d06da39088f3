"""One moment of the source, in the terms of its layouts: rows with the lines that a ledger keeps of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from tillroll.intake.mirror.connection import Columns, Snapshot, SourceChanged, Texts
from tillroll.intake.mirror.layouts import Layout, Small
from tillroll.intake.mirror.ledger import BLOCK_BITS, Line, get_digest
from tillroll.intake.mirror.tables import Tables
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.values import take_whole
from tillroll.shop.statements import cut

MEMBERS = 500
"""Members that one statement names by their ids."""

BLOCKS = 64
"""Blocks of rows that one statement reads."""


class Read(NamedTuple):
    """A row and its line."""

    row: Row
    line: Line


class Reader:
    def __init__(self, snapshot: Snapshot, tables: Tables) -> None:
        self.snapshot = snapshot
        self.tables = tables

    def count(self, layout: Layout) -> int:
        """How many rows a layout has."""
        columns, where = self._find(layout)
        return int(self.snapshot.run(f"SELECT COUNT(*) FROM `{columns.table}` t WHERE {where}")[0][0])  # noqa: S608 (own names)

    def sum_blocks(self, layout: Layout) -> dict[int, tuple[int, int]]:
        """Of each block how many rows it has, and the sum of their digests, as the source counts them."""
        columns, where = self._find(layout)
        found = self.snapshot.run(
            f"SELECT t.`{layout.key}` >> {BLOCK_BITS} AS block, COUNT(*), {columns.sum}"  # noqa: S608 (own names)
            f" FROM `{columns.table}` t WHERE {where} GROUP BY block"
        )
        return {int(block): (int(count), int(total or 0)) for block, count, total in found}

    def sum_small(self, small: Small) -> list[str]:
        """How many rows a small table has, and the sum of their digests."""
        columns, where = self._find(small)
        ((count, total),) = self.snapshot.run(
            f"SELECT COUNT(*), {columns.sum} FROM `{columns.table}` t WHERE {where}"  # noqa: S608 (own names)
        )
        return [str(count), str(total or 0)]

    def read_small(self, small: Small, which: str = "TRUE") -> list[Row]:
        """The rows of a small table, all or some."""
        columns, where = self._find(small)
        return [row for row, _ in self.snapshot.read(columns, f"{where} AND {which}", order=small.order)]

    def read_blocks(self, layout: Layout, blocks: Iterable[int]) -> Iterator[Read]:
        """All rows of some blocks."""
        for some in cut(sorted(blocks), BLOCKS):
            bounds = [bound for block in some for bound in (block << BLOCK_BITS, (block + 1) << BLOCK_BITS)]
            between = f"(t.`{layout.key}` >= %s AND t.`{layout.key}` < %s)"
            yield from self.read(layout, f"({' OR '.join([between] * len(some))})", bounds)

    def read_members(self, layout: Layout, members: Iterable[int]) -> Iterator[Read]:
        """All rows that belong to some members of the layout's part."""
        yield from self._read_in(layout, layout.owner, members)

    def read_ids(self, layout: Layout, ids: Iterable[int]) -> Iterator[Read]:
        """Some rows by their own ids."""
        yield from self._read_in(layout, layout.key, ids)

    def read_next(self, layout: Layout, last: int, limit: int) -> list[Read]:
        """The rows with the next ids behind one, in order."""
        columns, where = self._find(layout)
        where = f"{where} AND t.`{layout.key}` > %s"
        return _tell(layout, columns, self.snapshot.read_page(columns, where, (last,), layout.key, limit))

    def read(self, layout: Layout, which: str, values: Sequence[object] = ()) -> list[Read]:
        """The rows of a layout that fulfil a condition."""
        columns, where = self._find(layout)
        return _tell(layout, columns, self.snapshot.read(columns, f"{where} AND {which}", values))

    def list_values(self, layout: Layout, column: str) -> list[str | None]:
        """What a column holds, each once."""
        columns, where = self._find(layout)
        found = self.snapshot.run(f"SELECT DISTINCT t.`{column}` FROM `{columns.table}` t WHERE {where}")  # noqa: S608 (own names)
        return [value for (value,) in found]

    def list_pairs(self, layout: Layout, column: str, other: str, values: Iterable[object]) -> list[Row]:
        """Two columns of the rows in which one has some of the values."""
        columns, where = self._find(layout)
        rows: list[Row] = []
        for some in cut(values, MEMBERS):
            rows += self.snapshot.run(
                f"SELECT t.`{column}`, t.`{other}` FROM `{columns.table}` t"  # noqa: S608 (own names)
                f" WHERE {where} AND t.`{column}` IN ({', '.join(['%s'] * len(some))})",
                some,
            )
        return rows

    def _read_in(self, layout: Layout, column: str, ids: Iterable[int]) -> Iterator[Read]:
        for some in cut(sorted(ids), MEMBERS):
            yield from self.read(layout, f"t.`{column}` IN ({', '.join(['%s'] * len(some))})", some)

    def _find(self, part: Layout | Small) -> tuple[Columns, str]:
        columns = self.tables.find(part)
        if columns is None:
            raise SourceChanged(f"The source has lost its table {part.table}; the records stay as they are.")
        return columns, self.tables.get_where(part).replace("%", "%%")


def _tell(layout: Layout, columns: Columns, texts: Texts) -> list[Read]:
    """Rows with their lines."""
    key, owner = (columns.wanted.index(name) for name in (layout.key, layout.owner))
    digest = get_digest(layout)
    return [
        Read(row, Line(take_whole(row[key]), take_whole(row[owner]), digest(text))) for row, text in texts
    ]
