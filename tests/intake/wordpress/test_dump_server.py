# ruff: noqa: S608 (the statements are made of this file's own constants)
"""What a real MariaDB's dump program writes of random values, the reader gives back.

Runs where a server answers: at TILLROLL_TEST_MARIADB_URL (mysql://user:password@host:port), or the default.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mariadb import Server, make_server
from tillroll.intake.wordpress.dump import DumpReader, Row, list_tables

COLUMNS = ("id", "txt", "bin", "amount", "ratio", "day", "flag", "note")
TABLE = """CREATE TABLE {} (
    id bigint unsigned NOT NULL AUTO_INCREMENT, txt longtext, bin longblob, amount decimal(18,9),
    ratio double, day datetime DEFAULT '0000-00-00 00:00:00', flag tinyint(1),
    twice bigint AS (id * 2) VIRTUAL,
    note varchar(190) COMMENT 'it''s; (a) "note"', PRIMARY KEY (id), KEY n (note)
) DEFAULT CHARSET=utf8mb4"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with make_server() as one:
        yield one


def make_rows(seed: int, count: int) -> list[Row]:
    """Rows as the server gives them back: texts of any characters, and bytes that happen to be UTF-8."""
    draw = random.Random(seed)
    alphabet = "ab cN0x'\"\\`;,()\n\r\t\0\x1a\b%_-#/*é田🎉"

    def make_text(longest: int) -> str | None:
        size = draw.choice([0, 1, 3, longest])
        return None if draw.random() < 0.1 else "".join(draw.choices(alphabet, k=draw.randint(0, size)))

    return [
        (
            str(number),
            make_text(300),
            make_text(60),
            draw.choice([None, f"{draw.randint(-(10**17), 10**17) / 10**9:.9f}"]),
            draw.choice([None, "1.5", "-2.25e-30", "1e100"]),
            draw.choice(["0000-00-00 00:00:00", "2026-02-03 03:30:00", None]),
            draw.choice(["0", "1", None]),
            make_text(100),
        )
        for number in range(1, count + 1)
    ]


def write_literal(value: str | None) -> str:
    return "NULL" if value is None else f"x'{value.encode().hex()}'" if value else "''"


def fill(server: Server, table: str, rows: list[Row]) -> None:
    lines = []
    for row in rows:
        number, text, binary, amount, ratio, day, flag, note = row
        values = [number, write_literal(text), write_literal(binary), amount or "NULL", ratio or "NULL"]
        values += ["NULL" if day is None else f"'{day}'", flag or "NULL", write_literal(note)]
        lines.append(f"({','.join(str(value) for value in values)})")
    insert = f"INSERT INTO {table} ({','.join(COLUMNS)}) VALUES {','.join(lines)};"
    server.run(
        f"SET NAMES utf8mb4; SET sql_mode=''; {TABLE.format(table)}; {insert}", database=server.database
    )


@pytest.fixture(scope="module")
def rows(server: Server) -> list[Row]:
    made = make_rows(seed=7, count=400)
    fill(server, "one", made)
    fill(server, "two", made[:3])
    server.run(
        "CREATE TABLE none (a int); CREATE VIEW v AS SELECT id, txt FROM one;\n"
        "DELIMITER ;;\nCREATE TRIGGER g BEFORE INSERT ON two FOR EACH ROW BEGIN\n"
        "-- it's a remark;\nSET NEW.note = CONCAT('a;;', \"b'\", NEW.note); END ;;\n"
        "CREATE PROCEDURE p() BEGIN INSERT INTO one (id) VALUES (1); END ;;\nDELIMITER ;\n",
        database=server.database,
    )
    return made


FORMS = [
    [],
    ["--skip-extended-insert"],
    ["--complete-insert", "--hex-blob"],
    ["--compact"],
    ["--skip-comments", "--insert-ignore"],
    ["--replace", "--skip-quote-names"],
    ["--skip-opt"],
    ["--skip-dump-date", "--no-autocommit", "--single-transaction"],
    ["--net-buffer-length=4096"],
    ["--default-character-set=utf8mb4", "--routines", "--events", "--databases"],
    ["--compatible=ansi", "--default-character-set=utf8mb4"],
    ["--no-create-info", "--complete-insert"],
]


@pytest.mark.parametrize("options", FORMS, ids=" ".join)
@pytest.mark.parametrize("piece", [700, 1 << 17])
def test_a_server_s_dump_gives_back_what_was_stored(
    server: Server, rows: list[Row], tmp_path: Path, options: list[str], piece: int
) -> None:
    path = tmp_path / "shop.sql"
    path.write_bytes(server.dump(*options))
    found: dict[str, list[Row]] = {}
    for table, batch in DumpReader(path, wants=lambda name: name in ("one", "two"), piece=piece):
        # without its CREATE TABLE a generated column looks like the others
        names = tuple(name for name in table.columns if "--no-create-info" not in options or name != "twice")
        assert names == COLUMNS
        places = [table.columns.index(name) for name in names]
        found.setdefault(table.name, []).extend(tuple(row[place] for place in places) for row in batch)
    assert {name: [normalize(row) for row in batch] for name, batch in found.items()} == {
        "one": [normalize(row) for row in rows],
        "two": [normalize(row) for row in rows[:3]],
    }
    assert {"one", "two"} <= set(list_tables(path))


def test_a_server_s_dump_in_latin1_gives_back_western_text(server: Server, tmp_path: Path) -> None:
    row = ("1", "Zoë 'x' \\ € ž", None, None, None, None, None, "é")
    fill(server, "western", [row])
    path = tmp_path / "shop.sql"
    path.write_bytes(
        server.dump("--default-character-set=latin1", "--ignore-table=" + server.database + ".one")
    )
    reader = DumpReader(path, wants=lambda name: name == "western")
    assert [rows for _, rows in reader] == [[], [row]]
    assert reader.invalid_values == 0


def normalize(row: Row) -> Row:
    """A double's text is the server's own choice: 1e100, 1E+100."""
    ratio = row[4]
    return (*row[:4], None if ratio is None else repr(float(ratio)), *row[5:])
