"""The demo shop's discount codes, and what they take off a cart."""

from collections.abc import Sequence
from random import Random
from typing import NamedTuple


class Offer(NamedTuple):
    """A code; `amount` is per cent, or cents when it is flat; `begins` and `ends` are days before today."""

    id: int
    name: str
    code: str
    amount: int
    is_flat: bool = False
    begins: int | None = None
    ends: int | None = None
    status: str = "active"
    requires: tuple[str, ...] = ()
    condition: str = ""
    excludes: tuple[str, ...] = ()
    least: int = 0
    most_uses: int = 0
    is_once: bool = False
    popularity: int = 1


OFFERS = (
    Offer(1, "Welcome", "WELCOME10", 10, is_once=True, popularity=8),
    Offer(2, "Newsletter, five off", "READER5", 500, is_flat=True, least=2000, popularity=5),
    Offer(
        3,
        "Forms with checkout",
        "FORMS+FIELDS",
        20,
        requires=("1", "4"),
        condition="all",
        popularity=3,
    ),
    Offer(
        4, "Books only", "BOOKWORM", 15, requires=("8", "9"), condition="any", excludes=("13",), popularity=4
    ),
    Offer(
        5,
        "November sale",
        "NOVEMBER30",
        30,
        begins=400,
        ends=300,
        status="expired",
        excludes=("14",),
        popularity=9,
    ),
    Offer(
        6,
        "First hundred",
        "FIRST100",
        1000,
        is_flat=True,
        least=4000,
        most_uses=100,
        begins=1095,
        popularity=4,
    ),
    Offer(7, "Agency upgrade", "AGENCY", 25, requires=("6_2", "1_4"), condition="any", popularity=2),
    Offer(8, "Spring sale", "SPRING20", 20, begins=-20, ends=-50, popularity=0),
    Offer(9, "Partner code", "PARTNER50", 50, status="inactive", popularity=0),
)
"""All codes: running, over, to come, and switched off."""


class Bought(NamedTuple):
    """A cart line as a code sees it: product, price id, and what it costs in cents."""

    product_id: int
    price_id: int | None
    cents: int

    def matches(self, ref: str) -> bool:
        return ref in (str(self.product_id), f"{self.product_id}_{self.price_id}")


class Counter:
    """Chooses codes for carts and keeps how often each was used."""

    def __init__(self, dice: Random, today: int) -> None:
        self._dice = dice
        self._today = today
        self._weights = [offer.popularity for offer in OFFERS]
        self.uses = {offer.id: 0 for offer in OFFERS}

    def choose(
        self, cart: Sequence[Bought], day: int, rate: float, *, is_first: bool
    ) -> tuple[Offer, list[int]] | None:
        """A code that holds for the cart with the cents that it takes off each line; None without one.

        `rate` is units of the cart's currency for one of the shop's.
        """
        offer = self._dice.choices(OFFERS, weights=self._weights)[0]
        if not self._holds(offer, cart, day, rate, is_first):
            return None
        eligible = [0 if any(line.matches(ref) for ref in offer.excludes) else line.cents for line in cart]
        whole = sum(eligible)
        if offer.is_flat:
            off = min(whole, round(offer.amount * rate))
            cuts = [cents * off // whole if whole else 0 for cents in eligible]
            for place, cents in enumerate(eligible):  # the cents that rounding left over
                more = min(cents - cuts[place], off - sum(cuts))
                cuts[place] += more
        else:
            cuts = [(cents * offer.amount + 50) // 100 for cents in eligible]
        if not sum(cuts):
            return None
        self.uses[offer.id] += 1
        return offer, cuts

    def _holds(self, offer: Offer, cart: Sequence[Bought], day: int, rate: float, is_first: bool) -> bool:
        ago = self._today - day
        if (offer.begins is not None and ago > offer.begins) or (offer.ends is not None and ago < offer.ends):
            return False
        if (offer.is_once and not is_first) or (offer.most_uses and self.uses[offer.id] >= offer.most_uses):
            return False
        if sum(line.cents for line in cart) < offer.least * rate:
            return False
        if not offer.requires:
            return True
        met = [any(line.matches(ref) for line in cart) for ref in offer.requires]
        return all(met) if offer.condition == "all" else any(met)
