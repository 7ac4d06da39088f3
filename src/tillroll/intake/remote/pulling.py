"""`tillroll pull ADDRESS`: all that an administrator's key sees of another shop becomes this shop's records,
all or nothing.

First everything is read into a file that outlives a pull that breaks off; then it is mapped into a scratch
file; only the last step writes to the shop, in one transaction.
"""

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError
from django.utils import timezone

from tillroll.intake.apply import ApplyError
from tillroll.intake.remote.address import Address
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.credentials import Credentials
from tillroll.intake.remote.lists import NUMBER, OnRead
from tillroll.intake.remote.pace import Pace
from tillroll.intake.remote.pages import FRESH_FOR, Pages, is_fresh
from tillroll.intake.remote.reading import read_shop
from tillroll.intake.remote.refused import PullRefused, Unreached
from tillroll.intake.remote.summary import PullSummary
from tillroll.intake.remote.taking import take_over
from tillroll.intake.scratch import ImportBusy, hold_import_lock
from tillroll.shop.revision import StoreBusy

FOLDER = "pull"
_PAGES = "pages.sqlite3"


@dataclass(frozen=True)
class Wishes:
    """What a user may choose: the shop's zone where its sales do not show it, whether what an earlier pull
    read is thrown away, how many rows are asked for at once, whether orders that are in no list are asked for
    (None: where they are few), and an authority for TLS."""

    timezone: str | None = None
    is_fresh: bool = False
    number: int = NUMBER
    unlisted: bool | None = None
    ca: Path | None = None


def pull(
    address: Address,
    credentials: Credentials,
    wishes: Wishes,
    *,
    pace: Pace,
    on_progress: OnRead = lambda _done, _total, _what: None,
) -> PullSummary:
    """Takes over the shop at an address, or brings it up to date. Raises PullRefused for whatever does not
    work out; no record is changed then."""
    began = perf_counter()
    try:
        with hold_import_lock() as home:
            folder = _find_folder(home, address, credentials, wishes)
            with Pages(folder / _PAGES) as pages:
                _begin(pages)
                client = Client(address, credentials, pace, ca=wishes.ca)
                with _keeping(client, pages):
                    client.recognise()
                    read_shop(
                        client,
                        pages,
                        on_progress,
                        number=wishes.number,
                        wants_unlisted=wishes.unlisted,
                    )
                summary = take_over(
                    pages,
                    folder,
                    client,
                    zone=wishes.timezone,
                    on_step=lambda what: on_progress(0, 0, what),
                    began=began,
                )
            shutil.rmtree(folder, ignore_errors=True)
            return summary
    except (ApplyError, ImportBusy, StoreBusy) as error:
        raise PullRefused(str(error)) from error
    except ValidationError as error:
        raise PullRefused(f"The shop's settings can't be taken over: {' '.join(error.messages)}") from error
    except sqlite3.Error as error:
        raise PullRefused(f"The scratch file in {settings.TILLROLL_HOME} can't be used: {error}.") from error
    except DatabaseError as error:
        raise PullRefused(f"The records can't be written: {str(error).splitlines()[0]}.") from error


@contextmanager
def _keeping(client: Client, pages: Pages) -> Iterator[None]:
    """Says what to do about a shop that stopped answering, and lets its connection go."""
    try:
        yield
    except Unreached as error:
        kept = " What was read is kept: the same command goes on from there." if pages.has_any() else ""
        raise PullRefused(f"{error}{kept}") from None
    finally:
        client.close()


def _find_folder(home: Path, address: Address, credentials: Credentials, wishes: Wishes) -> Path:
    """Where what is read of this shop with this key is kept. What is a day old, of whichever shop, goes: it
    is full of customers."""
    above = home / FOLDER
    for old in above.glob("*"):
        if timezone.now().timestamp() - old.stat().st_mtime >= FRESH_FOR.total_seconds():
            shutil.rmtree(old, ignore_errors=True)
    name = hashlib.sha256(f"{address.home} {credentials.key or credentials.token}".encode()).hexdigest()[:16]
    folder = above / name
    if wishes.is_fresh or not _is_begun(folder):
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _is_begun(folder: Path) -> bool:
    """Whether what is kept there may be gone on with."""
    if not (folder / _PAGES).is_file():
        return False
    try:
        with Pages(folder / _PAGES) as pages:
            return is_fresh(pages.get_fact("began"))
    except sqlite3.Error:
        return False


def _begin(pages: Pages) -> None:
    if pages.get_fact("began") is None:
        pages.set_fact("began", timezone.now().isoformat())
