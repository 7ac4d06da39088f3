"""How Django is told of a store: an SQLite file, or a PostgreSQL by its address. It knows no setting; the
settings ask it. And why a store refused, in a line."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

Description = dict[str, Any]
"""An entry of Django's DATABASES."""

POOL_WAIT = 3
"""Seconds that a request waits for a connection, as while PostgreSQL restarts; then the answer is 503."""

SCHEMES = ("postgresql://", "postgres://")


def describe_sqlite(path: Path, *, synchronous: str, timeout: float) -> Description:
    """A file in write-ahead mode. `synchronous`: FULL keeps every committed write through a loss of power;
    NORMAL may lose the last ones, but never the order of the file. A write waits `timeout` seconds for
    another."""
    return {
        "ENGINE": "tillroll.shop.sqlite",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": timeout,
            "init_command": f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};"
            "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;",
        },
    }


PREPARE_AFTER = 5
"""How often a statement comes until it is prepared; psycopg's own number."""


def describe_postgresql(url: str, name: str, *, prepare: bool = True) -> Description:
    """A PostgreSQL, where statements whose values are bound by the server are prepared or not.

    `name` is where its address was given. Raises ImproperlyConfigured, which names it, for what is none; the
    address is not repeated: a password is in it.
    """
    if not url.startswith(SCHEMES):
        raise ImproperlyConfigured(
            f"{name} takes a PostgreSQL address, postgresql://user:password@host:5432/name."
        )
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    try:
        known = conninfo_to_dict(url)
    except ProgrammingError as error:
        raise _unreadable(name) from error
    parts = {part: str(value) for part, value in known.items() if value is not None}
    if "@" in parts.get("host", ""):  # the end of a password, which must not come out with an error
        raise _unreadable(name)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": False,
        "OPTIONS": {**parts, "prepare_threshold": PREPARE_AFTER if prepare else None},
    }


def use_pool(description: Description, size: int) -> None:
    """Lets threads take turns with up to `size` connections, of which one stays open when nobody asks. For a
    process of many threads: a command's one connection needs none."""
    if description["ENGINE"] != "django.db.backends.postgresql":
        return
    from tillroll.pooling import PooledConnection

    description["CONN_MAX_AGE"] = 0  # a request's end puts its connection back
    description["OPTIONS"]["pool"] = {
        "connection_class": PooledConnection,
        "min_size": 1,
        "max_size": size,
        "timeout": POOL_WAIT,
        # what could not be opened in this time is tried again by the next request, not by ever longer waits
        "reconnect_timeout": POOL_WAIT,
        "num_workers": 2,
    }


def _unreadable(name: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"{name} can't be read as a PostgreSQL address, postgresql://user:password@host:5432/name;"
        " characters such as @ : / % in a password are written as %40 %3A %2F %25."
    )


def get_reason(error: Exception) -> str:
    """Why a store refused: the first line of what it says, or the error's name where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
