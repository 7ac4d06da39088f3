"""The move itself: each database in one transaction of its target, both committed at the end."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from django.db import DatabaseError, connections, transaction

from tillroll.databases import Description, get_reason
from tillroll.intake.move.source import MoveRefused, Row, Source, open_source
from tillroll.intake.move.tables import Table, list_sums, list_tables
from tillroll.intake.move.target import Target, stand_in
from tillroll.stats.reconcile import Reconciliation

OnProgress = Callable[[int, int, str], None]
"""Told how many rows of how many are done, and what is done now."""

STEP = 10_000
"""Rows from one word on the progress to the next."""


class Moved(NamedTuple):
    """`lost` counts, by table and column, the values or characters that had to do without a NUL."""

    tables: int
    rows: int
    lost: dict[str, int]


def move(
    targets: Mapping[str, Description], on_progress: OnProgress = lambda _done, _total, _label: None
) -> Moved:
    """Copies the shop's databases (by alias) to empty PostgreSQLs, and proves by counts and sums that all is
    there. The SQLite files stay as they are. Raises MoveRefused; a target is then as it was before."""
    files = {alias: _get_file(alias) for alias in targets}
    with ExitStack() as reading:
        sources = {alias: reading.enter_context(open_source(path)) for alias, path in files.items()}
        with stand_in(targets):
            return _copy_all(sources, on_progress)


def _get_file(alias: str) -> Path:
    store = connections[alias]
    if store.vendor != "sqlite":
        raise MoveRefused(
            f"The {alias} database is in PostgreSQL already; to copy it to another server, use pg_dump."
        )
    return Path(store.settings_dict["NAME"])


def _copy_all(sources: Mapping[str, Source], on_progress: OnProgress) -> Moved:
    tables = {alias: list_tables(alias) for alias in sources}
    progress = _Progress(on_progress, sources, tables)
    committed: list[str] = []
    try:
        with ExitStack() as writing:
            for alias in sources:
                writing.enter_context(transaction.atomic(using=alias, durable=True))
                transaction.on_commit(partial(committed.append, alias), using=alias)
            targets = {alias: Target(alias) for alias in sources}
            if len({target.identify() for target in targets.values()}) < len(targets):
                raise MoveRefused("--to and --logs-to name the same database; each needs one of its own.")
            for alias, target in targets.items():
                _copy(sources[alias], target, tables[alias], progress)
            if "default" in targets:
                progress.say("kept figures")
                _check_figures()
    except DatabaseError as error:
        for alias in committed:
            Target(alias).clear(tables[alias])
        raise MoveRefused(f"The target can't take the shop: {_explain(error)}") from error
    return Moved(sum(len(each) for each in tables.values()), progress.total, progress.lost)


def _copy(source: Source, target: Target, tables: list[Table], progress: "_Progress") -> None:
    target.prepare(tables)
    with target.without_indexes():
        for table in tables:
            target.copy_in(table, progress.watch(table, source.read(table, progress.count_lost(table))))
        progress.say("indexes")
    for table in tables:
        progress.say(f"{table.name}, checked")
        if table.counter:
            target.count_on(table, source.get_last_number(table))
        target.analyze(table)
        _compare(source, target, table, progress.count_lost(table))


def _compare(source: Source, target: Target, table: Table, lost: Mapping[str, int]) -> None:
    """Raises MoveRefused where a count or a sum differs, but by the NULs that were taken out."""
    here = zip(list_sums(table, "postgresql"), source.sum_up(table), target.sum_up(table), strict=True)
    for (column, expression), there, arrived in here:
        missing = lost.get(column, 0) if "OCTET_LENGTH" in expression else 0
        if arrived != there - missing:
            raise MoveRefused(
                f"{table.name} did not arrive as it was: {expression} is {arrived}, not {there - missing}."
            )


def _check_figures() -> None:
    """Raises MoveRefused where a figure that is kept beside the records is not theirs."""
    for wrong in Reconciliation():
        raise MoveRefused(
            f"{wrong.row}: {wrong.figure} is kept as {wrong.kept} and is {wrong.real};"
            " run `tillroll reconcile --repair` on the shop first."
        )


def _explain(error: DatabaseError) -> str:
    """The reason in a line, with the row and the column where PostgreSQL names them."""
    first = get_reason(error)
    context = getattr(getattr(error.__cause__, "diag", None), "context", None)
    return f"{first} ({context.partition(':')[0]})." if context else f"{first}."


class _Progress:
    """How far the move is, over both databases; and what was lost on the way."""

    def __init__(
        self, tell: OnProgress, sources: Mapping[str, Source], tables: Mapping[str, list[Table]]
    ) -> None:
        self._tell = tell
        self.total = sum(sources[alias].count_rows(table) for alias in sources for table in tables[alias])
        self._done = 0
        self._lost: dict[str, dict[str, int]] = {}

    @property
    def lost(self) -> dict[str, int]:
        return {
            f"{table}.{column}": number
            for table, columns in self._lost.items()
            for column, number in columns.items()
        }

    def count_lost(self, table: Table) -> dict[str, int]:
        return self._lost.setdefault(table.name, {})

    def say(self, label: str) -> None:
        self._tell(self._done, self.total, label)

    def watch(self, table: Table, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows as they are, counted as they pass."""
        self.say(table.name)
        number = 0
        for number, row in enumerate(rows, 1):
            yield row
            if number % STEP == 0:
                self._tell(self._done + number, self.total, table.name)
        self._done += number
