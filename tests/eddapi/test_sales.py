"""sales: which orders, by id, purchase key and e-mail, and in what form ([3.6] 3.4 and 3.5)."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from tests.asking import Reply, ask
from tests.shops import (
    setup_customer,
    setup_fee,
    setup_key,
    setup_line,
    setup_note,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.shop.models import Order
from tillroll.shop.services import change_order_status

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
STATUSES = (
    "complete",
    "partially_refunded",
    "revoked",
    "on_hold",
    "refunded",
    "pending",
    "failed",
    "abandoned",
    "processing",
    "trash",
)
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])
MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key() -> None:
    setup_key(public_key=PAIR.public_key, token=PAIR.token)


def ask_sales(version: str = "v2", **question: object) -> Reply:
    return ask(f"/edd-api/{version}/sales/", signed(PAIR, **question))


def get_sale(version: str = "v2", **question: object) -> dict[str, Any]:
    [sale] = ask_sales(version, **question).data["sales"]
    assert isinstance(sale, dict)
    return sale


def found(reply: Reply) -> list[int]:
    return [int(sale["ID"]) for sale in reply.data.get("sales", [])]


def is_nothing(reply: Reply) -> bool:
    """No sale: no member `sales`, and no error either."""
    return reply.status == 200 and list(reply.data) == ["request_speed"]


# Which


@pytest.mark.parametrize(
    ("version", "listed"),
    [("v1", {"complete"}), ("v2", {"complete", "partially_refunded", "revoked", "on_hold"})],
)
@pytest.mark.parametrize("by", ["list", "email"])
def test_a_list_shows_sales_that_stand(version: str, listed: set[str], by: str) -> None:
    orders = {status: setup_order(status=status, email="a@b.example") for status in STATUSES}
    setup_refund(setup_order(id=90, email="a@b.example"))
    question = {"email": "a@b.example"} if by == "email" else {}
    expected = sorted((order.pk for status, order in orders.items() if status in listed), reverse=True)
    reply = ask_sales(version, **question)
    assert found(reply) == expected
    assert reply.headers["x-edd-total"] == str(len(expected))


@EVERY_VERSION
def test_a_test_modes_sale_is_listed(version: str) -> None:
    order = setup_order(mode="test")
    assert found(ask_sales(version)) == [order.pk]


@EVERY_VERSION
@pytest.mark.parametrize("status", STATUSES)
def test_a_sale_is_found_by_id_in_any_status(version: str, status: str) -> None:
    order = setup_order(status=status)
    assert found(ask_sales(version, id=order.pk)) == [order.pk]


@EVERY_VERSION
def test_a_refund_is_found_by_id_and_by_key(version: str) -> None:
    refund = setup_refund(setup_order(), at=MOMENT)
    for question in ({"id": refund.pk}, {"purchasekey": refund.payment_key}):
        assert found(ask_sales(version, **question)) == [refund.pk]


@EVERY_VERSION
@pytest.mark.parametrize("value", ["99", "0", "", "abc", "Optional(5)", "9" * 30, "-99", "'"])
def test_an_unknown_id_gives_no_sales(version: str, value: str) -> None:
    setup_order(id=5, email="a@b.example")
    assert is_nothing(ask_sales(version, id=value))
    assert is_nothing(ask_sales(version, id=value, email="a@b.example"))


@EVERY_VERSION
@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_a_purchase_key_is_found_in_any_case(version: str, change: Any) -> None:
    order = setup_order(payment_key="AbCdEf0123456789abcdef0123456789")
    setup_order()
    assert found(ask_sales(version, purchasekey=change(order.payment_key))) == [order.pk]


@EVERY_VERSION
@pytest.mark.parametrize("value", ["", "0" * 32, "%", "abc"])
def test_an_unknown_purchase_key_gives_no_sales(version: str, value: str) -> None:
    setup_order()
    assert is_nothing(ask_sales(version, purchasekey=value))


@EVERY_VERSION
@pytest.mark.parametrize("email", ["Ann@Shop.example", "ANN@SHOP.EXAMPLE", "ann@shop.example"])
def test_an_email_is_found_in_any_case(version: str, email: str) -> None:
    setup_order(email="bob@shop.example")
    orders = [setup_order(email="Ann@Shop.example").pk for _ in range(2)]
    assert found(ask_sales(version, email=email)) == orders[::-1]


@EVERY_VERSION
def test_an_unknown_email_gives_no_sales(version: str) -> None:
    setup_order(email="bob@shop.example")
    assert is_nothing(ask_sales(version, email="ann@shop.example"))


@EVERY_VERSION
def test_the_id_goes_before_the_key_and_the_key_before_the_email(version: str) -> None:
    one, two, three = (setup_order(email=f"{name}@b.example") for name in "abc")
    questions = {"purchasekey": two.payment_key, "email": three.email}
    assert found(ask_sales(version, id=one.pk, **questions)) == [one.pk]
    assert found(ask_sales(version, **questions)) == [two.pk]
    assert found(ask_sales(version, email=three.email)) == [three.pk]


# In what form


def setup_full_sale() -> Order:
    """A sale with options, tax, discounts and fees, of a guest."""
    product = setup_product(id=16, title="Notes 'Pro'", prices=[("Single Site", "20.00"), ("Many", "50.00")])
    line = setup_line(
        product,
        "50",
        quantity=2,
        price_id=2,
        discount="5",
        tax="9.5",
        fees=(setup_fee("Gift", "3", key="gift"),),
    )
    return setup_order(
        line,
        setup_line(setup_product(id=17, title="Plain"), "1.25"),
        id=40,
        customer=setup_customer("ann@b.example", id=8),
        at=MOMENT,
        fees=[setup_fee("Setup", "2.5", tax="0.5")],
        discounts={"FIRST": Decimal("3"), "SECOND": Decimal("2")},
        gateway="stripe",
        transaction_id='ch_"1',
        payment_key="f" * 32,
    )


def test_v2_shows_every_member() -> None:
    setup_settings(timezone="America/New_York")
    order = setup_full_sale()
    objects = list(order.items.order_by("id").values_list("id", flat=True))
    assert get_sale() == {
        "ID": "40",
        "mode": "live",
        "status": "complete",
        "transaction_id": "ch_&quot;1",
        "key": "f" * 32,
        "subtotal": "101.250000000",
        "tax": "10.000000000",
        "total": "111.750000000",
        "gateway": "stripe",
        "customer_id": "8",
        "user_id": "0",
        "email": "ann@b.example",
        "date": "2026-01-01 22:04:05",
        "date_utc": "2026-01-02 03:04:05",
        "products": [
            {
                "object_id": str(objects[0]),
                "id": "16",
                "quantity": "2",
                "name": "Notes 'Pro'",
                "price": "104.500000000",
                "price_name": "Many",
            },
            {
                "object_id": str(objects[1]),
                "id": "17",
                "quantity": "1",
                "name": "Plain",
                "price": "1.250000000",
                "price_name": "",
            },
        ],
        "fees": [
            {
                "amount": "3.000000000",
                "label": "Setup",
                "no_tax": False,
                "type": "fee",
                "price_id": None,
                "download_id": None,
                "id": None,
            },
            {
                "amount": "3.000000000",
                "label": "Gift",
                "no_tax": False,
                "type": "fee",
                "price_id": "2",
                "download_id": "16",
                "id": "gift",
            },
        ],
        "discounts": {"FIRST": "3.000000000", "SECOND": "2.000000000"},
    }


@pytest.mark.parametrize("dialect", ["documented", "edd3"])
def test_v1_shows_every_member(dialect: str) -> None:
    setup_settings(timezone="America/New_York", dialect=dialect)
    setup_full_sale()
    fee_id = str(Order.objects.get(pk=40).adjustments.get(description="Setup").pk)
    is_documented = dialect == "documented"

    def amount(text: str) -> str:
        return text if is_documented else f"{Decimal(text):.9f}"

    assert get_sale("v1") == {
        "ID": 40 if is_documented else "40",
        "transaction_id": 'ch_"1',
        "key": "f" * 32,
        "discount": ["FIRST", " SECOND"],
        "subtotal": amount("101.25"),
        "tax": 10 if is_documented else "10.000000000",
        "fees": [
            {
                "amount": amount("2.5"),
                "label": "Setup",
                "no_tax": False,
                "type": "fee",
                "price_id": None,
                "download_id": 0,
                "id": fee_id,
            },
            {
                "amount": amount("3"),
                "label": "Gift",
                "no_tax": True,
                "type": "fee",
                "price_id": "2",
                "download_id": "16",
                "id": "gift",
            },
        ],
        "total": amount("111.75"),
        "gateway": "stripe",
        "email": "ann@b.example",
        "user_id": "0",
        "customer_id": "8",
        "date": "2026-01-01 22:04:05" if is_documented else "2026-01-02 03:04:05",
        "products": [
            {
                "id": "16",
                "quantity": "2",
                "name": "Notes &#8216;Pro&#8217;",
                "price": amount("104.5"),
                "price_name": "Many",
            },
            {
                "id": "17",
                "quantity": "1",
                "name": "Plain",
                "price": amount("1.25"),
                "price_name": "",
            },
        ],
    }


@pytest.mark.parametrize(
    ("version", "dialect", "fees", "others"),
    [
        ("v1", "documented", None, {"discount": []}),
        ("v1", "edd3", [], {"discount": []}),
        ("v2", "documented", None, {"discounts": None}),
        ("v2", "edd3", None, {"discounts": None}),
    ],
)
def test_a_sale_without_fees_and_discounts(
    version: str, dialect: str, fees: object, others: dict[str, object]
) -> None:
    setup_settings(dialect=dialect)
    setup_order()
    sale = get_sale(version)
    assert sale["fees"] == fees
    assert {name: sale[name] for name in others} == others


@pytest.mark.parametrize(
    ("number", "is_on", "shown"),
    [("", True, 7), ("", False, 7), ("1007", True, 1007), ("INV-7", True, "INV-7"), ("INV-7", False, 7)],
)
def test_sequential_numbers_are_shown_as_id(number: str, is_on: bool, shown: object) -> None:
    setup_settings(sequential_numbers=is_on)
    setup_order(id=7, number=number)
    assert get_sale("v1")["ID"] == shown
    assert get_sale("v2")["ID"] == str(shown)
    setup_settings(dialect="edd3")
    assert get_sale("v1")["ID"] == str(shown)


@EVERY_VERSION
def test_the_id_parameter_always_means_the_orders_own(version: str) -> None:
    setup_settings(sequential_numbers=True)
    setup_order(id=7, number="8")
    assert get_sale(version, id=7)["ID"] == (8 if version == "v1" else "8")
    assert is_nothing(ask_sales(version, id=8))


@pytest.mark.parametrize(
    ("gateway", "note", "shown"),
    [
        ("manual", "", 7),
        ("paypal_commerce", "", False),
        ("stripe", "", 7),
        ("paypal", "", ""),
        ("stripe", "Stripe Charge ID: ch_55", "ch_55"),
        ("paypal", "PayPal Transaction ID: TX9", "TX9"),
    ],
)
def test_a_transaction_that_was_not_kept_is_told_as_edd_does(gateway: str, note: str, shown: object) -> None:
    order = setup_order(id=7, gateway=gateway)
    if note:
        setup_note(order, note)
    told = get_sale("v1")["transaction_id"]
    assert (type(told), told) == (type(shown), shown)
    assert get_sale("v2")["transaction_id"] == ""


def test_a_refund_shows_what_goes_back() -> None:
    refund = setup_refund(setup_order(amount="12.5"))
    sale = get_sale("v2", id=refund.pk)
    assert (sale["subtotal"], sale["total"]) == ("-12.500000000", "-12.500000000")
    assert (sale["products"][0]["quantity"], sale["products"][0]["price"]) == ("-1", "-12.500000000")
    assert get_sale("v1", id=refund.pk)["products"][0]["quantity"] == 1


def test_v1_names_products_as_they_are_today_and_v2_as_when_sold() -> None:
    product = setup_product(title="Old name")
    setup_order(product)
    product.title = "New name"
    product.status = "private"
    product.save()
    assert get_sale("v1")["products"][0]["name"] == "Private: New name"
    assert get_sale("v2")["products"][0]["name"] == "Old name"
    product.delete()
    assert get_sale("v1")["products"][0]["name"] == ""
    assert get_sale("v2")["products"][0]["name"] == "Old name"


def test_v1_shows_the_customers_own_user() -> None:
    customer = setup_customer(user_id=55)
    order = setup_order(customer=customer)
    Order.objects.filter(pk=order.pk).update(user_id=44)
    assert get_sale("v1")["user_id"] == "55"
    assert get_sale("v2")["user_id"] == "44"


@EVERY_VERSION
def test_a_status_that_changes_leaves_or_joins_the_list(version: str) -> None:
    order = setup_order(status="pending")
    assert is_nothing(ask_sales(version))
    change_order_status(order, "complete")
    assert found(ask_sales(version)) == [order.pk]
