"""What changed: every committed write bumps, in its own transaction, the revision of each topic that it
touched.

The revisions are bumped first and in a fixed order: on PostgreSQL their rows are then the locks behind which
writers of one topic queue, as all writers do on SQLite, so that none meets another half done or waits in a
circle.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import lru_cache

from django.conf import settings
from django.db import OperationalError, connection, models, transaction
from django.utils import timezone

from tillroll.shop.beacon import begin_write, get_beacon
from tillroll.shop.statements import run


class Topic(StrEnum):
    CATALOGUE = "catalogue"
    CUSTOMERS = "customers"
    ORDERS = "orders"
    DISCOUNTS = "discounts"
    DOWNLOADS = "downloads"
    SETTINGS = "settings"
    ACCESS = "access"


STORE = "store"
"""Beside the topics: a number of the store itself, drawn by lot. A store that was brought back from a backup
counts on from old revisions, and must not be taken for what it was."""


Revision = tuple[str, int, int]
"""A topic, how often it has changed, and when it last did in seconds since 1970 (0: never)."""

NOTHING_CHANGED: Revision = ("", 0, 0)


class StoreBusy(Exception):
    """Another write held the store for longer than a write may wait."""

    def __str__(self) -> str:
        return "The shop's records are being written by another process; try again in a moment."


_WAITED_TOO_LONG = ("55P03", "40P01")
"""PostgreSQL's codes for a lock that did not come, and for two transactions that wait for each other."""


@contextmanager
def write(*topics: Topic) -> Iterator[None]:
    """One transaction for a change and the revisions that it bumps; raises StoreBusy when it may not begin
    within WRITE_TIMEOUT seconds."""
    number = 0
    try:
        with transaction.atomic():
            number = begin_write()
            if connection.vendor == "postgresql":
                run("SELECT set_config('lock_timeout', %s, TRUE)", (_get_timeout(),))
            bump(*topics)
            yield
    except OperationalError as error:
        if "locked" in str(error) or getattr(error.__cause__, "sqlstate", "") in _WAITED_TOO_LONG:
            raise StoreBusy from error
        raise
    finally:
        if number and not connection.in_atomic_block:  # also where it was rolled back
            get_beacon().end(number)


def touch(model: type[models.Model], ids: Iterable[int | None]) -> None:
    """Notes that the API now says something else of some records.

    Inside the transaction of the change and behind its revisions, so that the times of a topic follow each
    other as its writes do: who has seen all up to a moment misses nothing that comes later.
    """
    if wanted := {key for key in ids if key is not None}:
        model._default_manager.filter(pk__in=wanted).update(modified_at=timezone.now())


def _get_timeout() -> str:
    return f"{settings.WRITE_TIMEOUT * 1000:.0f}"


def bump(*topics: Topic) -> None:
    """Raises the revisions, in a fixed order so that two writers can't wait for each other."""
    if not connection.in_atomic_block:
        raise RuntimeError("A revision is bumped inside the transaction of the change.")
    names = sorted({str(topic) for topic in topics})
    now = int(timezone.now().timestamp())
    run(_write_bump(len(names)), [value for name in names for value in (name, 1, now)])


@lru_cache
def _write_bump(topics: int) -> str:
    return (
        "INSERT INTO shop_revision (topic, number, changed_at)"
        f" VALUES {', '.join(['(%s, %s, %s)'] * topics)} ON CONFLICT (topic)"
        " DO UPDATE SET number = shop_revision.number + 1, changed_at = excluded.changed_at"
    )


def renew_store() -> None:
    """Draws the store's own number anew: for one that was exchanged, or whose records were changed past the
    services."""
    with transaction.atomic():
        begin_write()
        run(
            "INSERT INTO shop_revision (topic, number, changed_at) VALUES (%s, %s, 0)"
            " ON CONFLICT (topic) DO UPDATE SET number = excluded.number",
            (STORE, secrets.randbits(62)),
        )
