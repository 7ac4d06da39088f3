"""The floor does Tillroll's work: the same statements with the same values, and the same answers."""

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection

from bench.floor_answers import ANSWERS
from bench.floor_shop import Shop
from bench.questions import QUESTIONS, Question, Sample, ask
from tests.asking import ask as ask_tillroll
from tests.conftest import STORE
from tillroll.eddapi.formats import encode_json, encode_xml
from tillroll.eddapi.reading import run_alone
from tillroll.shop.models import Customer, Order
from tillroll.shop.zone import to_local

pytestmark = [
    pytest.mark.django_db(databases=["default", "logs"]),
    pytest.mark.skipif(STORE != "sqlite", reason="The floor asks an SQLite file."),
]

OWN = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")
KEPT = ("shop_revision", "access_apikey", "access_role", "shop_shopsettings")
"""What Tillroll reads once for many answers, or floor.py asks for itself."""


class Asked:
    """The statements that ran, with their values."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, tuple[object, ...]]] = []

    def __call__(self, execute: Callable[..., Any], sql: str, values: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(OWN) and not any(name in sql for name in KEPT):
            self.statements.append((sql, tuple(values or ())))
        return execute(sql, values, many, context)


@pytest.fixture(scope="module")
def shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[Sample, str]]:
    """A demo shop: what its questions name, and its key and token as the end of a query."""
    from tests.shops import empty_shop
    from tillroll.intake.demo import ensure_access, fill_demo

    with django_db_blocker.unblock():
        empty_shop()
        fill_demo(300, seed=1, dialect="documented")
        access = ensure_access()
        assert access is not None
        sold = Order.objects.filter(type="sale", status="complete").order_by("-pk")[:2]
        bought = Customer.objects.filter(purchase_count__gt=1).order_by("-pk")[:2]
        sample = Sample(
            tuple((str(order.pk), order.payment_key) for order in sold),
            tuple((str(customer.pk), customer.email) for customer in bought),
            "11",
            to_local(sold[0].created_at, Shop.load(run_alone).zone).date(),
        )
        yield sample, f"&key={access.public_key}&token={access.token}"
        access.path.unlink()
        empty_shop()


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_the_floor_asks_and_answers_as_tillroll_does(question: Question, shop: tuple[Sample, str]) -> None:
    sample, pair = shop
    floor_shop = Shop.load(run_alone)
    for url in ask(question, "", sample, pair)[:2]:
        parts = urlsplit(url)
        ours, theirs = Asked(), Asked()
        with connection.execute_wrapper(ours):
            reply = ask_tillroll(parts.path, parts.query)
        with connection.execute_wrapper(theirs):
            _, answer = ANSWERS[parts.path]
            body = answer(run_alone, floor_shop, dict(parse_qsl(parts.query)))
        assert sorted(theirs.statements, key=str) == sorted(ours.statements, key=str)
        assert len(body) > 0
        if "format=xml" in parts.query:
            assert encode_xml(body) == reply.content.partition(b"<request_speed>")[0] + b"</edd>"
        else:
            del (data := reply.data)["request_speed"]
            assert json.loads(encode_json(body)) == data
