"""Sums of the orders, kept so that a year of days costs 365 rows at any size of shop.

Every row follows from the records by stats/rollup.py. Amounts are in shop currency, in two parts: whole units
and 10^-9 units. A day is the shop's local day; one without a row has had nothing.
"""

from django.db import models


class OrderSums(models.Model):
    """What figures.Figures tells: of some orders, how many sales, and earnings with the tax in them; and how
    many refunds, and what these gave back."""

    sales = models.BigIntegerField(default=0)
    headline = models.BigIntegerField(default=0)
    refunds = models.BigIntegerField(default=0)
    earnings_whole = models.BigIntegerField(default=0)
    earnings_rest = models.BigIntegerField(default=0)
    tax_whole = models.BigIntegerField(default=0)
    tax_rest = models.BigIntegerField(default=0)
    refunded_whole = models.BigIntegerField(default=0)
    refunded_rest = models.BigIntegerField(default=0)

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
    """Of a product in some orders: how many items sold it, and earnings with the tax in them; and how many
    items took it back, and what these gave back."""

    product_id = models.BigIntegerField()
    sold = models.BigIntegerField(default=0)
    refunds = models.BigIntegerField(default=0)
    earnings_whole = models.BigIntegerField(default=0)
    earnings_rest = models.BigIntegerField(default=0)
    tax_whole = models.BigIntegerField(default=0)
    tax_rest = models.BigIntegerField(default=0)
    refunded_whole = models.BigIntegerField(default=0)
    refunded_rest = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class ProductDayTotal(ProductSums):
    """A product in a day's orders."""

    pk = models.CompositePrimaryKey("day", "product_id")
    day = models.DateField()

    class Meta:
        indexes = (models.Index(fields=("product_id", "day"), name="product_days_idx"),)

    def __str__(self) -> str:
        return f"{self.product_id} on {self.day}"


class ProductTotal(ProductSums):
    """A product in all orders."""

    product_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.product_id)


class DaySums(models.Model):
    """Of some orders of a day: how many sales and refunds, earnings with the tax in them, and what was given
    back."""

    day = models.DateField()
    sales = models.BigIntegerField(default=0)
    refunds = models.BigIntegerField(default=0)
    earnings_whole = models.BigIntegerField(default=0)
    earnings_rest = models.BigIntegerField(default=0)
    tax_whole = models.BigIntegerField(default=0)
    tax_rest = models.BigIntegerField(default=0)
    refunded_whole = models.BigIntegerField(default=0)
    refunded_rest = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class GatewayDayTotal(DaySums):
    """A day's orders that were paid by a gateway."""

    pk = models.CompositePrimaryKey("day", "gateway")
    gateway = models.CharField(max_length=100)

    def __str__(self) -> str:
        return f"{self.gateway} on {self.day}"


class CountryDayTotal(DaySums):
    """A day's orders that were billed to a country; empty where none is known."""

    pk = models.CompositePrimaryKey("day", "country")
    country = models.CharField(max_length=2)

    def __str__(self) -> str:
        return f"{self.country} on {self.day}"


class DiscountDayTotal(DaySums):
    """A day's orders that used a discount code, and what the code took off."""

    pk = models.CompositePrimaryKey("day", "code")
    code = models.CharField(max_length=255)
    reduced_whole = models.BigIntegerField(default=0)
    reduced_rest = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.code} on {self.day}"
