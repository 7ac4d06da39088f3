"""What changed: every committed write bumps, in its own transaction, the revision of each topic that it
touched."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from django.db import OperationalError, connection, transaction
from django.db.models import F

from tillroll.shop.models import Revision


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


@contextmanager
def write(*topics: Topic) -> Iterator[None]:
    """One transaction for a change and the revisions that it bumps; raises StoreBusy when it may not
    begin."""
    try:
        with transaction.atomic():
            yield
            bump(*topics)
    except OperationalError as error:
        if "locked" in str(error):
            raise StoreBusy from error
        raise


def bump(*topics: Topic) -> None:
    """Raises the revisions, in a fixed order so that two writers can't wait for each other."""
    if not connection.in_atomic_block:
        raise RuntimeError("A revision is bumped inside the transaction of the change.")
    for topic in sorted(topics):
        if not Revision.objects.filter(topic=topic).update(number=F("number") + 1):
            Revision.objects.create(topic=topic, number=1)
