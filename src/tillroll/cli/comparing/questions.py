"""What is asked: every endpoint in both versions, with the ids that the first answers show."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from tillroll.cli.comparing.answers import Answer
from tillroll.stats.periods import PERIODS

NOBODY = "nobody@example.invalid"
UNKNOWN = "2000000000"
"""An id that no shop has reached."""


@dataclass(frozen=True)
class Question:
    """`pair` says whose credentials go along: the owner's, none, or a wrong token."""

    endpoint: str
    version: str
    parameters: tuple[tuple[str, str], ...] = ()
    pair: str = "own"

    @property
    def address(self) -> str:
        """Its address without credentials."""
        query = f"?{urlencode(self.parameters)}" if self.parameters else ""
        return f"/edd-api/{self.version}/{self.endpoint}/{query}"

    def get(self, name: str) -> str | None:
        return dict(self.parameters).get(name)

    def with_(self, *, version: str = "", **changes: str | None) -> "Question":
        """The same with other parameters; None leaves one out."""
        kept = {name: value for name, value in self.parameters if name not in changes}
        added = {name: value for name, value in changes.items() if value is not None}
        return replace(self, version=version or self.version, parameters=tuple({**kept, **added}.items()))


def ask(endpoint: str, version: str = "v2", pair: str = "own", **parameters: str) -> Question:
    return Question(endpoint, version, tuple(parameters.items()), pair)


LISTS = {
    "products": "products",
    "customers": "customers",
    "sales": "sales",
    "discounts": "discounts",
    "file-download-logs": "download_logs",
}
"""The endpoints that give lists, and the member that each is in."""

OPENERS = tuple(ask(endpoint, number="20") for endpoint in LISTS)
"""Asked first: their answers hold the ids for the others."""


def list_questions(opened: dict[str, Answer], today: date) -> Iterator[Question]:
    """All the others. `today` is a day of the shop's, or one beside it."""
    rows = {
        endpoint: _list_rows(opened[endpoint], member)
        for endpoint, member in LISTS.items()
        if endpoint in opened
    }
    yield from _ask_lists()
    yield from _ask_products(rows.get("products", []))
    yield from _ask_customers(rows.get("customers", []))
    yield from _ask_sales(rows.get("sales", []))
    yield from _ask_stats(rows.get("products", []), today)
    yield from _ask_discounts(rows.get("discounts", []), rows.get("customers", []))
    yield from _ask_forms()


def _list_rows(answer: Answer, member: str) -> list[dict[str, Any]]:
    found = answer.data.get(member) if isinstance(answer.data, dict) else None
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _ask_lists() -> Iterator[Question]:
    for endpoint in LISTS:
        yield ask(endpoint, "v1", number="20")
        yield ask(endpoint)
        for version in ("v1", "v2"):
            yield ask(endpoint, version, number="3", page="2")
            yield ask(endpoint, version, number="5", page="99999")
    yield ask("sales", number="100", page="2")
    yield ask("discounts", number="-1")
    yield ask("sales", number="3", page="0")


