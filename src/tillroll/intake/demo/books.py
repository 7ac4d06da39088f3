"""The demo shop's people and orders as rows of the scratch file."""

from collections.abc import Callable, Sequence
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from tillroll.intake.demo.moments import DAY, to_text
from tillroll.intake.demo.people import Person
from tillroll.intake.demo.records import Charge, Refund, Sale, Sold
from tillroll.intake.demo.shape import Shape
from tillroll.intake.demo.shelf import CENT
from tillroll.intake.demo.users import stage_user
from tillroll.intake.staging import Staging
from tillroll.shop.fields import divide_units
from tillroll.shop.models import (
    Customer,
    CustomerAddress,
    CustomerEmail,
    FileDownload,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)
from tillroll.shop.text import fold_case

if TYPE_CHECKING:
    from tillroll.intake.demo.sales import Fetch

Row = Sequence[Any]

RATE = 10_000
"""10^-9 units in the 1/100,000 that rates are counted in."""

CUSTOMER = Shape(Customer, "id user_id email email_folded name status created_at modified_at")
EMAIL = Shape(CustomerEmail, "id customer_id type email email_folded created_at", status="active")
PLACE = "name address city region postal_code country created_at"
CUSTOMER_ADDRESS = Shape(
    CustomerAddress, f"id customer_id {PLACE}", is_primary=1, type="billing", status="active", address2=""
)
ORDER_ADDRESS = Shape(OrderAddress, f"id order_id {PLACE}", type="billing", address2="")
ORDER = Shape(
    Order,
    "id parent_id number status type user_id customer_id email email_folded ip gateway currency payment_key"
    " payment_key_folded subtotal discount tax total rate tax_rate shop_total shop_tax created_at modified_at"
    " completed_at refundable_until",
    mode="live",
)
ITEM = Shape(
    OrderItem,
    "id order_id parent_id product_id product_name price_id cart_index status quantity amount subtotal"
    " discount tax total rate shop_total shop_tax created_at",
    type="download",
)
ADJUSTMENT = Shape(
    OrderAdjustment,
    "id order_id item_id parent_id type type_id type_key description subtotal tax total rate shop_total"
    " shop_tax created_at",
)
TRANSACTION = Shape(
    OrderTransaction, "id order_id transaction_id gateway total rate created_at", status="complete"
)
NOTE = Shape(OrderNote, "id order_id user_id content created_at")
DOWNLOAD = Shape(
    FileDownload, "id product_id file_id order_id price_id customer_id ip user_agent file_name created_at"
)

PAID = ("complete", "refunded", "partially_refunded", "revoked", "on_hold")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
)
NOTES = (
    "Asked for an invoice with the company's name.",
    "Could not open the archive; sent a new link.",
    "Bought the wrong licence, upgraded by hand.",
    "Wants to be told about the next version.",
)


