"""From round to round: what comes when, what a failure leads to, and how a mirror begins or goes on."""

import fcntl
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import Error as StoreError
from django.db import close_old_connections
from django.utils import timezone

from tillroll.databases import get_reason
from tillroll.intake.apply import ApplyError
from tillroll.intake.mirror.address import Address
from tillroll.intake.mirror.connection import Database, Snapshot, SourceProblem
from tillroll.intake.mirror.copying import Copied, OnProgress, adopt_ledger, copy
from tillroll.intake.mirror.ledger import Ledger, remove_database
from tillroll.intake.mirror.record import note_bad
from tillroll.intake.mirror.rounds import Round, run_round
from tillroll.intake.mirror.tables import Tables, Wanted, list_tables, want
from tillroll.intake.wordpress.shops import ShopChoiceError, choose_shop, find_shops
from tillroll.shop.models import Mirror
from tillroll.shop.revision import StoreBusy
from tillroll.shop.services import get_mirror

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 300.0
"""Seconds between two tries, however often they failed."""

GENTLE = 3.0
"""A source that takes long to answer gets a pause of so many times its round, at least."""

Wait = Callable[[float], bool]
"""Waits for some seconds; True when it is to end."""


class MirrorRefused(Exception):
    """A mirror can't be begun; the sentence says why."""


@dataclass(frozen=True)
class Plan:
    """How a mirror goes. Seconds from round to round, and from one thorough round to the next."""

    address: Address
    prefix: str | None
    every: float
    thorough_every: float
    is_afresh: bool = False


@contextmanager
def hold_folder() -> Iterator[Path]:
    """The folder of what a mirror keeps beside the store, which one process may use."""
    folder: Path = settings.TILLROLL_HOME / "mirror"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise MirrorRefused("Another process follows the source already; end that first.") from None
        yield folder


class Follower:
    """One mirror and its source."""

    def __init__(self, plan: Plan, folder: Path, on_progress: OnProgress) -> None:
        self._plan = plan
        self._folder = folder
        self._on_progress = on_progress
        self._database = Database(plan.address)
        self._wanted: Wanted | None = None
        self._must_copy = plan.is_afresh
        self._has_followed = False

    def follow(self, wait: Wait, on_round: Callable[[Round | Copied], None]) -> None:
        """Goes on until `wait` says that it is to end. A failure is noted and tried again, later and
        later."""
        failures = 0
        while True:
            try:
                done = self.run()
            except SourceProblem as problem:
                failures += 1
                pause = self._get_pause(failures)
                logger.warning("%s The next try is in %.0f s.", problem, pause)
            else:
                failures = 0
                on_round(done)
                pause = self._plan.every
                if isinstance(done, Round):
                    pause = max(pause, done.seconds * GENTLE)
            if wait(pause):
                self._database.close()
                return

    def _get_pause(self, failures: int) -> float:
        return min(max(self._plan.every, 1.0) * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE)

    def run(self, *, is_thorough: bool = False) -> Round | Copied:
        """One round, or the copy with which all begins. Raises SourceProblem, which is noted."""
        close_old_connections()  # the store may have been away since the last round
        try:
            with self._explain():
                return self._run(is_thorough=is_thorough)
        except SourceProblem as problem:
            _note(problem)
            raise

    @contextmanager
    def _explain(self) -> Iterator[None]:
        """What keeps a round from its end, as a SourceProblem: the next round tries again. A ledger that is
        damaged is thrown away: all is copied anew."""
        try:
            yield
        except (SourceProblem, MirrorRefused):
            raise
        except (ApplyError, StoreBusy) as error:
            raise SourceProblem(str(error)) from error
        except ValidationError as error:
            what = f"The source's settings can't be taken over: {' '.join(error.messages)}"
            raise SourceProblem(what) from error
        except StoreError as error:
            raise SourceProblem(f"The records can't be written: {get_reason(error)}.") from error
        except (sqlite3.Error, OSError) as error:
            what = f"What the mirror keeps in {self._folder} can't be used: {error}."
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                remove_database(self._folder / "ledger.sqlite3")
            raise SourceProblem(what) from error
        except Exception as error:
            logger.exception("A round of the mirror failed.")
            raise SourceProblem(
                f"A round failed in a way that nobody foresaw ({type(error).__name__}: {error});"
                " the log has more."
            ) from error

    def _run(self, *, is_thorough: bool) -> Round | Copied:
        if self._wanted is None:
            with self._database.snapshot() as snapshot:
                self._wanted = choose(snapshot, self._plan.address, self._plan.prefix)
        wanted = self._wanted
        mirror = get_mirror()
        if mirror is None and self._has_followed:
            raise MirrorRefused("The mirror was ended: the records are this shop's own now.")
        self._has_followed = mirror is not None
        if mirror is None or self._must_copy or not self._knows(mirror):
            copied = copy(
                self._database, wanted, self._folder, every=self._plan.every, on_progress=self._on_progress
            )
            self._must_copy, self._has_followed = False, True
            return copied
        due = mirror.checked_at + timedelta(seconds=self._plan.thorough_every)
        with closing(Ledger(self._folder / "ledger.sqlite3")) as ledger:
            return run_round(
                self._database,
                ledger,
                wanted,
                mirror,
                self._folder,
                every=self._plan.every,
                is_thorough=is_thorough or timezone.now() >= due or mirror.checked_at > timezone.now(),
            )

    def _knows(self, mirror: Mirror) -> bool:
        """Whether what is kept beside the store is of the state that the store has, and of this source."""
        for path in (self._folder / "ledger.sqlite3", self._folder / "copy" / "joined-ledger.sqlite3"):
            if not path.exists():
                continue
            with closing(Ledger(path)) as ledger:
                marks = {ledger.get_fact("mark"), ledger.get_fact("pending")}
                form = ledger.get_fact("form", {})
            is_known = form.get("address") == str(self._plan.address) and mirror.mark in marks
            if is_known and mirror.mark:
                if path.parent.name == "copy":
                    adopt_ledger(self._folder)
                return True
        return False


def _note(problem: SourceProblem) -> None:
    """Where the shop's staff can see it, unless it is the store itself that is away."""
    try:
        note_bad(problem)
    except StoreError:
        logger.warning("What is wrong can't be noted in the store.")


def choose(snapshot: Snapshot, address: Address, prefix: str | None) -> Wanted:
    """The shop of a database that is followed. Raises SourceProblem for one that a mirror can't follow."""
    try:
        shop = choose_shop(str(address), find_shops(list_tables(snapshot)), prefix)
    except ShopChoiceError as error:
        raise SourceProblem(str(error)) from error
    wanted = want(shop)
    if missing := Tables(snapshot, wanted).list_missing():
        raise SourceProblem(
            f"{address} is not the whole shop: {', '.join(missing)} missing,"
            f" or not to be read by {address.user}."
        )
    return wanted
