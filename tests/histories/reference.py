"""The figures of a shop once more, row by row in Decimal, straight from their definitions.

Nothing here reads SQL, spans or kept columns of the code under test: only what was sold, for how much, when,
and what became of it. [3.6] 3.1, 3.6, 7.3, 7.4 and [CONTRACT] Stats, Figures.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, localcontext

from tillroll.shop.models import (
    Customer,
    Discount,
    FileDownload,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    Product,
)

PAID = {"complete", "refunded", "partially_refunded", "revoked", "on_hold"}
KEPT = PAID - {"refunded"}


@dataclass(frozen=True)
class Sum:
    """An amount and the tax in it."""

    total: Decimal
    tax: Decimal

    def value(self, include_tax: bool) -> Decimal:
        return self.total if include_tax else self.total - self.tax


def convert(amount: Decimal, rate: Decimal) -> Decimal:
    """An amount in shop currency, to nine decimals."""
    with localcontext(prec=80):
        return (amount / rate).quantize(Decimal("1E-9"), ROUND_HALF_UP)


def shop_sum(row: Order | OrderItem | OrderAdjustment) -> Sum:
    return Sum(convert(row.total, row.rate), convert(row.tax, row.rate))


def add_up(sums: Iterable[Sum], include_tax: bool) -> Decimal:
    return sum((each.value(include_tax) for each in sums), Decimal(0))


def round_half_up(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The local day: the latest that the clock has shown, where it goes back over midnight."""
    local = moment.astimezone(zone)
    if (moment - timedelta(hours=3)).astimezone(zone).utcoffset() == local.utcoffset():
        return local.date()
    return max((moment - timedelta(seconds=30 * step)).astimezone(zone).date() for step in range(360))


