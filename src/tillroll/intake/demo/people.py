"""Who buys in the demo shop. A person is worked out from their number each time, so that none need be
remembered."""

from functools import lru_cache
from typing import NamedTuple

FIRST = (
    "Ada:ada Amir:amir Anneke:anneke Beatriz:beatriz Björn:bjoern Camille:camille Carlos:carlos"
    " Chloé:chloe Dana:dana Daniel:daniel Deniz:deniz Elena:elena Émile:emile Erik:erik Farah:farah"
    " Fiona:fiona George:george Grace:grace Hana:hana Hugo:hugo Ines:ines Ivan:ivan Jack:jack"
    " Jürgen:juergen Jasmin:jasmin Kaito:kaito Karin:karin Kofi:kofi Laura:laura Leo:leo Łukasz:lukasz"
    " Mia:mia Marcus:marcus Nadia:nadia Noah:noah Olga:olga Oscar:oscar Paula:paula Priya:priya"
    " Quinn:quinn Rafael:rafael Ruth:ruth Søren:soeren Samira:samira Tom:tom Tove:tove Uma:uma Vera:vera"
    " Victor:victor Wei:wei Will:will Yara:yara Yuki:yuki Zoë:zoe"
)
LAST = (
    "Abbott:abbott Almeida:almeida Baker:baker Bauer:bauer Becker:becker Bianchi:bianchi Castro:castro"
    " Chen:chen Clarke:clarke Dubois:dubois Dvořák:dvorak Evans:evans Ferreira:ferreira Fischer:fischer"
    " Fournier:fournier García:garcia Gupta:gupta Hansen:hansen Hughes:hughes Ito:ito Jansen:jansen"
    " Johansson:johansson Kaur:kaur Keller:keller Kowalski:kowalski Lambert:lambert Larsen:larsen"
    " Lopez:lopez Marsh:marsh Mensah:mensah Moreau:moreau Müller:mueller Nakamura:nakamura Novak:novak"
    " O'Brien:obrien Okafor:okafor Olsen:olsen Patel:patel Pérez:perez Quist:quist Reid:reid Rossi:rossi"
    " Sato:sato Schmidt:schmidt Silva:silva Singh:singh Smit:smit Sørensen:soerensen Taylor:taylor"
    " Ueda:ueda Van-Dijk:vandijk Visser:visser Walker:walker Weber:weber Young:young Zhang:zhang"
)
STREETS = (
    "Mill Lane",
    "Station Road",
    "Park Avenue",
    "Harbour Street",
    "Church Hill",
    "Garden Row",
    "Market Square",
)
MAILS = ("example.com", "example.org", "example.net", "mail.example", "post.example")
"""Names that no mail ever reaches (RFC 2606)."""


class Country(NamedTuple):
    """A country with its share of buyers in a thousand, its VAT in per cent, and places (city, region, postal
    code)."""

    code: str
    share: int
    tax: int
    uses_euro: bool
    places: tuple[tuple[str, str, str], ...]


COUNTRIES = (
    Country(
        "US",
        400,
        0,
        False,
        (("Portland", "OR", "97205"), ("Austin", "TX", "78701"), ("Albany", "NY", "12207")),
    ),
    Country("GB", 120, 20, False, (("Leeds", "", "LS1 4AP"), ("Bristol", "", "BS1 5TR"))),
    Country("DE", 110, 19, True, (("Leipzig", "", "04109"), ("Köln", "", "50667"), ("Kiel", "", "24103"))),
    Country("FR", 80, 20, True, (("Lyon", "", "69002"), ("Nantes", "", "44000"))),
    Country("CA", 65, 0, False, (("Halifax", "NS", "B3J 1S9"), ("Montréal", "QC", "H2Y 1C6"))),
    Country("AU", 50, 10, False, (("Hobart", "TAS", "7000"), ("Perth", "WA", "6000"))),
    Country("NL", 45, 21, True, (("Utrecht", "", "3511 AE"), ("Delft", "", "2611 GX"))),
    Country("ES", 40, 21, True, (("Sevilla", "", "41001"),)),
    Country("IN", 40, 0, False, (("Pune", "MH", "411001"),)),
    Country("SE", 25, 25, False, (("Malmö", "", "211 22"),)),
    Country("JP", 25, 0, False, (("Sapporo", "", "060-0001"),)),
)

_FIRST = tuple(tuple(pair.split(":")) for pair in FIRST.split())
_LAST = tuple(tuple(pair.replace("-", " ").split(":")) for pair in LAST.split())
_BY_SHARE = tuple(country for country in COUNTRIES for _ in range(country.share // 5))
_MASK = (1 << 64) - 1


class Person(NamedTuple):
    """A buyer; `user_id` is 0 for a guest."""

    number: int
    user_id: int
    name: str
    first: str
    last: str
    email: str
    further_email: str
    login: str
    country: Country
    place: tuple[str, str, str]
    street: str
    ip: str


class People:
    """Everybody, by number from 1 up; the ids of users begin above `users_from`."""

    def __init__(self, seed: int, users_from: int) -> None:
        self._salt = _scramble(seed)
        self._users_from = users_from
        self.get = lru_cache(maxsize=4096)(self._make)

    def _make(self, number: int) -> Person:
        dice = _scramble(number ^ self._salt)
        first, first_mail = _FIRST[dice % len(_FIRST)]
        last, last_mail = _LAST[(dice >> 8) % len(_LAST)]
        country = _BY_SHARE[(dice >> 16) % len(_BY_SHARE)]
        login = f"{first_mail}.{last_mail}{number}"
        return Person(
            number=number,
            user_id=self._users_from + number if (dice >> 26) % 100 < 42 else 0,
            name=f"{first} {last}",
            first=first,
            last=last,
            email=f"{login}@{MAILS[(dice >> 34) % len(MAILS)]}",
            further_email=f"office{number}@{last_mail}.example" if (dice >> 38) % 100 < 6 else "",
            login=login,
            country=country,
            place=country.places[(dice >> 46) % len(country.places)],
            street=f"{(dice >> 50) % 140 + 1} {STREETS[(dice >> 58) % len(STREETS)]}",
            ip=f"{('192.0.2', '198.51.100', '203.0.113')[(dice >> 30) % 3]}.{(dice >> 42) % 254 + 1}",
        )


def _scramble(number: int) -> int:
    """64 bits that look like chance, from a number (the mixing steps of splitmix64)."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)
