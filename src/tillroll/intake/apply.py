"""From a reader to the shop, second half: staged records become the shop's in one transaction, all or
nothing.

It takes what is new, changes what changed, removes what the source no longer has, and touches no record of
another source. A demo shop is replaced.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, models
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from tillroll.access.models import User
from tillroll.access.services import OWN_IDS_FROM
from tillroll.intake.staging import KINDS, Kind, Staging
from tillroll.shop import kept
from tillroll.shop.models import Source, SourceKind
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import change_settings


class ApplyError(Exception):
    """The staged records can't become the shop's; the sentence says why. Nothing was changed."""


@dataclass(frozen=True)
class Change:
    """What an import did to the records of one model."""

    added: int
    changed: int
    removed: int
    total: int


def apply(
    staging: Staging,
    kind: SourceKind,
    name: str,
    *,
    known_as: str = "",
    settings: dict[str, Any] | None = None,
    on_step: Callable[[str], None] = lambda _step: None,
) -> dict[type[models.Model], Change]:
    """Makes the staged records the shop's, as those of the source `name`, and sets the shop settings that it
    gives.

    `known_as` is the name that the source had so far, where that is another.

    Raises ApplyError when a record's id belongs to another source or to the shop itself.
    """
    staging.close()
    _attach(staging.path)
    try:
        with write(*Topic), connection.cursor() as cursor:
            clear_demo()
            source = _touch_source(kind, name, known_as or name)
            if connection.vendor == "postgresql":
                _copy_to_postgresql(cursor, staging.path)
            for each in KINDS:
                _refuse_strangers(cursor, each, source)
            changes = {}
            for each in KINDS:
                on_step(str(each.model._meta.verbose_name_plural))
                changes[each.model] = _merge(cursor, each, source)
            _remove_orphans(cursor, changes)
            if kind == SourceKind.WORDPRESS:
                _set_sequences(cursor)
            on_step("figures")
            kept.refresh_terms()
            kept.refresh_customers()
            kept.refresh_products()
            kept.refresh_tallies()
            if settings:
                change_settings(**settings)
    except IntegrityError as error:
        raise ApplyError(
            f"A record of the source clashes with one that is here already ({str(error).splitlines()[0]});"
            " import into an empty shop (another TILLROLL_HOME), or change that record first."
        ) from error
    finally:
        _detach()
    return changes


def clear_demo() -> bool:
    """Removes a demo shop with its keys and logins, inside the caller's transaction; False when there is
    none."""
    demos = list(Source.objects.filter(kind=SourceKind.DEMO))
    if not demos:
        return False
    with connection.cursor() as cursor:
        for kind in reversed(KINDS):
            for demo in demos:
                cursor.execute(f"DELETE FROM {kind.table} WHERE source_id = %s", (demo.pk,))
    User.objects.filter(is_demo=True).delete()
    Source.objects.filter(kind=SourceKind.DEMO).delete()
    return True


def _attach(path: Path) -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ATTACH DATABASE %s AS staging", (str(path),))


def _detach() -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("DETACH DATABASE staging")


def _touch_source(kind: SourceKind, name: str, known_as: str) -> int:
    now = timezone.now()
    times = {"created_at": now, "imported_at": now}
    source, _ = Source.objects.get_or_create(kind=kind, name=known_as[:255], defaults=times)
    source.name, source.imported_at = name[:255], now
    source.save()
    return source.pk


def _copy_to_postgresql(cursor: CursorWrapper, path: Path) -> None:
    """The scratch file's tables as temporary ones, with the shop's own column types."""
    with closing(sqlite3.connect(path)) as scratch:
        for kind in KINDS:
            names = ", ".join(f'"{name}"' for name in kind.columns)
            table = f"staged_{kind.table}"
            cursor.execute(
                f"CREATE TEMPORARY TABLE {table} ON COMMIT DROP AS"
                f" SELECT {names} FROM {kind.table} WITH NO DATA"
            )
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in scratch.execute(f"SELECT {names} FROM {table}"):
                    copy.write_row(row)
            cursor.execute(f"CREATE INDEX ON {table} ({', '.join(kind.key)})")
            cursor.execute(f"ANALYZE {table}")


def _matches(kind: Kind) -> str:
    return " AND ".join(f"m.{name} = s.{name}" for name in kind.key)


def _scalar(cursor: CursorWrapper, query: str, *values: int) -> int:
    cursor.execute(query, values)
    row = cursor.fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def _refuse_strangers(cursor: CursorWrapper, kind: Kind, source: int) -> None:
    """Adopts what may be adopted; any other record of another's may not be written over."""
    table = kind.table
    if kind.adopts:
        cursor.execute(
            f"UPDATE {table} AS m SET source_id = %s WHERE source_id IS NULL"
            f" AND EXISTS (SELECT 1 FROM staged_{table} s WHERE {_matches(kind)})",
            (source,),
        )
    strange = "(m.source_id IS NULL OR m.source_id <> %s)"
    if not _scalar(cursor, f"SELECT 1 FROM {table} m WHERE {strange} LIMIT 1", source):
        return
    cursor.execute(
        f"SELECT m.{kind.key[0]} FROM {table} m JOIN staged_{table} s ON {_matches(kind)}"
        f" WHERE {strange} LIMIT 1",
        (source,),
    )
    if row := cursor.fetchone():
        raise ApplyError(
            f"The {kind.model._meta.verbose_name} {row[0]} is here already and is not from this source;"
            " import into an empty shop (another TILLROLL_HOME), or remove that record first."
        )


