"""One table of the shop brought up to date with its staged records, in SQL that both stores read."""

# ruff: noqa: S608 (statements are put together from the project's own names; values are bound)

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.models import ForeignKey

from tillroll.intake.staging import MODIFIED, Kind

Moment = datetime | str | None
"""When an import takes place, as the store takes it; None at the first of a source."""


class ApplyError(Exception):
    """The staged records can't become the shop's; the sentence says why. Nothing was changed."""


@dataclass(frozen=True)
class Change:
    """What an import did to the records of one model."""

    added: int
    changed: int
    removed: int
    total: int


def count(cursor: CursorWrapper, query: str, *values: int) -> int:
    """The one number that a query gives; 0 for none."""
    cursor.execute(query, values)
    row = cursor.fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def limit(kind: Kind, parts: Collection[str]) -> str:
    """The condition on records `m` that leaves those which the staged ones stand for: all, but of a kind
    that comes in `parts` those of the parts that came."""
    return f" AND m.{kind.member} IN (SELECT id FROM part_{kind.part})" if kind.part in parts else ""


def refuse_strangers(cursor: CursorWrapper, kind: Kind, source: int, within: str = "") -> None:
    """Adopts what may be adopted; raises ApplyError where another's record would be written over."""
    table, matches = kind.table, _get_matches(kind)
    if kind.adopts:
        cursor.execute(
            f"UPDATE {table} AS m SET source_id = %s WHERE source_id IS NULL{within}"
            f" AND EXISTS (SELECT 1 FROM staged_{table} s WHERE {matches})",
            (source,),
        )
    strange = "(m.source_id IS NULL OR m.source_id <> %s)"
    if not within and not count(cursor, f"SELECT 1 FROM {table} m WHERE {strange} LIMIT 1", source):
        return
    cursor.execute(
        f"SELECT m.{kind.key[0]} FROM staged_{table} s CROSS JOIN {table} m"
        f" WHERE {matches} AND {strange} LIMIT 1",
        (source,),
    )
    if row := cursor.fetchone():
        raise ApplyError(
            f"The {kind.model._meta.verbose_name} {row[0]} is here already and is not from this source;"
            " import into an empty shop (another TILLROLL_HOME), or remove that record first."
        )


def merge(cursor: CursorWrapper, kind: Kind, source: int, moment: Moment, within: str = "") -> Change:
    """Adds, changes and removes. The first import of a source has nothing to compare and only adds.

    What a later one adds or changes has changed at the `moment` of the import, when a client may have read
    all that the source had changed before; so have the records that what changes belongs to. `within`
    leaves the records that the staged ones stand for, where those are not all (see `limit`).
    """
    table, staged, matches = kind.table, f"staged_{kind.table}", _get_matches(kind)
    times = {MODIFIED: "%s"} if kind.is_dated and moment else {}
    dated = (moment,) if times else ()
    columns = ", ".join(f'"{name}"' for name in (*kind.columns, *kind.kept, "source_id"))
    values = ", ".join(
        (*(times.get(name, f's."{name}"') for name in kind.columns), *kind.kept.values(), str(source))
    )
    total = count(cursor, f"SELECT COUNT(*) FROM {staged}")
    if kind.owner and moment:
        _date_owners(cursor, kind, source, moment, within)
    if not count(cursor, f"SELECT 1 FROM {table} WHERE source_id = %s LIMIT 1", source):
        cursor.execute(f"INSERT INTO {table} ({columns}) SELECT {values} FROM {staged} s", dated)
        return Change(total, 0, 0, total)
    cursor.execute(
        f"DELETE FROM {table} AS m WHERE m.source_id = %s{within}"
        f" AND NOT EXISTS (SELECT 1 FROM {staged} s WHERE {matches})",
        (source,),
    )
    removed = cursor.rowcount
    changed = _change(cursor, kind, moment, within)
    cursor.execute(
        f"INSERT INTO {table} ({columns}) SELECT {values} FROM {staged} s"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} m WHERE {matches})",
        dated,
    )
    return Change(cursor.rowcount - (changed if kind.replaces else 0), changed, removed, total)


def _change(cursor: CursorWrapper, kind: Kind, moment: Moment, within: str) -> int:
    """Brings the records that differ up to date, or takes them out to be put back; how many."""
    compared = _list_compared(kind)
    if not compared:
        return 0
    table, staged, matches = kind.table, f"staged_{kind.table}", _get_matches(kind)
    differs = _get_difference(kind)
    changed = count(cursor, f"SELECT COUNT(*) FROM {staged} s CROSS JOIN {table} m WHERE {differs}")
    if changed and kind.replaces:
        cursor.execute(
            f"DELETE FROM {table} AS m WHERE EXISTS (SELECT 1 FROM {staged} s WHERE {differs}){within}"
        )
    elif changed:
        if kind.unique:
            # two records may swap the value that only one of them can have at a time
            cursor.execute(
                f"UPDATE {table} AS m SET {kind.unique} = 'changing ' || {kind.key[0]} WHERE EXISTS"
                f" (SELECT 1 FROM {staged} s WHERE {matches} AND m.{kind.unique} <> s.{kind.unique}){within}"
            )
        sets = [f'"{name}" = s."{name}"' for name in compared]
        dated = kind.is_dated and moment is not None
        if dated:
            sets.append(f"{MODIFIED} = %s")
        cursor.execute(
            f"UPDATE {table} AS m SET {', '.join(sets)} FROM {staged} s WHERE {differs}",
            (moment,) if dated else (),
        )
    return changed


def _date_owners(cursor: CursorWrapper, kind: Kind, source: int, moment: Moment, within: str) -> None:
    """The owners of the records that will be added, changed or removed have changed too."""
    table, staged, matches = kind.table, f"staged_{kind.table}", _get_matches(kind)
    owner = next(field for field in kind.model._meta.concrete_fields if field.column == kind.owner)
    assert isinstance(owner, ForeignKey)  # noqa: S101 (it is named so in KINDS)
    differing = (
        f" UNION SELECT s.{kind.owner} FROM {staged} s CROSS JOIN {table} m WHERE {_get_difference(kind)}"
        f" UNION SELECT m.{kind.owner} FROM {staged} s CROSS JOIN {table} m WHERE {_get_difference(kind)}"
    )
    cursor.execute(
        f"UPDATE {owner.remote_field.model._meta.db_table} SET {MODIFIED} = %s WHERE id IN ("
        f"SELECT m.{kind.owner} FROM {table} m WHERE m.source_id = %s{within}"
        f" AND NOT EXISTS (SELECT 1 FROM {staged} s WHERE {matches})"
        f" UNION SELECT s.{kind.owner} FROM {staged} s"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} m WHERE {matches})"
        f"{differing if _list_compared(kind) else ''})",
        (moment, source),
    )


def _list_compared(kind: Kind) -> list[str]:
    """The columns that may differ: the time of the last change is this shop's own."""
    return [name for name in kind.columns if name not in kind.key and name != MODIFIED]


def _get_difference(kind: Kind) -> str:
    ours, theirs = (", ".join(f'{side}."{name}"' for name in _list_compared(kind)) for side in "ms")
    return f"{_get_matches(kind)} AND ({ours}) {_get_unlike()} ({theirs})"


def _get_matches(kind: Kind) -> str:
    return " AND ".join(f"m.{name} = s.{name}" for name in kind.key)


def _get_unlike() -> str:
    # SQLite took over the standard's form in 3.39 only
    return "IS DISTINCT FROM" if connection.vendor == "postgresql" else "IS NOT"
