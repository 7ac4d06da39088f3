"""The source's tables as they are now: which shop of the database is followed, and what its tables have."""

from collections import defaultdict
from collections.abc import Mapping as Map
from dataclasses import dataclass
from pathlib import Path

from tillroll.intake.mirror.connection import Columns, Snapshot, SourceChanged
from tillroll.intake.mirror.layouts import LAYOUTS, SMALL, Layout, Small
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.mapping import Mapping
from tillroll.intake.wordpress.shops import Shop

_OPTIONAL = ("edd_tax_rates", "sitemeta")
"""EDD before 3.6 has no table of tax rates, and only a network has one of itself."""

_COLUMNS = """
SELECT TABLE_NAME, COLUMN_NAME, IS_NULLABLE, CHARACTER_SET_NAME FROM information_schema.COLUMNS
WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({})
"""
_TABLES = "SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()"


def list_tables(snapshot: Snapshot) -> list[str]:
    """The names of all tables of the database."""
    return [name for (name,) in snapshot.run(_TABLES)]


@dataclass(frozen=True)
class Wanted:
    """What is wanted of one shop's tables, by their full names."""

    shop: Shop
    columns: Map[str, tuple[str, ...]]

    @property
    def is_in_network(self) -> bool:
        """Whether the site shares its users with others."""
        return self.shop.prefix != self.shop.users_prefix

    def get_name(self, part: Layout | Small) -> str:
        """The full name of a table."""
        is_shared = part.table in ("users", "usermeta", "sitemeta")
        return f"{(self.shop.users_prefix or '') if is_shared else self.shop.prefix}{part.table}"

    def get_where(self, part: Layout | Small) -> str:
        return part.where.replace("{prefix}", self.shop.prefix)


def make_mapping(staging: Staging, shop: Shop) -> Mapping:
    """The mapping that a dump's tables go through too."""
    return Mapping(staging, shop.prefix, shop.users_prefix or shop.prefix)


def want(shop: Shop) -> Wanted:
    """As the mapping takes it."""
    with Staging(Path(":memory:")) as staging:
        mapping = make_mapping(staging, shop)
        return Wanted(shop, {name: taken.columns for name, taken in mapping.tables.items()})


def join_schemas(one: Map[str, list[str]], other: Map[str, list[str]]) -> dict[str, list[str]]:
    """What there was at either time."""
    return {
        table: sorted({*one.get(table, ()), *other.get(table, ())}) for table in one.keys() | other.keys()
    }


class Tables:
    """The tables of one moment."""

    def __init__(self, snapshot: Snapshot, wanted: Wanted) -> None:
        self._wanted = wanted
        marks = ", ".join(["%s"] * len(wanted.columns))
        self._present: dict[str, dict[str, bool]] = defaultdict(dict)
        self._foreign: dict[str, set[str]] = defaultdict(set)
        for table, column, nullable, charset in snapshot.run(_COLUMNS.format(marks), list(wanted.columns)):
            self._present[table][column.lower()] = nullable == "YES"
            if charset and not charset.startswith("utf8"):
                self._foreign[table].add(column.lower())

    def describe(self) -> dict[str, list[str]]:
        """What is there of what is wanted, to be compared with what there was."""
        return {
            table: sorted({name.lower() for name in names} & self._present[table].keys())
            for table, names in sorted(self._wanted.columns.items())
            if table in self._present
        }

    def check(self, known: Map[str, list[str]]) -> None:
        """Raises SourceChanged where something is gone that there was: it would look as if all were empty."""
        now = self.describe()
        for table, columns in known.items():
            if table not in now:
                raise SourceChanged(
                    f"The source has lost its table {table}; the records stay as they are."
                    " Bring it back; if the shop is meant to be without it, begin anew with --afresh."
                )
            if lost := sorted(set(columns) - set(now[table])):
                raise SourceChanged(
                    f"The source's table {table} has lost its column {lost[0]}; the records stay as they are."
                    " Bring it back; if the shop is meant to be without it, begin anew with --afresh."
                )

    def list_missing(self) -> list[str]:
        """Tables that a whole shop has and this one lacks."""
        return [
            name
            for name in sorted(self._wanted.columns)
            if name not in self._present and not name.endswith(_OPTIONAL)
        ]

    def find(self, part: Layout | Small) -> Columns | None:
        """How a table is read; None for one that is not there."""
        name = self._wanted.get_name(part)
        if name not in self._present:
            return None
        present = self._present[name]
        nullable = frozenset(column for column, is_nullable in present.items() if is_nullable)
        foreign = frozenset(self._foreign[name])
        return Columns(name, self._wanted.columns[name], frozenset(present), nullable, foreign)

    def get_where(self, part: Layout | Small) -> str:
        return self._wanted.get_where(part)

    def list_layouts(self) -> list[Layout]:
        return [layout for layout in LAYOUTS if self.find(layout)]

    def list_small(self, *parts: str) -> list[Small]:
        return [small for small in SMALL if self.find(small) and (not parts or small.part in parts)]
