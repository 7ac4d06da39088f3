"""The questions that are measured: every endpoint and form, for any EDD-compatible server.

What they name (orders, customers, a product) is learned from the server itself. A first-time question goes
round several pages or records, so that no single one is hot on either side.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import quote

import msgspec

from bench.client import fetch, find_refusal

PAGES = 10
RECORDS = 40
"""How many pages and records a first-time question goes round."""

PURCHASES = 3
"""Customers who bought as often as this are asked for, so that shops of all sizes have the same to answer."""

_MOST_READ = 20
"""Pages of 100 in which they are looked for."""


class Round(StrEnum):
    """What a question goes round with."""

    NOTHING = ""
    PAGES = "pages"
    ORDERS = "orders"
    CUSTOMERS = "customers"


class Question(msgspec.Struct, frozen=True):
    """`query` may name members of a Sample; `in_short` ones are asked in a short run too."""

    name: str
    path: str
    query: str
    round: Round = Round.NOTHING
    in_short: bool = False


class Sample(msgspec.Struct, frozen=True):
    """What of a shop its questions name."""

    orders: tuple[tuple[str, str], ...]
    """Ids and purchase keys."""
    customers: tuple[tuple[str, str], ...]
    """Ids and addresses."""
    product: str
    today: date


def _make_questions() -> Iterator[Question]:
    for version in ("v1", "v2"):
        is_v2 = version == "v2"
        for noun, number, place in (("products", 10, Round.NOTHING), *_LISTS):
            name = f"{version} {noun}, {number}"
            is_short = is_v2 and (noun, number) in _IN_SHORT
            yield Question(name, f"{version}/{noun}/", f"number={number}", place, is_short)
        path = f"{version}/products/"
        yield Question(f"{version} products, by id", path, "product={product}")
        yield Question(f"{version} products, search", path, "s=theme&number=10")
        path = f"{version}/customers/"
        yield Question(f"{version} customers, by id", path, "customer={customer}", Round.CUSTOMERS)
        yield Question(f"{version} customers, by address", path, "customer={address}", Round.CUSTOMERS)
        yield Question(
            f"{version} customers, of 30 days", path, "date=range&{month}&number=10", Round.NOTHING, is_v2
        )
        path = f"{version}/sales/"
        yield Question(f"{version} sales, by id", path, "id={order}", Round.ORDERS)
        yield Question(f"{version} sales, by purchase key", path, "purchasekey={key}", Round.ORDERS)
        yield Question(f"{version} sales, by address", path, "email={address}", Round.CUSTOMERS)
    yield Question("discounts", "v2/discounts/", "number=10", in_short=True)
    path = "v2/file-download-logs/"
    yield Question("file download logs, 10", path, "number=10", Round.PAGES, in_short=True)
    path = "v2/stats/"
    yield Question("stats", path, "format=json", in_short=True)
    for kind in ("sales", "earnings"):
        yield Question(f"stats, {kind} today", path, f"type={kind}&date=today")
        yield Question(
            f"stats, {kind} of 365 days",
            path,
            f"type={kind}&date=range&{{year}}",
            in_short=kind == "earnings",
        )
        yield Question(
            f"stats, {kind} of all products", path, f"type={kind}&product=all", in_short=kind == "earnings"
        )
        yield Question(f"stats, {kind} of a product", path, f"type={kind}&product={{product}}")
    yield Question("stats, customers", path, "type=customers")
    yield Question("info", "v2/info/", "format=json", in_short=True)
    yield Question("v2 products, 10, XML", "v2/products/", "number=10&format=xml")
    yield Question("v2 customers, 10, XML", "v2/customers/", "number=10&format=xml", Round.PAGES)
    yield Question("v2 sales, 10, XML", "v2/sales/", "number=10&format=xml", Round.PAGES, in_short=True)
    yield Question("stats, sales of 365 days, XML", path, "type=sales&date=range&{year}&format=xml")


def _make_sized() -> Iterator[Question]:
    """Forms of which only what they cost at other sizes is of interest."""
    for version in ("v1", "v2"):
        for noun in ("sales", "customers", "file-download-logs"):
            path, name = f"{version}/{noun}/", f"{version} {noun.replace('-', ' ')}"
            yield Question(f"{name}, 10, page 100", path, "number=10&page=100")
            yield Question(f"{name}, 50, by cursor", path, "number=50&cursor=")
        for noun in ("sales", "customers"):
            path, name = f"{version}/{noun}/", f"{version} {noun}"
            for words, days in (("a week", "week"), ("a year", "year")):
                query = f"number=10&modified_after={{{days}_ago}}"
                yield Question(f"{name}, changed in {words}", path, query)
                yield Question(f"{name}, changed in {words}, by cursor", path, f"{query}&cursor=")
        path = f"{version}/customers/"
        yield Question(f"{version} customers, of 365 days", path, "date=range&{year}&number=10")
        yield Question(
            f"{version} customers, of 365 days, page 20", path, "date=range&{year}&number=10&page=20"
        )
        path = f"{version}/products/"
        yield Question(f"{version} products, best sold", path, "orderby=sales&number=10")
        yield Question(f"{version} products, by cursor", path, "number=10&cursor=")
    path = "v2/file-download-logs/"
    yield Question("file download logs, of a customer", path, "customer={customer}", Round.CUSTOMERS)
    yield Question("file download logs, by address", path, "customer={address}", Round.CUSTOMERS)


_LISTS = tuple((noun, number, Round.PAGES) for noun in ("customers", "sales") for number in (10, 50))
_IN_SHORT = (("products", 10), ("customers", 10), ("sales", 50))

QUESTIONS = tuple(_make_questions())
SIZED = tuple(_make_sized())


def find_question(name: str) -> Question:
    [found] = (question for question in QUESTIONS if question.name == name)
    return found


def ask(question: Question, base: str, sample: Sample, credentials: str) -> list[str]:
    """The URLs that a question goes round; the first one is what a repeated question asks."""
    named = {
        "product": sample.product,
        "month": _range(sample.today, 30),
        "year": _range(sample.today, 365),
        "week_ago": str(sample.today - timedelta(days=7)),
        "year_ago": str(sample.today - timedelta(days=365)),
    }
    rounds: list[dict[str, str]] = [{}]
    if question.round is Round.ORDERS:
        rounds = [{"order": order, "key": quote(key)} for order, key in sample.orders]
    elif question.round is Round.CUSTOMERS:
        rounds = [{"customer": key, "address": quote(address)} for key, address in sample.customers]
    urls = [
        f"{base}/edd-api/{question.path}?{question.query.format(**named, **each)}{credentials}"
        for each in rounds
    ]
    if question.round is Round.PAGES:
        urls = [f"{urls[0]}&page={page}" for page in range(1, PAGES + 1)]
    return urls


def _range(last: date, days: int) -> str:
    return f"startdate={last - timedelta(days=days - 1)}&enddate={last}"


class Refused(Exception):
    """A server does not tell what its questions would name; says why."""


def learn(base: str, credentials: str, today: date) -> Sample:
    """Asks a server what it has. Raises Refused, and OSError where it can't be reached."""
    sales = _read(f"{base}/edd-api/v2/sales/?number={RECORDS}{credentials}", "sales")
    products = _read(f"{base}/edd-api/v2/products/?number=1{credentials}", "products")
    customers: list[tuple[str, str]] = []
    others: list[tuple[str, str]] = []
    middle = _find_middle(f"{base}/edd-api/v2/customers/?number=1{credentials}")
    for page in range(middle, middle + _MOST_READ):
        url = f"{base}/edd-api/v2/customers/?number=100&page={page}{credentials}"
        try:
            found = _read(url, "customers")
        except Refused:
            if not others and not customers:
                raise
            break
        for each in found:
            pair = str(each["info"]["customer_id"]), each["info"]["email"]
            is_alike = int(each["stats"]["total_purchases"]) == PURCHASES
            (customers if is_alike else others).append(pair)
        if len(customers) >= RECORDS or len(found) < 100:
            break
    return Sample(
        tuple((str(sale["ID"]), sale["key"]) for sale in sales),
        tuple((customers or others)[:RECORDS]),
        str(products[0]["info"]["id"]),
        today,
    )


def _find_middle(url: str) -> int:
    """The page of 100 from which customers are looked at: the newest of a large shop have hardly bought yet.
    The first where the server tells no total."""
    return int(fetch(url).headers.get("x-edd-total", 0)) // 200 + 1


def _read(url: str, key: str) -> list[dict[str, Any]]:
    reply = fetch(url)
    refusal = find_refusal(reply)
    if not refusal and not reply.data.get(key):
        refusal = f"no {key}"
    if refusal:
        raise Refused(f"{url.partition('?')[0]}: {refusal}")
    found: list[dict[str, Any]] = reply.data[key]
    return found
