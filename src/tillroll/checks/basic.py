"""What is looked at first, and the checks in their order. A check returns findings; each says what is so, and
what to do when it is not fine."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tillroll.checks.access import (
    check_expiring,
    check_keys,
    check_log_size,
    check_redis,
    check_uncounted,
)
from tillroll.checks.findings import Check, Finding, State
from tillroll.checks.mirror import check_mirror

LEAST_FREE = 1 << 30
"""Bytes of free disk below which a warning comes: the write-ahead log of an import needs about as much as the
dump."""

CLOCK_SLACK = timedelta(minutes=5)
"""How far the newest record may lie ahead: two machines' clocks are hardly further apart."""


def check_home() -> Iterator[Finding]:
    """The folder can be written and its disk has room."""
    from django.conf import settings

    from tillroll.checks.restores import find_left_over

    home: Path = settings.TILLROLL_HOME
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        advice = f"Give the user that runs Tillroll the right to write in {home}."
        yield Finding("Folder", State.WRONG, f"{home} can't be written: {error.strerror}.", advice)
        return
    yield Finding("Folder", State.FINE, f"{home} can be written.")
    free = shutil.disk_usage(home).free
    found = f"{free / (1 << 30):.1f} GiB are free."
    if free < LEAST_FREE:
        yield Finding(
            "Disk", State.NOTE, found, "Make room: imports and backups need as much again as the shop."
        )
    else:
        yield Finding("Disk", State.FINE, found)
    if left := find_left_over(home):
        names = ", ".join(path.name for path in left)
        advice = "Run `tillroll restore FILE` again; it puts the old files back first."
        yield Finding("Restore", State.WRONG, f"A restore broke off and left {names}.", advice)


def check_secrets() -> Iterator[Finding]:
    """The secrets are readable by their owner alone, and they are the ones under which the keys were made."""
    from django.conf import settings

    path: Path = settings.TILLROLL_HOME / "secrets"
    if not path.exists():
        yield Finding("Secrets", State.FINE, "They come from the environment.")
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield Finding("Secrets", State.WRONG, f"{path} has mode {mode:04o}.", f"Run: chmod 600 {path}")
    elif path.stat().st_uid != os.getuid():
        owner = path.stat().st_uid
        yield Finding("Secrets", State.NOTE, f"{path} belongs to user {owner}.", "Run Tillroll as that user.")
    else:
        yield Finding("Secrets", State.FINE, "Only their owner can read them.")


def check_people() -> Iterator[Finding]:
    """Somebody can get into the back office."""
    from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX

    from tillroll.access.models import User

    staff = User.objects.filter(is_active=True, is_staff=True)
    able = staff.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="").count()
    if able:
        yield Finding("Back office", State.FINE, f"{able} can log in.")
    else:
        advice = "Run: tillroll user add NAME --superuser"
        yield Finding("Back office", State.NOTE, "Nobody can log in.", advice)


def check_settings() -> Iterator[Finding]:
    """The shop's zone and address are usable, and the server is not left open to mistakes."""
    from django.conf import settings as server

    from tillroll.shop.services import get_settings
    from tillroll.shop.zone import ZoneError, parse_zone, to_local

    shop = get_settings()
    try:
        local = to_local(_now(), parse_zone(shop.timezone))
        yield Finding("Zone", State.FINE, f"{shop.timezone}: it is {local:%Y-%m-%d %H:%M} in the shop.")
    except ZoneError as error:
        yield Finding("Zone", State.WRONG, str(error), "Run: tillroll settings set timezone Europe/Paris")
    if not shop.url.startswith(("http://", "https://")):
        found = f"The shop's address is {shop.url}."
        yield Finding("Address", State.WRONG, found, "Run: tillroll settings set url https://shop.example")
    if server.DEBUG:
        found = "TILLROLL_DEBUG is on: errors show their inside to anybody."
        yield Finding(
            "Debugging", State.WRONG, found, "Unset TILLROLL_DEBUG where others can reach the server."
        )


def check_clock() -> Iterator[Finding]:
    """The machine's clock is not behind the records and files that were written before."""
    from django.conf import settings
    from django.db.models import Max

    from tillroll.access.models import RequestLogEntry
    from tillroll.shop.models import FileDownload, Order

    now = _now()
    newest: list[tuple[datetime, str]] = []
    for model, field, name in (
        (Order, "created_at", "order"),
        (FileDownload, "created_at", "file download"),
        (RequestLogEntry, "at", "API request"),
    ):
        latest = model.objects.aggregate(latest=Max(field))["latest"]
        if latest:
            newest.append((latest, name))
    ahead = [(at, name) for at, name in newest if at > now + CLOCK_SLACK]
    written = get_modified(settings.TILLROLL_HOME / "tillroll.sqlite3")
    if written and written > now + CLOCK_SLACK:
        ahead.append((written, "write to the database"))
    if ahead:
        at, name = max(ahead)
        found = f"It is {now:%Y-%m-%d %H:%M} UTC, but the newest {name} is of {at:%Y-%m-%d %H:%M}."
        yield Finding("Clock", State.WRONG, found, "Set the machine's clock (timedatectl set-ntp true).")
    else:
        yield Finding("Clock", State.FINE, f"{now:%Y-%m-%d %H:%M} UTC, not before any record.")


