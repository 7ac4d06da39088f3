# ruff: noqa: S608 (these dumps are texts for the reader: no database runs them)
from pathlib import Path

import pytest

from tests.intake.wordpress.dumps import TABLE, read, read_rows
from tillroll.intake.wordpress.dump import DumpError, list_tables


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("''", ""),
        ("'plain'", "plain"),
        (r"'\0\'\"\b\n\r\t\Z\\'", "\0'\"\b\n\r\t\x1a\\"),
        (r"'\%\_'", r"\%\_"),
        (r"'\_'", r"\_"),
        (r"'\%'", r"\%"),
        (r"'\a\N\x'", "aNx"),
        ("'it''s'", "it's"),
        ("''''", "'"),
        (r"'\''''", "''"),
        (r"'\\'", "\\"),
        (r"'\\\\\''", "\\\\'"),
        (r"'\\n\\\n'", "\\n\\\n"),
        (r"'\\%\\\%'", r"\%\\%"),
        ('"double ""quoted"" \'x\'"', "double \"quoted\" 'x'"),
        (r'"C:\\dir\"\'"', "C:\\dir\"'"),
        ("'two\nlines; -- no comment # none /* none */'", "two\nlines; -- no comment # none /* none */"),
        ("'),(1,\\'x'", "),(1,'x"),
        ("'NULL'", "NULL"),
        ("NULL", None),
        ("null", None),
        ("DEFAULT", None),
        ("TRUE", "1"),
        ("false", "0"),
        ("0", "0"),
        ("-12.50", "-12.50"),
        ("+3", "+3"),
        (".5", ".5"),
        ("1.5e-07", "1.5e-07"),
        ("-2E+10", "-2E+10"),
        ("0x5A6FC3AB", "Zoë"),
        ("0x141", "\x01A"),
        ("x'5A6fc3ab'", "Zoë"),
        ("X''", ""),
        ("b'101'", "5"),
        ("0b11", "3"),
        ("B''", "0"),
        ("_binary 'a\\0b'", "a\0b"),
        ("_binary'abc'", "abc"),
        ("_utf8mb4'Zoë'", "Zoë"),
        ("_utf8mb4 0x5A6FC3AB", "Zoë"),
        ("_latin1 0xEB", "ë"),
        ("_latin1'Ã«'", "ÃƒÂ«"),
        ("N'text'", "text"),
        ("'Zoë 田中 🎉'", "Zoë 田中 🎉"),
    ],
)
@pytest.mark.parametrize("rows", [1, 9])
def test_a_value_is_read_as_mysql_reads_it(literal: str, value: str | None, rows: int) -> None:
    dump = TABLE + "INSERT INTO `t` VALUES " + ",".join(f"({i},{literal})" for i in range(rows)) + ";\n"
    assert read_rows(dump) == [(str(i), value) for i in range(rows)]


def test_columns_come_from_the_create_table_in_its_order() -> None:
    dump = r"""
    CREATE TABLE IF NOT EXISTS `wp``x` (
      `b` bigint(20) unsigned NOT NULL AUTO_INCREMENT COMMENT 'it''s, (really) \' a `key`',
      a decimal(18,9) NOT NULL DEFAULT '0.000000000', -- the amount, as stored
      "c" enum('x,y','(z)') DEFAULT "x,y" /*!50606 STORAGE DISK */ /*!50606 COLUMN_FORMAT DYNAMIC */,
      # another, remark
      `twice` int(11) GENERATED ALWAYS AS (`b` * 2) VIRTUAL,
      `old` int(11) AS (b + 1) PERSISTENT,
      /*!80023 `as` int INVISIBLE */,
      `key` int CHECK (`key` > 0),
      PRIMARY KEY (`b`), KEY k (`a`,`c`(191)), UNIQUE KEY `u` (c), FULLTEXT KEY (c),
      CONSTRAINT `f` FOREIGN KEY (`a`) REFERENCES `o` (`id`), CHECK (a > 0), PERIOD FOR SYSTEM_TIME (x, y)
    ) /*!50100 TABLESPACE `t` */ ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='a;b';
    """
    assert read(dump)[1] == [("wp`x", ("b", "a", "c", "as", "key"), [])]


def test_an_insert_s_own_columns_rule_its_rows() -> None:
    dump = TABLE + "INSERT INTO t (`b`, a) VALUES ('x',1),('y',2);\nINSERT t(b) VALUE ('z');\n"
    assert read(dump)[1] == [
        ("t", ("a", "b"), []),
        ("t", ("b", "a"), [("x", "1"), ("y", "2")]),
        ("t", ("b",), [("z",)]),
    ]


