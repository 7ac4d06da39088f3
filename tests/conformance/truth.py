"""What the rules hold an answer against: plain recomputations from the imported records, without the code's
SQL."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo

from tillroll.shop.models import Customer, Order, Product

ZONE = ZoneInfo("America/New_York")
NET = {"complete", "partially_refunded", "revoked", "on_hold"}
GROSS = NET | {"refunded"}


def to_day(moment: datetime) -> date:
    """The shop's day of a moment."""
    return moment.astimezone(ZONE).date()


def each_day(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += timedelta(days=1)


def get_period(name: str, today: date) -> tuple[date, date] | None:
    """First and last day of a named period, weeks from Monday; None for an unknown name."""
    monday, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    quarter = date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
    before_month, before_quarter = month - timedelta(days=1), quarter - timedelta(days=1)
    return {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "this_week": (monday, today),
        "last_week": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "last_30_days": (today - timedelta(days=30), today),
        "this_month": (month, today),
        "other": (month, today),
        "last_month": (before_month.replace(day=1), before_month),
        "this_quarter": (quarter, today),
        "last_quarter": (
            date(before_quarter.year, 3 * ((before_quarter.month - 1) // 3) + 1, 1),
            before_quarter,
        ),
        "this_year": (date(today.year, 1, 1), today),
        "last_year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
    }.get(name)


def count_sales(first: date, last: date) -> int:
    return sum(
        order.type == "sale" and order.status in NET and first <= to_day(order.created_at) <= last
        for order in Order.objects.all()
    )


def sum_earnings(first: date, last: date, *, include_tax: bool) -> int | float:
    """Rounded half up to cents."""
    total = sum(
        ((order.total if include_tax else order.total - order.tax) / order.rate)
        for order in Order.objects.all()
        if order.type in ("sale", "refund")
        and order.status in GROSS
        and first <= to_day(order.created_at) <= last
    )
    return to_number(Decimal(total).quantize(Decimal("0.01"), ROUND_HALF_UP))


def to_number(amount: Decimal) -> int | float:
    return int(amount) if amount == int(amount) else float(amount)


def list_customers_created(first: date, last: date) -> list[int]:
    """Ids, newest first."""
    return [
        customer.pk
        for customer in Customer.objects.order_by("-id")
        if first <= to_day(customer.created_at) <= last
    ]


def find_customer(value: str) -> int | None:
    """By primary or additional address, in any case."""
    for customer in Customer.objects.prefetch_related("emails"):
        addresses = {customer.email, *(each.email for each in customer.emails.all())}
        if value.lower() in {address.lower() for address in addresses}:
            return customer.pk
    return None


def get_sort_value(product_id: int, orderby: str) -> object:
    """What a product is sorted by; products without an order are by their date."""
    product = Product.objects.get(pk=product_id)
    return {
        "title": product.title.lower(),
        "name": product.slug,
        "id": product.pk,
        "modified": product.modified_local,
        "menu_order": product.menu_order,
        "price": product.price,
        "sales": product.sales,
        "earnings": product.earnings,
    }.get(orderby.lower(), product.created_local)
