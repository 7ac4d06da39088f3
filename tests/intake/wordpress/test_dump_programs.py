"""Whole dumps as the usual programs write them, and the sample shop's."""

from pathlib import Path

import pytest

from tests.intake.wordpress.dumps import read
from tillroll.intake.wordpress.dump import DumpReader, Row, list_tables
from tillroll.intake.wordpress.php import unserialize
from tillroll.intake.wordpress.shops import Shop, ShopKind, find_shops

SAMPLE = Path(__file__).parents[2] / "conformance" / "data" / "dump.sql.gz"

PHPMYADMIN = r"""-- phpMyAdmin SQL Dump
-- version 5.2.1
-- https://www.phpmyadmin.net/
--
-- Host: localhost:3306
-- Generation Time: Feb 03, 2026 at 03:30 AM

SET SQL_MODE = "NO_AUTO_VALUE_ON_ZERO";
START TRANSACTION;
SET time_zone = "+00:00";


/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET @OLD_CHARACTER_SET_RESULTS=@@CHARACTER_SET_RESULTS */;
/*!40101 SET @OLD_COLLATION_CONNECTION=@@COLLATION_CONNECTION */;
/*!40101 SET NAMES utf8mb4 */;

--
-- Database: `shop`
--
CREATE DATABASE IF NOT EXISTS `shop` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
USE `shop`;

DELIMITER $$
--
-- Procedures
--
CREATE DEFINER=`root`@`localhost` PROCEDURE `p` ()   BEGIN
  INSERT INTO `wp_options` VALUES (9, 'it''s', ';', 'no');
END$$

DELIMITER ;

-- --------------------------------------------------------

--
-- Table structure for table `wp_options`
--

DROP TABLE IF EXISTS `wp_options`;
CREATE TABLE IF NOT EXISTS `wp_options` (
  `option_id` bigint(20) UNSIGNED NOT NULL,
  `option_name` varchar(191) NOT NULL DEFAULT '',
  `option_value` longtext NOT NULL,
  `autoload` varchar(20) NOT NULL DEFAULT 'yes'
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci;

--
-- Dumping data for table `wp_options`
--

INSERT INTO `wp_options` (`option_id`, `option_name`, `option_value`, `autoload`) VALUES
(1, 'siteurl', 'https://shop.example', 'yes'),
(2, 'blogname', 'Zoë''s \"Shop\"', 'yes'),
(3, 'edd_settings', 'a:1:{s:8:\"currency\";s:3:\"EUR\";}', 'yes');
INSERT INTO `wp_options` (`option_id`, `option_name`, `option_value`, `autoload`) VALUES
(4, 'mail', 'Dear {name},\r\n\r\nthanks; (bye)\\', 'no');

--
-- Indexes for dumped tables
--

ALTER TABLE `wp_options`
  ADD PRIMARY KEY (`option_id`),
  ADD UNIQUE KEY `option_name` (`option_name`);

ALTER TABLE `wp_options`
  MODIFY `option_id` bigint(20) UNSIGNED NOT NULL AUTO_INCREMENT, AUTO_INCREMENT=5;
COMMIT;

/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
/*!40101 SET CHARACTER_SET_RESULTS=@OLD_CHARACTER_SET_RESULTS */;
/*!40101 SET COLLATION_CONNECTION=@OLD_COLLATION_CONNECTION */;
"""

PLUGIN = r"""# WordPress MySQL database backup
# Generated: Tuesday 3. February 2026 03:30 UTC
# Hostname: localhost
# --------------------------------------------------------

/*!40101 SET NAMES utf8mb4 */;
/*!40101 SET foreign_key_checks = 0 */;

# Delete any existing table `wp_options`

DROP TABLE IF EXISTS `wp_options`;

CREATE TABLE `wp_options` (  `option_id` bigint(20) unsigned NOT NULL AUTO_INCREMENT,
  `option_name` varchar(191),  `option_value` longtext NOT NULL,
  `autoload` varchar(20),  PRIMARY KEY (`option_id`)) ENGINE=InnoDB;

# Data contents of table `wp_options` (it's 4 rows)

INSERT INTO `wp_options` (option_id,option_name,option_value,autoload) VALUES
 ('1', 'siteurl', 'https://shop.example', 'yes'),
 ('2', 'blogname', 'Zoë\'s "Shop"', 'yes') ;
 INSERT INTO `wp_options` VALUES ("3", "edd_settings", "a:1:{s:8:\"currency\";s:3:\"EUR\";}", "yes");
 INSERT INTO `wp_options` VALUES ( 4 , 0x6d61696c, 'Dear {name},\r\n\r\nthanks; (bye)\\', 'no' );
# End of data contents of table `wp_options`
# --------------------------------------------------------
"""

OPTIONS: list[Row] = [
    ("1", "siteurl", "https://shop.example", "yes"),
    ("2", "blogname", 'Zoë\'s "Shop"', "yes"),
    ("3", "edd_settings", 'a:1:{s:8:"currency";s:3:"EUR";}', "yes"),
    ("4", "mail", "Dear {name},\r\n\r\nthanks; (bye)\\", "no"),
]


@pytest.mark.parametrize(
    "dump", [pytest.param(PHPMYADMIN, id="phpMyAdmin"), pytest.param(PLUGIN, id="a plugin")]
)
@pytest.mark.parametrize("piece", [1, 10, 1 << 17])
def test_the_options_of_a_dump_are_read(dump: str, piece: int) -> None:
    reader, tables = read(dump, piece)
    columns = ("option_id", "option_name", "option_value", "autoload")
    assert tables == [("wp_options", columns, OPTIONS)]
    assert reader.is_complete


def test_the_sample_shop_is_found_by_its_tables() -> None:
    names = list_tables(SAMPLE)
    assert len(names) == 45
    assert find_shops(names) == [Shop("wp_", ShopKind.EDD3, "wp_")]


def test_the_sample_shop_s_rows_are_read_and_its_options_make_sense() -> None:
    tables: dict[str, tuple[tuple[str, ...], list[Row]]] = {}
    reader = DumpReader(SAMPLE, wants=lambda _: True)
    for table, rows in reader:
        columns, all_rows = tables.setdefault(table.name, (table.columns, []))
        assert columns == table.columns
        assert all(len(row) == len(columns) for row in rows)
        all_rows += rows
    assert {
        name: len(tables[f"wp_edd_{name}"][1]) for name in ("orders", "order_items", "customers", "sessions")
    } == {
        "orders": 283,
        "order_items": 424,
        "customers": 46,
        "sessions": 0,
    }
    columns, options = tables["wp_options"]
    name, value = columns.index("option_name"), columns.index("option_value")
    values = {row[name]: unserialize(row[value] or "") for row in options}
    assert values["siteurl"] == "http://127.0.0.1:8090"
    assert isinstance(values["edd_settings"], dict)
    assert values["timezone_string"] == "America/New_York"
    assert reader.invalid_values == 0
