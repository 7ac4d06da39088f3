# ruff: noqa: S608 (these dumps are texts for the reader: no database runs them)
"""What a dump's bytes mean: character sets, bytes that are no text, and files that are no dump."""

import gzip
import zlib
from pathlib import Path

import pytest

from tests.intake.wordpress.dumps import FOOTER, HEADER, TABLE, read, read_rows
from tillroll.intake.wordpress.dump import DumpError, DumpReader, list_tables

INSERT = "INSERT INTO `t` VALUES (1,'{}'),(2,'x');\n"


@pytest.mark.parametrize(
    ("charset", "codec", "text"),
    [
        ("utf8mb4", "utf-8", "Zoë 田 🎉"),
        ("utf8", "utf-8", "Zoë 田"),
        ("utf8mb3", "utf-8", "Zoë 田"),
        ("binary", "utf-8", "Zoë 田"),
        ("latin1", "cp1252", "Zoë € ž"),
        ("latin2", "iso8859-2", "Łódź"),
        ("cp1251", "cp1251", "Зоя"),
        ("koi8r", "koi8-r", "Зоя"),
        ("sjis", "shift-jis", "ソ表"),  # their second bytes are backslashes
        ("gbk", "gbk", "誠"),
        ("big5", "big5", "功"),
    ],
)
@pytest.mark.parametrize("piece", [1, 1 << 17])
def test_set_names_says_how_the_rest_is_decoded(charset: str, codec: str, text: str, piece: int) -> None:
    dump = "-- Zoë\n" + TABLE
    insert = f"/*!40101 SET NAMES {charset} COLLATE x */;\n" + INSERT.format(text)
    assert read_rows(dump.encode() + insert.encode(codec), piece) == [("1", text), ("2", "x")]


def test_the_character_set_may_change_on_the_way() -> None:
    parts = [
        (TABLE + INSERT.format("ë"), "utf-8"),
        ("SET NAMES 'latin1';" + INSERT.format("ë"), "cp1252"),
        ("SET CHARACTER SET utf8;" + INSERT.format("ë"), "utf-8"),
        ("SET NAMES @kept; SET NAMES DEFAULT;" + INSERT.format("ë"), "utf-8"),
    ]
    dump = b"".join(text.encode(codec) for text, codec in parts)
    for piece in range(1, len(dump) + 1):
        assert read_rows(dump, piece) == [("1", "ë"), ("2", "x")] * 4


def test_a_character_set_that_is_not_read_is_named() -> None:
    with pytest.raises(DumpError, match=r"has the character set ucs2: .*utf8mb4, in line 2 \("):
        read(TABLE + "SET NAMES ucs2;")


@pytest.mark.parametrize("piece", [1, 2, 100, 199, 300, 401, 502, 1 << 17])
@pytest.mark.parametrize("rows", [1, 100])
def test_bytes_that_are_no_text_are_replaced_and_counted(piece: int, rows: int) -> None:
    row = b"(1,'a\xffb\xe2\x82'),(2,'\xc3\xa9\\\xf0'),(3,'x')"
    reader, tables = read(TABLE.encode() + b"INSERT INTO t VALUES " + b",".join([row] * rows) + b";", piece)
    assert tables[0][2] == [("1", "a\ufffdb\ufffd"), ("2", "é\ufffd"), ("3", "x")] * rows
    assert reader.invalid_values == 2 * rows


def test_binary_values_that_are_no_text_are_replaced_and_counted() -> None:
    reader, tables = read(TABLE + "INSERT INTO t VALUES (1,0xC3A9FF),(2,_binary'\\0'),(3,x'41');")
    assert tables[0][2] == [("1", "é\ufffd"), ("2", "\0"), ("3", "A")]
    assert reader.invalid_values == 1


def test_all_valid_text_is_not_counted() -> None:
    assert read(TABLE + INSERT.format("Zoë \ufffd 田 🎉"))[0].invalid_values == 0


@pytest.mark.parametrize("name", ["shop.sql.gz", "shop.sql", "shop"])
def test_gzip_is_told_by_its_first_bytes(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress((HEADER + TABLE + INSERT.format("ë") + FOOTER).encode()))
    assert [rows for _, rows in DumpReader(path, wants=lambda _: True)] == [[], [("1", "ë"), ("2", "x")]]


