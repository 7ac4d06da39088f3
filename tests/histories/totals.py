"""What must be kept of a shop's orders, row by row in Decimal from the reference's books, beside what is."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, tzinfo
from decimal import Decimal
from typing import TypeVar

from tests.histories.reference import KEPT, PAID, Books, Sum, add_up, day_of, shop_sum
from tillroll.shop.fields import join_sum
from tillroll.shop.models import Customer, Order, OrderItem, Product, Tally
from tillroll.stats.models import (
    CustomerDayTotal,
    DayTotal,
    OrderSums,
    ProductDayTotal,
    ProductSums,
    ProductTotal,
    ShopTotal,
)

K = TypeVar("K")
Figures = tuple[int | Decimal, ...]


def check_all_that_is_kept(zone: tzinfo) -> None:
    """Asserts that each kept figure is what the records make of it."""
    books = Books(zone)
    check_records(books)
    check_orders(books)
    check_products(books)
    check_customers(books, zone)


def check_records(books: Books) -> None:
    for product in Product.objects.all():
        assert (product.sales, product.earnings) == (books.kept_sales(product), books.kept_earnings(product))
    for customer in Customer.objects.all():
        assert (customer.purchase_count, customer.purchase_value, customer.download_count) == (
            books.purchase_count(customer),
            books.purchase_value(customer),
            books.download_count(customer),
        )
    kept = {tally.name: tally.value for tally in Tally.objects.exclude(value=0)}
    assert kept == books.tallies()


def check_orders(books: Books) -> None:
    days = {day: enter_orders(books.orders_of(day)) for day in {*books.day.values()}}
    assert {row.day: read_orders(row) for row in DayTotal.objects.all() if any(read_orders(row))} == {
        day: figures for day, figures in days.items() if any(figures)
    }
    ever = [read_orders(row) for row in ShopTotal.objects.all()]
    assert (ever or [enter_orders([])]) == [enter_orders(books.orders)]


def enter_orders(orders: Iterable[Order]) -> Figures:
    """Sales, headline, earnings with tax, and tax."""
    own = [order for order in orders if order.type in {"sale", "refund"} and order.status in PAID]
    sales = [order for order in own if order.type == "sale"]
    sums = [shop_sum(order) for order in own]
    return (
        sum(order.status in KEPT for order in sales),
        sum(order.status in {"complete", "revoked"} for order in sales),
        add_up(sums, include_tax=True),
        sum((each.tax for each in sums), Decimal(0)),
    )


def read_orders(row: OrderSums) -> Figures:
    assert_carried(row)
    earnings = join_sum(row.earnings_whole, row.earnings_rest)
    return (row.sales, row.headline, earnings, join_sum(row.tax_whole, row.tax_rest))


def check_products(books: Books) -> None:
    items: dict[tuple[int, date], list[OrderItem]] = defaultdict(list)
    totals: dict[int, list[OrderItem]] = defaultdict(list)
    for item in books.items:
        if item.product_id is not None:
            items[item.product_id, books.day[item.order_id]].append(item)
            totals[item.product_id].append(item)
    kept = {(row.product_id, row.day): read_product(row) for row in ProductDayTotal.objects.all()}
    assert drop_zeros(kept) == drop_zeros({key: enter_items(books, some) for key, some in items.items()})
    ever = {row.product_id: read_product(row) for row in ProductTotal.objects.all()}
    assert drop_zeros(ever) == drop_zeros({key: enter_items(books, some) for key, some in totals.items()})


def enter_items(books: Books, items: Iterable[OrderItem]) -> Figures:
    """How many of the items sold, and earnings with tax and tax of them and their fees."""
    sold, sums = 0, [Sum(Decimal(0), Decimal(0))]
    for item in items:
        order = books.order[item.order_id]
        is_kept_sale = order.type == "sale" and order.status in KEPT
        sold += is_kept_sale and item.status in {"complete", "partially_refunded"}
        if order.status in PAID:
            sums.append(shop_sum(item))
        if is_kept_sale:
            sums += (
                shop_sum(fee)
                for fee in books.adjustments
                if fee.item_id == item.pk and fee.type != "discount"
            )
    return (
        sold,
        add_up(sums, include_tax=True),
        sum((each.tax for each in sums), Decimal(0)),
    )


def read_product(row: ProductSums) -> Figures:
    assert_carried(row)
    earnings = join_sum(row.earnings_whole, row.earnings_rest)
    return (row.sold, earnings, join_sum(row.tax_whole, row.tax_rest))


def assert_carried(row: OrderSums | ProductSums) -> None:
    """A rest that is not carried over would one day overflow."""
    assert abs(row.earnings_rest) < 10**9
    assert abs(row.tax_rest) < 10**9


def drop_zeros(rows: dict[K, Figures]) -> dict[K, Figures]:
    return {key: figures for key, figures in rows.items() if any(figures)}


def check_customers(books: Books, zone: tzinfo) -> None:
    ids: dict[date, list[int]] = defaultdict(list)
    for customer in books.customers:
        ids[day_of(customer.created_at, zone)].append(customer.pk)
    kept = {
        row.day: (row.customers, row.smallest_id, row.largest_id) for row in CustomerDayTotal.objects.all()
    }
    assert kept == {day: (len(some), min(some), max(some)) for day, some in ids.items()}
