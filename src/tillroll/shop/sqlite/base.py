"""Django's SQLite backend with a memory for statements.

Django writes SQLite's `?` for each `%s` anew whenever a statement runs, by a regular expression. For short
statements that costs more than SQLite's own work, so a text that was turned once is kept.
"""

from collections.abc import Sequence
from functools import lru_cache

from django.db.backends.sqlite3 import base

LONGEST_KEPT = 10_000
"""Characters; an import's longer statements come once and would only fill the memory."""


class SQLiteCursorWrapper(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: Sequence[str] | None = None) -> str:
        if param_names is None and len(query) <= LONGEST_KEPT:
            return turn_placeholders(query)
        turned: str = super().convert_query(query, param_names=param_names)  # type: ignore[misc]  # not in the stubs
        return turned


@lru_cache(maxsize=512)
def turn_placeholders(query: str) -> str:
    """A statement with `?` for each `%s`, as SQLite's own cursor takes it."""
    turned: str = base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")
    return turned


class DatabaseWrapper(base.DatabaseWrapper):
    def create_cursor(self, name: str | None = None) -> SQLiteCursorWrapper:
        cursor: SQLiteCursorWrapper = self.connection.cursor(factory=SQLiteCursorWrapper)
        return cursor
