"""What the floor's answers share: the shop's settings, read once, and how amounts and times are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from tillroll.shop.zone import parse_zone

Row = tuple[Any, ...]
Run = Callable[[str, Sequence[object]], list[Row]]
"""Runs a statement with its values and gives its rows."""

UNITS = 1_000_000_000
"""10^-9 units in one whole."""


@dataclass(frozen=True, slots=True)
class Shop:
    zone: tzinfo
    currency: str
    currency_position: str
    decimal_separator: str
    thousands_separator: str
    edd_version: str

    @classmethod
    def load(cls, run: Run) -> "Shop":
        (row,) = run(
            "SELECT timezone, currency, currency_position, decimal_separator, thousands_separator,"
            " edd_version FROM shop_shopsettings",
            (),
        )
        return cls(parse_zone(row[0]), *row[1:])


def group(rows: list[Row]) -> dict[int, list[Row]]:
    """Rows by their first column."""
    grouped: dict[int, list[Row]] = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    return grouped


def nine(units: int) -> str:
    return f"{units // UNITS}.{units % UNITS:09d}" if units >= 0 else f"-{nine(-units)}"


def six(units: int) -> str:
    rounded = (abs(units) + 500) // 1000
    return f"{'-' if units < 0 else ''}{rounded // 1_000_000}.{rounded % 1_000_000:06d}"


def plain(units: int) -> str:
    return nine(units).rstrip("0").rstrip(".")


def number(units: int) -> float:
    return units / UNITS if units % UNITS else units // UNITS


def cents(units: int) -> int:
    """Rounded half away from zero."""
    whole = (abs(units) + 5_000_000) // 10_000_000
    return whole if units >= 0 else -whole
