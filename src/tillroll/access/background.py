"""What a worker does behind its answers: a thread that runs each job once a second, and once more at the end.

A worker process of granian ends without atexit, but runs multiprocessing's finalizers.
"""

import atexit
import logging
import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.util import Finalize

from django.conf import settings
from django.db import close_old_connections

logger = logging.getLogger(__name__)


class Background:
    """One thread for all jobs. A job takes whether this is its last run, and may fail: it says so in the
    log and runs again."""

    def __init__(self, name: str = "background") -> None:
        self._name = name
        self._jobs: list[Callable[[bool], None]] = []
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._is_started = False

    def add(self, job: Callable[[bool], None]) -> None:
        self._jobs.append(job)

    def start(self) -> None:
        """Starts the thread, once a process."""
        if self._is_started:
            return
        with self._lock:
            if not self._is_started:
                self._is_started = True
                self._start()

    def wake(self) -> None:
        """Runs the jobs now."""
        self._wake.set()

    def run(self, is_last: bool = False) -> None:
        """Runs each job once, in the caller's thread."""
        for job in self._jobs:
            try:
                job(is_last)
            except Exception:
                logger.exception("A job behind the answers failed; it is tried again.")

    def _start(self) -> None:
        threading.Thread(target=self._loop, name=self._name, daemon=True).start()
        Finalize(None, self.run, (True,), exitpriority=10)
        atexit.register(self.run, True)

    def _loop(self) -> None:
        while True:
            self._wake.wait(settings.LOG_FLUSH_SECONDS)
            self._wake.clear()
            self.run()
            close_old_connections()


background = Background()


def start_in_worker() -> None:
    """Starts the jobs where this process is one of a server's workers, before it is asked anything."""
    if multiprocessing.parent_process() is not None:
        background.start()
