"""What the lines of an order come to: a discount code taken off, then tax put on, each exact to the last
decimal of the currency.

What is taken off the whole order is shared among its lines by their amounts, so that the parts add up to it:
the largest remainders get what rounding leaves over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from django.core.exceptions import ValidationError

from tillroll.shop.models import Discount, ProductTerm
from tillroll.shop.services.orders import ZERO, Line


@dataclass(frozen=True, slots=True)
class Priced:
    """Lines with what a discount took off them and with their tax, and what was taken off in all."""

    lines: tuple[Line, ...]
    discount: Decimal


def price_lines(
    lines: Sequence[Line],
    *,
    at: datetime,
    decimals: int,
    discount: Discount | None = None,
    tax_rate: Decimal = ZERO,
    prices_include_tax: bool = False,
) -> Priced:
    """Lines whose amounts are prices, taken apart: without tax, the discount, the tax.

    `tax_rate` is in per cent. Where prices include it, a line's total is what its price says to the last
    decimal, and a discount is what it takes off that. Raises ValidationError where the discount does not
    apply.
    """
    parts = [ZERO] * len(lines)
    if discount is not None:
        parts = share_discount(discount, lines, at, decimals)
    put = _take_tax_out if prices_include_tax else _put_tax_on
    taxed = tuple(put(line, part, tax_rate, decimals) for line, part in zip(lines, parts, strict=True))
    return Priced(taxed, sum(parts, ZERO))


def share_discount(discount: Discount, lines: Sequence[Line], at: datetime, decimals: int) -> list[Decimal]:
    """What a discount takes off each line. Raises ValidationError with the reason where it may not be used:
    not active, not yet or no more, used up, too small an order, a product that is missing."""
    _refuse_unusable(discount, sum((line.amount * line.quantity for line in lines), ZERO), at)
    eligible = _list_eligible(discount, lines)
    amounts = [
        line.amount * line.quantity if is_in else ZERO for line, is_in in zip(lines, eligible, strict=True)
    ]
    whole = sum(amounts, ZERO)
    if discount.amount_type == "percent":
        off = _round(whole * min(discount.amount, Decimal(100)) / 100, decimals)
    else:
        off = min(_round(discount.amount, decimals), whole)
    return share(off, amounts, decimals)


def share(amount: Decimal, weights: Sequence[Decimal], decimals: int) -> list[Decimal]:
    """An amount in parts by weight, rounded so that they add up to it: the largest remainders are rounded
    up. Nothing where no weight is above zero."""
    whole = sum(weights, ZERO)
    if whole <= 0:
        return [ZERO] * len(weights)
    step = Decimal(1).scaleb(-decimals)
    exact = [amount * weight / whole for weight in weights]
    parts = [part.quantize(step, ROUND_DOWN) for part in exact]
    left = int((amount - sum(parts, ZERO)) / step)
    by_remainder = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_remainder[:left]:
        parts[place] += step
    return parts


def _put_tax_on(line: Line, part: Decimal, tax_rate: Decimal, decimals: int) -> Line:
    tax = _round((line.amount * line.quantity - part) * tax_rate / 100, decimals)
    return replace(line, discount=part, tax=tax)


def _take_tax_out(line: Line, part: Decimal, tax_rate: Decimal, decimals: int) -> Line:
    """The amount a piece has nine decimals; what rounding it leaves is in the tax, so that the total is
    whole."""
    total = line.amount * line.quantity - part
    net = _round(total / (1 + tax_rate / 100), decimals)
    amount = _round((net + part) / line.quantity, 9)
    return replace(line, amount=amount, discount=part, tax=total - (amount * line.quantity - part))


def _round(amount: Decimal, decimals: int) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)


def _refuse_unusable(discount: Discount, subtotal: Decimal, at: datetime) -> None:
    code = discount.code
    if discount.status != "active":
        raise ValidationError(f"The discount {code} is {discount.status}; only an active one can be used.")
    if discount.starts_at and at < discount.starts_at:
        raise ValidationError(f"The discount {code} begins at {discount.starts_at:%Y-%m-%d %H:%M} UTC.")
    if discount.ends_at and at >= discount.ends_at:
        raise ValidationError(f"The discount {code} ended at {discount.ends_at:%Y-%m-%d %H:%M} UTC.")
    if discount.max_uses and discount.use_count >= discount.max_uses:
        raise ValidationError(f"The discount {code} was used {discount.use_count} times; it has no use left.")
    if subtotal < discount.min_charge:
        raise ValidationError(
            f"The discount {code} takes an order of {discount.min_charge.normalize():f} at the least; this"
            f" one comes to {subtotal.normalize():f}."
        )


def _list_eligible(discount: Discount, lines: Sequence[Line]) -> list[bool]:
    """Which lines it is taken off: all that are not excluded, or the required ones alone (`not_global`)."""
    required = set(_list_refs(discount, "requirement"))
    excluded = set(_list_refs(discount, "exclusion"))
    refs = [_get_refs(line) for line in lines]
    has = {ref for each in refs for ref in each}
    if required and not (
        required <= has if discount.requirement_condition == "all" else not required.isdisjoint(has)
    ):
        which = "all products" if discount.requirement_condition == "all" else "one of the products"
        raise ValidationError(f"The discount {discount.code} takes {which} that it requires.")
    is_narrow = bool(required) and discount.scope == "not_global"
    terms = _list_termed(discount, lines)
    found = [
        excluded.isdisjoint(each) and not (is_narrow and required.isdisjoint(each)) and is_in_terms
        for each, is_in_terms in zip(refs, terms, strict=True)
    ]
    if not any(found):
        raise ValidationError(f"The discount {discount.code} is for none of these products.")
    return found


def _list_refs(discount: Discount, role: str) -> list[str]:
    return list(discount.products.filter(role=role).values_list("product_ref", flat=True))


def _get_refs(line: Line) -> set[str]:
    """A line by its product, and by its product and price."""
    product = str(line.product.pk)
    return {product} if line.price_id is None else {product, f"{product}_{line.price_id}"}


def _list_termed(discount: Discount, lines: Sequence[Line]) -> list[bool]:
    """Which lines' products are in the discount's categories, or out of them where it says `exclude`."""
    wanted = set(discount.terms.values_list("term_id", flat=True)) if discount.term_condition else set()
    if not wanted:
        return [True] * len(lines)
    products = {line.product.pk for line in lines}
    having = set(
        ProductTerm.objects.filter(product_id__in=products, term__term_id__in=wanted).values_list(
            "product_id", flat=True
        )
    )
    wants_in = discount.term_condition != "exclude"
    return [(line.product.pk in having) is wants_in for line in lines]