class Books:
    """Stages what happens. Ids count up from 1 in the order of time."""

    def __init__(self, staging: Staging, staff: tuple[int, ...], now: int) -> None:
        self._staging = staging
        self._staff = staff
        self._now = now
        self.next_order_id: Callable[[], int] = count(1).__next__
        self.next_item_id: Callable[[], int] = count(1).__next__
        self.next_adjustment_id: Callable[[], int] = count(1).__next__
        self._next = {
            model: count(1).__next__
            for model in (
                CustomerEmail,
                CustomerAddress,
                OrderAddress,
                OrderTransaction,
                OrderNote,
                FileDownload,
            )
        }

    def write_customer(self, person: Person, moment: int) -> None:
        at, key = to_text(moment), person.number
        status = "active" if key % 97 else "inactive"
        add, number = self._staging.add, self._next[CustomerEmail]
        add(
            Customer,
            [
                CUSTOMER.row(
                    key, person.user_id, person.email, fold_case(person.email), person.name, status, at, at
                )
            ],
        )
        add(CustomerEmail, [EMAIL.row(number(), key, "primary", person.email, fold_case(person.email), at)])
        if further := person.further_email:
            add(CustomerEmail, [EMAIL.row(number(), key, "secondary", further, fold_case(further), at)])
        if person.user_id:
            stage_user(
                self._staging, person.user_id, person.login, person.name, person.email, "subscriber", at
            )
            row = CUSTOMER_ADDRESS.row(self._next[CustomerAddress](), key, *_place(person), at)
            add(CustomerAddress, [row])

    def write_sale(self, sale: Sale, moment: int, modified: int, dice: Random) -> None:
        """A sale with its lines, charges, discount, payment and address."""
        at, paid = to_text(moment), sale.status in PAID
        key = f"{dice.getrandbits(128):032x}"
        rate, add = sale.rate * RATE, self._staging.add
        completed = min(moment + int(dice.random() * 90), self._now) if paid else 0
        add(
            Order,
            [
                ORDER.row(
                    sale.id, None, "", sale.status, "sale", *_buyer(sale.person), sale.gateway,
                    sale.currency, key,
                    key, sale.subtotal * CENT, sale.discount * CENT, sale.tax * CENT, sale.total * CENT, rate,
                    sale.person.country.tax * 100 * CENT or None, *_in_shop_currency(sale.total, sale.tax,
                    rate), at, to_text(max(modified, completed)), to_text(completed) if paid else None,
                    to_text(completed + 30 * DAY) if paid and sale.total else None,
                )
            ],
        )  # fmt: skip
        add(OrderItem, [_item(sale, item, place, at) for place, item in enumerate(sale.items)])
        for charge in sale.list_charges():
            add(OrderAdjustment, [_adjustment(charge.id, sale.id, charge, None, 1, rate, at)])
        if sale.cut:
            off = sale.discount * CENT
            row = ADJUSTMENT.row(
                self.next_adjustment_id(), sale.id, None, None, "discount", sale.cut[0], None, sale.cut[1],
                off, 0, off, rate, *_in_shop_currency(sale.discount, 0, rate), at,
            )  # fmt: skip
            add(OrderAdjustment, [row])
        if paid and sale.total:
            name = f"{'ch_' if sale.gateway == 'stripe' else ''}{dice.getrandbits(80):020x}"
            row = TRANSACTION.row(
                self._next[OrderTransaction](), sale.id, name, sale.gateway, sale.total * CENT, rate, at
            )
            add(OrderTransaction, [row])
        if sale.total:
            add(
                OrderAddress,
                [ORDER_ADDRESS.row(self._next[OrderAddress](), sale.id, *_place(sale.person), at)],
            )
        if dice.random() < 0.04:
            self._note(sale.id, dice.choice(self._staff), dice.choice(NOTES), at)

    def write_refund(self, refund: Refund, moment: int) -> None:
        """What came back: an order of its own with negative amounts, and the lines that it takes back ([3.6]
        7.4)."""
        sale, at = refund.sale, to_text(moment)
        number, rate = self.next_order_id(), refund.sale.rate * RATE
        key = f"{number:08x}{moment:08x}{sale.id:08x}{sale.person.number:08x}"
        tax = sum(line.tax for line in refund.lines) + sum(charge.tax for charge in refund.charges)
        net = sum(line.total - line.tax for line in refund.lines)
        total = net + tax + sum(charge.cents for charge in refund.charges)
        add = self._staging.add
        add(
            Order,
            [
                ORDER.row(
                    number, sale.id, f"{sale.id}-R-1", "complete", "refund", *_buyer(sale.person),
                    sale.gateway, sale.currency, key, key, -net * CENT, 0, -tax * CENT, -total * CENT, rate,
                    sale.person.country.tax * 100 * CENT or None, *_in_shop_currency(-total, -tax, rate),
                    at, at, at, None,
                )
            ],
        )  # fmt: skip
        for place, line in enumerate(refund.lines):
            item = line.item
            row = ITEM.row(
                self.next_item_id(), number, item.id, item.ware.id, item.ware.title, item.price_id, place,
                "complete",
                -item.quantity, item.amount * CENT, (line.tax - line.total) * CENT, 0, -line.tax * CENT,
                -line.total * CENT, rate, *_in_shop_currency(-line.total, -line.tax, rate), at,
            )  # fmt: skip
            add(OrderItem, [row])
        for charge in refund.charges:
            row = _adjustment(self.next_adjustment_id(), number, charge, charge.id, -1, rate, at)
            add(OrderAdjustment, [row])
        self._note(sale.id, self._staff[0], f"Refunded as {sale.id}-R-1.", at)

    def write_download(self, fetch: "Fetch", moment: int, dice: Random) -> None:
        row = DOWNLOAD.row(
            self._next[FileDownload](), fetch.product_id, fetch.file_id, fetch.sale_id, fetch.price_id,
            fetch.person.number, fetch.person.ip, AGENTS[fetch.person.number % len(AGENTS)], fetch.name,
            to_text(moment),
        )  # fmt: skip
        self._staging.add(FileDownload, [row])

    def _note(self, order: int, user: int, text: str, at: str) -> None:
        self._staging.add(OrderNote, [NOTE.row(self._next[OrderNote](), order, user, text, at)])


def _buyer(person: Person) -> tuple[int, int, str, str, str]:
    return person.user_id, person.number, person.email, fold_case(person.email), person.ip


def _place(person: Person) -> tuple[str, str, str, str, str, str]:
    city, region, code = person.place
    return person.name, person.street, city, region, code, person.country.code


def _in_shop_currency(total: int, tax: int, rate: int) -> tuple[int, int]:
    return divide_units(total * CENT, rate), divide_units(tax * CENT, rate)


def _item(sale: Sale, item: Sold, place: int, at: str) -> Row:
    rate = sale.rate * RATE
    name = item.ware.title
    if item.price_id is not None:
        name += next(f" — {price.name}" for price in item.ware.prices if price.id == item.price_id)
    return ITEM.row(
        item.id, sale.id, None, item.ware.id, name, item.price_id, place, item.status or sale.status,
        item.quantity,
        item.amount * CENT, item.subtotal * CENT, item.discount * CENT, item.tax * CENT, item.total * CENT,
        rate, *_in_shop_currency(item.total, item.tax, rate), at,
    )  # fmt: skip


def _adjustment(
    number: int, order: int, charge: Charge, parent: int | None, sign: int, rate: int, at: str
) -> Row:
    total, tax = sign * (charge.cents + charge.tax), sign * charge.tax
    return ADJUSTMENT.row(
        number, order, None if parent else charge.item_id, parent, charge.type, None, charge.key,
        charge.label,
        sign * charge.cents * CENT, tax * CENT, total * CENT, rate, *_in_shop_currency(total, tax, rate), at,
    )  # fmt: skip
