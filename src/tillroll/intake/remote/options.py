"""A product's price options, of which the API tells the key and the amount of each, and by its sales the
name.

The id of an option is told by fees alone that were charged with it. Else options are numbered from 1 in
their order, which is how EDD begins.
"""

from collections.abc import Mapping
from typing import NamedTuple

from tillroll.intake.remote.answers import SaleAnswer, SaleFee, text, whole
from tillroll.shop.text import price_key

Named = dict[int, dict[str, int | None]]
"""By product, the names of options that sales tell, with the id of each where it is known."""

SIMPLE = "amount"
"""The one member of `pricing` of a product without options."""


class Option(NamedTuple):
    price_id: int
    name: str
    amount: str


def note_names(named: Named, sale: SaleAnswer) -> None:
    """Takes in what a sale tells of options."""
    for item in sale.products:
        if name := text(item.price_name):
            named.setdefault(whole(item.id), {}).setdefault(name, None)
    for fee in list_fees(sale):
        charged = {
            text(item.price_name) for item in sale.products if whole(item.id) == whole(fee.download_id)
        }
        if fee.price_id is not None and len(charged) == 1 and (name := charged.pop()):
            named[whole(fee.download_id)][name] = whole(fee.price_id)


def list_fees(sale: SaleAnswer) -> list[SaleFee]:
    """A sale's fees, in whatever form they came."""
    if isinstance(sale.fees, dict):
        return list(sale.fees.values())
    return sale.fees if isinstance(sale.fees, list) else []


def list_options(pricing: Mapping[str, str], named: Mapping[str, int | None]) -> list[Option] | None:
    """The options of a product in their order; None for one that has none. Names with the same key share the
    one amount that is told of them."""
    keys = {name: price_key(name) for name in sorted(named)}
    if list(pricing) == [SIMPLE] and SIMPLE not in keys.values():
        return None
    found = [
        (name, amount)
        for key, amount in pricing.items()
        for name in ([name for name in keys if keys[name] == key] or [key])
    ]
    known = {name: number for name, number in named.items() if number is not None}
    first = next((known[name] - place for place, (name, _) in enumerate(found) if name in known), 1)
    used: set[int] = set(known.values())
    options = []
    for place, (name, amount) in enumerate(found):
        number = known.get(name)
        if number is None:
            number = max(place + first, 0)
            while number in used:
                number += 1
            used.add(number)
        options.append(Option(number, name, amount))
    return options
