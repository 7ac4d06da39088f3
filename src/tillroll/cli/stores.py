"""The two databases before a command uses them: Django is set up, one process migrates at a time, and it is
known whether a server holds them."""

import fcntl
import getpass
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

from tillroll.checks.restores import find_left_over
from tillroll.cli.refusals import Refusal

P = ParamSpec("P")
R = TypeVar("R")

MIGRATION_LOCK = 0x7111_2011
"""The number of PostgreSQL's advisory lock, for servers of several machines that start at once."""


def set_up() -> None:
    """Loads the settings and the apps, once a process."""
    import django
    from django.apps import apps

    if not apps.ready:
        django.setup()


def on_shop(command: Callable[P, R]) -> Callable[P, R]:
    """For a command that works on the records: by the time it runs, they can be reached."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        set_up()
        require_migrated()
        return command(*args, **kwargs)

    return run


def changing(command: Callable[P, R]) -> Callable[P, R]:
    """For a command by which a person changes something: as on_shop, and when it is done the audit trail
    notes it by its words. Options are left out, since they may hold what is nobody's business."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        result = on_shop(command)(*args, **kwargs)
        _note_command()
        return result

    return run


def _note_command() -> None:
    from tillroll.access.audit import note

    context = click.get_current_context()
    given: list[str] = []
    for each in context.command.params:
        value = context.params.get(each.name or "")
        if isinstance(each, click.Argument) and value:
            given += map(str, value if isinstance(value, tuple) else (value,))
    words = " ".join((context.command_path, *(_KEY.sub(r"\1…", word) for word in given)))
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may not know who runs it
        user = str(os.getuid())
    note(None, "ran", title=words, by=f"{user} (command line)")


_KEY = re.compile(r"\b([0-9a-f]{6})[0-9a-f]{26}\b")
"""A public key, of which the trail shows the beginning."""


def get_home() -> Path:
    """The shop's folder, made where it isn't there yet."""
    from django.conf import settings

    home: Path = settings.TILLROLL_HOME
    home.mkdir(parents=True, exist_ok=True)
    return home


def require_migrated() -> None:
    """Refuses a store that can't be reached or lacks tables, before a command half does its work."""
    from tillroll.health import find_store_problems

    if problems := find_store_problems():
        raise Refusal(problems[0])


def require_unmirrored() -> None:
    """Refuses to bring records into a shop that follows another."""
    from tillroll.shop.services import get_mirror

    if mirror := get_mirror():
        raise Refusal(
            f"This shop follows {mirror.source.name}; end that first with `tillroll mirror --end`,"
            " or take another TILLROLL_HOME."
        )


def migrate_stores(*, verbosity: int = 0) -> list[str]:
    """Brings both databases up to date and names what was applied. Of several at once, one works and the rest
    wait. Nothing is held where nothing is to be done: a pooler between may not keep a session's lock."""
    from django.core.management import call_command
    from django.db import DatabaseError

    from tillroll.databases import get_reason
    from tillroll.health import list_missing_migrations

    applied = []
    with _hold_alone(get_home() / "migrate.lock"):
        for alias in ("default", "logs"):
            try:
                if not list_missing_migrations(alias):
                    continue
                with _hold_advisory(alias):
                    missing = list_missing_migrations(alias)
                    if missing:
                        call_command("migrate", database=alias, interactive=False, verbosity=verbosity)
                    applied += [f"{alias}: {migration}" for migration in missing]
            except DatabaseError as error:
                reason = get_reason(error)
                raise Refusal(f"The {alias} database can't be migrated: {reason}") from error
    return applied


@contextmanager
def _hold_alone(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _hold_advisory(alias: str) -> Iterator[None]:
    from django.db import connections

    connection = connections[alias]
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (MIGRATION_LOCK,))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", (MIGRATION_LOCK,))


@contextmanager
def hold_for_serving() -> Iterator[None]:
    """Marks the stores as served, as any number of servers may; refuses while a command has them alone."""
    with _open_serve_lock() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refusal(
                "A backup is being restored here, or the shop moved; start the server when it is done."
            ) from error
        if left := find_left_over(get_home()):
            names = ", ".join(path.name for path in left)
            raise Refusal(f"A restore broke off and left {names}; run `tillroll restore FILE` again first.")
        yield


@contextmanager
def hold_alone(task: str) -> Iterator[None]:
    """Keeps servers away for a task (`restore`, `move`); refuses while one runs."""
    with _open_serve_lock() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refusal(
                f"A server is running on these databases; stop it before you {task}, and start it afterwards."
            ) from error
        yield


@contextmanager
def _open_serve_lock() -> Iterator[int]:
    descriptor = os.open(get_home() / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
