"""SQLite's statements are turned once, and mean what they mean through Django's own backend."""

import sqlite3

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.sqlite3.base import SQLiteCursorWrapper as DjangosCursor

from tillroll.shop.sqlite.base import LONGEST_KEPT, SQLiteCursorWrapper, turn_placeholders


def _fetch(kind: type[sqlite3.Cursor], query: str, values: object) -> list[object]:
    connection = sqlite3.connect(":memory:")
    try:
        cursor = connection.cursor(kind)
        for _ in range(2):  # the second time from memory
            cursor.execute(query, values)  # type: ignore[arg-type]
        return cursor.fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("query", "values", "row"),
    [
        ("SELECT 1", None, (1,)),
        ("SELECT %s, '%%', '%%s'", (7,), (7, "%", "%s")),
        ("SELECT 'a%%b' LIKE %s ESCAPE '!'", ("a!%_",), (1,)),
        ("SELECT %(one)s, %(two)s", {"one": 1, "two": 2}, (1, 2)),
        (f"SELECT 9 IN ({', '.join(['%s'] * 900)})", range(900), (1,)),
        (f"SELECT LENGTH('{'x' * LONGEST_KEPT}'), %s, '%%'", (7,), (LONGEST_KEPT, 7, "%")),
    ],
    ids=["no value", "percent signs", "like", "named", "many values", "too long to keep"],
)
def test_a_statement_means_what_it_means_to_django(
    query: str, values: object, row: tuple[object, ...]
) -> None:
    values = tuple(values) if isinstance(values, range) else values
    assert _fetch(SQLiteCursorWrapper, query, values) == [row] == _fetch(DjangosCursor, query, values)


def test_a_long_statement_is_not_kept() -> None:
    turn_placeholders.cache_clear()
    _fetch(SQLiteCursorWrapper, f"SELECT LENGTH('{'x' * LONGEST_KEPT}'), %s", (7,))
    assert turn_placeholders.cache_info().currsize == 0
    _fetch(SQLiteCursorWrapper, "SELECT %s", (7,))
    assert turn_placeholders.cache_info().currsize == 1


@pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "tillroll.shop.sqlite", reason="SQLite's own cursor"
)
def test_the_store_uses_it(db: None) -> None:
    with connection.cursor() as cursor:
        assert isinstance(cursor.cursor, SQLiteCursorWrapper)
