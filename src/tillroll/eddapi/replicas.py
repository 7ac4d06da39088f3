"""Which replica is current enough to answer from: known, not guessed.

Every half second each worker notes where the primary's log ends, and by its own monotonic clock when it
asked. A replica that has replayed the log up to there holds all that was committed when it asked; so it may
be read from until TILLROLL_REPLICA_MAX_LAG seconds after that. No clocks of two machines are compared, and
nothing is written. Where no replica is current, and when one fails, the primary answers.
"""

import logging
from collections import deque
from contextlib import suppress
from itertools import count
from time import monotonic
from typing import Any, NamedTuple

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from tillroll.access.background import Background
from tillroll.databases import get_reason

logger = logging.getLogger(__name__)

_PRIMARY = """
SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint, current_setting('wal_block_size')::bigint,
pg_size_bytes(current_setting('wal_segment_size')), system_identifier,
('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint
FROM pg_control_system()
"""

_REPLICA = """
SELECT pg_is_in_recovery(), (pg_last_wal_replay_lsn() - '0/0')::bigint, s.system_identifier,
c.timeline_id::bigint FROM pg_control_system() s, pg_control_checkpoint() c
"""

_PAGE_HEADER, _SEGMENT_HEADER = 24, 40
"""Bytes with which PostgreSQL begins a page and a file of its log. Where the log ends behind one of them, the
last record ends before it."""


class _History(NamedTuple):
    """Of which database the log is, and of which of its lives: positions of another one mean nothing."""

    system: int
    timeline: int


class _Sample(NamedTuple):
    """The primary's log ended at `position` at the time `at` or later."""

    at: float
    position: int
    history: _History


class _Server:
    """A connection of our own to a server, opened when it is needed."""

    def __init__(self, alias: str) -> None:
        self._alias = alias
        self._connection: psycopg.Connection[Any] | None = None

    def ask(self, query: str) -> tuple[Any, ...]:
        """The one row of a question. Raises psycopg.Error; the connection is then opened anew next time."""
        try:
            if self._connection is None:
                parameters = connections[self._alias].get_connection_params()
                self._connection = psycopg.connect(
                    **{**parameters, "connect_timeout": parameters.get("connect_timeout", 3)},
                    autocommit=True,
                )
            return self._connection.execute(query.encode()).fetchone() or ()
        except psycopg.Error:
            self.close()
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Replica:
    """One replica, until when it may be read from, and why not (empty: it may; None: nobody looked yet)."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.current_until = 0.0
        self.problem: str | None = None
        self._server = _Server(alias)

    @property
    def is_current(self) -> bool:
        return monotonic() < self.current_until

    def look(self, samples: "deque[_Sample]", limit: float) -> None:
        """Learns from its position until when it may be read from."""
        try:
            is_standby, position, system, timeline = self._server.ask(_REPLICA)
        except psycopg.Error as error:
            self.leave(f"It can't be reached: {get_reason(error).rstrip('.')}.")
            return
        if not is_standby:
            self.leave("It is no standby: it was promoted, or never was one.")
            return
        history = _History(system, timeline)
        if samples and samples[-1].history != history:
            self.leave("It does not follow this primary.")
            return
        for sample in reversed(samples):
            if position is not None and position >= sample.position and sample.history == history:
                self.current_until = max(self.current_until, sample.at + limit)
                break
        if self.is_current:
            self._say("")
        elif samples:
            behind = samples[-1].position - (position or 0)
            self._say(f"It is {behind:,} bytes behind, for more than {limit:g} seconds.")
        else:
            self._say("Since the primary can't be asked, nobody knows how current it is.")

    def leave(self, problem: str) -> None:
        """It is not read from until it was found current again."""
        self.current_until = 0.0
        self._say(problem)

    def close(self) -> None:
        self._server.close()

    def _say(self, problem: str) -> None:
        if problem and not self.problem:
            logger.warning("%s is not read from: %s", self.alias, problem)
        elif not problem and self.problem:
            logger.warning("%s is read from again.", self.alias)
        self.problem = problem


class Replicas:
    """A worker's replicas, which take turns."""

    def __init__(self, aliases: tuple[str, ...], limit: float) -> None:
        self.all = tuple(Replica(alias) for alias in aliases)
        self._by_alias = {replica.alias: replica for replica in self.all}
        self._limit = limit
        self._samples: deque[_Sample] = deque()
        self._primary = _Server(DEFAULT_DB_ALIAS)
        self._turns = count()

    def choose(self) -> str:
        """The alias to read from: that of the next replica that is current, else the primary's."""
        if self.all:
            turn = next(self._turns)
            for number in range(len(self.all)):
                replica = self.all[(turn + number) % len(self.all)]
                if replica.is_current:
                    return replica.alias
        return DEFAULT_DB_ALIAS

    def is_current(self, alias: str) -> bool:
        """Whether what was read there just now is as current as it has to be; the primary always is."""
        return alias == DEFAULT_DB_ALIAS or self._by_alias[alias].is_current

    def leave(self, alias: str, error: Exception) -> None:
        """A replica that failed is not read from until it was looked at again."""
        self._by_alias[alias].leave(f"It failed: {get_reason(error).rstrip('.')}.")

    def look(self, is_last: bool = False) -> None:
        """Asks the primary and all replicas where they are. A job of a thread of its own, since a server that
        is away may take seconds to say so; none in a worker that ends."""
        if is_last:
            return
        at = monotonic()
        with suppress(psycopg.Error):  # who reads from the primary says so; replicas are current for a while
            self._add_sample(at, *self._primary.ask(_PRIMARY))
        while self._samples and self._samples[0].at < at - self._limit:
            self._samples.popleft()
        for replica in self.all:
            replica.look(self._samples, self._limit)

    def close(self) -> None:
        self._primary.close()
        for replica in self.all:
            replica.close()

    def _add_sample(self, at: float, end: int, page: int, segment: int, system: int, timeline: int) -> None:
        if end % segment == _SEGMENT_HEADER:
            end -= _SEGMENT_HEADER
        elif end % page == _PAGE_HEADER:
            end -= _PAGE_HEADER
        self._samples.append(_Sample(at, end, _History(system, timeline)))


replicas = Replicas(settings.REPLICA_ALIASES, settings.REPLICA_MAX_LAG)


def start_in_worker() -> None:
    """Looks at the replicas from now on, where there are any."""
    if replicas.all:
        watch = Background("replicas")
        watch.add(replicas.look)
        watch.start()
