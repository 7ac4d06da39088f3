"""The demo shop's life: people come, buy, fetch their files, and sometimes want their money back.

It runs forward in time once, so that ids rise with time and memory holds only what is still to come: what an
order leads to later waits in a queue until its moment. Amounts are whole cents of the order's currency.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

from tillroll.intake.demo.books import PAID, Books
from tillroll.intake.demo.catalogue import WARES, Ware, list_files
from tillroll.intake.demo.moments import DAY, make_moments
from tillroll.intake.demo.offers import Bought, Counter
from tillroll.intake.demo.people import People, Person
from tillroll.intake.demo.records import Charge, Refund, Refunded, Sale, Sold

NEW_CUSTOMERS = 0.52
"""The share of sales to somebody who buys for the first time; half of the others come back soon, the rest
anytime."""

REFUND_DAYS = 25
"""How long after a sale its refund comes at the latest."""


class Fetch(NamedTuple):
    """A file that a buyer will fetch."""

    sale_id: int
    person: Person
    product_id: int
    file_id: int
    price_id: int
    name: str


class Life:
    """Runs the shop from its first day to `now` and writes everything into the books."""

    def __init__(self, seed: int, books: Books, people: People, now: int) -> None:
        self._dice = Random(f"tillroll {seed}")  # noqa: S311 (made-up records need to be repeatable, not secret)
        self._books = books
        self._people = people
        self._now = now
        self._counter = Counter(self._dice, now // DAY)
        self._later: list[tuple[int, int, Refund | Fetch]] = []
        self._turn = count()
        self._on_sale: tuple[int, list[Ware], list[int]] = (-1, [], [])
        self.customers = 0

    @property
    def discount_uses(self) -> dict[int, int]:
        return self._counter.uses

    def run(self, orders: int) -> Iterator[int]:
        """Makes so many sales and what follows from them; yields the number of each sale once it is
        written."""
        for number, moment in enumerate(make_moments(self._dice, orders, self._now), 1):
            self._catch_up(moment)
            self._sell(moment)
            yield number
        self._catch_up(self._now)

    def _catch_up(self, moment: int) -> None:
        while self._later and self._later[0][0] <= moment:
            due, _, what = heappop(self._later)
            if isinstance(what, Refund):
                self._books.write_refund(what, due)
            else:
                self._books.write_download(what, due, self._dice)

    def _plan(self, due: int, what: Refund | Fetch) -> None:
        heappush(self._later, (due, next(self._turn), what))

    def _sell(self, moment: int) -> None:
        dice = self._dice
        is_first = not self.customers or dice.random() < NEW_CUSTOMERS
        person = self._welcome(moment) if is_first else self._people.get(self._recall())
        currency, rate = "USD", 100_000
        if person.country.uses_euro and dice.random() < 0.4:
            currency, rate = "EUR", 90_000 + (moment // (30 * DAY) * 1_103) % 6_000
        sold, cut = self._fill_cart(moment, rate, person.country.tax, is_first)
        charges = self._charge(rate, person.country.tax) if sold[0].total else ()
        status = self._draw_status(moment)
        sale = Sale.make(
            self._books.next_order_id(), person, status, currency, rate, sold, charges, cut, dice.random()
        )
        if not sale.total:  # what costs nothing is not waited for
            sale = sale._replace(status="complete")
        if sale.cut and sale.status not in PAID:
            self._counter.uses[sale.cut[0]] -= 1
        refund = None
        if sale.status == "complete":
            refund_at = moment + dice.randrange(3600, REFUND_DAYS * DAY)
            if sale.total and refund_at < self._now and dice.random() < 0.045:
                sale, refund = self._take_back(sale)
                self._plan(refund_at, refund)
            self._fetch_files(sale, moment)
        modified = refund_at if refund else moment
        self._books.write_sale(sale, moment, modified, dice)

    def _welcome(self, moment: int) -> Person:
        self.customers += 1
        person = self._people.get(self.customers)
        self._books.write_customer(person, moment)
        return person

    def _recall(self) -> int:
        """The number of somebody who was here before."""
        dice = self._dice
        if dice.random() < 0.5:
            return max(1, self.customers - int(dice.expovariate(8 / (self.customers + 100))))
        return 1 + int(self.customers * dice.random() ** 1.5)

    def _stock(self, moment: int) -> tuple[list[Ware], list[int]]:
        day = moment // DAY
        if self._on_sale[0] != day:
            wares = [ware for ware in WARES if ware.is_sold and ware.age > self._now // DAY - day]
            self._on_sale = day, wares, [ware.weight for ware in wares]
        return self._on_sale[1:]

    def _fill_cart(
        self, moment: int, rate: int, tax: int, is_first: bool
    ) -> tuple[tuple[Sold, ...], tuple[int, str] | None]:
        """The lines of an order, and the id and code of the discount on them."""
        dice = self._dice
        wares, weights = self._stock(moment)
        chosen = {
            ware.id: ware for ware in dice.choices(wares, weights=weights, k=1 + (dice.random() < 0.22))
        }
        if dice.random() < 0.04:
            chosen.update((ware.id, ware) for ware in dice.choices(wares, weights=weights, k=2))
        drawn = []
        for ware in chosen.values():
            price = dice.choice(ware.prices) if ware.prices else None
            cents = _convert(price.cents if price else ware.cents, rate)
            quantity = 2 + (dice.random() < 0.3) if dice.random() < 0.03 else 1
            drawn.append((ware, price.id if price else None, cents, quantity))
        cuts, cut = [0] * len(drawn), None
        if dice.random() < 0.3:
            cart = [Bought(ware.id, price, cents * quantity) for ware, price, cents, quantity in drawn]
            if found := self._counter.choose(cart, moment // DAY, rate / 100_000, is_first=is_first):
                cuts, cut = found[1], (found[0].id, found[0].code)
        sold = tuple(
            Sold.make(
                self._books.next_item_id(), ware, price, cents, quantity, off, tax,
                self._make_fee("Setup", 1500, rate, tax) if price == 4 and dice.random() < 0.1 else None,
            )
            for (ware, price, cents, quantity), off in zip(drawn, cuts, strict=True)
        )  # fmt: skip
        return sold, cut

    def _charge(self, rate: int, tax: int) -> tuple[Charge, ...]:
        """Fees and credits of a whole order."""
        luck = self._dice.random()
        if luck < 0.03:
            return (self._make_fee("Priority handling", 500, rate, tax),)
        if luck < 0.04:
            number = self._books.next_adjustment_id()
            return (Charge(number, "Goodwill", "credit", "goodwill", -_convert(200, rate), 0),)
        return ()

    def _make_fee(self, label: str, cents: int, rate: int, tax: int) -> Charge:
        cents = _convert(cents, rate)
        key = label.split()[0].lower()
        return Charge(self._books.next_adjustment_id(), label, "fee", key, cents, (cents * tax + 50) // 100)

    def _draw_status(self, moment: int) -> str:
        luck, age = self._dice.random(), self._now - moment
        if luck < 0.025:
            return "failed"
        if luck < 0.06:
            return "pending" if age < 3 * DAY else "abandoned"
        if luck < 0.064:
            return "revoked"
        if luck < 0.067:
            return "on_hold"
        if luck < 0.08 and age < DAY:
            return "processing"
        return "complete"

    def _take_back(self, sale: Sale) -> tuple[Sale, Refund]:
        """A sale as its refund will leave it, and the refund ([3.6] 7.4): whole, or a part of one line."""
        dice = self._dice
        item = dice.choice([item for item in sale.items if item.total])
        others = sale.total - item.total
        part = item.total if others > 0 and dice.random() < 0.6 else item.total * dice.randint(30, 70) // 100
        if dice.random() < 0.68 or not 0 < part < sale.total:
            lines = tuple(Refunded.make(one, one.total) for one in sale.items)
            return sale.refunded(), Refund(sale, lines, sale.list_charges())
        return sale.partly_refunded(item.id, part == item.total), Refund(
            sale, (Refunded.make(item, part),), ()
        )

    def _fetch_files(self, sale: Sale, moment: int) -> None:
        dice = self._dice
        for item in sale.items:
            for product_id, file_id, file in list_files(item.ware, item.price_id):
                luck = dice.random()
                if luck > 0.72:
                    continue
                wait = 60 + int(dice.expovariate(1 / 5_000))
                for again in range(1 + (luck < 0.12)):
                    due = moment + wait + again * dice.randrange(DAY, 60 * DAY)
                    fetch = Fetch(sale.id, sale.person, product_id, file_id, item.price_id or 0, file.name)
                    self._plan(due, fetch)


def _convert(cents: int, rate: int) -> int:
    """Cents of the shop's currency in an order's; the rate is in 1/100,000."""
    return (cents * rate + 50_000) // 100_000
