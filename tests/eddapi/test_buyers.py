"""A buyer's key sees its customer's own sales, record and downloads, and nothing else."""

import pytest

from tests.asking import ask
from tests.eddapi.buyers import Buyer, make_buyer
from tests.shops import (
    get_key,
    setup_discount,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    signed,
)

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture(autouse=True)
def settings_of_shop() -> None:
    setup_settings(dialect="edd3")


@pytest.fixture
def ann() -> Buyer:
    return make_buyer("ann")


@pytest.fixture
def bob() -> Buyer:
    return make_buyer("bob")


VERSIONS = pytest.mark.parametrize("version", ["v1", "v2"])


@VERSIONS
def test_a_buyer_sees_their_own_record(version: str, ann: Buyer, bob: Buyer) -> None:
    for buyer in (ann, bob):
        reply = ask(f"/edd-api/{version}/customers/", signed(buyer.pair))
        [found] = reply.data["customers"]
        assert found["info"]["email"] == buyer.customer.email
        assert reply.headers["x-edd-total"] == "1"


@VERSIONS
@pytest.mark.parametrize("by", ["id", "email"])
def test_another_customer_is_not_there(version: str, by: str, ann: Buyer, bob: Buyer) -> None:
    value = str(bob.customer.pk) if by == "id" else bob.customer.email
    reply = ask(f"/edd-api/{version}/customers/", signed(ann.pair, customer=value))
    unknown = ask(f"/edd-api/{version}/customers/", signed(ann.pair, customer="999999"))
    assert list(reply.data) == ["error", "request_speed"]
    assert reply.data["error"].replace(value, "") == unknown.data["error"].replace("999999", "")
    own = ask(f"/edd-api/{version}/customers/", signed(ann.pair, customer=ann.customer.email))
    assert len(own.data["customers"]) == 1


@VERSIONS
def test_a_buyer_sees_their_own_sales(version: str, ann: Buyer, bob: Buyer) -> None:
    for number in ("10", "-1"):
        reply = ask(f"/edd-api/{version}/sales/", signed(ann.pair, number=number))
        assert [sale["ID"] for sale in reply.data["sales"]] == [str(ann.order.pk)]
        assert {sale["email"] for sale in reply.data["sales"]} == {"ann@example.com"}


@VERSIONS
@pytest.mark.parametrize("what", ["id", "refund", "purchasekey", "email"])
def test_another_buyers_sale_is_not_there(version: str, what: str, ann: Buyer, bob: Buyer) -> None:
    def get_question(buyer: Buyer) -> dict[str, object]:
        questions: dict[str, dict[str, object]] = {
            "id": {"id": buyer.order.pk},
            "refund": {"id": buyer.refund.pk},
            "purchasekey": {"purchasekey": buyer.order.payment_key},
            "email": {"email": buyer.customer.email},
        }
        return questions[what]

    path = f"/edd-api/{version}/sales/"
    assert list(ask(path, signed(ann.pair, **get_question(bob))).data) == ["request_speed"]
    assert len(ask(path, signed(ann.pair, **get_question(ann))).data["sales"]) == 1


@VERSIONS
@pytest.mark.parametrize("value", [None, "own", "other", "other's id"])
def test_a_buyer_sees_their_own_downloads(version: str, value: str | None, ann: Buyer, bob: Buyer) -> None:
    asked: dict[str | None, dict[str, object]] = {
        None: {},
        "own": {"customer": ann.customer.email},
        "other": {"customer": bob.customer.email},
        "other's id": {"customer": bob.customer.pk},
    }
    reply = ask(f"/edd-api/{version}/file-download-logs/", signed(ann.pair, **asked[value]))
    files = [line["file"] for line in reply.data.get("download_logs", [])]
    assert files == ([] if value in ("other", "other's id") else ["file of ann"])


@VERSIONS
@pytest.mark.parametrize("endpoint", ["stats", "discounts"])
def test_the_shops_own_figures_stay_closed(version: str, endpoint: str, ann: Buyer) -> None:
    setup_discount()
    reply = ask(f"/edd-api/{version}/{endpoint}/", signed(ann.pair))
    assert list(reply.data) == ["request_speed"]
    assert "x-edd-missing-capability" in reply.headers


def test_products_are_as_the_public_sees_them(ann: Buyer) -> None:
    setup_product(status="draft", id=4711)
    path = "/edd-api/v2/products/"
    assert ask(path, signed(ann.pair)).data["products"] == ask(path).data["products"]
    assert "error" in ask(path, signed(ann.pair, product=4711)).data


def test_info_says_whose_the_key_is(ann: Buyer) -> None:
    info = ask("/edd-api/v2/info/", signed(ann.pair)).data["info"]
    assert "permissions" not in info
    assert info["customer_id"] == str(ann.customer.pk)


def test_a_staff_members_buyer_key_has_none_of_their_rights(ann: Buyer, bob: Buyer) -> None:
    pair = setup_key(role="administrator", customer=ann.customer)
    reply = ask("/edd-api/v2/sales/", signed(pair))
    assert [sale["ID"] for sale in reply.data["sales"]] == [str(ann.order.pk)]
    assert list(ask("/edd-api/v2/stats/", signed(pair)).data) == ["request_speed"]


def test_a_key_of_a_customer_who_is_gone_sees_nothing(ann: Buyer, bob: Buyer) -> None:
    key = get_key(ann.pair)
    key.customer_id = 987_654
    from tillroll.shop.revision import Topic, write

    with write(Topic.ACCESS):
        key.save()
    assert "error" in ask("/edd-api/v2/customers/", signed(ann.pair)).data
    assert list(ask("/edd-api/v2/sales/", signed(ann.pair)).data) == ["request_speed"]
    assert "error" in ask("/edd-api/v2/file-download-logs/", signed(ann.pair)).data


def test_a_long_list_of_own_sales_is_streamed_and_stays_ones_own(
    ann: Buyer, bob: Buyer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tillroll.eddapi import answer

    monkeypatch.setattr(answer, "STREAM_ABOVE", 2)
    monkeypatch.setattr(answer, "BATCH", 2)
    product = setup_product()
    for _ in range(4):
        setup_order(product, customer=ann.customer, email="ann@example.com")
        setup_order(product, customer=bob.customer, email="bob@example.com")
    sales = ask("/edd-api/v2/sales/", signed(ann.pair, number=-1)).data["sales"]
    assert [sale["customer_id"] for sale in sales] == [str(ann.customer.pk)] * 5
