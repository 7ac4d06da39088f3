"""Where the figures that EDD stored differ from those that the orders give."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from django.db import models

from tillroll.intake.wordpress.summary import MOST_SHOWN, Difference
from tillroll.shop.fields import UNITS, from_units
from tillroll.shop.models import Customer, Product

_TOLERANCE = UNITS // 200
"""Half a cent: EDD rounds where it stores."""

_PAGE = 5_000
_LARGE: dict[type[models.Model], tuple[str, ...]] = {Product: ("content", "search_text"), Customer: ()}

Record = TypeVar("Record", Product, Customer)


def find_differences(scratch: Path) -> tuple[tuple[Difference, ...], int]:
    """The first of the differences, for showing, and how many there are; called when the records were
    written."""
    shown: list[Difference] = []
    total = 0
    with closing(sqlite3.connect(scratch)) as database:
        for differences in (_compare_products(database), _compare_customers(database)):
            for difference in differences:
                total += 1
                if len(shown) < MOST_SHOWN:
                    shown.append(difference)
    return tuple(shown), total


def _compare_products(database: sqlite3.Connection) -> Iterator[Difference]:
    for product, count, units in _list_pairs(database, "stored_product", "sales, earnings", Product):
        whole, rest = product.earnings_whole, product.earnings_rest
        if count != product.sales or abs(units - whole * UNITS - rest) >= _TOLERANCE:
            yield Difference(
                f"product {product.pk} {product.title}",
                _say(count, "sold", units),
                _say(product.sales, "sold", whole * UNITS + rest),
            )


def _compare_customers(database: sqlite3.Connection) -> Iterator[Difference]:
    for customer, count, units in _list_pairs(database, "stored_customer", "count, value", Customer):
        whole, rest = customer.purchase_whole, customer.purchase_rest
        if count != customer.purchase_count or abs(units - whole * UNITS - rest) >= _TOLERANCE:
            yield Difference(
                f"customer {customer.pk} {customer.email}",
                _say(count, "purchases", units),
                _say(customer.purchase_count, "purchases", whole * UNITS + rest),
            )


def _list_pairs(
    database: sqlite3.Connection, table: str, columns: str, model: type[Record]
) -> Iterator[tuple[Record, int, int]]:
    """Each record with the count and the units that the shop stored of it."""
    last = -1
    while stored := database.execute(
        f"SELECT id, {columns} FROM {table} WHERE id > ? ORDER BY id LIMIT {_PAGE}",  # noqa: S608 (own names)
        (last,),
    ).fetchall():
        records = model._default_manager.defer(*_LARGE[model]).in_bulk([row[0] for row in stored])
        for id_, count, units in stored:
            if id_ in records:
                yield records[id_], int(count), int(units)
        last = stored[-1][0]


def _say(count: int, what: str, units: int) -> str:
    return f"{count:,} {what}, {from_units(units):,.2f}"
