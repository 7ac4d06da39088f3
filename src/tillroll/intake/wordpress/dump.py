"""The rows of a MySQL dump in their order, read once from front to end in bounded memory.

A dump that breaks off must never pass for a whole one: what a dump opens (a statement, a lock, the variables
that it keeps at its top) it has to close.
"""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tillroll.intake.wordpress.rows import BATCH, Row, RowReader
from tillroll.intake.wordpress.source import DumpError, Progress, Source
from tillroll.intake.wordpress.statements import (
    InsertHead,
    TableHead,
    get_charset,
    get_database,
    get_saved,
    parse_create_table,
    peek_word,
    read_delimiter,
    read_insert,
    read_statement,
    skip_gap,
    skip_inserts,
    skip_statement,
)
from tillroll.intake.wordpress.text import PIECE, SqlText

__all__ = ["DumpError", "DumpReader", "Row", "Table", "list_tables"]

_BATCH_CHARACTERS = 1 << 22

# what mysqldump says on the error stream, where that went into the file too
_CLIENTS = ("MYSQLDUMP", "MARIADB", "WARNING")
_CLIENT_LINE = re.compile(r"(?:mysqldump|mariadb-dump|Warning): [^\n]*+\n")
_LONGEST_LINE = 1_000

_TRANSACTION = re.compile(r"START\s++TRANSACTION\b", re.IGNORECASE)

_SNIPPET = 40

_SKIPPED = re.compile(
    # what a dump may hold beside the statements that are read
    "ALTER|ANALYZE|BEGIN|CALL|CHANGE|CHECK|DEALLOCATE|DELETE|DO|DROP|EXECUTE|FLUSH|GRANT|INSTALL|OPTIMIZE|PREPARE"
    "|PURGE|RELEASE|RENAME|REPAIR|RESET|REVOKE|SAVEPOINT|SELECT|SHOW|STOP|TRUNCATE|UNINSTALL|UPDATE|WITH|XA"
)


class Table(NamedTuple):
    """A table and the columns of the rows beside it: the INSERT's own list, else the CREATE TABLE's.

    Generated columns are left out.
    """

    name: str
    columns: tuple[str, ...]


