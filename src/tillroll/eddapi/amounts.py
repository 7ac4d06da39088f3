"""How amounts are written on the wire; all come in as whole 10^-9 units ([3.6] 4.3, [CONTRACT] dialects)."""

from tillroll.shop.fields import UNITS

Number = int | float


def nine(units: int) -> str:
    """Text with nine decimals, as MySQL prints a decimal: "20.000000000"."""
    sign = "-" if units < 0 else ""
    whole, rest = divmod(abs(units), UNITS)
    return f"{sign}{whole}.{rest:09d}"


def six(units: int) -> str:
    """Text with six decimals, rounded half away from zero: "70.000000"."""
    sign = "-" if units < 0 else ""
    whole, rest = divmod((abs(units) + 500) // 1000, 1_000_000)
    return f"{sign}{whole}.{rest:06d}"


def plain(units: int) -> str:
    """Text without trailing zeros: "20", "19.99"."""
    return nine(units).rstrip("0").rstrip(".")


def number(units: int) -> Number:
    """The nearest JSON number; whole amounts have no fraction."""
    return units / UNITS if units % UNITS else units // UNITS


def rounded(units: int, decimals: int) -> Number:
    """A number rounded half away from zero to the currency's decimals."""
    return number(round_units(units, decimals))


def round_units(units: int, decimals: int) -> int:
    """Units rounded half away from zero to some decimals."""
    step: int = 10 ** (9 - decimals)
    steps = (abs(units) * 2 + step) // (2 * step)
    return steps * step if units >= 0 else -steps * step


def fixed(units: int, decimals: int) -> str:
    """Text with exactly the currency's decimals: "29000.00", "20"."""
    text = nine(round_units(units, decimals))
    return text[: len(text) - 9 + decimals] if decimals else text[:-10]
