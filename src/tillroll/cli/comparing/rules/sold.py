"""What was sold, as both shops list it: the evidence for a figure."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from tillroll.cli.comparing.questions import ask
from tillroll.cli.comparing.reasons import Both, get, list_rows

ALL = "1000"
"""A number past the end of what is listed as evidence."""

Rows = list[dict[str, Any]]


def list_agreed_sales(both: Both, **parameters: str) -> Rows | None:
    """All the sales, refunded ones not among them; None where the shops list others or there are too many."""
    question = ask("sales", **parameters, number=ALL)
    answer = both.ask_theirs(question)
    if not both.agree_on(question) or answer.status != 200 or answer.error is not None:
        return None
    sales = list_rows(answer, "sales")
    return sales if len(sales) < int(ALL) else None


def add_up(values: Iterable[Any]) -> Decimal | None:
    """The sum of amounts, numbers or texts; None where one is neither."""
    amounts = [read_amount(value) for value in values]
    return None if None in amounts else sum(filter(None, amounts), Decimal(0))


def read_amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def add_up_items(sales: Rows, product: str) -> Decimal | None:
    """What a product's items brought in."""
    items = (item for sale in sales for item in _list_members(sale, "products"))
    return add_up(item.get("price") for item in items if str(item.get("id")) == product)


def add_up_fees(sales: Rows, product: str) -> Decimal | None:
    """What the fees on a product's items brought in."""
    fees = (fee for sale in sales for fee in _list_members(sale, "fees"))
    return add_up(fee.get("amount") for fee in fees if str(fee.get("download_id")) == product)


def _list_members(sale: dict[str, Any], name: str) -> Rows:
    found = get(sale, name)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
