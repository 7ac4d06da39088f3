"""A product's prices as the wire writes them: `pricing`, and the one formatted price of `info`."""

from tillroll.eddapi.amounts import fixed
from tillroll.eddapi.reading import Row
from tillroll.eddapi.shop import Shop
from tillroll.shop.text import price_key

SYMBOLS = {
    "AUD": "$",
    "BRL": "R$",
    "CAD": "$",
    "EUR": "€",
    "GBP": "£",
    "HKD": "$",
    "JPY": "¥",
    "MXN": "$",
    "NZD": "$",
    "SGD": "$",
    "USD": "$",
}
"""Signs of currencies; another one is written by its name."""


def get_pricing(price: int | None, options: list[Row] | None, decimals: int) -> dict[str, str] | None:
    """`pricing` from the price and, where a product has them, its options; None when it has options but no
    prices."""
    if options is None:
        return {"amount": fixed(price or 0, decimals)}
    return {price_key(name): text for _, _, name, text, _ in options} or None


def get_shown_price(price: int | None, options: list[Row] | None, default_id: int | None) -> int:
    """The price in front: of the default option, else of the first; the lowest for the default id 0 ([3.6]
    3.1)."""
    if not options:
        return price or 0
    if default_id == 0:
        return min(int(option[4]) for option in options)
    chosen = next((option for option in options if option[1] == default_id), options[0])
    return int(chosen[4])


def format_price(units: int, shop: Shop) -> str:
    """An amount with the currency's sign, in the shop's writing: "$1,234.50"."""
    settings = shop.settings
    whole, _, rest = fixed(abs(units), shop.decimals).partition(".")
    groups = f"{int(whole):,}".replace(",", settings.thousands_separator)
    text = groups + (settings.decimal_separator + rest if rest else "")
    sign = SYMBOLS.get(settings.currency.upper(), settings.currency)
    space = "" if settings.currency.upper() in SYMBOLS else " "
    shown = f"{sign}{space}{text}" if settings.currency_position == "before" else f"{text}{space}{sign}"
    return f"-{shown}" if units < 0 else shown
