"""What MySQL's texts mean: amounts, times, whole numbers, truth. It is lean: every value of every row comes
here."""

import re
from collections.abc import Callable, Iterable
from datetime import date, time
from decimal import Decimal, InvalidOperation
from html import unescape
from operator import itemgetter

from tillroll.intake.wordpress.rows import Row
from tillroll.shop.fields import LARGEST, divide_units, to_units

EPOCH = "1970-01-01 00:00:00"
"""Stands for a time that a record must have and the shop does not know."""

LARGEST_ID = 2**63 - 1

_MOST_KEPT = 200_000
_ENTITY = re.compile(r"&(?:#[0-9]+|#[xX][0-9a-fA-F]+|[a-zA-Z][a-zA-Z0-9]*);")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*")


class UnitTable(dict[str | None, int]):
    """A decimal's text -> 10^-9 units. Prices repeat, so each text is worked out once; no number is 0."""

    def __missing__(self, text: str | None) -> int:
        if len(self) > _MOST_KEPT:
            self.clear()
        units = self[text] = _get_units(text)
        return units


def _get_units(text: str | None) -> int:
    try:
        amount = Decimal(text or 0)
        units = to_units(amount) if amount.is_finite() else 0
    except InvalidOperation:
        return 0
    return max(-LARGEST, min(units, LARGEST))


UNITS_OF = UnitTable()


def get_rate(text: str | None) -> int | None:
    """An exchange rate in units; None for one by which nothing can be divided."""
    rate = UNITS_OF[text]
    return rate if rate > 0 else None


def in_shop_currency(units: int, rate: int) -> int | None:
    """An amount divided by an exchange rate; None where that is out of range."""
    amount = divide_units(units, rate)
    return amount if -LARGEST <= amount <= LARGEST else None


def parse_price(text: str, decimal: str, thousands: str) -> int:
    """The units of a price as a shop's owner wrote it with the shop's separators ([3.6] 3.1); 0 for no
    price."""
    if decimal == "," and "," in text:
        text = text.replace(thousands if thousands in (".", " ") else ".", "").replace(",", ".")
    elif thousands == ",":
        text = text.replace(",", "")
    digits = re.sub(r"[^0-9.]", "", text)
    found = _NUMBER.match(digits)
    units = _get_units(found[0] if found and found[0].strip(".") else "0")
    return -units if text.strip().startswith("-") else units


_days: set[str] = set()
_clocks: set[str] = set()


def take_time(text: str | None, fallback: str | None = None) -> str | None:
    """A time as MySQL writes it, or the fallback for MySQL's zero date and for what is no time."""
    if text is not None:
        if text[:10] in _days and text[10:] in _clocks:
            return text
        if _admit_time(text):
            return text
        if len(text) > 19 and text[19] == "." and _admit_time(text[:19]):
            return text[:19]
    return fallback


def _admit_time(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
        time.fromisoformat(text[11:])
    except ValueError:
        return False
    if len(text) != 19 or text[10] != " ":
        return False
    if len(_days) > _MOST_KEPT:
        _days.clear()
    _days.add(text[:10])
    _clocks.add(text[10:])
    return True


def take_id(text: str | None) -> int | None:
    """A whole number; None for NULL, 0 and what is no number."""
    return take_whole(text) or None


def take_whole(text: str | None, fallback: int = 0) -> int:
    """A whole number that a database keeps, or the fallback."""
    try:
        number = int(text or "")
    except ValueError:
        return fallback
    return number if -LARGEST_ID <= number <= LARGEST_ID else fallback


def is_true(text: str | None) -> bool:
    """Whether PHP takes a text for true."""
    return text not in (None, "", "0")


def decode_entities(text: str) -> str:
    """HTML's entities as characters: whole ones alone, so that a query's &para=1 stays as it is."""
    return _ENTITY.sub(lambda found: unescape(found[0]), text) if "&" in text else text


def pick(columns: tuple[str, ...], wanted: tuple[str, ...]) -> Callable[[list[Row]], Iterable[Row]]:
    """Gives rows of `columns` in the order of `wanted`, None for a column that isn't there.

    Raises KeyError for a table without the first column, which tells its rows apart.
    """
    if columns == wanted:
        return lambda rows: rows
    places = {name.lower(): place for place, name in enumerate(columns)}
    if wanted[0].lower() not in places:
        raise KeyError(wanted[0])
    chosen = [places.get(name.lower(), len(columns)) for name in wanted]
    get = itemgetter(*chosen)
    if len(columns) not in chosen:
        return lambda rows: map(get, rows)
    return lambda rows: (get((*row, None)) for row in rows)
