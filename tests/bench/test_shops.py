"""Shops that are compared differ in orders and customers alone."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench.shops import Shop, require_alike

TABLES = """
CREATE TABLE shop_product (id, slug, title, status, price, created_local, has_price_options, sku, sales);
CREATE TABLE shop_productfile (product_id);
CREATE TABLE shop_priceoption (product_id);
CREATE TABLE shop_productterm (product_id);
CREATE TABLE shop_order (created_at);
INSERT INTO shop_product VALUES (1, 'lamp', 'Lamp', 'publish', 20, '2026-01-01', 0, '', 3);
INSERT INTO shop_order VALUES ('2026-01-02 10:00:00'), ('2026-03-04 23:00:00');
"""


def make_shop(home: Path, orders: int, more: str = "") -> Shop:
    home.mkdir()
    with closing(sqlite3.connect(home / "tillroll.sqlite3")) as records:
        records.executescript(TABLES + more)
    return Shop(home, orders, "")


def test_more_orders_on_the_same_days_and_more_sales_of_a_product_are_no_difference(tmp_path: Path) -> None:
    more = "INSERT INTO shop_order VALUES ('2026-02-02 10:00:00'); UPDATE shop_product SET sales = 9;"
    require_alike([make_shop(tmp_path / "small", 2), make_shop(tmp_path / "large", 3, more)])


@pytest.mark.parametrize(
    "more",
    [
        "UPDATE shop_product SET price = 21;",
        "INSERT INTO shop_productfile VALUES (1);",
        "INSERT INTO shop_order VALUES ('2026-03-05 00:00:00');",
    ],
    ids=["a price", "a file", "a day"],
)
def test_another_product_or_day_is_refused_in_a_sentence(tmp_path: Path, more: str) -> None:
    shops = [make_shop(tmp_path / "small", 2), make_shop(tmp_path / "large", 3, more)]
    with pytest.raises(SystemExit, match=r"differ in products or days .*: remove the older one"):
        require_alike(shops)


def test_the_days_of_a_shop_are_those_of_its_orders(tmp_path: Path) -> None:
    assert make_shop(tmp_path / "small", 2).read_days() == ("2026-01-02", "2026-03-04")
