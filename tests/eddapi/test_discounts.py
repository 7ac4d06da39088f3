"""discounts: which are listed, which are found, and what is shown of them ([3.6] 3.7)."""

from datetime import UTC, datetime

import pytest

from tests.asking import Reply, ask
from tests.shops import setup_discount, setup_key, signed
from tillroll.access.digests import Pair

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])


@pytest.fixture(autouse=True)
def key() -> None:
    setup_key(public_key=PAIR.public_key, token=PAIR.token)


def ask_discounts(version: str = "v2", **question: object) -> Reply:
    return ask(f"/edd-api/{version}/discounts/", signed(PAIR, **question))


def found(reply: Reply) -> list[int]:
    return [discount["ID"] for discount in reply.data.get("discounts", [])]


@EVERY_VERSION
def test_a_shop_without_discounts_says_so(version: str) -> None:
    setup_discount(status="archived")
    reply = ask_discounts(version)
    assert list(reply.data) == ["error", "request_speed"]
    assert reply.data["error"] == "No discounts found!"


@EVERY_VERSION
def test_the_list_leaves_out_what_is_archived(version: str) -> None:
    keys = [setup_discount(status=status).pk for status in ("active", "inactive", "expired", "archived")]
    assert found(ask_discounts(version)) == keys[2::-1]


@EVERY_VERSION
def test_a_discount_is_found_by_id_in_any_status(version: str) -> None:
    key = setup_discount(status="archived").pk
    assert found(ask_discounts(version, discount=key)) == [key]
    assert found(ask_discounts(version, discount=f"-{key}")) == [key]


@EVERY_VERSION
@pytest.mark.parametrize("value", ["99", "TEN", "10%", "1 OR 1"])
def test_an_unknown_discount_and_a_code_are_told(version: str, value: str) -> None:
    setup_discount("TEN", id=5)
    reply = ask_discounts(version, discount=value)
    assert (reply.status, reply.data["error"]) == (200, f"Discount {value} not found!")
    assert "discounts" not in reply.data


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_discount_is_the_list(value: str) -> None:
    keys = [setup_discount().pk for _ in range(2)]
    assert found(ask_discounts(discount=value)) == keys[::-1]


@EVERY_VERSION
def test_every_member_is_shown(version: str) -> None:
    setup_discount(
        "SPRING",
        id=5,
        name="Spring sale",
        amount="12.5",
        amount_type="flat",
        min_charge="30",
        max_uses=100,
        use_count=3,
        starts_at=datetime(2026, 3, 1, 5, 0, tzinfo=UTC),
        ends_at=datetime(2026, 4, 1, 3, 59, 59, tzinfo=UTC),
        requirement_condition="any",
        scope="not_global",
        once_per_customer=True,
        requirements=["16_2", "7"],
        exclusions=["9"],
    )
    [shown] = ask_discounts(version).data["discounts"]
    assert shown == {
        "ID": 5,
        "name": "Spring sale",
        "code": "SPRING",
        "amount": 12.5,
        "min_price": "30.000000000",
        "type": "flat",
        "uses": "3",
        "max_uses": 100,
        "start_date": "2026-03-01 05:00:00",
        "exp_date": "2026-04-01 03:59:59",
        "status": "active",
        "product_requirements": ["16_2", "7"],
        "requirement_condition": "any",
        "global_discount": False,
        "excluded_products": ["9"],
        "single_use": True,
    }


def test_what_a_discount_does_not_have_is_false_or_empty() -> None:
    setup_discount("TEN", id=5)
    [shown] = ask_discounts().data["discounts"]
    expected = {
        "start_date": False,
        "exp_date": False,
        "product_requirements": [],
        "requirement_condition": "",
        "global_discount": True,
        "excluded_products": [],
        "single_use": False,
        "max_uses": 0,
        "uses": "0",
        "min_price": "0.000000000",
        "amount": 10,
    }
    assert {name: shown[name] for name in expected} == expected
