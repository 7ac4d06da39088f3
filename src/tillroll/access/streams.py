"""Places for answers that are sent as they are read.

Whoever reads such an answer slowly holds a thread of the worker. So all of them, long lists of the API and
files of the back office alike, take their places from one pool, which leaves a thread for everybody else.
"""

import threading
import weakref

from django.conf import settings

COUNT = max(settings.WORKER_THREADS - 1, 1)
"""How many are sent at once, in each worker: one less than its threads, and one where there is but one."""


class Place:
    """A place that was taken. It goes back once: when it is given back, at the latest when it is dropped with
    an answer that was never begun."""

    def __init__(self, places: threading.BoundedSemaphore) -> None:
        self._finalizer = weakref.finalize(self, places.release)
        self._finalizer.atexit = False

    def give_back(self) -> None:
        self._finalizer()


class Places:
    """A pool of places, which all threads of a worker share."""

    def __init__(self, count: int) -> None:
        self._places = threading.BoundedSemaphore(count)

    def take(self) -> Place | None:
        """A place; None where all are taken: nobody waits for one, since waiting holds a thread too."""
        return Place(self._places) if self._places.acquire(blocking=False) else None


streams = Places(COUNT)
