"""customers: who is found, by what, on which days, and in what form ([CONTRACT] Customers and dialects)."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.asking import Reply, ask
from tests.shops import (
    setup_customer,
    setup_download,
    setup_key,
    setup_order,
    setup_refund,
    setup_settings,
    setup_user,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.access.models import User
from tillroll.shop.models import Customer

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
NOW = datetime(2026, 3, 4, 3, 0, tzinfo=UTC)
"""In New York it is still 3 March, 22:00."""

EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])


@pytest.fixture(scope="module", autouse=True)
def people(kept_shop: None) -> None:
    with time_machine.travel(NOW, tick=False):
        setup_settings(timezone="America/New_York")
        setup_key(public_key=PAIR.public_key, token=PAIR.token)
        setup_user("ann", wire_id=70, display_name="Ann of Shop")
        setup_customer(
            "Ann@Example.com",
            "Ann Mary Lee",
            id=1,
            user_id=70,
            additional_emails=("ann@home.example", "ANN@work.example"),
            created_at=datetime(2026, 2, 28, 5, 0, tzinfo=UTC),  # 28 February, 00:00
        )
        setup_customer("bob@example.com", "Bob", id=2, created_at=datetime(2026, 3, 1, 4, 59, 59, tzinfo=UTC))
        setup_customer("cat@example.com", "", id=3, created_at=datetime(2026, 3, 3, 5, 0, tzinfo=UTC))
        setup_customer("dan@example.com", "Dan  Two", id=4, user_id=999, created_at=NOW)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def ask_customers(version: str = "v2", **question: object) -> Reply:
    return ask(f"/edd-api/{version}/customers/", signed(PAIR, **question))


def found(reply: Reply) -> list[int]:
    return [int(customer["info"]["customer_id"]) for customer in reply.data.get("customers", [])]


# Who


@EVERY_VERSION
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("1", [1], id="id"),
        pytest.param(" 1 ", [1], id="id with spaces"),
        pytest.param("1.5", [1], id="a number with a fraction"),
        pytest.param("1e0", [1], id="a number with an exponent"),
        pytest.param("Optional(1)", [1], id="an app's slip"),
        pytest.param('Optional("1")', [1], id="the slip with quotes"),
        pytest.param("Optional(ann@example.com)", [1], id="the slip with an address"),
        pytest.param("ann@example.com", [1], id="address in small letters"),
        pytest.param("ANN@EXAMPLE.COM", [1], id="address in capitals"),
        pytest.param("ann@home.example", [1], id="additional address"),
        pytest.param("Ann@Work.Example", [1], id="additional address in another case"),
        pytest.param("", [4, 3, 2, 1], id="empty is no filter"),
    ],
)
def test_a_customer_is_found_by(version: str, value: str, expected: list[int]) -> None:
    assert found(ask_customers(version, customer=value)) == expected


@EVERY_VERSION
@pytest.mark.parametrize(
    "value",
    [
        "99",
        "nobody@example.com",
        "nobody",
        "ann",
        "1 OR 1=1",
        "%",
        "Optional(99)",
        "o'hara@x.example",
        "1,2",
        "9e9",
    ],
)
def test_an_unknown_customer_is_told_in_edds_words(version: str, value: str) -> None:
    reply = ask_customers(version, customer=value)
    assert list(reply.data) == ["error", "request_speed"]
    words = f"Customer {value} not found!" if version == "v1" else "Customer not found!"
    assert (reply.status, reply.data["error"]) == (200, words)


@EVERY_VERSION
def test_a_known_customers_second_page_is_not_found(version: str) -> None:
    reply = ask_customers(version, customer="1", page=2)
    assert reply.data["error"] == ("Customer 1 not found!" if version == "v1" else "Customer not found!")


# When


@EVERY_VERSION
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"date": "today"}, [4, 3]),
        ({"date": "yesterday"}, []),
        ({"date": "this_month"}, [4, 3]),
        ({"date": "last_month"}, [2, 1]),
        ({"date": "this_year"}, [4, 3, 2, 1]),
        ({"date": "last_year"}, []),
        ({"date": "last_30_days"}, [4, 3, 2, 1]),
        ({"date": ""}, [4, 3, 2, 1]),
        ({"date": "range", "startdate": "20260228", "enddate": "20260228"}, [2, 1]),
        ({"date": "range", "startdate": "2026-02-28", "enddate": "2026-03-03"}, [4, 3, 2, 1]),
        ({"date": "range", "startdate": "20260301", "enddate": "20260302"}, []),
        ({"date": "range", "startdate": "20260303"}, [4, 3]),
        ({"date": "range", "startdate": "20260304", "enddate": "20260303"}, []),
        ({"date": "today", "startdate": "20200101", "enddate": "20200101"}, [4, 3]),
        ({"startdate": "20200101", "enddate": "20200101"}, [4, 3, 2, 1]),
        ({"date": "never"}, []),
        ({"date": "range", "startdate": "20261301", "enddate": "20261302"}, []),
        ({"date": "today", "customer": "3"}, [3]),
        ({"date": "today", "customer": "1"}, []),
    ],
)
def test_dates_are_the_shops_days_with_both_ends(
    version: str, question: dict[str, str], expected: list[int]
) -> None:
    reply = ask_customers(version, **question)
    assert found(reply) == expected
    if not expected and "customer" not in question:
        assert reply.data["error"] == "No customers found!"


def test_a_filtered_lists_total_is_its_own() -> None:
    assert ask_customers(date="today").headers["x-edd-total"] == "2"


# In what form


def show(version: str, customer: str, dialect: str) -> tuple[dict[str, object], dict[str, object]]:
    setup_settings(dialect=dialect)
    [shown] = ask_customers(version, customer=customer).data["customers"]
    return shown["info"], shown["stats"]


def test_v2_in_the_documented_dialect() -> None:
    setup_order(customer=get_customer(1), amount="70.5")
    setup_download(customer=get_customer(1))
    assert show("v2", "1", "documented") == (
        {
            "id": "1",
            "user_id": "70",
            "username": "ann",
            "display_name": "Ann of Shop",
            "customer_id": "1",
            "first_name": "Ann",
            "last_name": "Mary Lee",
            "email": "Ann@Example.com",
            "additional_emails": ["ANN@work.example", "ann@home.example"],
            "date_created": "2026-02-28 05:00:00",
        },
        {"total_purchases": "1", "total_spent": "70.500000", "total_downloads": 1},
    )


def test_v2_in_edd3s_dialect() -> None:
    setup_order(customer=get_customer(1), amount="70.505")
    assert show("v2", "1", "edd3") == (
        {
            "customer_id": "1",
            "user_id": "70",
            "username": "ann",
            "display_name": "Ann of Shop",
            "first_name": "Ann",
            "last_name": "Mary Lee",
            "email": "Ann@Example.com",
            "additional_emails": {"1": "ANN@work.example", "2": "ann@home.example"},
            "date_created": "2026-02-28 05:00:00",
        },
        {"total_purchases": 1, "total_spent": 70.51, "total_downloads": 0},
    )


def get_customer(key: int) -> Customer:
    return Customer.objects.get(pk=key)


@pytest.mark.parametrize(("dialect", "user_id", "emails"), [("documented", "", []), ("edd3", 0, None)])
def test_a_guest_in_v2(dialect: str, user_id: object, emails: object) -> None:
    info, _ = show("v2", "2", dialect)
    assert (info["user_id"], info["username"], info["display_name"]) == (user_id, "", "")
    assert (info["first_name"], info["last_name"]) == ("Bob", "")
    assert info["additional_emails"] == emails


def test_v1_in_the_documented_dialect() -> None:
    setup_order(customer=get_customer(1), amount="19.90")
    assert show("v1", "1", "documented") == (
        {
            "id": 70,
            "user_id": "70",
            "username": "ann",
            "display_name": "Ann of Shop",
            "customer_id": "1",
            "first_name": "Ann",
            "last_name": "Mary Lee",
            "email": "Ann@Example.com",
        },
        {"total_purchases": 1, "total_spent": "19.9", "total_downloads": 0},
    )


def test_v1_in_edd3s_dialect() -> None:
    setup_order(customer=get_customer(1), amount="19.905")
    info, stats = show("v1", "1", "edd3")
    assert (info["id"], info["user_id"]) == ("70", "70")
    assert stats == {"total_purchases": 1, "total_spent": 19.905, "total_downloads": 0}


def test_a_guest_in_v1() -> None:
    info, _ = show("v1", "2", "documented")
    assert [info[name] for name in ("id", "username", "display_name", "first_name", "last_name")] == [
        -1,
        "Guest",
        "Guest",
        "Guest",
        "Guest",
    ]
    info, _ = show("v1", "2", "edd3")
    assert [info[name] for name in ("id", "username", "display_name", "first_name", "last_name")] == [
        "",
        "",
        "",
        "Bob",
        "",
    ]


@EVERY_VERSION
@pytest.mark.parametrize("dialect", ["documented", "edd3"])
def test_a_user_who_is_gone_has_no_names(version: str, dialect: str) -> None:
    assert not User.objects.filter(wire_id=999).exists()
    info, _ = show(version, "4", dialect)
    assert (info["username"], info["display_name"]) == (None, None)
    assert info["user_id"] == "999"


def test_a_refund_takes_its_amount_back() -> None:
    customer = get_customer(2)
    setup_order(customer=customer, amount="30")
    setup_refund(setup_order(customer=customer, amount="12.34"))
    _, stats = show("v2", "2", "edd3")
    assert stats == {"total_purchases": 1, "total_spent": 30, "total_downloads": 0}
