"""Sales and refunds with their items, fees, discounts and payments.

The API tells an order's subtotal, tax and total, and of an item its total alone. What an item's tax and
discount are, and a fee's tax, follows from the order's by proportion: exactly where there is one, or where
all are taxed alike. They add up to what was told.
"""

from collections import Counter
from datetime import tzinfo
from fractions import Fraction
from html import unescape
from itertools import product
from typing import Any

from tillroll.intake.remote.answers import SaleAnswer, SaleFee, text, whole
from tillroll.intake.remote.catalogue import CataloguePart
from tillroll.intake.remote.options import list_fees
from tillroll.intake.remote.refunds import Matches, is_refund
from tillroll.intake.remote.rows import make_row
from tillroll.intake.remote.shares import share
from tillroll.intake.remote.zone import to_utc
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, take_time
from tillroll.shop.fields import UNITS
from tillroll.shop.models import Order, OrderAdjustment, OrderItem, OrderTransaction
from tillroll.shop.models.orders import GROSS
from tillroll.shop.text import fold_case

PLACES = 1_024
"""Ids for what belongs to an order and has no id that the API tells."""

_COMPLETED = (*GROSS, "publish")
_MOST_FEES = 6
"""Fees of which each may be taxed or not; an order has one or two."""


class SalePart:
    """`shows_numbers`: the shop shows order numbers in place of ids, so that an order goes by the id of its
    first item."""

    def __init__(
        self,
        staging: Staging,
        findings: Findings,
        catalogue: CataloguePart,
        *,
        zone: tzinfo,
        currency: str,
        decimals: int,
        shows_numbers: bool,
        discounts: dict[str, int],
        matches: Matches,
    ) -> None:
        self._staging = staging
        self._findings = findings
        self._catalogue = catalogue
        self._zone = zone
        self._currency = currency
        self._step = 10 ** (9 - decimals)
        self._shows_numbers = shows_numbers
        self._discounts = discounts
        self._matches = matches
        self._refunds: Counter[int] = Counter()

    def take(self, sale: SaleAnswer) -> None:
        id_ = self._get_id(sale)
        if not id_:
            self._findings.leave_out("sales", "the shop tells no id of them, nor of an item of theirs")
            return
        created = take_time(sale.date_utc) or to_utc(sale.date, self._zone) or EPOCH
        total, tax = UNITS_OF[str(sale.total)], UNITS_OF[str(sale.tax)]
        codes = _list_codes(sale)
        discount = sum(amount for _, amount in codes)
        email, key = text(sale.email), text(sale.key)
        parent = self._matches.parents.get(id_)
        self._refunds[parent or 0] += 1
        row = make_row(
            Order,
            id=id_,
            parent_id=parent,
            number=self._get_number(sale, parent),
            status="complete" if sale.status == "publish" else sale.status,
            type="refund" if is_refund(sale) else "sale",
            user_id=max(whole(sale.user_id), 0),
            customer_id=whole(sale.customer_id) or None,
            email=email,
            email_folded=fold_case(email),
            gateway=text(sale.gateway),
            mode=sale.mode,
            currency=self._currency,
            payment_key=key,
            payment_key_folded=fold_case(key),
            subtotal=UNITS_OF[str(sale.subtotal)],
            discount=discount,
            tax=tax,
            total=total,
            rate=UNITS,
            shop_total=total,
            shop_tax=tax,
            created_at=created,
            modified_at=created,
            completed_at=created if sale.status in _COMPLETED else None,
        )
        self._staging.add(Order, [row])
        fees = list_fees(sale)
        fee_taxes = self._share_fee_tax(sale, fees, discount)
        items = self._add_items(id_, sale, created, tax - sum(fee_taxes), discount)
        self._add_adjustments(id_, sale, created, codes, list(zip(fees, fee_taxes, strict=True)), items)
        if transaction := unescape(text(sale.transaction_id)):
            paid = make_row(
                OrderTransaction,
                id=id_,
                order_id=id_,
                transaction_id=transaction,
                gateway=text(sale.gateway),
                status="complete",
                total=total,
                rate=UNITS,
                created_at=created,
            )
            self._staging.add(OrderTransaction, [paid])

    def _get_id(self, sale: SaleAnswer) -> int:
        if not self._shows_numbers:
            return whole(sale.id)
        return min((number for item in sale.products if (number := whole(item.object_id)) > 0), default=0)

    def _get_number(self, sale: SaleAnswer, parent: int | None) -> str:
        """The number where the shop shows it; that of a refund is made as EDD makes it ([3.6] 7.4)."""
        if self._shows_numbers:
            return text(sale.id)
        return f"{parent}-R-{self._refunds[parent]}" if parent else ""

    def _get_step(self, amount: int) -> int:
        """Parts of an amount in whole cents are whole cents."""
        return self._step if amount % self._step == 0 else 1

    def _share_fee_tax(self, sale: SaleAnswer, fees: list[SaleFee], discount: int) -> list[int]:
        """Of each fee, how much of what is told is tax. The order's amounts say what it is of all together:
        total = subtotal - discount + tax + fees without their taxes. Credits, which are not told, are missing
        there just as taxes would be: these are at the items' rate."""
        sign = -1 if is_refund(sale) else 1
        amounts = [sign * UNITS_OF[str(fee.amount)] for fee in fees]
        total, subtotal, tax = (sign * UNITS_OF[str(each)] for each in (sale.total, sale.subtotal, sale.tax))
        net = subtotal - discount
        taxed = sum(amounts) - (total - net - tax)
        none = [0] * len(fees)
        if not 0 < taxed <= tax or not 0 < len(fees) <= _MOST_FEES:
            return none
        rate = Fraction(tax - taxed, net) if net > 0 and tax > taxed else None
        for chosen in product((True, False), repeat=len(fees)):
            weights = [amount if is_taxed else 0 for amount, is_taxed in zip(amounts, chosen, strict=True)]
            if rate is None:
                is_right = sum(weights) >= taxed
            else:
                # each tax is rounded, and so is the rate that the items tell
                doubt = self._step * (sum(chosen) + Fraction(sum(weights), net))
                is_right = abs(sum(weights) * rate / (1 + rate) - taxed) <= doubt
            if is_right and any(weights):
                return [sign * part for part in share(taxed, weights, self._get_step(taxed))]
        return none

    def _add_items(
        self, order: int, sale: SaleAnswer, created: str, tax: int, discount: int
    ) -> list[tuple[int, int, int | None]]:
        """Stages the items; gives id, product and price id of each."""
        totals = [UNITS_OF[str(item.price)] for item in sale.products]
        taxes = share(tax, [abs(total) for total in totals], self._get_step(tax))
        nets = [total - part for total, part in zip(totals, taxes, strict=True)]
        discounts = share(discount, [abs(net) for net in nets], self._get_step(discount))
        status = "complete" if sale.status == "publish" else sale.status
        rows, told = [], []
        for place, (item, total, item_tax, item_discount) in enumerate(
            zip(sale.products, totals, taxes, discounts, strict=True)
        ):
            id_, sold = whole(item.object_id) or order * PLACES + place, whole(item.id)
            price_id = self._catalogue.find_price_id(sold, text(item.price_name))
            quantity = whole(item.quantity)
            subtotal = total - item_tax + item_discount
            told.append((id_, sold, price_id))
            rows.append(
                make_row(
                    OrderItem,
                    id=id_,
                    order_id=order,
                    parent_id=self._matches.item_parents.get(id_),
                    product_id=sold or None,
                    product_name=text(item.name),
                    price_id=price_id,
                    cart_index=place,
                    type="download",
                    status=self._matches.statuses.get(id_, status),
                    quantity=quantity,
                    amount=subtotal // quantity if quantity else subtotal,
                    subtotal=subtotal,
                    discount=item_discount,
                    tax=item_tax,
                    total=total,
                    rate=UNITS,
                    shop_total=total,
                    shop_tax=item_tax,
                    created_at=created,
                )
            )
        self._staging.add(OrderItem, rows)
        return told

    def _add_adjustments(
        self,
        order: int,
        sale: SaleAnswer,
        created: str,
        codes: list[tuple[str, int]],
        fees: list[tuple[SaleFee, int]],
        items: list[tuple[int, int, int | None]],
    ) -> None:
        rows: list[tuple[Any, ...]] = []
        for code, amount in codes:
            rows.append(
                make_row(
                    OrderAdjustment, id=order * PLACES + len(rows), order_id=order, type="discount",
                    type_id=self._discounts.get(fold_case(code)), description=code, subtotal=amount,
                    total=amount, rate=UNITS, shop_total=amount, created_at=created,
                )
            )  # fmt: skip
        for fee, tax in fees:
            amount = UNITS_OF[str(fee.amount)]
            rows.append(
                make_row(
                    OrderAdjustment, id=order * PLACES + len(rows), order_id=order,
                    item_id=_find_item(items, fee), type="fee", type_key=text(fee.id) or None,
                    description=text(fee.label), subtotal=amount - tax, tax=tax, total=amount, rate=UNITS,
                    shop_total=amount, shop_tax=tax, created_at=created,
                )
            )  # fmt: skip
        self._staging.add(OrderAdjustment, rows)


def _list_codes(sale: SaleAnswer) -> list[tuple[str, int]]:
    """Codes with their amounts; PHP makes a list of codes that are 0, 1 and so on."""
    if isinstance(sale.discounts, dict):
        return [(code, UNITS_OF[str(amount)]) for code, amount in sale.discounts.items()]
    told = sale.discounts if isinstance(sale.discounts, list) else []
    return [(str(place), UNITS_OF[str(amount)]) for place, amount in enumerate(told)]


def _find_item(items: list[tuple[int, int, int | None]], fee: SaleFee) -> int | None:
    """The item that a fee is for: of several of the product the one with its price, else the first."""
    mine = [item for item in items if item[1] == whole(fee.download_id)] if whole(fee.download_id) else []
    priced = [item for item in mine if fee.price_id is not None and item[2] == whole(fee.price_id)]
    found = priced or mine
    return found[0][0] if found else None
