"""What a long list is read through: short SELECTs, with no transaction between them.

What SQLite maps and caches of its file counts as the worker's memory, and stays with the connection. So a
stream reads through a connection of its own that does neither, and is closed with it, also when the client
goes away.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections

from tillroll.eddapi.reading import Row, Run, run_alone

CACHE = 2_000
"""KiB that SQLite keeps of its file while a stream goes on: the upper pages of a few indexes."""

_FRUGAL = f"PRAGMA mmap_size=0; PRAGMA cache_size=-{CACHE}; PRAGMA query_only=1;"


class StreamReader:
    """Gives what runs a stream's SELECTs. On PostgreSQL, and inside a caller's own transaction, that is the
    thread's connection."""

    def __init__(self) -> None:
        self._own: Any = None

    def __enter__(self) -> Run:
        store = connections[DEFAULT_DB_ALIAS]
        if store.vendor != "sqlite" or store.in_atomic_block:
            return run_alone
        own = self._own = store.copy()
        own.settings_dict["OPTIONS"] = {**own.settings_dict["OPTIONS"], "init_command": _FRUGAL}
        own.inc_thread_sharing()  # a server may drop the answer in another thread than it was read in
        cursor = own.cursor()

        def run(query: str, values: Sequence[Any]) -> list[Row]:
            cursor.execute(query, values)
            rows: list[Row] = cursor.fetchall()
            return rows

        return run

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._own is not None:
            self._own.close()
