"""A sale and its refund while they are being made up; amounts are whole cents of the order's currency."""

from typing import NamedTuple

from tillroll.intake.demo.catalogue import Ware
from tillroll.intake.demo.people import Person


class Charge(NamedTuple):
    """A fee, or below zero a credit, of an order or (by `item_id`) of one of its lines; `cents` without
    tax."""

    id: int
    label: str
    type: str
    key: str
    cents: int
    tax: int
    item_id: int | None = None


class Sold(NamedTuple):
    """A line of an order."""

    id: int
    ware: Ware
    price_id: int | None
    amount: int
    quantity: int
    subtotal: int
    discount: int
    tax: int
    total: int
    status: str
    charge: Charge | None

    @classmethod
    def make(
        cls,
        id: int,
        ware: Ware,
        price_id: int | None,
        amount: int,
        quantity: int,
        discount: int,
        tax_per_cent: int,
        charge: Charge | None,
    ) -> "Sold":
        subtotal = amount * quantity
        tax = ((subtotal - discount) * tax_per_cent + 50) // 100
        return cls(
            id, ware, price_id, amount, quantity, subtotal, discount, tax, subtotal - discount + tax, "",
            charge._replace(item_id=id) if charge else None,
        )  # fmt: skip


class Sale(NamedTuple):
    """An order; `rate` is units of its currency for one of the shop's, in 1/100,000; `cut` is a discount's id
    and code."""

    id: int
    person: Person
    status: str
    currency: str
    rate: int
    items: tuple[Sold, ...]
    charges: tuple[Charge, ...]
    cut: tuple[int, str] | None
    gateway: str
    subtotal: int
    discount: int
    tax: int
    total: int

    @classmethod
    def make(
        cls,
        id: int,
        person: Person,
        status: str,
        currency: str,
        rate: int,
        items: tuple[Sold, ...],
        charges: tuple[Charge, ...],
        cut: tuple[int, str] | None,
        luck: float,
    ) -> "Sale":
        """Adds up the lines and charges; luck, from 0 to 1, chooses the gateway."""
        every = charges + tuple(item.charge for item in items if item.charge)
        total = sum(item.total for item in items) + sum(charge.cents + charge.tax for charge in every)
        gateway = "stripe" if luck < 0.63 else "paypal_commerce" if luck < 0.93 else "manual"
        return cls(
            id,
            person,
            status,
            currency,
            rate,
            items,
            charges,
            cut,
            gateway if total else "manual",
            sum(item.subtotal for item in items),
            sum(item.discount for item in items),
            sum(item.tax for item in items) + sum(charge.tax for charge in every),
            total,
        )

    def list_charges(self) -> tuple[Charge, ...]:
        """All fees and credits, the lines' own first."""
        return tuple(item.charge for item in self.items if item.charge) + self.charges

    def refunded(self) -> "Sale":
        """With everything given back."""
        return self._replace(
            status="refunded", items=tuple(item._replace(status="refunded") for item in self.items)
        )

    def partly_refunded(self, item_id: int, is_whole: bool) -> "Sale":
        """With one line given back, whole or in part."""
        status = "refunded" if is_whole else "partially_refunded"
        return self._replace(
            status="partially_refunded",
            items=tuple(
                item._replace(status=status if item.id == item_id else "complete") for item in self.items
            ),
        )


class Refunded(NamedTuple):
    """What comes back of a line: the part of its total, and the tax in that."""

    item: Sold
    total: int
    tax: int

    @classmethod
    def make(cls, item: Sold, total: int) -> "Refunded":
        return cls(item, total, item.tax * total // item.total if total else 0)


class Refund(NamedTuple):
    """What goes back to the buyer of a sale."""

    sale: Sale
    lines: tuple[Refunded, ...]
    charges: tuple[Charge, ...]