def _pick(values: Iterable[Any], number: int) -> list[str]:
    """The first, the last and what is between, evenly; each once."""
    found = list(dict.fromkeys(str(value) for value in values if value not in (None, "", False)))
    if len(found) <= number:
        return found
    return [found[index * (len(found) - 1) // max(1, number - 1)] for index in range(number)]


def _infos(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [info.get(name) for row in rows if isinstance(info := row.get("info"), dict)]


def _terms(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [term for terms in _infos(rows, name) if isinstance(terms, list) for term in terms]


def _ask_products(rows: list[dict[str, Any]]) -> Iterator[Question]:
    yield ask("products", pair="none", number="10")
    yield ask("products", number="10", orderby="title", order="ASC")
    yield ask("products", number="10", orderby="price")
    for product in _pick(_infos(rows, "id"), 4):
        yield ask("products", "v1", product=product)
        yield ask("products", product=product)
    for product in _pick(_infos(rows, "id"), 1):
        yield ask("products", pair="none", product=product)
    for version in ("v1", "v2"):
        yield ask("products", version, product=UNKNOWN)
    words = [word for title in _infos(rows, "title") for word in str(title).split() if word.isalnum()]
    for word in _pick((word for word in words if len(word) > 3), 2):
        yield ask("products", s=word, number="20")
    for kind, name in (("category", "category"), ("tag", "tags")):
        terms = _terms(rows, name)
        for slug in _pick((term.get("slug") for term in terms), 2):
            yield ask("products", number="50", **{kind: slug})
        for term in _pick((term.get("term_id") for term in terms), 1):
            yield ask("products", number="50", **{kind: term})
    for slug in _pick((term.get("slug") for term in _terms(rows, "category")), 1):
        yield ask("products", "v1", number="50", category=slug)


def _ask_customers(rows: list[dict[str, Any]]) -> Iterator[Question]:
    for customer in _pick(_infos(rows, "customer_id"), 3):
        yield ask("customers", "v1", customer=customer)
        yield ask("customers", customer=customer)
    for email in _pick(_infos(rows, "email"), 2):
        yield ask("customers", "v1", customer=email)
        yield ask("customers", customer=email)
    for version in ("v1", "v2"):
        yield ask("customers", version, customer=UNKNOWN)
        yield ask("customers", version, customer=NOBODY)
    yield ask("customers", date="last_month", number="100")


def _ask_sales(rows: list[dict[str, Any]]) -> Iterator[Question]:
    # with sequential numbers ID is none; the shop answers the same for what it doesn't know
    for sale in _pick((row.get("ID") for row in rows), 3):
        yield ask("sales", "v1", id=sale)
        yield ask("sales", id=sale)
    for key in _pick((row.get("key") for row in rows), 2):
        yield ask("sales", "v1", purchasekey=key)
        yield ask("sales", purchasekey=key)
    for email in _pick((row.get("email") for row in rows), 3):
        yield ask("sales", "v1", email=email, number="50")
        yield ask("sales", email=email, number="50")
    yield ask("sales", "v1", id=UNKNOWN)
    yield ask("sales", id=UNKNOWN)
    yield ask("sales", purchasekey="unknown")
    yield ask("sales", email=NOBODY)


def _ask_stats(products: list[dict[str, Any]], today: date) -> Iterator[Question]:
    yield ask("stats", "v1")
    yield ask("stats")
    yield ask("stats", include_tax="false")
    yield ask("stats", type="customers")
    before = today.replace(day=1) - timedelta(days=1)
    month = {
        "date": "range",
        "startdate": f"{before.replace(day=1):%Y%m%d}",
        "enddate": f"{before:%Y%m%d}",
    }
    for kind in ("sales", "earnings"):
        yield ask("stats", "v1", type=kind)
        yield ask("stats", type=kind)
        for period in PERIODS:
            yield ask("stats", type=kind, date=period)
        yield ask("stats", "v1", type=kind, date="this_month")
        yield ask("stats", type=kind, **month)
        yield ask("stats", type=kind, product="all")
        for product in _pick(_infos(products, "id"), 2):
            yield ask("stats", type=kind, product=product)
        yield ask("stats", type=kind, date="no_such_period")
    yield ask("stats", type="earnings", date="this_month", include_tax="false")


def _ask_discounts(rows: list[dict[str, Any]], customers: list[dict[str, Any]]) -> Iterator[Question]:
    for discount in _pick((row.get("ID") for row in rows), 2):
        yield ask("discounts", "v1", discount=discount)
        yield ask("discounts", discount=discount)
    yield ask("discounts", discount=UNKNOWN)
    for customer in _pick(_infos(customers, "customer_id"), 2):
        yield ask("file-download-logs", customer=customer, number="20")
    for email in _pick(_infos(customers, "email"), 1):
        yield ask("file-download-logs", "v1", customer=email, number="20")


def _ask_forms() -> Iterator[Question]:
    """Info, XML, and what is refused."""
    yield ask("info", "v1")
    yield ask("info")
    yield ask("customers", "v1", format="xml", number="3")
    yield ask("sales", format="xml", number="3")
    yield ask("discounts", format="xml", number="3")
    yield ask("stats", format="xml", type="sales", date="this_month")
    yield ask("products", format="xml", number="1")
    yield ask("stats", format="xml")
    yield ask("sales", number="abc")
    yield ask("products", format="yaml")
    yield ask("no-such-endpoint")
    yield ask("sales", "v9")
    yield ask("sales", pair="none")
    yield ask("sales", pair="wrong")
