"""Which sale a refund takes back, which the API does not tell: of the same customer, with the same products,
made before. It says which of a sale's items count as given back ([3.6] 7.4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from tillroll.intake.remote.answers import SaleAnswer, SaleItem, text, whole
from tillroll.intake.wordpress.values import UNITS_OF

_GIVEN_BACK = ("refunded", "partially_refunded")


class Buyer(NamedTuple):
    customer: int
    email: str


@dataclass
class Matches:
    """`parents`: refund's id -> sale's id; `item_parents` the same of items; `statuses` of items of sales
    that were given back, so far as refunds tell."""

    parents: dict[int, int] = field(default_factory=dict)
    item_parents: dict[int, int] = field(default_factory=dict)
    statuses: dict[int, str] = field(default_factory=dict)


def is_refund(sale: SaleAnswer) -> bool:
    """A refund's amounts are below zero; of what was free, the quantities are."""
    return sale.total < 0 or sale.subtotal < 0 or any(whole(item.quantity) < 0 for item in sale.products)


def match_refunds(sales: Iterable[SaleAnswer]) -> Matches:
    """Looks at all orders; those that neither are refunds nor were given back are passed by."""
    taken_back: dict[Buyer, list[SaleAnswer]] = defaultdict(list)
    refunds = []
    for sale in sales:
        if is_refund(sale):
            refunds.append(sale)
        elif sale.status in _GIVEN_BACK:
            taken_back[_get_buyer(sale)].append(sale)
    matches = Matches()
    left = {
        whole(item.object_id): UNITS_OF[str(item.price)]
        for sales_of in taken_back.values()
        for sale in sales_of
        for item in sale.products
    }
    for refund in sorted(refunds, key=lambda each: (each.date_utc, whole(each.id))):
        _match(refund, taken_back[_get_buyer(refund)], left, matches)
    for sales_of in taken_back.values():
        for sale in sales_of:
            _judge(sale, left, matches)
    return matches


def _get_buyer(sale: SaleAnswer) -> Buyer:
    return Buyer(whole(sale.customer_id), text(sale.email))


def _match(refund: SaleAnswer, sales: list[SaleAnswer], left: dict[int, int], matches: Matches) -> None:
    """The sale that fits best: what is left of it is just what the refund gives, else the latest one."""
    best: tuple[tuple[bool, bool, str, int], SaleAnswer, list[tuple[SaleItem, SaleItem]]] | None = None
    for sale in sales:
        pairs = _pair_items(refund, sale, left)
        if pairs is None or sale.date_utc > refund.date_utc:
            continue
        is_whole = all(left[whole(old.object_id)] == -UNITS_OF[str(new.price)] for new, old in pairs)
        fit = (is_whole, -refund.total == sale.total, sale.date_utc, whole(sale.id))
        if best is None or fit > best[0]:
            best = (fit, sale, pairs)
    if best is None:
        return
    matches.parents[whole(refund.id)] = whole(best[1].id)
    for new, old in best[2]:
        matches.item_parents[whole(new.object_id)] = whole(old.object_id)
        left[whole(old.object_id)] += UNITS_OF[str(new.price)]
        matches.statuses[whole(old.object_id)] = (
            "partially_refunded" if left[whole(old.object_id)] > 0 else "refunded"
        )


def _pair_items(
    refund: SaleAnswer, sale: SaleAnswer, left: dict[int, int]
) -> list[tuple[SaleItem, SaleItem]] | None:
    """Each item of a refund with that of the sale that it takes back; None where one has none."""
    pairs: list[tuple[SaleItem, SaleItem]] = []
    free = list(sale.products)
    for new in refund.products:
        amount = -UNITS_OF[str(new.price)]
        fitting = [
            old for old in free if whole(old.id) == whole(new.id) and left[whole(old.object_id)] >= amount
        ]
        if not fitting:
            return None
        old = max(fitting, key=lambda each: (left[whole(each.object_id)] == amount, each.name == new.name))
        free.remove(old)
        pairs.append((new, old))
    return pairs


def _judge(sale: SaleAnswer, left: dict[int, int], matches: Matches) -> None:
    """The items that no refund is known of: of a sale that was given back whole all are; of another one
    they are kept where some refund is known."""
    ids = [whole(item.object_id) for item in sale.products]
    has_refund = any(id_ in matches.statuses for id_ in ids)
    for id_ in ids:
        if sale.status == "refunded":
            matches.statuses.setdefault(id_, "refunded")
        else:
            matches.statuses.setdefault(id_, "complete" if has_refund else "partially_refunded")
