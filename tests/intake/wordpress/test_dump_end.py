# ruff: noqa: S608 (these dumps are texts for the reader: no database runs them)
"""A dump that breaks off must not pass for a whole one, wherever it breaks off."""

import gzip
import re
from pathlib import Path

import pytest

from tests.intake.wordpress.dumps import FOOTER, HEADER, TABLE, read
from tillroll.intake.wordpress.dump import DumpError, list_tables

ROWS = (
    r"LOCK TABLES `t` WRITE; INSERT INTO `t` VALUES (1,'it\'s'),(2,_utf8mb4'x'),(-3.5e1,NULL); UNLOCK TABLES;"
    "\n"
)
SAMPLE = Path(__file__).parents[2] / "conformance" / "data" / "dump.sql.gz"
COMPLETED = "-- Dump completed on 2026-02-03  3:30:00\n"


@pytest.mark.parametrize("is_wanted", [True, False])
def test_a_dump_is_whole_at_its_end_alone(is_wanted: bool) -> None:
    dump = "-- MySQL dump 10.13  Distrib 8.0.36\n" + HEADER + TABLE + ROWS + "/* done; */\n" + FOOTER
    whole = len(dump.rstrip("\n"))
    for length in range(1, whole):
        with pytest.raises(DumpError, match=r"breaks off|holds no SQL statements"):
            read(dump[:length], wants=lambda _: is_wanted)
    assert read(dump[:whole])[0].is_complete


def test_the_sentence_names_line_and_byte() -> None:
    dump = TABLE + "INSERT INTO `t` VALUES (1,'ë'),\n(2,'cut"
    place = rf"in line 3 \(byte {len(dump.encode())} of the SQL text\)\.$"
    with pytest.raises(DumpError, match=rf"breaks off within the rows of t, {place}"):
        read(dump)
    with pytest.raises(DumpError, match=rf"breaks off: a statement is not ended, {place}"):
        read(dump, wants=lambda _: False)
    with pytest.raises(
        DumpError, match=rf"whose form is not known, in line 3 \(byte {len(dump.encode()) - 4} of"
    ):
        read(dump.replace("'cut", "cut" + " " * 200))
    with pytest.raises(DumpError, match=r"breaks off: a comment is not closed, in line 3 \("):
        read(TABLE + "\n/* it")


@pytest.mark.parametrize(
    ("dump", "what"),
    [
        (TABLE + "LOCK TABLES t WRITE;", "the last table is still locked"),
        ("START TRANSACTION;" + TABLE, "its transaction is not committed"),
        (HEADER + TABLE, "what it keeps at its top (@OLD_CHARACTER_SET_CLIENT) is not put back"),
        ("-- MariaDB dump 10.19\n" + TABLE, "mysqldump's last line, -- Dump completed, is missing"),
        ("-- MySQL dump 10.13\n" + TABLE, "mysqldump's last line, -- Dump completed, is missing"),
        (TABLE + "DELIMITER ;;\n", "a DELIMITER is not put back"),
    ],
)
def test_what_a_dump_opens_it_has_to_close(dump: str, what: str) -> None:
    with pytest.raises(DumpError, match=re.escape(f"breaks off: {what}, in line ")):
        read(dump)


@pytest.mark.parametrize(
    "dump",
    [
        TABLE,
        "-- MySQL dump 10.13\n" + TABLE + COMPLETED,
        "-- MySQL dump 10.13\n" + TABLE + "-- Dump completed",
        HEADER + TABLE + FOOTER,
        HEADER + TABLE + COMPLETED,
        "-- MySQL dump 10.13\n" + HEADER + TABLE + FOOTER,
        HEADER + TABLE + "SET UNIQUE_CHECKS=IFNULL(@OLD_UNIQUE_CHECKS, 1), C=@OLD_CHARACTER_SET_CLIENT;",
        "START TRANSACTION;" + TABLE + "COMMIT;",
        "LOCK TABLES `t` WRITE, `u` READ;" + TABLE + "UNLOCK TABLES;",
        "-- phpMyAdmin SQL Dump\nSET time_zone = '+00:00';" + TABLE,
    ],
)
def test_a_whole_dump_passes(dump: str) -> None:
    assert read(dump)[0].is_complete


def test_what_mysqldump_said_on_the_error_stream_is_passed_over() -> None:
    said = "mysqldump: [Warning] Using a password on the command line interface can be insecure.\n"
    reader, tables = read(said + "-- MySQL dump 10.13\n" + TABLE + "mysqldump: Error: it's\n" + COMPLETED)
    assert tables == [("t", ("a", "b"), [])]
    assert reader.is_complete


def test_a_server_that_went_away_while_it_was_dumped_is_told() -> None:
    with pytest.raises(DumpError, match="breaks off"):
        read(HEADER + TABLE + "mysqldump: Error 2013: Lost connection to server\n")


@pytest.mark.parametrize(
    ("insert", "what"),
    [
        ("INSERT INTO t VALUES (1,'x','y');", "has a row of t with 3 values for 2 columns"),
        ("INSERT INTO t VALUES (1,'x'),(2);", "has a row of t with 1 values for 2 columns"),
        ("INSERT INTO t VALUES (1,NOW());", "has a value of t whose form is not known"),
        ("INSERT INTO t VALUES (1,'x' 'y');", "has a value of t whose form is not known"),
        (
            "INSERT INTO t VALUES (1,_ucs2'x');",
            "has a value of t in the character set ucs2, which is not read",
        ),
        ("INSERT INTO t VALUES (1,'x') (2,'y');", "has something else between the rows of t"),
        ("INSERT INTO t VALUES (1,'x'),;", "has something else where a row of t should begin"),
        ("INSERT INTO t SELECT * FROM u;", "fills t by an INSERT without VALUES"),
        ("INSERT INTO t SET a=1;", "fills t by an INSERT without VALUES"),
    ],
)
def test_rows_that_are_not_understood_end_in_a_sentence(insert: str, what: str) -> None:
    with pytest.raises(DumpError, match=re.escape(what)):
        read(TABLE + insert + "\nDROP TABLE x;" * 20)


def test_two_dumps_in_one_file_are_refused() -> None:
    rows = "INSERT INTO t VALUES (1,'x');"
    with pytest.raises(DumpError, match="makes the table t twice: it seems to hold two dumps"):
        read(TABLE + rows + "DROP TABLE IF EXISTS t;" + TABLE + rows)
    assert (
        len(read(TABLE + rows + TABLE.replace("TABLE `t`", "TABLE IF NOT EXISTS `t`") + rows)[1][0][2]) == 2
    )


def test_the_same_table_of_two_databases_is_refused_where_it_is_wanted() -> None:
    dump = (
        f"USE `one`; {TABLE} INSERT INTO t VALUES (1,'x'); USE `two`; {TABLE} INSERT INTO t VALUES (2,'y');"
    )
    with pytest.raises(
        DumpError, match=r"holds the table t of two databases \(one and two\): dump one of them"
    ):
        read(dump)
    assert read(dump, wants=lambda _: False)[0].tables_seen == ["t"]


@pytest.mark.parametrize("share", [0.0001, 0.1, 0.5, 0.9, 0.999])
def test_the_sample_shop_s_dump_cut_anywhere_is_told(tmp_path: Path, share: float) -> None:
    text = gzip.decompress(SAMPLE.read_bytes())
    path = tmp_path / "shop.sql"
    path.write_bytes(text[: int(len(text) * share)])
    with pytest.raises(DumpError, match=r"breaks off"):
        list_tables(path)