class Books:
    """All rows of the shop, and the questions that are asked of them."""

    def __init__(self, zone: tzinfo) -> None:
        self.orders = list(Order.objects.all())
        self.items = list(OrderItem.objects.all())
        self.adjustments = list(OrderAdjustment.objects.order_by("id"))
        self.addresses = list(OrderAddress.objects.order_by("id"))
        self.products = list(Product.objects.all())
        self.customers = list(Customer.objects.all())
        self.downloads = list(FileDownload.objects.all())
        self.discounts = list(Discount.objects.all())
        self.order = {order.pk: order for order in self.orders}
        self.item = {item.pk: item for item in self.items}
        self.day = {order.pk: day_of(order.created_at, zone) for order in self.orders}

    def orders_of(self, day: date) -> list[Order]:
        return [order for order in self.orders if self.day[order.pk] == day]

    # Of which gateway, country and codes an order is

    def country_of(self, order: Order) -> str:
        sale = self.sale_of(order)
        billed = [each.country for each in self.addresses if each.order_id == sale and each.type == "billing"]
        return billed[0] if billed else ""

    def reductions_of(self, order: Order) -> list[OrderAdjustment]:
        """The discounts of a whole order; of a refund those of its sale."""
        sale = self.sale_of(order)
        return [
            each
            for each in self.adjustments
            if each.order_id == sale and each.type == "discount" and each.item_id is None
        ]

    def sale_of(self, order: Order) -> int | None:
        return order.parent_id if order.type == "refund" else order.pk

    # Stats by time

    def sales(self, first: date, last: date) -> int:
        return sum(
            order.type == "sale" and order.status in KEPT and first <= self.day[order.pk] <= last
            for order in self.orders
        )

    def earnings(self, first: date, last: date, include_tax: bool) -> Decimal:
        return self._earned(lambda order: first <= self.day[order.pk] <= last, include_tax)

    def all_sales(self) -> int:
        """The headline: complete and revoked alone."""
        return sum(order.type == "sale" and order.status in {"complete", "revoked"} for order in self.orders)

    def all_earnings(self, include_tax: bool) -> Decimal:
        return max(self._earned(lambda _order: True, include_tax), Decimal(0))

    def _earned(self, counts: Callable[[Order], bool], include_tax: bool) -> Decimal:
        return add_up(
            (
                shop_sum(order)
                for order in self.orders
                if order.type in {"sale", "refund"} and order.status in PAID and counts(order)
            ),
            include_tax,
        )

    # Stats by product

    def listed_products(self) -> list[Product]:
        published = [product for product in self.products if product.status == "publish"]
        return sorted(published, key=lambda each: (each.created_local, each.pk), reverse=True)

    def product_sales(self, product: Product) -> int:
        return sum(
            item.product_id == product.pk
            and item.status in {"complete", "partially_refunded"}
            and self._is_kept_sale(self.order[item.order_id])
            for item in self.items
        )

    def product_earnings(self, product: Product, include_tax: bool) -> Decimal:
        items = [
            shop_sum(item)
            for item in self.items
            if item.product_id == product.pk and self.order[item.order_id].status in PAID
        ]
        fees = [
            shop_sum(fee)
            for fee, item in self._item_fees(product)
            if self._is_kept_sale(self.order[item.order_id])
        ]
        return add_up([*items, *fees], include_tax)

    def _is_kept_sale(self, order: Order) -> bool:
        return order.type == "sale" and order.status in KEPT

    def _item_fees(self, product: Product) -> list[tuple[OrderAdjustment, OrderItem]]:
        return [
            (fee, self.item[fee.item_id])
            for fee in self.adjustments
            if fee.type != "discount"
            and fee.item_id in self.item
            and self.item[fee.item_id].product_id == product.pk
        ]

    # Figures that are kept

    def kept_sales(self, product: Product) -> int:
        return sum(self._count_copies(item) for item in self._kept_items(product))

    def kept_earnings(self, product: Product) -> Decimal:
        items = [shop_sum(item) for item in self._kept_items(product)]
        fees = [
            shop_sum(fee)
            for fee, item in self._item_fees(product)
            if item.status in {"complete", "partially_refunded"}
            and self.order[item.order_id].type == "sale"
            and self.order[item.order_id].status in PAID
        ]
        return add_up([*items, *fees], include_tax=False)

    def _kept_items(self, product: Product) -> list[OrderItem]:
        return [
            item
            for item in self.items
            if item.product_id == product.pk
            and item.status in {"complete", "refunded", "partially_refunded"}
            and self.order[item.order_id].status in PAID
        ]

    def _count_copies(self, item: OrderItem) -> int:
        kind = self.order[item.order_id].type
        if kind == "sale":
            return item.quantity
        parent = self.item.get(item.parent_id or 0)
        if kind != "refund" or parent is None:
            return 0
        if parent.status == "refunded":
            return item.quantity
        if parent.status == "partially_refunded" and -item.quantity != parent.quantity:
            return item.quantity
        return 0

    def purchase_count(self, customer: Customer) -> int:
        return sum(order.customer_id == customer.pk and self._is_kept_sale(order) for order in self.orders)

    def purchase_value(self, customer: Customer) -> Decimal:
        return add_up(
            (
                shop_sum(order)
                for order in self.orders
                if order.customer_id == customer.pk and order.status in PAID
            ),
            include_tax=True,
        )

    def download_count(self, customer: Customer) -> int:
        return sum(line.customer_id == customer.pk for line in self.downloads)

    def tallies(self) -> dict[str, int]:
        counts: Counter[str] = Counter()
        counts.update(f"order:{order.type}:{order.status}" for order in self.orders)
        counts.update(f"product:{product.status}" for product in self.products)
        counts.update(f"discount:{discount.status}" for discount in self.discounts)
        counts.update({"customer": len(self.customers), "download": len(self.downloads)})
        return {name: count for name, count in counts.items() if count}


def period_days(name: str, today: date, week_start: int) -> tuple[date, date]:
    """The first and the last day of a named date; what has not ended ends today."""
    week = today
    while (week.isoweekday() % 7) != week_start:
        week -= timedelta(days=1)
    month = date(today.year, today.month, 1)
    quarter = date(today.year, {1: 1, 2: 4, 3: 7, 4: 10}[(today.month + 2) // 3], 1)
    year = date(today.year, 1, 1)
    day = timedelta(days=1)

    def first_of_month(before: date) -> date:
        return date(before.year, before.month, 1)

    last_quarter = first_of_month(first_of_month(quarter - day) - timedelta(days=32))
    return {
        "today": (today, today),
        "yesterday": (today - day, today - day),
        "this_week": (week, today),
        "last_week": (week - 7 * day, week - day),
        "last_30_days": (today - 30 * day, today),
        "this_month": (month, today),
        "last_month": (first_of_month(month - day), month - day),
        "this_quarter": (quarter, today),
        "last_quarter": (last_quarter, quarter - day),
        "this_year": (year, today),
        "last_year": (date(today.year - 1, 1, 1), year - day),
        "other": (month, today),
    }[name]
