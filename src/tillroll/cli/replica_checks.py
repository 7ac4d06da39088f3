"""What `tillroll doctor` looks at where there are replicas."""

from collections.abc import Iterator
from time import monotonic, sleep

from tillroll.checks.findings import Finding, State

PAUSE = 0.2
"""Seconds from one look to the next, while a replica is given time to catch up."""


def check_replicas() -> Iterator[Finding]:
    """Each replica follows the primary, and catches up within the limit."""
    from django.conf import settings

    from tillroll.eddapi.replicas import Replicas

    limit = settings.REPLICA_MAX_LAG
    replicas = Replicas(settings.REPLICA_ALIASES, limit)
    end = monotonic() + limit
    replicas.look()
    while monotonic() < end and not all(replica.is_current for replica in replicas.all):
        sleep(PAUSE)
        replicas.look()
    for replica in replicas.all:
        if replica.is_current:
            found = f"It follows the primary, less than {limit} seconds behind."
            yield Finding(replica.alias, State.FINE, found)
        else:
            advice = "Look at its server; the primary answers meanwhile."
            yield Finding(replica.alias, State.NOTE, replica.problem or "It was not found current.", advice)
    replicas.close()