def _merge(cursor: CursorWrapper, kind: Kind, source: int) -> Change:
    """Brings one table up to date. The first import of a source has nothing to compare and only inserts."""
    table, staged = kind.table, f"staged_{kind.table}"
    columns = ", ".join(f'"{name}"' for name in (*kind.columns, *kind.kept, "source_id"))
    values = ", ".join((*(f's."{name}"' for name in kind.columns), *kind.kept.values(), str(source)))
    plain = tuple(name for name in kind.columns if name not in kind.key)
    ours, theirs = (", ".join(f'{side}."{name}"' for name in plain) for side in "ms")
    differs = f"({ours}) IS DISTINCT FROM ({theirs})" if plain else "FALSE"
    total = _scalar(cursor, f"SELECT COUNT(*) FROM {staged}")
    if not _scalar(cursor, f"SELECT 1 FROM {table} WHERE source_id = %s LIMIT 1", source):
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {staged} s")
        return Change(total, 0, 0, total)
    cursor.execute(
        f"DELETE FROM {table} AS m WHERE m.source_id = %s"
        f" AND NOT EXISTS (SELECT 1 FROM {staged} s WHERE {_matches(kind)})",
        (source,),
    )
    removed = cursor.rowcount
    changed = _scalar(
        cursor, f"SELECT COUNT(*) FROM {staged} s JOIN {table} m ON {_matches(kind)} WHERE {differs}"
    )
    if changed and kind.replaces:
        cursor.execute(
            f"DELETE FROM {table} AS m WHERE EXISTS"
            f" (SELECT 1 FROM {staged} s WHERE {_matches(kind)} AND {differs})"
        )
    elif changed:
        sets = ", ".join(f'"{name}" = s."{name}"' for name in plain)
        cursor.execute(f"UPDATE {table} AS m SET {sets} FROM {staged} s WHERE {_matches(kind)} AND {differs}")
    cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {staged} s"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} m WHERE {_matches(kind)})"
    )
    added = cursor.rowcount - (changed if kind.replaces else 0)
    return Change(added, changed, removed, total)


def _remove_orphans(cursor: CursorWrapper, changes: dict[type[models.Model], Change]) -> None:
    """What was made here and belonged to a record that is gone goes with it."""
    for model, change in changes.items():
        if not change.removed:
            continue
        for relation in model._meta.get_fields(include_hidden=True):
            child = getattr(relation, "field", None)
            if (
                not relation.auto_created
                or not isinstance(child, models.ForeignKey)
                or not getattr(child, "db_constraint", True)
            ):
                continue
            parents, key = model._meta.db_table, child.target_field.column
            cursor.execute(
                f"DELETE FROM {child.model._meta.db_table} AS c WHERE c.{child.column} IS NOT NULL"
                f" AND NOT EXISTS (SELECT 1 FROM {parents} p WHERE p.{key} = c.{child.column})"
            )


def _set_sequences(cursor: CursorWrapper) -> None:
    """Records made here from now on take ids that the source will never reach."""
    for kind in KINDS:
        if kind.key != ("id",):
            continue
        last = max(_scalar(cursor, f"SELECT MAX(id) FROM {kind.table}"), OWN_IDS_FROM - 1)
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", (kind.table, last))
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", (kind.table,))
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", (kind.table, last))
