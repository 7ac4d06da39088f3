"""How values are shown: amounts with their currency, links to other records. A column is a function of one
record, for lists and pages alike.

The builders are said to give Any: Django's types know columns of lists as functions, but not those of pages.
"""

import html
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.contrib.admin.utils import label_for_field
from django.db.models import Model
from django.urls import reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.safestring import SafeString

from tillroll.shop.currencies import get_decimals

Column = Callable[[Any], Any]


def format_amount(amount: Decimal, currency: str) -> str:
    """An amount rounded half away from zero to its currency's decimals: "1,234.50 USD"."""
    decimals = get_decimals(currency)
    rounded = amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{rounded:,.{decimals}f} {currency}".strip()


def money(field: str, currency: str = "shop_currency", label: str = "") -> Any:
    """A column of amounts; `currency` names the record's attribute that says of what."""

    def show(record: Any) -> str | None:
        amount = getattr(record, field)
        if amount is None:
            return None
        return format_html('<span class="amount">{}</span>', format_amount(amount, getattr(record, currency)))

    return _describe(
        show,
        label or field.replace("_", " "),
        field,
        value=lambda record: write_amount(getattr(record, field), getattr(record, currency)),
    )


def write_amount(amount: Decimal | None, currency: str) -> Decimal | None:
    """An amount as a file has it: exact, with its currency's decimals at the least."""
    if amount is None:
        return None
    rounded = amount.quantize(Decimal(1).scaleb(-get_decimals(currency)))
    return rounded if rounded == amount else Decimal(f"{amount.normalize():f}")


def sum_of(field: str, whole: str, label: str = "") -> Any:
    """A column of sums that are kept in two parts; `whole` is the part that orders a list."""
    column = money(field)
    return _describe(column, label or field.replace("_", " "), whole, name=field, value=column.value)


def show_number(value: Decimal) -> str:
    """A number without zeros at the end."""
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"


def number(field: str, label: str = "") -> Any:
    """A column of rates and percentages, without zeros at the end."""

    def show(record: Any) -> str | None:
        value = getattr(record, field)
        return None if value is None else show_number(value)

    return _describe(show, label or field.replace("_", " "), field)


def shown(get: Column, label: str, ordering: str = "", name: str = "", value: Column | None = None) -> Any:
    """A column of anything else; `value` is what a file has of it where that is not its text."""

    def show(record: Any) -> Any:
        return get(record)

    return _describe(show, label, ordering, name=name, value=value)


def plain(field: str, label: str) -> Any:
    """A field under another label than its own."""

    def get(record: Any) -> Any:
        return getattr(record, field)

    return shown(get, label, field, name=field, value=get)


def link(page: str, key: object, shown: object) -> SafeString:
    """A link to a record's page, such as `shop_customer` 7."""
    return format_html('<a href="{}">{}</a>', reverse(f"admin:{page}_change", args=(key,)), shown)


def lines(values: Any) -> SafeString:
    """Several values below each other, as one piece; empty without any."""
    each = format_html_join("\n", "<div>{}</div>", ((value,) for value in values))
    return format_html("<div>{}</div>", each) if each else each


def moment(field: str, label: str, empty: str = "never") -> Any:
    """A column of times, to the minute."""

    def show(record: Any) -> SafeString | str:
        at = getattr(record, field)
        return format_html('<span class="amount">{}</span>', f"{at:%Y-%m-%d %H:%M} UTC") if at else empty

    return _describe(show, label, field, value=lambda record: getattr(record, field))


def get_label(model: type[Model], column: Any) -> str:
    """What a column is called at the top of a file."""
    return str(label_for_field(column, model))


def get_value(record: Any, column: Any) -> object:
    """What a file has of a record in a column: text, a number, a time, or nothing."""
    if isinstance(column, str):
        found = getattr(record, column)
    elif column.value is not None:
        found = column.value(record)
    else:
        shown = column(record)
        found = html.unescape(strip_tags(shown)) if isinstance(shown, SafeString) else shown
    return found


def _describe(column: Column, label: str, ordering: str, name: str = "", value: Column | None = None) -> Any:
    column.column_name = name or ordering  # type: ignore[attr-defined]
    column.value = value  # type: ignore[attr-defined]
    column.short_description = label  # type: ignore[attr-defined]
    if ordering:
        column.admin_order_field = ordering  # type: ignore[attr-defined]
    return column


USER = shown(lambda record: record.user_id or "guest", "user id", "user_id", name="user_id")
"""The wire id of the user that a record belongs to."""