def test_rows_without_a_create_table_need_the_columns_in_the_insert() -> None:
    assert read("INSERT INTO `t` (`a`) VALUES (1);")[1] == [("t", ("a",), [("1",)])]
    with pytest.raises(DumpError, match=r"names no columns for the rows of t, .* in line 1 \(byte 23 "):
        read("INSERT INTO `t` VALUES (1);")


def test_generated_columns_are_left_out_with_their_values() -> None:
    table = "CREATE TABLE t (a int, g int AS (a+1) VIRTUAL, b int);"
    assert read(table + "INSERT INTO t VALUES (1,2);")[1] == [("t", ("a", "b"), [("1", "2")])]
    assert read(table + "INSERT INTO t VALUES (1,DEFAULT,2);")[1] == [("t", ("a", "b"), [("1", "2")])]
    assert read(table + "INSERT INTO t (g,b) VALUES (2,5);")[1] == [
        ("t", ("a", "b"), []),
        ("t", ("b",), [("5",)]),
    ]


def test_a_table_made_like_another_has_its_columns() -> None:
    dump = TABLE + "CREATE TABLE `u` LIKE `t`; INSERT INTO u VALUES (1,'x');"
    assert read(dump)[1][1] == ("u", ("a", "b"), [("1", "x")])


@pytest.mark.parametrize(
    "insert",
    [
        "INSERT INTO `t` VALUES (1,'x'),(2,'y');",
        "insert into t values (1,'x') , (2,'y') ;",
        "INSERT IGNORE INTO `t` VALUES\n(1,'x'),\n(2,'y');",
        "INSERT LOW_PRIORITY IGNORE `t` VALUES(1, 'x'),(2, 'y');",
        "REPLACE INTO `t` VALUES (1,'x');\nREPLACE INTO `t` VALUES (2,'y');",
        "REPLACE `t` VALUES (1,'x'),(2,'y');",
        "INSERT INTO `shop`.`t` VALUES (1,'x'),(2,'y');",
        'INSERT INTO "t" VALUES (1,"x"),(2,"y");',
        "INSERT INTO `t` (`a`, `b`) VALUES\r\n(1, 'x'),\r\n(2, 'y');\r\n",
        "INSERT INTO `t` VALUES /* one */ (1,'x'), -- it's\n /* two; */ (2 /*three*/ ,'y') # 'four\n;",
        "/*!40000 INSERT INTO `t` VALUES (1,'x'),(2,'y') */;",
        "INSERT INTO t VALUES (1,'x'),(2,'y') ON DUPLICATE KEY UPDATE b=VALUES(b) -- ;\n, a=';';",
        "INSERT INTO t VALUES (1,'x'),(2,'y') AS new ON DUPLICATE KEY UPDATE b=new.b;",
        "DELIMITER $$\nINSERT INTO t VALUES (1,'x'),(2,'y')$$\nDELIMITER ;\n",
    ],
)
@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1 << 18])
def test_each_form_of_an_insert_gives_its_rows(insert: str, piece: int) -> None:
    table = TABLE.replace("`t`", "`shop`.`t`") if "shop" in insert else TABLE
    assert read_rows(table + insert + "\nCREATE TABLE u (a int);\nINSERT INTO u VALUES (9);", piece) == [
        ("1", "x"),
        ("2", "y"),
        ("9",),
    ]


