"""What a change of a setting changes besides: said before it is saved."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from tillroll.shop.currencies import get_decimals
from tillroll.shop.models import Order, ShopSettings
from tillroll.shop.zone import parse_zone
from tillroll.stats.zone_change import count_moved


class Effect(NamedTuple):
    """`rows` compare, by what they are about, how it is now and how it will be."""

    title: str
    sentences: tuple[str, ...]
    rows: tuple[tuple[str, str, str], ...] = ()


def list_effects(settings: ShopSettings, changes: Mapping[str, Any]) -> list[Effect]:
    """What the changes change that one would not guess; empty where nothing is."""
    return [tell(settings, changes[name]) for name, tell in _EFFECTS.items() if name in changes]


def _tell_zone(settings: ShopSettings, zone: str) -> Effect:
    found = count_moved(parse_zone(settings.timezone), parse_zone(zone))
    return Effect(
        f"Time zone: {settings.timezone} becomes {zone}",
        (
            f"{found.moved:,} of {found.total:,} orders and refunds fall on another day.",
            "The totals of every day, week and month are computed anew: figures of the past change."
            " In a large shop that takes a while, and whoever records an order waits for it.",
            "Times of records stay what they are; they are shown on the new clock.",
        ),
    )


def _tell_currency(settings: ShopSettings, currency: str) -> Effect:
    total = Order.objects.count()
    other = Order.objects.exclude(currency=currency).count()
    old, new = get_decimals(settings.currency), get_decimals(currency)
    sentences = [
        f"No amount is converted: {total:,} orders and refunds keep their numbers, and all figures add up"
        f" the same numbers, called {currency}.",
        f"{other:,} of them were paid in another currency than {currency}.",
    ]
    if old != new:
        sentences.append(f"Amounts are shown with {new} decimals instead of {old}.")
    return Effect(f"Currency: {settings.currency} becomes {currency}", tuple(sentences))


def _tell_numbers(settings: ShopSettings, is_on: bool) -> Effect:
    latest = Order.objects.filter(type="sale").exclude(number="").order_by("-pk").first()
    sentence = (
        "The API's sales show their order number as ID, not the record's own."
        if is_on
        else ("The API's sales show the record's own number as ID, not the order number.")
    )
    rows: tuple[tuple[str, str, str], ...] = ()
    if latest is not None:
        pair = (str(latest.pk), latest.number)
        now, then = pair if is_on else pair[::-1]
        rows = (("ID of the latest sale that has a number", now, then),)
    apps = "Apps that know sales by their ID take them for new ones."
    return Effect(f"Sequential order numbers: {'on' if is_on else 'off'}", (sentence, apps), rows)


_MEMBERS = (
    ("Version 1, customers: info.id", "a number; -1 for a guest", "text; empty for a guest"),
    ("Version 1, customers: names of a guest", "Guest", "the customer's name; the login is empty"),
    ("Customers: stats.total_spent", 'text: "1139.68" (v1), "70.000000" (v2)', "a number"),
    ("Version 2, customers: stats.total_purchases", 'text: "6"', "a number"),
    ("Version 2, customers: info.id", "text, the same as customer_id", "absent"),
    (
        "Version 2, customers: info.additional_emails",
        "a list",
        "an object with keys 1, 2, …; null when empty",
    ),
    ("Version 1, sales: date", "the shop's time", "UTC"),
    ("Version 1, sales: fees when there are none", "null", "[]"),
    ("Stats of a product", "sales as text, earnings as a number", "both numbers"),
    ("Stats: this week, last week", "begin as the setting says", "begin on Monday"),
)
"""Members that differ: their place, the documented form, that of edd3."""


def _tell_dialect(settings: ShopSettings, dialect: str) -> Effect:
    is_edd3 = dialect == "edd3"
    latest = Order.objects.filter(type="sale").order_by("-pk").first()
    sample = _list_sample(latest) if latest is not None else ()
    rows = (*sample, *_MEMBERS)
    return Effect(
        f"Dialect: {settings.dialect} becomes {dialect}",
        (
            "The API writes these members otherwise, from the next request on; records stay what they are.",
            "Apps that were written for the one form may fail at the other. Today's mobile apps want edd3.",
        ),
        tuple((what, old, new) if is_edd3 else (what, new, old) for what, old, new in rows),
    )


def _list_sample(order: Order) -> tuple[tuple[str, str, str], ...]:
    """The latest sale in both forms of version 1."""
    return (
        (f"Version 1, sale {order.pk}: ID", str(order.pk), f'"{order.pk}"'),
        (f"Version 1, sale {order.pk}: total", f'"{_shorten(order.total)}"', f'"{order.total:.9f}"'),
        (f"Version 1, sale {order.pk}: tax", _shorten(order.tax), f'"{order.tax:.9f}"'),
    )


def _shorten(amount: Decimal) -> str:
    """Without zeros at the end."""
    written = f"{amount:.9f}"
    return written.rstrip("0").rstrip(".")


_EFFECTS: dict[str, Callable[[ShopSettings, Any], Effect]] = {
    "timezone": _tell_zone,
    "currency": _tell_currency,
    "sequential_numbers": _tell_numbers,
    "dialect": _tell_dialect,
}
