"""What must be kept of a shop's orders, row by row in Decimal from the reference's books, beside what is."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, tzinfo
from decimal import Decimal
from typing import TypeVar

from tests.histories.reference import KEPT, PAID, Books, Sum, add_up, shop_sum
from tillroll.shop.fields import join_sum
from tillroll.shop.models import Customer, Order, OrderItem, Product, Tally
from tillroll.stats.models import (
    CountryDayTotal,
    DaySums,
    DayTotal,
    DiscountDayTotal,
    GatewayDayTotal,
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
    check_gateways_countries_and_discounts(books)


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
    """Sales, headline, refunds, earnings with tax, the tax, and what was given back."""
    own = [order for order in orders if order.type in {"sale", "refund"} and order.status in PAID]
    sales = [order for order in own if order.type == "sale"]
    sums = [shop_sum(order) for order in own]
    return (
        sum(order.status in KEPT for order in sales),
        sum(order.status in {"complete", "revoked"} for order in sales),
        len(own) - len(sales),
        add_up(sums, include_tax=True),
        sum((each.tax for each in sums), Decimal(0)),
        give_back(own),
    )


def give_back(rows: Iterable[Order | OrderItem]) -> Decimal:
    """What refunds, or items of refunds, gave back."""
    orders = [row for row in rows if not isinstance(row, Order) or row.type == "refund"]
    return sum((-shop_sum(row).total for row in orders), Decimal(0))


def read_orders(row: OrderSums) -> Figures:
    assert_carried(row)
    earnings = join_sum(row.earnings_whole, row.earnings_rest)
    tax, refunded = join_sum(row.tax_whole, row.tax_rest), join_sum(row.refunded_whole, row.refunded_rest)
    return (row.sales, row.headline, row.refunds, earnings, tax, refunded)


def check_gateways_countries_and_discounts(books: Books) -> None:
    gateways: dict[tuple[str, date], list[Order]] = defaultdict(list)
    countries: dict[tuple[str, date], list[Order]] = defaultdict(list)
    codes: dict[tuple[str, date], list[Order]] = defaultdict(list)
    reduced: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for order in books.orders:
        day = books.day[order.pk]
        gateways[order.gateway, day].append(order)
        countries[books.country_of(order), day].append(order)
        reductions = books.reductions_of(order)
        for code in {each.description for each in reductions}:
            codes[code, day].append(order)
        for each in reductions:
            if order.type == "sale" and order.status in PAID:
                reduced[each.description, day] += shop_sum(each).total
    assert drop_zeros({(row.gateway, row.day): read_some(row) for row in GatewayDayTotal.objects.all()}) == (
        drop_zeros({key: enter_some(orders) for key, orders in gateways.items()})
    )
    assert drop_zeros({(row.country, row.day): read_some(row) for row in CountryDayTotal.objects.all()}) == (
        drop_zeros({key: enter_some(orders) for key, orders in countries.items()})
    )
    kept = {
        (row.code, row.day): (*read_some(row), read_reduced(row)) for row in DiscountDayTotal.objects.all()
    }
    assert drop_zeros(kept) == drop_zeros(
        {key: (*enter_some(orders), reduced[key]) for key, orders in codes.items()}
    )


def enter_some(orders: Iterable[Order]) -> Figures:
    sales, _, *others = enter_orders(orders)
    return (sales, *others)


def read_some(row: DaySums) -> Figures:
    assert_carried(row)
    return (
        row.sales,
        row.refunds,
        join_sum(row.earnings_whole, row.earnings_rest),
        join_sum(row.tax_whole, row.tax_rest),
        join_sum(row.refunded_whole, row.refunded_rest),
    )


def read_reduced(row: DiscountDayTotal) -> Decimal:
    return join_sum(row.reduced_whole, row.reduced_rest)


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
    """How many of the items sold and took back, earnings with tax and tax of them and their fees, and
    how much was given back."""
    sold, sums, back = 0, [Sum(Decimal(0), Decimal(0))], []
    for item in items:
        order = books.order[item.order_id]
        is_kept_sale = order.type == "sale" and order.status in KEPT
        sold += is_kept_sale and item.status in {"complete", "partially_refunded"}
        if order.status in PAID:
            sums.append(shop_sum(item))
            back += [item] if order.type == "refund" else []
        if is_kept_sale:
            sums += (
                shop_sum(fee)
                for fee in books.adjustments
                if fee.item_id == item.pk and fee.type != "discount"
            )
    return (
        sold,
        len(back),
        add_up(sums, include_tax=True),
        sum((each.tax for each in sums), Decimal(0)),
        give_back(back),
    )


def read_product(row: ProductSums) -> Figures:
    assert_carried(row)
    earnings = join_sum(row.earnings_whole, row.earnings_rest)
    tax, refunded = join_sum(row.tax_whole, row.tax_rest), join_sum(row.refunded_whole, row.refunded_rest)
    return (row.sold, row.refunds, earnings, tax, refunded)


def assert_carried(row: OrderSums | ProductSums | DaySums) -> None:
    """A rest that is not carried over would one day overflow."""
    assert abs(row.earnings_rest) < 10**9
    assert abs(row.tax_rest) < 10**9
    assert abs(row.refunded_rest) < 10**9


def drop_zeros(rows: dict[K, Figures]) -> dict[K, Figures]:
    return {key: figures for key, figures in rows.items() if any(figures)}
