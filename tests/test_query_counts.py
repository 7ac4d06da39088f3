"""How many statements an answer takes: the same for two rows as for fifty, and no write among them.

The table is a record, not a goal: who changes a number changes it here, on purpose. Every answer begins with
the revisions; what follows is the endpoint's own. The worker keeps the shop's settings for one revision of
them, and keys and roles for one revision of access: they cost nothing here, and the last tests look at them.
"""

import re
from decimal import Decimal
from typing import NamedTuple

import pytest

from tests.asking import ask
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_fee,
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_settings,
    setup_term,
    setup_user,
    signed,
)
from tests.statements import statements
from tillroll.access.digests import Pair
from tillroll.access.log import request_log
from tillroll.shop.models import Taxonomy

pytestmark = pytest.mark.django_db

COUNTS = [
    # question, v1, v2
    ("info", 1, 1),
    ("customers", 3, 4),
    ("customers?number=-1", 2, 3),
    ("customers?customer={customer}", 2, 3),
    ("customers?customer=buyer1@example.com", 2, 3),
    ("customers?customer=999", 2, 2),
    ("customers?date=this_year", 3, 4),
    ("sales", 8, 6),
    ("sales?number=-1", 7, 5),
    ("sales?id={order}", 7, 5),
    ("sales?id=999", 2, 2),
    ("sales?purchasekey=key-1", 7, 5),
    ("sales?email=buyer@example.com", 8, 6),
    ("products", 6, 6),
    ("products?product={product}", 5, 5),
    ("products?number=-1", 5, 5),
    ("products?category=music&tag=new", 8, 8),
    ("products?s=ware&orderby=title", 6, 6),
    ("discounts", 4, 4),
    ("discounts?discount={discount}", 3, 3),
    ("file-download-logs", 3, 3),
    ("file-download-logs?customer={customer}", 2, 2),
    ("file-download-logs?customer=buyer1@example.com", 3, 3),
    ("sales?cursor=", 8, 6),
    ("sales?cursor=&modified_after=2020-01-01", 8, 6),
    ("customers?cursor=", 3, 4),
    ("customers?cursor=&modified_after=2020-01-01", 3, 4),
    ("products?cursor=", 7, 7),
    ("discounts?cursor=", 3, 3),
    ("file-download-logs?cursor=", 3, 3),
    ("customers?modified_after=2020-01-01", 3, 4),
    ("stats", 2, 2),
    ("stats?type=sales", 2, 2),
    ("stats?type=earnings&date=last_year", 2, 2),
    ("stats?type=earnings&date=range&startdate=20200101&enddate=20291231", 2, 2),
    ("stats?type=sales&product=all", 2, 2),
    ("stats?type=earnings&product={product}", 2, 2),
    ("stats?type=customers", 2, 2),
]
"""Statements of each question, with all rights, of a page of two rows and of fifty."""

PUBLIC = [("products", 5), ("products?product={product}", 4), ("products?s=nothing", 2)]
"""The same of products that anybody may see: no key is looked up, no files are read."""

GATES = [
    ("v9/sales", {}, 1),
    ("v2/nothing", {}, 1),
    ("v2/sales", {}, 1),
    ("v2/sales", {"key": "unknown", "token": "x"}, 3),
]
"""What stops a request before its endpoint; an unknown key is looked for once more by the log."""


class Shop(NamedTuple):
    pair: Pair
    ids: dict[str, int]
    """Of the first record of each kind."""


def fill(rows: int) -> Shop:
    """A shop with so many rows of each kind, everything that hangs on a row included."""
    setup_settings(skus_enabled=True)
    music = setup_term("Music", "music")
    new = setup_term("New", "new", taxonomy=Taxonomy.TAG)
    ids: dict[str, int] = {}
    for number in range(1, rows + 1):
        product = setup_product(
            title=f"Ware {number}", prices=[("One", "1")], files=[{"name": "a"}], terms=[music, new]
        )
        ann = setup_customer(f"buyer{number}@example.com", additional_emails=(f"b{number}@example.com",))
        order = setup_order(
            setup_line(product, "10", price_id=1, fees=(setup_fee(),)),
            customer=ann,
            email="buyer@example.com",
            fees=[setup_fee()],
            discounts={"SPRING": Decimal(1)},
            payment_key=f"key-{number}",
            transaction_id="t",
            gateway="stripe",
        )
        discount = setup_discount(requirements=["1"], exclusions=["2"])
        setup_download(product, ann)
        ids = ids or {
            "product": product.pk,
            "customer": ann.pk,
            "order": order.pk,
            "discount": discount.pk,
        }
    return Shop(setup_key(), ids)


def ask_counting(shop: Shop, question: str, version: str, *, number: int = 10, public: bool = False) -> int:
    """How many statements an answer takes; there is no write among them."""
    endpoint, _, query = question.format(**shop.ids).partition("?")
    parameters = {"number": str(number)} | dict(piece.split("=") for piece in query.split("&") if piece)
    asked = parameters if public else signed(shop.pair, **parameters)
    with statements() as sent:
        reply = ask(f"/edd-api/{version}/{endpoint}/", asked)
    request_log._waiting.clear()
    assert reply.status == 200
    assert all(re.match(r"(?:SELECT|WITH)\b", sql.strip()) for sql in sent), sent
    return len(sent)


def test_an_answer_takes_the_recorded_statements_whatever_the_number_of_rows() -> None:
    shop = fill(51)
    ask_counting(shop, "info", "v1")  # reads settings, key and roles, which are then kept

    for number in (2, 50):
        found = [
            (question, *(ask_counting(shop, question, version, number=number) for version in ("v1", "v2")))
            for question, _, _ in COUNTS
        ]
        assert found == COUNTS


def test_the_public_takes_no_more() -> None:
    shop = fill(51)
    ask_counting(shop, "info", "v1")

    for number in (2, 50):
        assert [
            (question, ask_counting(shop, question, "v2", number=number, public=True))
            for question, _ in PUBLIC
        ] == PUBLIC


@pytest.mark.parametrize(("path", "query", "count"), GATES)
def test_a_gate_costs_next_to_nothing(path: str, query: dict[str, object], count: int) -> None:
    fill(1)
    ask("/edd-api/v2/products/")

    with statements() as sent:
        reply = ask(f"/edd-api/{path}/", query)

    assert reply.status >= 400
    assert len(sent) == count
    request_log._waiting.clear()


def test_the_settings_are_read_once_for_each_revision_of_them() -> None:
    shop = fill(1)
    ask_counting(shop, "info", "v2")

    setup_settings(name="Changed")
    first, second = (ask_counting(shop, "info", "v2") for _ in range(2))

    assert first - second == 1


def test_a_key_and_the_roles_are_read_once_for_each_revision_of_access() -> None:
    shop = fill(1)
    other = Shop(setup_key(), shop.ids)
    usual = [ask_counting(one, "info", "v2") for one in (shop, shop, other, other)][-1]

    setup_user("ann")  # a new user is a new revision of access
    counts = [ask_counting(one, "info", "v2") - usual for one in (shop, shop, other, other)]

    assert counts == [2, 0, 1, 0]  # the key and the roles; nothing; the other key; nothing