def check_counts() -> Iterator[Finding]:
    """The counts that are kept for page headers are the records' own."""
    from tillroll.shop.kept import compare_tallies

    kept, real = compare_tallies()
    wrong = sorted(name for name in kept.keys() | real.keys() if kept[name] != real[name])
    if wrong:
        name = wrong[0]
        found = f"{len(wrong)} differ; {name} is kept as {kept[name]} and is {real[name]}."
        yield Finding("Counts", State.WRONG, found, "Import again, or run: tillroll doctor --repair")
    else:
        yield Finding("Counts", State.FINE, "All are right.")


def _now() -> datetime:
    from django.utils import timezone

    return timezone.now()


def get_modified(path: Path) -> datetime | None:
    """When a file was last written; None where there is none."""
    from datetime import UTC

    return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.exists() else None


def check_stores() -> Iterator[Finding]:
    """Both databases answer, are migrated, and are set as they must be."""
    from django.db import DatabaseError, connections

    from tillroll.databases import get_reason

    for alias in ("default", "logs"):
        connection = connections[alias]
        about = f"Database {alias}"
        try:
            findings = list(
                _check_sqlite(connection) if connection.vendor == "sqlite" else _check_postgresql(connection)
            )
        except DatabaseError as error:
            reason = get_reason(error)
            advice = "Look at TILLROLL_HOME, or at TILLROLL_DATABASE_URL and TILLROLL_LOGS_URL."
            yield Finding(about, State.WRONG, f"It can't be reached: {reason}", advice)
            continue
        for state, found, advice in findings:
            yield Finding(about, state, found, advice)


def _check_sqlite(connection: Any) -> Iterator[tuple[State, str, str]]:
    with connection.cursor() as cursor:
        told = {}
        for pragma in ("journal_mode", "synchronous", "foreign_keys"):
            cursor.execute(f"PRAGMA {pragma}")
            told[pragma] = str(cursor.fetchone()[0])
        cursor.execute("SELECT sqlite_version()")
        version = cursor.fetchone()[0]
    synchronous = "1" if connection.alias == "logs" else "2"  # as settings.py says: NORMAL and FULL
    if told == {"journal_mode": "wal", "synchronous": synchronous, "foreign_keys": "1"}:
        yield State.FINE, f"SQLite {version}, WAL, synchronous, foreign keys on.", ""
    else:
        found = ", ".join(f"{name} {value}" for name, value in told.items())
        yield (
            State.WRONG,
            f"SQLite {version} with {found}.",
            "Put TILLROLL_HOME on a local disk: WAL needs one.",
        )


def _check_postgresql(connection: Any) -> Iterator[tuple[State, str, str]]:
    version = connection.pg_version
    yield State.FINE, f"PostgreSQL {version // 10_000}.{version % 10_000}.", ""
    missing = [name for name in ("pg_dump", "pg_restore") if not shutil.which(name)]
    if missing:
        found = f"{' and '.join(missing)} can't be found, which backups need."
        yield State.NOTE, found, "On Debian or Ubuntu: apt-get install postgresql-client"


def check_migrations() -> Iterator[Finding]:
    """Both databases have the tables of this version."""
    from tillroll.health import find_store_problems

    problems = find_store_problems()
    for problem in problems:
        yield Finding("Migrations", State.WRONG, problem, "Run: tillroll migrate")
    if not problems:
        yield Finding("Migrations", State.FINE, "Both databases are up to date.")


def check_content() -> Iterator[Finding]:
    """Slow: every page of an SQLite file is whole, and no record refers to one that is gone."""
    from django.db import connections

    for alias in ("default", "logs"):
        connection = connections[alias]
        if connection.vendor != "sqlite":
            continue
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA quick_check(1)")
            problem = cursor.fetchone()[0]
            cursor.execute("PRAGMA foreign_key_check")
            orphan = cursor.fetchone()
        about = f"Content of {alias}"
        if problem != "ok":
            yield Finding(about, State.WRONG, problem, "Restore a backup: tillroll restore FILE")
        elif orphan:
            yield Finding(
                about, State.WRONG, f"A row of {orphan[0]} refers to none of {orphan[2]}.", "Import again."
            )
        else:
            yield Finding(about, State.FINE, "Whole.")


BASIC: tuple[Check, ...] = (check_home, check_secrets, check_stores, check_migrations)
"""What the others stand on: where one of these finds a fault, the records can't be looked at."""

SHOP: tuple[Check, ...] = (check_settings, check_clock)

RECORDS: tuple[Check, ...] = (
    check_mirror,
    check_keys,
    check_expiring,
    check_redis,
    check_uncounted,
    check_log_size,
    check_people,
    check_counts,
)
