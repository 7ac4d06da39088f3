"""How the processes of one machine know, without asking SQLite, that nothing was written.

Two numbers in a file that all of them map into memory: how many writes were begun, and up to which one they
are done. A write raises the first while it holds the database's write lock, before anything can be seen of
it, and the second when it is over. While both are the same and what they were when something was read, it
still holds. A writer that was killed leaves them apart: everybody asks the database, until the next write.

The file lies beside the database, and asks of the folder no more than SQLite's own shared memory does.
"""

import mmap
import os
import struct
from contextlib import suppress
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from django.db import connection, transaction

_SIZE = 16
_SUFFIX = "-beacon"


class Beacon:
    """The two numbers of one database; without a file that can be mapped there are none."""

    def __init__(self, path: Path | None) -> None:
        self._cells: memoryview | None = None
        if path is not None:
            with suppress(OSError, ValueError):  # a file that is too short can't be mapped
                self._cells = _map(path)

    def read(self) -> int:
        """The number of the last write when none is under way; 0 when it can't be told."""
        cells = self._cells
        if cells is None:
            return 0
        begun: int = cells[0]
        return begun if cells[1] == begun else 0

    def begin(self) -> int:
        """A write that holds the database's write lock begins; what it is to end with."""
        if self._cells is None:
            return 0
        self._cells[0] += 1
        number: int = self._cells[0]
        return number

    def end(self, number: int) -> None:
        """That write is over, committed or rolled back."""
        if self._cells is not None and number > self._cells[1]:
            self._cells[1] = number


def _map(path: Path) -> memoryview:
    if not path.exists():
        _make(path)
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        return memoryview(mmap.mmap(descriptor, _SIZE)).cast("Q")
    finally:
        os.close(descriptor)


def _make(path: Path) -> None:
    """Puts a whole file in its place at once: of two that make one, both then use the first. Whoever may
    write the database may write it."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}-") as file:
        file.write(struct.pack("=QQ", 1, 1))
        file.flush()
        with suppress(OSError):
            own = path.with_name(path.name.removesuffix(_SUFFIX)).stat()
            os.fchmod(file.fileno(), own.st_mode & 0o666)
            os.fchown(file.fileno(), own.st_uid, own.st_gid)
        with suppress(FileExistsError):
            os.link(file.name, path)


_opened: dict[str, Beacon] = {}


def get_beacon(store: Any = connection) -> Beacon:
    """The beacon of the shop's database, which `store` is a connection to: one that tells nothing where that
    is not an SQLite file."""
    name = store.settings_dict["NAME"]
    beacon = _opened.get(name)
    if beacon is None:
        is_file = store.vendor == "sqlite" and "memory" not in str(name)
        beacon = _opened[name] = Beacon(_get_path(str(name)) if is_file else None)
    return beacon


def _get_path(name: str) -> Path:
    """Beside the file itself, as SQLite's own: a link to it is the same database."""
    return Path(f"{Path(name).resolve()}{_SUFFIX}")


def begin_write() -> int:
    """Raises the beacon inside a write's transaction, until that is committed; what it ends with, for one
    that is rolled back."""
    beacon = get_beacon()
    number = beacon.begin()
    if number:
        transaction.on_commit(partial(beacon.end, number), robust=True)
    return number


def settle() -> None:
    """Puts a beacon right that a killed writer left raised."""
    with transaction.atomic():
        begin_write()
