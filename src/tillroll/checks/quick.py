"""What the health page shows: the checks that take no time, and what only a running server has.

To compare counts with the records, and to wait for replicas, takes seconds in a large shop: the doctor does.
"""

import platform
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

from django import get_version
from django.conf import settings
from django.db import DatabaseError, connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from tillroll import __version__
from tillroll.checks import access, basic, mirror
from tillroll.checks.findings import Check, Finding, State
from tillroll.databases import get_reason
from tillroll.intake.models import WorkerBeat
from tillroll.intake.runs import LATE

MEGABYTE = 1_000_000
OLD_BACKUP = timedelta(days=8)
"""A weekly backup that is a day late."""

REDIS_SECONDS = 0.5
"""How long a page waits for Redis."""

STUCK = timedelta(minutes=2)
"""How long a task may wait while nothing else runs."""


def list_findings() -> list[Finding]:
    """What all quick checks find; where a store is away, what can be said without."""
    found: list[Finding] = []
    for check in BASIC:
        found += _run(check)
    stores = ("Database default", "Database logs", "Migrations")
    if not any(one.state == State.WRONG and one.about in stores for one in found):
        for check in RECORDS:
            found += _run(check)
    return found


def _run(check: Check) -> list[Finding]:
    try:
        return list(check())
    except DatabaseError as error:
        found = f"It can't be asked: {get_reason(error)}"
        return [Finding("Database", State.WRONG, found, "Run: tillroll doctor")]


def check_versions() -> Iterator[Finding]:
    found = f"Tillroll {__version__}, Django {get_version()}, Python {platform.python_version()}."
    yield Finding("Versions", State.FINE, found)


def check_sizes() -> Iterator[Finding]:
    """How large the databases are."""
    for alias in ("default", "logs"):
        connection = connections[alias]
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_database_size(current_database())")
                size = int(cursor.fetchone()[0])
        else:
            place = Path(connection.settings_dict["NAME"])
            files = (place, place.with_name(place.name + "-wal"))
            size = sum(file.stat().st_size for file in files if file.exists())
        yield Finding(f"Size of {alias}", State.FINE, f"{size / MEGABYTE:,.1f} MB.")


def check_backup() -> Iterator[Finding]:
    """When the shop was last saved by `tillroll backup` here."""
    path = Path(settings.TILLROLL_HOME) / "last-backup"
    advice = "Run: tillroll backup FILE, every night, and keep the file on another machine."
    if not path.exists():
        yield Finding("Backup", State.NOTE, "None was made here by tillroll backup.", advice)
        return
    at = basic.get_modified(path)
    is_old = at is None or at < timezone.now() - OLD_BACKUP
    found = f"The last one is of {at:%Y-%m-%d %H:%M} UTC."
    yield Finding("Backup", State.NOTE if is_old else State.FINE, found, advice if is_old else "")


def check_worker() -> Iterator[Finding]:
    """A worker is there for what pages leave to it."""
    now = timezone.now()
    beats = list(WorkerBeat.objects.order_by("-beat_at"))
    alive = [beat for beat in beats if beat.beat_at > now - LATE]
    advice = "Run: tillroll worker (or tillroll serve without --no-worker)"
    for beat in alive:
        seconds = max(0, int((now - beat.beat_at).total_seconds()))
        found = f"{beat.name}, process {beat.pid}, was seen {seconds} s ago."
        yield Finding("Worker", State.FINE, found)
    if not alive:
        last = f"; the last one was seen {beats[0].beat_at:%Y-%m-%d %H:%M} UTC" if beats else ""
        found = f"None runs{last}."
        yield Finding("Worker", State.NOTE, f"{found} Imports from the back office wait.", advice)
    waiting = DBTaskResult.objects.ready()
    running = DBTaskResult.objects.running().count()
    if count := waiting.count():
        oldest = waiting.earliest("enqueued_at").enqueued_at
        is_stuck = not running and oldest < now - STUCK
        state = State.WRONG if is_stuck else State.FINE
        yield Finding("Queue", state, f"{running} running, {count} waiting.", advice if is_stuck else "")
    else:
        yield Finding("Queue", State.FINE, f"{running} running, none waiting.")


BASIC: tuple[Check, ...] = (*basic.BASIC, check_versions)
RECORDS: tuple[Check, ...] = (
    *basic.SHOP,
    mirror.check_mirror,
    check_worker,
    check_backup,
    check_sizes,
    access.check_log_size,
    access.check_keys,
    access.check_expiring,
    partial(access.check_redis, REDIS_SECONDS),
    access.check_uncounted,
    basic.check_people,
)
