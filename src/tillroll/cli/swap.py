"""New files for old, all of them or none: the old ones stay as *.before-restore until the new ones are
proven.

A file is never missing in between: the old one gets a second name first, then the new one takes its first
name.
"""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from tillroll.checks.restores import SUFFIX, find_left_over
from tillroll.cli.refusals import Refusal


def put_back(home: Path) -> None:
    """Undoes a restore that broke off."""
    for old in find_left_over(home):
        place = old.with_suffix("")
        if place.exists() and place.samefile(old):
            old.unlink()  # only the second name had been given; renaming one to the other would do nothing
            continue
        _remove_journals(place)
        os.replace(old, place)


@contextmanager
def swap_files(home: Path, swaps: Mapping[Path, Path]) -> Iterator[None]:
    """Puts new files (values) in the place of old ones (keys); takes them back when the block fails.

    Refuses a database that another process has open.
    """
    for place in swaps:
        if place.suffix == ".sqlite3" and place.exists():
            _close_journal(place)
    fresh = [place for place in swaps if not place.exists()]
    try:
        for place in swaps:
            if place.exists():
                os.link(place, place.with_name(place.name + SUFFIX))
        for place, new in swaps.items():
            os.replace(new, place)
        yield
    except BaseException:
        put_back(home)
        for place in fresh:
            _remove_journals(place)
            place.unlink(missing_ok=True)
        raise
    for old in find_left_over(home):
        old.unlink()


def _close_journal(place: Path) -> None:
    """Folds the write-ahead log into its database, which works only when nobody else has it open."""
    try:
        with closing(sqlite3.connect(place, timeout=1, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        raise Refusal(f"Another process uses {place}; stop it before you restore.") from error
    except sqlite3.DatabaseError:
        _remove_journals(place)  # the old file is damaged, which may be why a backup is restored


def _remove_journals(place: Path) -> None:
    for ending in ("-wal", "-shm", "-journal"):
        place.with_name(place.name + ending).unlink(missing_ok=True)
