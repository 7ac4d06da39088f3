"""A shop of some size, as the benchmark writes it: its sums, and its readers while it comes in."""

import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from bench.dump_writer import PRODUCTS, Shop, write_dump
from tillroll.intake.staging import BATCH
from tillroll.intake.wordpress.importer import import_dump
from tillroll.shop.models import Customer, FileDownload, Order, OrderAdjustment, Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ORDERS = BATCH + 100
"""More than are staged at once, and more than one batch of the reader's."""

_UNIT = Decimal("0.000000001")


def in_dollars(order: int, cents: int) -> Decimal:
    amount = Decimal(cents) / 100
    return amount if order % 11 else (amount / Decimal("0.92")).quantize(_UNIT, ROUND_HALF_UP)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    write_dump(tmp_path / "large.sql", ORDERS)
    return tmp_path / "large.sql"


def test_every_record_comes_in_and_the_sums_are_right(dump: Path) -> None:
    summary = import_dump(dump)
    shop = Shop(ORDERS, seed=1)
    assert summary.records["orders"].total == Order.objects.count() == ORDERS
    assert summary.records["file downloads"].total == ORDERS
    assert summary.records["products"].total == PRODUCTS
    assert summary.records["users"].total == ORDERS // 10

    earned: defaultdict[int, Decimal] = defaultdict(Decimal)
    sold: Counter[int] = Counter()
    spent: defaultdict[int, Decimal] = defaultdict(Decimal)
    for order in range(1, ORDERS + 1):
        if order % 9 == 0:
            continue  # pending
        items = shop.get_items(order)
        spent[order % shop.customers + 1] += in_dollars(order, sum(cents for _, cents in items))
        for product, cents in items:
            sold[product] += 1
            earned[product] += in_dollars(order, cents)
    assert {each.pk: each.sales for each in Product.objects.all()} == sold
    assert {each.pk: each.earnings for each in Product.objects.all()} == earned
    assert {each.pk: each.purchase_value for each in Customer.objects.all()} == spent

    assert FileDownload.objects.get(pk=ORDERS).file_name == f"product-{ORDERS % PRODUCTS}.zip"
    assert Order.objects.filter(tax_rate=20).count() == ORDERS // 10
    assert OrderAdjustment.objects.exclude(item=None).count() == ORDERS // 8


def count_orders_from_outside() -> int:
    """What another process sees."""
    query = "SELECT COUNT(*) FROM shop_order"
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other:
            return int(other.execute(query).fetchone()[0])
    with closing(psycopg.connect(**connection.get_connection_params(), autocommit=True)) as other_server:
        row = other_server.execute(query).fetchone()
        return int(row[0]) if row else -1


def test_readers_see_the_shop_as_it_was_until_all_is_written(dump: Path, tmp_path: Path) -> None:
    write_dump(tmp_path / "small.sql", 10)
    import_dump(tmp_path / "small.sql")
    seen: dict[str, int] = {}
    import_dump(dump, on_progress=lambda _done, _size, what: seen.update({what: count_orders_from_outside()}))
    assert {seen[step] for step in ("reading", "joining", "customers", "order items", "figures")} == {10}
    assert seen["comparing"] == ORDERS
