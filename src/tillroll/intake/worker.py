"""The worker: one process a host, which does what pages leave to it, one task after the other.

It says every few seconds that it is there. What another one left unfinished on this host is noted when it
begins, since nobody else works here: the lock of the folder sees to that.
"""

import fcntl
import logging
import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, close_old_connections, connections
from django.utils import timezone
from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

from tillroll.intake.host import get_host_id, get_uploads
from tillroll.intake.models import ImportRun, WorkerBeat
from tillroll.intake.runs import note_stopped
from tillroll.intake.scratch import ImportBusy, hold_import_lock

logger = logging.getLogger(__name__)

INTERVAL = 0.5
"""Seconds between two looks for a task."""

BEAT = 5.0
"""Seconds between two signs of life."""

PAUSE = 5.0
"""Seconds until a database that was away is tried again."""

KEPT_TASKS = timedelta(days=30)
"""How long tasks that ended are kept."""

OLD_UPLOAD = 24 * 3600
"""Seconds after which an upload that belongs to nothing was left by a server that was cut off."""

_worker_id = secrets.token_hex(16)
_started_at = timezone.now()


class WorkerBusy(Exception):
    """Another worker has this folder."""


class WorkerStopped(SystemExit):
    """The worker was told to end: what it does is undone, and it ends."""


def get_worker_id() -> str:
    """Of this process, for as long as it lives."""
    return _worker_id


@contextmanager
def hold_worker_lock() -> Iterator[None]:
    """Keeps other workers out of the shop's folder. Raises WorkerBusy."""
    with (Path(settings.TILLROLL_HOME) / "worker.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorkerBusy from None
        yield


def work(is_wanted: Callable[[], bool]) -> None:
    """Does tasks for as long as it `is_wanted`. The caller holds the worker's lock."""
    logging.getLogger("django_tasks").addFilter(_is_fault)
    beat = _Beat()
    has_begun = False
    try:
        while is_wanted():
            try:
                if not has_begun:
                    begin()
                    beat.start()
                    has_begun = True
                if not run_next():
                    time.sleep(INTERVAL)
            except DatabaseError:
                logger.warning("The worker can't reach its database; it tries again.", exc_info=True)
                connections.close_all()
                time.sleep(PAUSE)
    finally:
        connections.close_all()  # whatever was being said on them when the worker was told to end
        with suppress(DatabaseError):
            note_stopped(get_host_id())
        beat.end()


def _is_fault(record: logging.LogRecord) -> bool:
    """Whether a line of the log is of something else than a task that was stopped with its worker."""
    return not (record.exc_info and record.exc_info[0] is WorkerStopped)


def begin() -> None:
    """Notes that this worker is there, and what one before it left."""
    host = get_host_id()
    sign()
    note_stopped(host)
    DBTaskResult.objects.finished().filter(finished_at__lt=timezone.now() - KEPT_TASKS).delete()
    with suppress(ImportBusy), hold_import_lock() as home:
        shutil.rmtree(home / "import", ignore_errors=True)
    wanted = set(ImportRun.objects.filter(is_open=True, host=host).values_list("path", flat=True))
    for path in get_uploads().iterdir():
        if str(path) not in wanted and path.stat().st_mtime < time.time() - OLD_UPLOAD:
            path.unlink(missing_ok=True)


def run_next() -> bool:
    """Does the next task that waits for this host or for any; whether there was one."""
    close_old_connections()
    queues = ["default", get_host_id()]
    if not DBTaskResult.objects.ready().filter(queue_name__in=queues).exists():
        return False
    Worker(
        queue_names=queues,
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=1,
        worker_id=get_worker_id(),
        excluded_queue_names=[],
    ).run()
    return True


def sign() -> None:
    """Writes down that this worker is alive."""
    seen = {
        "worker": get_worker_id(),
        "name": socket.gethostname(),
        "pid": os.getpid(),
        "started_at": _started_at,
        "beat_at": timezone.now(),
    }
    WorkerBeat.objects.update_or_create(host=get_host_id(), defaults=seen)


class _Beat:
    """A thread that signs while the worker is busy."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="beat", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """The worker is gone, which pages need not find out by waiting."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(BEAT)
        with suppress(DatabaseError):
            WorkerBeat.objects.filter(worker=get_worker_id()).delete()

    def _loop(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                sign()
            except DatabaseError:
                logger.warning("The worker could not say that it is there.", exc_info=True)
                connections.close_all()
        connections.close_all()