class DumpReader:
    """Iterating gives `(table, rows)`, up to BATCH rows at a time, for the tables that `wants` accepts.

    Each CREATE TABLE of such a table is given once with no rows. Raises DumpError for a file that is no dump,
    that can't be read or that breaks off: a caller must be able to take back the rows that came before.
    """

    def __init__(
        self,
        path: Path,
        *,
        wants: Callable[[str], bool],
        on_progress: Progress | None = None,
        piece: int = PIECE,
    ) -> None:
        self._path = path
        self._wants = wants
        self._on_progress = on_progress
        self._piece = piece
        self._reset()

    def _reset(self) -> None:
        self.tables_seen: list[str] = []
        """Every table with a CREATE or an INSERT so far, wanted or not, in the dump's order."""
        self.is_complete = False
        """Whether the dump was read to a proper end."""
        self.invalid_values = 0
        """Values with bytes that are not of their character set; each such byte is U+FFFD now."""
        self._columns: dict[str, TableHead] = {}
        self._generated: dict[str, frozenset[str]] = {}
        self._databases: dict[str, str | None] = {}
        self._with_rows: set[str] = set()
        self._database: str | None = None
        self._terminator = ";"
        self._rows: RowReader | None = None
        self._rows_key: tuple[object, ...] = ()
        self._is_locked = False
        self._is_in_transaction = False
        self._unrestored: set[str] = set()
        self._keeps_variables = False
        self._has_header = False
        self._has_footer = False

    def __iter__(self) -> Iterator[tuple[Table, list[Row]]]:
        self._reset()
        source = Source(self._path, self._on_progress)
        try:
            yield from self._gather(SqlText(source, self._piece))
        finally:
            source.close()

    def _gather(self, sql: SqlText) -> Iterator[tuple[Table, list[Row]]]:
        """Joins what many short INSERTs give, and keeps a batch small where the rows are large."""
        pending: list[Row] = []
        pending_table: Table | None = None
        begun = 0
        for table, rows in self._read(sql):
            if pending_table is not None and pending and (table != pending_table or not rows):
                yield pending_table, pending
                pending = []
            if not rows:
                yield table, rows
                continue
            if pending and len(pending) + len(rows) > BATCH:
                yield table, pending
                pending = []
            if not pending:
                begun = sql.characters_read
            pending_table = table
            pending.extend(rows)
            if sql.characters_read - begun > _BATCH_CHARACTERS:
                yield table, pending
                pending = []
        if pending_table is not None and pending:
            yield pending_table, pending

    def _read(self, sql: SqlText) -> Iterator[tuple[Table, list[Row]]]:
        statements = 0
        while True:
            self._note_comments(skip_gap(sql, self._terminator))
            if sql.pos == len(sql.text):
                break
            word = peek_word(sql)
            if word == "DELIMITER":
                self._terminator = read_delimiter(sql)
            elif word in ("INSERT", "REPLACE"):
                yield from self._read_insert(sql)
            elif word == "CREATE":
                yield from self._read_create(sql)
            elif word in ("SET", "LOCK", "UNLOCK", "START", "COMMIT", "ROLLBACK", "USE"):
                self._note_state(sql, word)
            elif word in _CLIENTS and (said := sql.match(_CLIENT_LINE, reach=_LONGEST_LINE)):
                sql.pos = said.end()
                continue
            elif _SKIPPED.fullmatch(word):
                skip_statement(sql, self._terminator)
            else:
                raise self._get_foreign(sql, statements)
            statements += 1
        if not statements:
            raise DumpError(f"{self._path} holds no SQL statements: nothing but blanks and comments.")
        self._check_end(sql)
        self.is_complete = True

    def _read_create(self, sql: SqlText) -> Iterator[tuple[Table, list[Row]]]:
        head = parse_create_table(read_statement(sql, self._terminator))
        if head is None:
            return
        self._note_table(sql, head)
        if head.is_if_absent and head.table in self._columns:
            return
        if head.table in self._with_rows:
            raise sql.error(f"makes the table {head.table} twice: it seems to hold two dumps")
        model = self._columns.get(head.like) if head.like else None
        if model is not None:
            head = head._replace(columns=model.columns, all_columns=model.all_columns)
        self._columns[head.table] = head
        self._generated[head.table] = frozenset(head.all_columns) - frozenset(head.columns)
        if self._wants(head.table):
            yield Table(head.table, head.columns), []

    def _read_insert(self, sql: SqlText) -> Iterator[tuple[Table, list[Row]]]:
        head = read_insert(sql, self._terminator)
        self._note_table(sql, head)
        if not self._wants(head.table):
            skip_inserts(sql, head.text, self._terminator)
            return
        if not head.has_values:
            skip_statement(sql, self._terminator)
            raise sql.error(f"fills {head.table} by an INSERT without VALUES")
        self._with_rows.add(head.table)
        reader, choices = self._get_rows(sql, head)
        generated = self._generated.get(head.table, frozenset())
        invalid = reader.invalid
        for rows in reader.read():
            self.invalid_values += reader.invalid - invalid
            invalid = reader.invalid
            columns = next(names for names in choices if len(names) == reader.width)
            if generated.isdisjoint(columns):
                yield Table(head.table, columns), rows
            else:
                yield _drop_columns(Table(head.table, columns), rows, generated)

    def _get_rows(self, sql: SqlText, head: InsertHead) -> tuple[RowReader, list[tuple[str, ...]]]:
        """What reads the INSERT's rows, and the columns that they may have: their number tells which."""
        known = self._columns.get(head.table)
        choices = [head.columns] if head.columns else [known.columns, known.all_columns] if known else []
        if not any(choices):
            raise sql.error(
                f"names no columns for the rows of {head.table}, by a CREATE TABLE or in the INSERT"
                " (dump again without --no-create-info)"
            )
        key = (head, self._terminator)
        if self._rows is None or self._rows_key != key:
            widths = tuple(map(len, choices))
            self._rows = RowReader(sql, head.table, widths, head.text, self._terminator)
            self._rows_key = key
        return self._rows, choices

    def _note_table(self, sql: SqlText, head: InsertHead | TableHead) -> None:
        database = head.database or self._database
        if head.table not in self._databases:
            self.tables_seen.append(head.table)
        first = self._databases.setdefault(head.table, database)
        if first and database and first != database and self._wants(head.table):
            names = f"{first} and {database}"
            raise sql.error(f"holds the table {head.table} of two databases ({names}): dump one of them")

    def _note_state(self, sql: SqlText, word: str) -> None:
        statement = read_statement(sql, self._terminator)
        if word == "SET":
            charset = get_charset(statement)
            if charset is not None:
                sql.use_charset(charset)
            kept, put_back = get_saved(statement)
            self._keeps_variables |= bool(kept)
            self._unrestored = (self._unrestored | kept) - put_back
        elif word == "USE":
            self._database = get_database(statement)
        elif word in ("LOCK", "UNLOCK"):
            self._is_locked = word == "LOCK"
        elif word != "START" or _TRANSACTION.match(statement):
            self._is_in_transaction = word == "START"

    def _note_comments(self, gap: str) -> None:
        if "-- " in gap:
            self._has_header |= "-- MySQL dump " in gap or "-- MariaDB dump " in gap
            self._has_footer |= "-- Dump completed" in gap

    def _check_end(self, sql: SqlText) -> None:
        missing = ""
        if self._is_locked:
            missing = "the last table is still locked"
        elif self._is_in_transaction:
            missing = "its transaction is not committed"
        elif self._unrestored and not self._has_footer:
            missing = f"what it keeps at its top (@{min(self._unrestored)}) is not put back"
        elif self._has_header and not self._keeps_variables and not self._has_footer:
            missing = "mysqldump's last line, -- Dump completed, is missing"
        elif self._terminator != ";":
            missing = "a DELIMITER is not put back"
        if missing:
            raise sql.error(f"breaks off: {missing}")

    def _get_foreign(self, sql: SqlText, statements: int) -> DumpError:
        snippet = ascii(sql.text[sql.pos : sql.pos + _SNIPPET].split("\n")[0].strip())
        if not statements:
            return DumpError(f"{self._path} holds no SQL statements: it begins with {snippet}.")
        rest = sql.text[sql.pos :]
        if rest.startswith("/*"):
            return sql.error("breaks off: a comment is not closed", len(sql.text))
        if sql.is_at_end and len(rest) < _LONGEST_LINE and self._terminator not in rest:
            return sql.error("breaks off: a statement is not ended", len(sql.text))
        return sql.error(f"holds something that is no SQL statement: {snippet}")


def _drop_columns(table: Table, rows: list[Row], names: frozenset[str]) -> tuple[Table, list[Row]]:
    """The rows without generated columns: MariaDB's dumps hold the values of those too."""
    places = [place for place, name in enumerate(table.columns) if name not in names]
    columns = tuple([table.columns[place] for place in places])
    return Table(table.name, columns), [tuple([row[place] for place in places]) for row in rows]


def list_tables(path: Path) -> list[str]:
    """The names of all tables in the dump, in its order. Reads it whole; raises what DumpReader raises."""
    reader = DumpReader(path, wants=lambda _: False)
    for _ in reader:
        pass
    return reader.tables_seen
