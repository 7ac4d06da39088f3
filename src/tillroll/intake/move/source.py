"""The SQLite file that is moved: read in one transaction that keeps writers out, so that nothing is written
to it which would stay behind."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tillroll.intake.move.tables import Kind, Table, list_sums

Row = tuple[Any, ...]

WAIT_SECONDS = 5
"""How long a writer may take to end, before the move is refused."""


class MoveRefused(Exception):
    """The shop can't be moved; the message says why and what to do."""


class Source:
    """A file that stays as it is while it is read."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def count_rows(self, table: Table) -> int:
        return int(self._database.execute(f'SELECT COUNT(*) FROM "{table.name}"').fetchone()[0])

    def sum_up(self, table: Table) -> list[int]:
        expressions = ", ".join(expression for _, expression in list_sums(table, "sqlite"))
        found = self._database.execute(f'SELECT {expressions} FROM "{table.name}"').fetchone()
        return [int(value or 0) for value in found]

    def get_last_number(self, table: Table) -> int:
        """The largest number that was ever given to a record; 0 for none."""
        found = self._database.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,))
        return int((found.fetchone() or (0,))[0])

    def read(self, table: Table, lost: dict[str, int]) -> Iterator[Row]:
        """The rows of a table. PostgreSQL's texts can't hold the character NUL: it is taken out, and `lost`
        counts it by column."""
        rows = iter(self._database.execute(f'SELECT {table.column_names} FROM "{table.name}"'))
        places = self._find_nul(table)
        return (_take_out(row, table, places, lost) for row in rows) if places else rows

    def _find_nul(self, table: Table) -> list[int]:
        """The places of the columns that hold a NUL anywhere."""
        places = [
            place for place, column in enumerate(table.columns) if column.kind in (Kind.TEXT, Kind.JSON)
        ]
        if not places:
            return []
        signs = {Kind.TEXT: "CHAR(0)", Kind.JSON: r"'\u0000'"}
        tests = ", ".join(
            f'MAX(INSTR("{table.columns[place].name}", {signs[table.columns[place].kind]}))'
            for place in places
        )
        found = self._database.execute(f'SELECT {tests} FROM "{table.name}"').fetchone()
        return [place for place, at in zip(places, found, strict=True) if at]


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Keeps writers out for as long as the block lasts; readers are let in. Raises MoveRefused."""
    if not path.is_file():
        raise MoveRefused(f"There is no {path}; set TILLROLL_HOME to the folder of the shop.")
    with closing(sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)) as database:
        try:
            database.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise MoveRefused(f"Another process writes to {path}; stop it first.") from error
        try:
            yield Source(database)
        finally:
            database.rollback()


def _take_out(row: Row, table: Table, places: list[int], lost: dict[str, int]) -> Row:
    values = list(row)
    for place in places:
        column, value = table.columns[place], values[place]
        if column.kind == Kind.JSON and value is not None and r"\u0000" in value:
            values[place] = json.dumps(_clean(json.loads(value)))
            lost[column.name] = lost.get(column.name, 0) + 1
        elif column.kind == Kind.TEXT and value is not None and "\0" in value:
            values[place] = value.replace("\0", "")
            lost[column.name] = lost.get(column.name, 0) + len(value) - len(values[place])
    return tuple(values)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(each) for name, each in value.items()}
    return value
