"""What changed: every committed write bumps, in its own transaction, the revision of each topic that it
touched.

The revisions are bumped first and in a fixed order: on PostgreSQL their rows are then the locks behind which
writers of one topic queue, as all writers do on SQLite, so that none meets another half done or waits in a
circle.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.conf import settings
from django.db import OperationalError, connection, transaction


class Topic(StrEnum):
    CATALOGUE = "catalogue"
    CUSTOMERS = "customers"
    ORDERS = "orders"
    DISCOUNTS = "discounts"
    DOWNLOADS = "downloads"
    SETTINGS = "settings"
    ACCESS = "access"


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
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT set_config('lock_timeout', %s, TRUE)", (_get_timeout(),))
            bump(*topics)
            yield
    except OperationalError as error:
        if "locked" in str(error) or getattr(error.__cause__, "sqlstate", "") in _WAITED_TOO_LONG:
            raise StoreBusy from error
        raise


def _get_timeout() -> str:
    return f"{settings.WRITE_TIMEOUT * 1000:.0f}"


def bump(*topics: Topic) -> None:
    """Raises the revisions, in a fixed order so that two writers can't wait for each other."""
    if not connection.in_atomic_block:
        raise RuntimeError("A revision is bumped inside the transaction of the change.")
    with connection.cursor() as cursor:
        for topic in sorted(set(topics)):
            cursor.execute(
                "INSERT INTO shop_revision (topic, number) VALUES (%s, 1)"
                " ON CONFLICT (topic) DO UPDATE SET number = shop_revision.number + 1",
                (str(topic),),
            )