EVERYTHING = r"""
/*M!999999\- enable the sandbox mode */
-- MariaDB dump 10.19  Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64); it's
--
-- Host: localhost    Database: shop
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
/*!40014 SET @OLD_FOREIGN_KEY_CHECKS=@@FOREIGN_KEY_CHECKS, FOREIGN_KEY_CHECKS=0 */;
/*M!100616 SET @OLD_NOTE_VERBOSITY=@@NOTE_VERBOSITY, NOTE_VERBOSITY=0 */;
SET @MYSQLDUMP_TEMP_LOG_BIN = @@SESSION.SQL_LOG_BIN;
SET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '';
CREATE DATABASE /*!32312 IF NOT EXISTS*/ `shop` /*!40100 DEFAULT CHARACTER SET utf8mb4 */;
USE `shop`;
DROP TABLE IF EXISTS `t`;
/*!40101 SET @saved_cs_client     = @@character_set_client */;
/*!50503 SET character_set_client = utf8mb4 */;
CREATE TABLE `t` (
  `a` int NOT NULL,
  `b` text
) ENGINE=InnoDB;
# a remark; of phpMyAdmin's (it's)
LOCK TABLES `t` WRITE;
/*!40000 ALTER TABLE `t` DISABLE KEYS */;
set autocommit=0;
INSERT INTO `t` VALUES (1,'one; two'),(2,'it\'s \\'),(3,NULL);
/*!40000 ALTER TABLE `t` ENABLE KEYS */;
UNLOCK TABLES;
commit;
/*!50003 SET @saved_sql_mode       = @@sql_mode */ ;
DELIMITER ;;
/*!50003 CREATE*/ /*!50017 DEFINER=`root`@`localhost`*/ /*!50003 TRIGGER `g` BEFORE INSERT ON `t` FOR EACH ROW
BEGIN
  -- it's a remark; with marks
  INSERT INTO `log` VALUES (1,';;');
  SET NEW.b = CONCAT('a;', "b;;", `c`); # more;
END */;;
CREATE PROCEDURE p() BEGIN SELECT 5-3, 6/2; INSERT INTO t VALUES (99,'no'); END ;;
DELIMITER ;
/*!50001 CREATE VIEW `v` AS SELECT
 1 AS `a`*/;
/*!50001 CREATE ALGORITHM=UNDEFINED */
/*!50013 DEFINER=`root`@`%` SQL SECURITY DEFINER */
/*!50001 VIEW `v` AS select `t`.`a` AS `a` from `t` */;
ALTER TABLE `t`
  ADD PRIMARY KEY (`a`);
SET @@SESSION.SQL_LOG_BIN = @MYSQLDUMP_TEMP_LOG_BIN;
/*M!100616 SET NOTE_VERBOSITY=@OLD_NOTE_VERBOSITY */;
/*!40014 SET FOREIGN_KEY_CHECKS=@OLD_FOREIGN_KEY_CHECKS */;
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;

-- Dump completed on 2026-02-03  3:30:00"""


@pytest.mark.parametrize("piece", [1, 2, 5, 64, 1 << 18])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_all_that_stands_beside_the_rows_is_passed_over(piece: int, newline: str) -> None:
    reader, tables = read("\ufeff" + EVERYTHING.replace("\n", newline), piece)
    assert tables == [("t", ("a", "b"), [("1", "one; two"), ("2", "it's \\"), ("3", None)])]
    assert reader.tables_seen == ["t"]
    assert reader.is_complete


@pytest.mark.parametrize("piece", [1, 3, 1 << 18])
def test_an_unwanted_table_is_skipped_whatever_its_values_hold(piece: int) -> None:
    dump = (
        TABLE
        + r"""CREATE TABLE u (a int); INSERT INTO u VALUES (1),(2);
        INSERT INTO `t` VALUES (1,'\'; INSERT INTO u VALUES (66);'),(2,'\\'),
        (3,"'; \"INSERT INTO u VALUES (77);"),(4,'--
        '),(5-3,'/*'),(6/2,'#'),(7,'a''b;'),(8,'*/') -- ; INSERT INTO u VALUES (88)
        /* ; it's */, (9,''); INSERT INTO t VALUES (10,';'); INSERT INTO t VALUES (11,'\\\'');
        INSERT INTO t SELECT * FROM `x;y`;
        INSERT INTO u VALUES (3);"""
    )
    reader, tables = read(dump, piece, wants=lambda name: name == "u")
    assert tables == [("u", ("a",), [("1",), ("2",), ("3",)])]
    assert reader.tables_seen == ["t", "u"]


def test_a_long_text_of_an_unwanted_table_is_passed_over() -> None:
    text = "x" * 100 + r"\'" + "y" * 100 + ";"
    dump = TABLE + f"INSERT INTO t VALUES (1,'{text * 50}'),(2,\"{text}\"); CREATE TABLE u (a int);"
    assert read(dump, 16, wants=lambda name: name == "u")[1] == [("u", ("a",), [])]


def test_list_tables_names_every_table_once_in_order(tmp_path: Path) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(
        "CREATE TABLE b (x int); INSERT INTO a VALUES ('CREATE TABLE c (x int);'); INSERT INTO b VALUES (1);"
    )
    assert list_tables(path) == ["b", "a"]


def test_a_quoted_number_s_text_is_never_taken_for_several_values() -> None:
    row = "('12,'',',5,6,',8')"
    dump = "CREATE TABLE t (a text, b int, c int, d text); INSERT INTO t VALUES " + ",".join([row] * 20) + ";"
    assert read_rows(dump) == [("12,',", "5", "6", ",8")] * 20
