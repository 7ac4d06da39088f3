"""The log of API requests: buffered in the worker, written in batches after the answers, never holding
anyone up.

A line names a known key by its id with copies of label and user name, an unknown one by its first six
characters; a token is never in it ([CONTRACT] Request log).
"""

import logging
import threading
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from django.conf import settings
from django.db import DataError, Error, connections, transaction

from tillroll.access.background import background

logger = logging.getLogger(__name__)

MOST_WAITING = 20_000
"""Lines kept while the logs' database can't be reached; older ones stay, further ones are counted and
dropped."""


LONGEST_TEXT = 2_000
"""Characters of a question and of an error that are kept: no client needs as many, and whoever has no key
must not fill the log."""


def shorten(text: str) -> str:
    """A text that is short enough for a line."""
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


class Line(NamedTuple):
    """One attempt, in the order of the table's columns; `at` is in UTC."""

    at: datetime
    user_id: int
    user_name: str
    key_id: int | None
    key_label: str
    key_start: str
    version: str
    endpoint: str
    question: str
    status: int
    error: str
    address: str
    milliseconds: float
    size: int


_INSERT = (
    "INSERT INTO access_requestlogentry (at, user_id, user_name, key_id, key_label, key_start, version,"
    " endpoint, question, status, error, address, milliseconds, size)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)

AT_ONCE = 100
"""Lines of one INSERT. Between two statements the writing thread has to win the interpreter back from those
that answer: an INSERT a line took a fifth of a busy worker's time."""

_INSERT_MANY = _INSERT + f", {_INSERT.partition(' VALUES ')[2]}" * (AT_ONCE - 1)


class RequestLog:
    """Lines wait here for at most LOG_FLUSH_SECONDS, or until there are LOG_FLUSH_LINES of them."""

    def __init__(self) -> None:
        self._waiting: list[Line] = []
        self._dropped = 0
        self._full_at = settings.LOG_FLUSH_LINES
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    def add(self, line: Line) -> None:
        """Takes a line; returns at once."""
        with self._lock:
            if len(self._waiting) >= MOST_WAITING:
                self._dropped += 1
                return
            self._waiting.append(line)
            full = len(self._waiting) >= self._full_at
        background.start()
        if full:
            background.wake()

    def flush(self) -> None:
        """Writes what is waiting; what can't be written waits on."""
        with self._writing:
            with self._lock:
                lines, self._waiting = self._waiting, []
            if not lines:
                return
            try:
                try:
                    _write(lines)
                except (DataError, ValueError):
                    self._write_singly(lines)
            except Error:
                logger.exception("The request log can't be written; %s lines wait.", len(lines))
                self._take_back(lines)
                return
            if self._dropped:
                logger.error("The request log dropped %s lines.", self._dropped)
                self._dropped = 0

    def _write_singly(self, lines: list[Line]) -> None:
        """One line that the store refuses must not keep the others out for ever."""
        for place, line in enumerate(lines):
            try:
                _write([line])
            except (DataError, ValueError):
                logger.exception("A line of the request log can't be written.")
                self._dropped += 1
            except Error:
                del lines[:place]
                raise

    def _take_back(self, lines: list[Line]) -> None:
        with self._lock:
            waiting = lines + self._waiting
            self._waiting = waiting[:MOST_WAITING]
            self._dropped += len(waiting) - len(self._waiting)


def _write(lines: list[Line]) -> None:
    connection = connections["logs"]
    if not connection.in_atomic_block:  # a caller's own transaction is left alone
        connection.close_if_unusable_or_obsolete()
    is_text = connection.vendor == "sqlite"
    with transaction.atomic(using="logs"), connection.cursor() as cursor:
        for start in range(0, len(lines), AT_ONCE):
            some = lines[start : start + AT_ONCE]
            rows: Sequence[tuple[Any, ...]] = (
                [(_tell(line.at), *line[1:]) for line in some] if is_text else some
            )
            if len(some) == AT_ONCE:
                cursor.execute(_INSERT_MANY, list(chain.from_iterable(rows)))
            else:
                cursor.executemany(_INSERT, rows)


def _tell(moment: datetime) -> str:
    """A moment in UTC as Django writes it to SQLite; faster than the way through a naive one."""
    return moment.isoformat(" ")[:-6]


request_log = RequestLog()


def move_lines(user_id: int, new_id: int) -> None:
    """Lines of a user whose wire id is another one now, or 0 where they are gone: the old one may be somebody
    else's."""
    with transaction.atomic(using="logs"), connections["logs"].cursor() as cursor:
        cursor.execute("UPDATE access_requestlogentry SET user_id = %s WHERE user_id = %s", (new_id, user_id))
