"""`tillroll worker`: the process that does what pages leave to it, and how `tillroll serve` keeps one beside
it."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType

import click

from tillroll.cli.refusals import Refusal
from tillroll.cli.stores import hold_for_serving, migrate_stores, set_up

logger = logging.getLogger(__name__)

RESTART_SECONDS = 2.0
"""How long after its end a worker is started again."""

STOP_SECONDS = 30
"""How long a stopping worker may take to undo what it was at, before it is killed."""

STANDBY_SECONDS = 1.0
"""How often a server's worker looks whether the one that has the folder is gone."""

_COMMAND = (sys.executable, "-c", "from tillroll.cli import main; main()", "worker", "--beside")


@click.command(short_help="Do what the back office leaves to a worker, such as imports.")
@click.option("--beside", type=int, metavar="PID", help="The server that it belongs to; `serve` gives it.")
def worker(beside: int | None) -> None:
    """Do what the back office leaves to a worker, such as imports, until it is told to stop.

    `tillroll serve` starts one by itself; this is for `serve --no-worker`. A folder has one worker. An import
    that is stopped is undone.
    """
    set_up()
    from django.db import connections

    from tillroll.intake.worker import WorkerBusy, WorkerStopped, hold_worker_lock, work

    is_stopped = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_stopped
        if not is_stopped:
            is_stopped = True
            raise WorkerStopped(0)

    def is_wanted() -> bool:
        return not is_stopped and (beside is None or os.getppid() == beside)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with suppress(WorkerStopped), ExitStack() as stack:
        if beside is None:
            migrate_stores()
        stack.enter_context(hold_for_serving())
        stack.callback(connections.close_all)
        while is_wanted():
            try:
                stack.enter_context(hold_worker_lock())
            except WorkerBusy as error:
                if beside is None:
                    raise Refusal(
                        "A worker runs in this folder already; `tillroll serve --no-worker` starts none."
                    ) from error
                time.sleep(STANDBY_SECONDS)
                continue
            work(is_wanted)


@contextmanager
def run_beside() -> Iterator[None]:
    """Keeps a worker process for as long as the block lasts."""
    keeper = _Keeper()
    keeper.start()
    try:
        yield
    finally:
        keeper.end()


class _Keeper:
    """A thread that starts a worker, and another one when it ended by itself."""

    def __init__(self) -> None:
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._thread = threading.Thread(target=self._keep, name="worker keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Stops the worker and waits for it; nothing in a process that was forked from the one that began."""
        if os.getpid() != self._owner:
            return
        self._ending.set()
        with self._lock:
            process = self._process
        if process is not None:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join()

    def _keep(self) -> None:
        while True:
            with self._lock:
                if self._ending.is_set():
                    return
                self._process = subprocess.Popen(  # noqa: S603 (this very program)
                    [*_COMMAND, str(self._owner)], stdin=subprocess.DEVNULL
                )
            code = self._process.wait()
            if self._ending.is_set():
                return
            if code:
                logger.warning("The worker ended (%s); it is started again.", code)
            # without a fault it was told to end, as a supervisor tells all processes of a server at once
            self._ending.wait(RESTART_SECONDS if code else STOP_SECONDS)
