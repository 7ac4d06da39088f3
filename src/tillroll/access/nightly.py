"""What is done once a night, after three o'clock on the shop's clock, by the worker that claims it first.

A claim is a row of the counters, so that it holds for all workers and through a restart. The work is done a
little at every turn of the background thread, which has the request log to write.
"""

from datetime import datetime, timedelta
from time import monotonic

from django.db import connections, transaction

from tillroll.access.retention import Batch, list_batches
from tillroll.shop.services import get_settings
from tillroll.shop.zone import parse_zone, to_local

HOUR = 3
"""When most shops sleep. A server that was off at that hour does the night's work when it is on again."""

LOOKS_EVERY = timedelta(minutes=5)
"""How often a worker looks whether it is time, and tries again what failed."""

TURN_SECONDS = 0.25
"""How long one turn works: the log is written once a second."""

CLAIM = "nightly"


def claim(day: str) -> bool:
    """Whether the night of a day (2026-11-26) is this worker's: true for the first that asks."""
    with transaction.atomic(using="logs"), connections["logs"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_counter (subject, period, used) VALUES (%s, %s, 1)"
            " ON CONFLICT (subject, period) DO NOTHING",
            (CLAIM, day),
        )
        return bool(cursor.rowcount == 1)


class Nightly:
    """A worker's share of the nights."""

    def __init__(self) -> None:
        self._rests_until: datetime | None = None
        self._known_day = ""
        self._waiting: list[Batch] = []

    def run(self, now: datetime) -> None:
        """One turn: nothing, or a little of what is to be removed. What fails is tried again after a rest."""
        if self._rests_until is not None and now < self._rests_until:
            return
        self._rests_until = now + LOOKS_EVERY
        if not self._waiting:
            self._begin(now)
        if self._waiting:
            self._work()
        if self._waiting:
            self._rests_until = None  # the next turn goes on

    def _begin(self, now: datetime) -> None:
        shop = get_settings()
        zone = parse_zone(shop.timezone)
        local = to_local(now, zone)
        day = local.date().isoformat()
        if local.hour < HOUR or day == self._known_day:
            return
        batches = list_batches(now, zone, days=shop.log_keep_days, megabytes=shop.log_keep_megabytes)
        if claim(day):
            self._waiting = batches
        self._known_day = day

    def _work(self) -> None:
        started = monotonic()
        while self._waiting and monotonic() - started < TURN_SECONDS:
            if not self._waiting[0]():
                del self._waiting[0]


nightly = Nightly()
