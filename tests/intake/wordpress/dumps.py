"""Dumps for tests, and what a reader gives for them as plain lists."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from tillroll.intake.wordpress.dump import DumpReader, Row

HEADER = """\
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40014 SET @OLD_UNIQUE_CHECKS=@@UNIQUE_CHECKS, UNIQUE_CHECKS=0 */;
"""

FOOTER = """\
/*!40014 SET UNIQUE_CHECKS=@OLD_UNIQUE_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
"""

TABLE = "CREATE TABLE `t` (`a` int(11) NOT NULL, `b` text, PRIMARY KEY (`a`));\n"
"""A table of two columns, so that a test can say its INSERT alone."""


def read(
    dump: str | bytes, piece: int = 1 << 18, wants: Callable[[str], bool] = lambda _: True
) -> tuple[DumpReader, list[tuple[str, tuple[str, ...], list[Row]]]]:
    """The reader at its end, and the rows of each table in a row of batches with the same columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "shop.sql"
        path.write_bytes(dump if isinstance(dump, bytes) else dump.encode())
        reader = DumpReader(path, wants=wants, piece=piece)
        tables: list[tuple[str, tuple[str, ...], list[Row]]] = []
        for table, rows in reader:
            if not tables or tables[-1][:2] != (table.name, table.columns):
                tables.append((table.name, table.columns, []))
            tables[-1][2].extend(rows)
        return reader, tables


def read_rows(dump: str | bytes, piece: int = 1 << 18) -> list[Row]:
    """All rows of all tables, in the dump's order."""
    return [row for _, _, rows in read(dump, piece)[1] for row in rows]
