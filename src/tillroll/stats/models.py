"""Sums of the orders, kept so that a year of days costs 365 rows at any size of shop.

Every row follows from the records by stats/rollup.py. Amounts are in shop currency, in two parts: whole units
and 10^-9 units. A day is the shop's local day; one without a row has had nothing.
"""

from django.db import models


class OrderSums(models.Model):
    """What figures.Figures tells: of some orders, how many sales, and earnings with the tax in them."""

    sales = models.BigIntegerField(default=0)
    headline = models.BigIntegerField(default=0)
    earnings_whole = models.BigIntegerField(default=0)
    earnings_rest = models.BigIntegerField(default=0)
    tax_whole = models.BigIntegerField(default=0)
    tax_rest = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class DayTotal(OrderSums):
    """A day's orders."""

    day = models.DateField(primary_key=True)

    def __str__(self) -> str:
        return str(self.day)


class ShopTotal(OrderSums):
    """All orders: one row."""

    id = models.SmallIntegerField(primary_key=True, default=1)

    def __str__(self) -> str:
        return "All time"


class ProductSums(models.Model):
    """Of a product in some orders: how many items sold it, and earnings with the tax in them."""

    product_id = models.BigIntegerField()
    sold = models.BigIntegerField(default=0)
    earnings_whole = models.BigIntegerField(default=0)
    earnings_rest = models.BigIntegerField(default=0)
    tax_whole = models.BigIntegerField(default=0)
    tax_rest = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class ProductDayTotal(ProductSums):
    """A product in a day's orders."""

    pk = models.CompositePrimaryKey("day", "product_id")
    day = models.DateField()

    def __str__(self) -> str:
        return f"{self.product_id} on {self.day}"


class ProductTotal(ProductSums):
    """A product in all orders."""

    product_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.product_id)


class CustomerDayTotal(models.Model):
    """The customers who are on record since a day: how many, and the smallest and largest of their ids."""

    day = models.DateField(primary_key=True)
    customers = models.BigIntegerField()
    smallest_id = models.BigIntegerField()
    largest_id = models.BigIntegerField()

    def __str__(self) -> str:
        return str(self.day)
