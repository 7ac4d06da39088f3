"""What an endpoint says that its answers depend on is all that it reads: a kept answer knows no more."""

import re
from typing import Any

import pytest

from tests.asking import ask
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    signed,
)
from tests.statements import statements
from tillroll.eddapi import request
from tillroll.eddapi.endpoints import ENDPOINTS
from tillroll.shop.revision import Topic

pytestmark = pytest.mark.django_db

QUESTIONS = {
    "products": (
        "",
        "product=1",
        "s=ware",
        "category=a&tag=b&term_relation=AND",
        "orderby=sales",
        "number=-1",
    ),
    "customers": ("", "customer=1", "customer=a@b.example", "date=range&startdate=20200101", "date=today"),
    "sales": ("", "id=1", "purchasekey=x", "email=a@b.example", "number=-1"),
    "discounts": ("", "discount=1"),
    "file-download-logs": ("", "customer=1", "customer=a@b.example"),
    "stats": (
        "",
        "type=sales",
        "type=customers",
        "type=sales&date=today",
        "type=earnings&date=range&startdate=20200101&enddate=20200103&include_tax=0",
        "type=earnings&product=all",
        "type=sales&product=1",
    ),
}

TOPICS: tuple[tuple[str, set[Topic]], ...] = (
    (r"shop_order\w*|stats_\w+", {Topic.ORDERS}),
    (r"shop_customer\w*", {Topic.CUSTOMERS}),
    (r"shop_(product\w*|priceoption|term|bundleitem)", {Topic.CATALOGUE}),
    (r"shop_discount\w*", {Topic.DISCOUNTS}),
    (r"shop_filedownload", {Topic.DOWNLOADS}),
    (r"shop_(shopsettings|mirror)", {Topic.SETTINGS}),
    (r"access_\w+", {Topic.ACCESS}),
    (r"shop_(tally|block|revision)", set()),  # counts of records whose own topics are named
)


def find_topics(table: str) -> set[Topic]:
    for pattern, topics in TOPICS:
        if re.fullmatch(pattern, table):
            return topics
    raise AssertionError(f"Which topic is {table} of?")


class Recorder(dict[str, str]):
    """Parameters that remember which of them were asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.read: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


@pytest.mark.parametrize("endpoint", [name for name, each in ENDPOINTS.items() if each.reads])
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_an_endpoint_reads_what_it_says_and_nothing_else(
    endpoint: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = ENDPOINTS[endpoint].reads
    assert reads is not None
    recorders: list[Recorder] = []
    made = request.Parameters

    def make(values: dict[str, str], *rest: Any) -> request.Parameters:
        recorders.append(Recorder(values))
        return made(recorders[-1], *rest)

    monkeypatch.setattr(request, "Parameters", make)
    ann = setup_customer("a@b.example")
    product = setup_product(title="Ware")
    setup_order(product, customer=ann)
    setup_download(product, ann)
    setup_discount()
    pair = setup_key()
    with statements() as sent:
        for question in QUESTIONS[endpoint]:
            query = dict(piece.split("=") for piece in question.split("&") if piece)
            assert ask(f"/edd-api/{version}/{endpoint}/", signed(pair, **query)).status == 200

    names = {name for recorder in recorders for name in recorder.read}
    assert names - {"key", "token", "format", "pretty", "edd-api"} <= {*reads.parameters}
    tables = {name for statement in sent for name in re.findall(r"\b(?:FROM|JOIN) ([a-z]+_\w+)", statement)}
    assert {topic for name in tables for topic in find_topics(name)} <= {
        *reads.topics,
        Topic.SETTINGS,
        Topic.ACCESS,
    }