@pytest.mark.parametrize("padding", [b"", b"\0" * 700])
def test_a_gzip_file_of_several_members_is_read_whole(tmp_path: Path, padding: bytes) -> None:
    path = tmp_path / "shop.sql.gz"
    path.write_bytes(
        b"".join(gzip.compress(part.encode(), mtime=0) for part in (TABLE, INSERT, "")) + padding
    )
    assert sum(len(rows) for _, rows in DumpReader(path, wants=lambda _: True)) == 2


def test_a_gzip_file_that_is_cut_breaks_off_wherever_it_is_cut(tmp_path: Path) -> None:
    packed = gzip.compress((HEADER + TABLE + INSERT.format("ë") + FOOTER).encode())
    path = tmp_path / "shop.sql.gz"
    for length in range(3, len(packed)):
        path.write_bytes(packed[:length])
        with pytest.raises(
            DumpError, match=rf"shop.sql.gz breaks off: its gzip stream ends early, after {length} b"
        ):
            list_tables(path)


def test_a_damaged_gzip_file_is_told(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress((HEADER + TABLE + FOOTER).encode()))
    path = tmp_path / "shop.sql.gz"
    packed[-6] ^= 1  # the checksum
    path.write_bytes(packed)
    with pytest.raises(DumpError, match="is damaged: its gzip stream can't be unpacked"):
        list_tables(path)
    path.write_bytes(gzip.compress((HEADER + TABLE + FOOTER).encode()) + b"junk")
    with pytest.raises(DumpError, match="is damaged: something else follows"):
        list_tables(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "holds no SQL statements: it is empty"),
        (gzip.compress(b"", mtime=0), "holds no SQL statements: it is empty"),
        (b"\n  \r\n", "holds no SQL statements: nothing but blanks and comments"),
        (b"-- MySQL dump 10.13\n--\n", "holds no SQL statements: nothing but blanks and comments"),
        (b"<!DOCTYPE html>\n<html>", "holds no SQL statements: it begins with '<!DOCTYPE html>'"),
        (b"id,email\n1,a@b.example\n", "holds no SQL statements: it begins with 'id,email'"),
        (b'"1","a"\n', 'holds no SQL statements: it begins with \'"1","a"\''),
        (b"\x89PNG\r\n\x1a\n\0\0", "holds no SQL statements: it begins with '\\\\udc89PNG'"),
        (b"PK\x03\x04rest", "is a zip archive"),
        (b"BZh91AY", "is packed with bzip2"),
        (b"\xfd7zXZ\0", "is packed with xz"),
        (b"\x28\xb5\x2f\xfd", "is packed with zstd"),
        ("\ufeffSET NAMES utf8;".encode("utf-16-le"), "is UTF-16 text"),
        (b"PGDMP", "is a dump of PostgreSQL"),
        (b"SQLite format 3\0", "is an SQLite database"),
        (gzip.compress(b"SQLite format 3\0", mtime=0), "is an SQLite database"),
        (
            TABLE.encode() + b"\xff\xfe\0;",
            "holds something that is no SQL statement: .*, in line 2 \\(byte 7",
        ),
    ],
)
def test_a_file_that_is_no_dump_ends_in_a_sentence(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "shop.sql"
    path.write_bytes(content)
    with pytest.raises(DumpError, match=rf"^{path} {what}.*\.$"):
        list_tables(path)


def test_a_folder_and_a_missing_file_end_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DumpError, match=r"is a folder: give the \.sql or \.sql\.gz file itself\.$"):
        list_tables(tmp_path)
    with pytest.raises(DumpError, match=r"none\.sql can't be read: No such file or directory\.$"):
        list_tables(tmp_path / "none.sql")


def test_progress_counts_the_bytes_of_the_packed_file(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql.gz"
    path.write_bytes(gzip.compress((HEADER + TABLE + FOOTER).encode()))
    told: list[tuple[int, int]] = []
    for _ in DumpReader(path, wants=lambda _: True, on_progress=lambda *step: told.append(step)):
        pass
    size = path.stat().st_size
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_a_byte_order_mark_is_no_text() -> None:
    assert read_rows("\ufeff" + TABLE + INSERT.format("x")) == [("1", "x"), ("2", "x")]


def test_packed_bytes_that_unpack_to_very_much_are_taken_piece_by_piece(tmp_path: Path) -> None:
    path = tmp_path / "shop.sql.gz"
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b"INSERT INTO t VALUES ('") + packer.compress(b"x" * 50_000_000)
    path.write_bytes(packed + packer.compress(b"'); CREATE TABLE u (a int);") + packer.flush())
    assert path.stat().st_size < 100_000
    assert list_tables(path) == ["t", "u"]
