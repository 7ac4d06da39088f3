"""One import at a time: whoever brings records in holds the lock of the shop's folder while it works."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings


class ImportBusy(Exception):
    """Another import holds the lock; the sentence says so."""

    def __str__(self) -> str:
        return "Another import is running; try again when it has ended."


@contextmanager
def hold_import_lock() -> Iterator[Path]:
    """The shop's folder, on whose disk scratch files belong. Raises ImportBusy."""
    home = Path(settings.TILLROLL_HOME)
    home.mkdir(parents=True, exist_ok=True)
    with (home / "import.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ImportBusy from None
        yield home
