# ruff: noqa: S608 (these dumps are texts for the reader: no database runs them)
"""Random rows, written as plainly as can be in every form that MySQL reads, come back as they were."""

import random
import re
from collections.abc import Callable

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.intake.wordpress.dumps import read
from tillroll.intake.wordpress.dump import Row

TEXTS = st.text(st.sampled_from("ab'\"\\`;,()\n\r\0\x1a#-/* %_nté田🎉N0x"), max_size=12) | st.text(max_size=8)
NUMBERS = st.sampled_from(["0", "-1", "12.50", "1e10", "-2.5E-3", "18446744073709551615"])

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE]-?[0-9]+)?")
LETTERS = {"\0": "0", "\b": "b", "\n": "n", "\r": "r", "\t": "t", "\x1a": "Z"}


def write_as_mysqldump(text: str) -> str:
    return "'" + "".join("\\" + LETTERS.get(c, c) if c in LETTERS or c in "'\"\\" else c for c in text) + "'"


def write_as_phpmyadmin(text: str) -> str:
    return "'" + "".join({"'": "''", "\\": "\\\\", "\r": "\\r", "\n": "\\n"}.get(c, c) for c in text) + "'"


def write_in_double_quotes(text: str) -> str:
    return '"' + "".join({'"': '""', "\\": "\\\\"}.get(c, c) for c in text) + '"'


def write_with_needless_escapes(text: str) -> str:
    """MySQL drops a backslash before any character that it gives no meaning, but for % and _."""
    plain = "0bnrtZ%_\0\b\n\r\t\x1a"
    return "_utf8mb4 '" + "".join(c if c in plain else "\\" + c for c in text) + "'"


def write_as_hex(text: str) -> str:
    return "0x" + text.encode().hex().upper() if text else "''"


def write_as_quoted_hex(text: str) -> str:
    return f"_binary X'{text.encode().hex()}'"


WRITERS: list[Callable[[str], str]] = [
    write_as_mysqldump,
    write_as_phpmyadmin,
    write_in_double_quotes,
    write_with_needless_escapes,
    write_as_hex,
    write_as_quoted_hex,
]
INSERTS = [
    "INSERT INTO `t` VALUES ",
    "INSERT IGNORE INTO t ({}) VALUES\n",
    "REPLACE INTO `t` ({}) VALUES\r\n/* it's; */",
    "/*!40000 INSERT INTO t VALUES ",
]
GAPS = [
    "",
    "\n",
    "\r\n\r\n",
    "-- it's; \"a\n",
    "/* ; ' */",
    "# ' ;\n",
    "/*!40000 ALTER TABLE `t` ENABLE KEYS */;\n",
]


def write(rows: list[Row], names: list[str], seed: int) -> str:
    """A dump of the rows: each INSERT, value and blank in a form that the seed draws."""
    draw = random.Random(seed)
    writers = draw.sample(WRITERS, draw.randint(1, 3)) if draw.random() < 0.5 else [WRITERS[0]]
    inserts = INSERTS if draw.random() < 0.5 else [draw.choice(INSERTS)]
    comma, between = draw.choice([",", ", ", ",\t", " , "]), draw.choice([",", ",\n", ",\r\n", " ,\n  "])
    dump = f"CREATE TABLE `t` ({', '.join(f'`{name}` text' for name in names)});"
    left = list(rows)
    while left:
        size = draw.choice([1, 2, 5, 50])
        now, left = left[:size], left[size:]
        insert = draw.choice(inserts).format(",".join(names))
        dump += draw.choice(GAPS) + insert + between.join(write_row(row, writers, comma, draw) for row in now)
        dump += (" */" if insert.startswith("/*!") else "") + draw.choice([";", ";\n", " ;\r\n"])
    return dump + draw.choice(GAPS)


def write_row(row: Row, writers: list[Callable[[str], str]], comma: str, draw: random.Random) -> str:
    return "(" + comma.join(write_value(value, writers, draw) for value in row) + ")"


def write_value(value: str | None, writers: list[Callable[[str], str]], draw: random.Random) -> str:
    if value is None:
        return "NULL"
    if NUMBER.fullmatch(value) and draw.random() < 0.5:
        return value
    return draw.choice(writers)(value)


@st.composite
def make_rows(draw: st.DrawFn) -> list[Row]:
    width = draw(st.integers(1, 5))
    values = st.lists(st.none() | TEXTS | NUMBERS, min_size=width, max_size=width).map(tuple)
    return draw(st.lists(values, max_size=30))


@settings(deadline=None)
@given(
    rows=make_rows(), seed=st.integers(0, 10**6), piece=st.sampled_from([1, 2, 3, 5, 17, 64, 300, 1 << 17])
)
@example(rows=[("it's",)] * 700 + [(None,)] * 700, seed=3, piece=1 << 17)
@example(rows=[("a\\b", "'"), ("plain", None)] * 900, seed=5, piece=1000)
def test_rows_come_back_as_they_were_written(rows: list[Row], seed: int, piece: int) -> None:
    names = [f"c{i}" for i in range(len(rows[0]) if rows else 1)]
    reader, tables = read(write(rows, names, seed) + "CREATE TABLE u (x int);", piece)
    assert [row for _, _, given_rows in tables for row in given_rows] == rows
    assert {columns for name, columns, _ in tables if name == "t"} == {tuple(names)}
    assert reader.tables_seen == ["t", "u"]
    assert reader.invalid_values == 0


@settings(deadline=None)
@given(
    rows=make_rows(), seed=st.integers(0, 10**6), piece=st.sampled_from([1, 2, 3, 5, 17, 64, 300, 1 << 17])
)
def test_the_table_behind_is_found_whatever_rows_are_skipped(rows: list[Row], seed: int, piece: int) -> None:
    names = [f"c{i}" for i in range(len(rows[0]) if rows else 1)]
    dump = write(rows, names, seed) + "CREATE TABLE u (x int); INSERT INTO u VALUES (7);"
    reader, tables = read(dump, piece, wants=lambda name: name == "u")
    assert tables == [("u", ("x",), [("7",)])]
    assert reader.tables_seen == ["t", "u"]


@settings(deadline=None, max_examples=30)
@given(rows=make_rows(), seed=st.integers(0, 10**6))
def test_the_size_of_the_pieces_changes_nothing(rows: list[Row], seed: int) -> None:
    names = [f"c{i}" for i in range(len(rows[0]) if rows else 1)]
    dump = write(rows, names, seed)
    whole = read(dump, len(dump) + 10)[1]
    assert all(read(dump, piece)[1] == whole for piece in range(1, min(len(dump), 40), 3))
