# ruff: noqa: S608 (these dumps are texts for the reader: no database runs them)
"""What the reader's speed and its small memory rest on, told without a clock."""

import tracemalloc
from pathlib import Path

import pytest

from tests.intake.wordpress.dumps import TABLE
from tillroll.intake.wordpress.dump import DumpReader, list_tables
from tillroll.intake.wordpress.rows import BATCH, Row, RowReader

COUNT = 5_000


@pytest.mark.parametrize(
    ("insert", "row", "between"),
    [
        pytest.param("INSERT INTO `t` VALUES ", "({0},'it\\'s {0}')", ",", id="mysqldump"),
        pytest.param("INSERT INTO `t` VALUES\n", "({0},'plain {0}')", ",\n", id="mariadb-dump"),
        pytest.param(
            "INSERT INTO `t` VALUES ", "({0},'plain {0}')", ";\nINSERT INTO `t` VALUES ", id="a row each"
        ),
        pytest.param("INSERT INTO `t` (`a`, `b`) VALUES\n", "({0}, 'it''s {0}')", ",\n", id="phpMyAdmin"),
        pytest.param("INSERT INTO `t` (`a`, `b`) VALUES\n", "({0},\t'plain {0}')", ",\n", id="Adminer"),
        pytest.param(
            "INSERT INTO `t` VALUES",
            '("{0}", "it\'s {0}")',
            ";\nINSERT INTO `t` VALUES",
            id="Duplicator",
        ),
    ],
)
def test_nearly_all_rows_of_the_usual_dumps_are_read_by_pattern(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, insert: str, row: str, between: str
) -> None:
    careful: list[Row] = []
    read_row = RowReader._read_row

    def note(self: RowReader) -> Row:
        careful.append(read_row(self))
        return careful[-1]

    monkeypatch.setattr(RowReader, "_read_row", note)
    path = tmp_path / "shop.sql"
    path.write_text(TABLE + insert + between.join(row.format(number) for number in range(COUNT)) + ";\n")
    assert sum(len(rows) for _, rows in DumpReader(path, wants=lambda _: True)) == COUNT
    assert len(careful) < 12


def measure(reader: DumpReader) -> tuple[list[int], int]:
    """The sizes of the batches, and the most bytes that were held while they were read and dropped."""
    tracemalloc.start()
    try:
        sizes = [len(rows) for _, rows in reader if rows]
        return sizes, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_one_insert_of_many_rows_is_held_in_small_batches(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql"
    with path.open("w") as file:
        file.write(TABLE + "INSERT INTO `t` VALUES (0,'x')")
        for number in range(1, 20_000):
            file.write(f",({number},'{'text of some length ' * 20}')")
        file.write(";\n")
    assert path.stat().st_size > 8_000_000
    sizes, peak = measure(DumpReader(path, wants=lambda _: True))
    assert sum(sizes) == 20_000
    assert max(sizes) <= BATCH
    assert peak < 3_000_000


def test_large_values_make_small_batches(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql"
    with path.open("w") as file:
        for number in range(60):
            file.write(f"INSERT INTO `t` (`a`,`b`) VALUES ({number},'{'x' * 500_000}');\n")
    sizes, peak = measure(DumpReader(path, wants=lambda _: True))
    assert sum(sizes) == 60
    assert peak < 15_000_000


@pytest.mark.parametrize("quote", ["'", '"', "`"])
def test_a_long_text_that_is_not_wanted_is_dropped_while_it_is_read(tmp_path: Path, quote: str) -> None:
    path = tmp_path / "shop.sql"
    with path.open("w") as file:
        file.write(f"INSERT INTO `t` VALUES (1,{quote}")
        for _ in range(100):
            file.write("x;" * 50_000 + "\\\\")
        file.write(f"{quote}); CREATE TABLE u (a int);")
    tracemalloc.start()
    assert list_tables(path) == ["t", "u"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000
