"""Column types that SQLite and PostgreSQL keep alike.

Money is a Decimal in Python and a 64-bit count of 10^-9 units in the database: exactly the range of
decimal(18,9), and never a float, which SQLite would make of a decimal.
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import models

UNITS = 1_000_000_000
"""Units in one whole of a currency."""

LARGEST = 10**18 - 1
"""The largest number of units either way: 999999999.999999999."""

_NINE_PLACES = Decimal("0.000000001")


def to_units(amount: Decimal) -> int:
    """The whole 10^-9 units of an amount, rounded half away from zero."""
    return int(amount.quantize(_NINE_PLACES, ROUND_HALF_UP).scaleb(9))


def check_amount(amount: Decimal) -> int:
    """The units of an amount that the store can keep. Raises ValidationError for what is no number, or out of
    range."""
    if not amount:  # most amounts of an order are
        return 0
    if not amount.is_finite() or abs(amount) > UNITS or abs(units := to_units(amount)) > LARGEST:
        raise ValidationError(f"{amount} is out of range; amounts go up to 999999999.999999999.")
    return units


def from_units(units: int) -> Decimal:
    """The amount behind a count of 10^-9 units, always with nine decimals."""
    return Decimal(units).scaleb(-9)


def divide_units(units: int, rate: int) -> int:
    """An amount divided by an exchange rate, all in units, rounded half away from zero."""
    if rate == UNITS:
        return units
    quotient, rest = divmod(abs(units) * UNITS, rate)
    if rest * 2 >= rate:
        quotient += 1
    return quotient if units >= 0 else -quotient


def join_sum(whole: int, rest: int) -> Decimal:
    """A sum that was added in two parts, whole units and 10^-9 units, so that 64 bits suffice for any
    shop."""
    return from_units(int(whole) * UNITS + int(rest))


if TYPE_CHECKING:
    _Base = models.DecimalField[Any, Any]  # what it takes and gives, to a type checker
else:
    _Base = models.BigIntegerField


class MoneyField(_Base):
    """An amount with nine decimals; also used for exchange rates and percentages."""

    description = "An exact amount with nine decimals"

    def from_db_value(self, value: int | None, _expression: object, _connection: object) -> Decimal | None:
        return None if value is None else from_units(value)

    def to_python(self, value: Any) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        try:
            return Decimal(str(value))
        except InvalidOperation as error:
            raise ValidationError(f"{value!r} is not an amount; write it as 19.99.") from error

    def get_prep_value(self, value: Any) -> int | None:
        amount = self.to_python(value)
        return None if amount is None else check_amount(amount)

    def formfield(self, *args: Any, **kwargs: Any) -> Any:
        from django import forms

        return models.Field.formfield(
            self, **{"form_class": forms.DecimalField, "decimal_places": 9, "max_digits": 18, **kwargs}
        )

    @property
    def validators(self) -> list[Any]:  # the range is checked when a value is prepared for the store
        return []
