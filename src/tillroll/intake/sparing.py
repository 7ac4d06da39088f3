"""Less of SQLite's file in memory while very many records pass through a connection."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_FRUGAL = {"mmap_size": "0", "temp_store": "FILE"}


@contextmanager
def spare_memory() -> Iterator[None]:
    """A file that is mapped into memory and read whole would count as ours whole, and so would what SQLite
    keeps aside while it changes half a million rows. Afterwards the connection is as it was."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        kept = {name: cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in _FRUGAL}
        if connection.in_atomic_block:
            del kept["temp_store"]  # SQLite changes it between transactions alone
        for name in kept:
            cursor.execute(f"PRAGMA {name}={_FRUGAL[name]}")
        try:
            yield
        finally:
            for name, value in kept.items():
                cursor.execute(f"PRAGMA {name}={value}")
