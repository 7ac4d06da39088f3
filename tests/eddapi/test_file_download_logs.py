"""file-download-logs: whose lines, and what is shown of products that changed or are gone ([3.6] 3.8)."""

from datetime import UTC, datetime

import pytest

from tests.asking import Reply, ask
from tests.shops import setup_customer, setup_download, setup_key, setup_order, setup_product, signed
from tillroll.access.digests import Pair
from tillroll.shop.models import Product, ProductFile

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAIR = Pair("a" * 32, "b" * 32)
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])


@pytest.fixture(autouse=True)
def key() -> None:
    setup_key(public_key=PAIR.public_key, token=PAIR.token)


def ask_logs(version: str = "v2", **question: object) -> Reply:
    return ask(f"/edd-api/{version}/file-download-logs/", signed(PAIR, **question))


def found(reply: Reply) -> list[int]:
    return [line["ID"] for line in reply.data.get("download_logs", [])]


@EVERY_VERSION
def test_every_member_is_shown(version: str) -> None:
    product = setup_product(
        id=16, title="Notes & more", files=[{"name": "Notes 2.0", "file": "https://x/n.zip"}]
    )
    customer = setup_customer("ann@b.example", id=8, user_id=70)
    order = setup_order(product, customer=customer, id=40)
    line = setup_download(
        product,
        customer,
        file_id=1,
        order_id=order.pk,
        ip="203.0.113.9",
        at=datetime(2026, 3, 1, 5, 0, 1, tzinfo=UTC),
    )
    [shown] = ask_logs(version).data["download_logs"]
    assert shown == {
        "ID": line.pk,
        "user_id": 70,
        "product_id": 16,
        "product_name": "Notes &#038; more",
        "customer_id": 8,
        "payment_id": 40,
        "file": "Notes 2.0",
        "ip": "203.0.113.9",
        "date": "2026-03-01 05:00:01",
    }


@pytest.mark.parametrize(
    ("kept", "name", "file", "shown"),
    [
        ("as fetched.zip", "Now", "https://x/now.zip", "as fetched.zip"),
        ("", "Now", "https://x/now.zip", "Now"),
        ("", "", "https://x/files/now.zip?v=2", "now.zip"),
        ("", "", "", ""),
    ],
)
def test_a_file_is_named_as_it_was_fetched_or_as_it_is_today(
    kept: str, name: str, file: str, shown: str
) -> None:
    product = setup_product(files=[{"name": name, "file": file}])
    setup_download(product, file_id=1, file_name=kept)
    assert ask_logs().data["download_logs"][0]["file"] == shown


def test_a_line_of_what_is_gone_stays() -> None:
    product, customer = setup_product(files=[{"name": "a", "file": "b"}]), setup_customer()
    setup_download(product, customer, file_id=1)
    key = product.pk
    ProductFile.objects.all().delete()
    Product.objects.all().delete()
    customer.delete()
    [shown] = ask_logs().data["download_logs"]
    assert (shown["product_id"], shown["product_name"], shown["file"]) == (key, False, "")
    assert shown["user_id"] == 0


@EVERY_VERSION
@pytest.mark.parametrize("value", ["8", "ann@b.example", "ANN@B.Example", "ann@home.example", "8.0"])
def test_a_customers_lines_are_found(version: str, value: str) -> None:
    ann = setup_customer("ann@b.example", id=8, additional_emails=("ann@home.example",))
    mine = [setup_download(1, ann).pk for _ in range(2)]
    setup_download(1, setup_customer())
    reply = ask_logs(version, customer=value)
    assert found(reply) == mine[::-1]
    assert reply.headers["x-edd-total"] == "2"


@pytest.mark.parametrize("value", ["", "0"])
def test_an_empty_customer_is_no_filter(value: str) -> None:
    lines = [setup_download(1, setup_customer()).pk for _ in range(2)]
    assert found(ask_logs(customer=value)) == lines[::-1]


@EVERY_VERSION
@pytest.mark.parametrize("value", ["99", "nobody@b.example", "nobody", "-"])
def test_an_unknown_customers_lines_are_told_as_none(version: str, value: str) -> None:
    setup_download(1, setup_customer())
    reply = ask_logs(version, customer=value)
    assert (reply.status, reply.data["error"]) == (200, "No download logs found!")
    assert "download_logs" not in reply.data


def test_other_filters_are_ignored() -> None:
    lines = [setup_download(product, setup_customer()).pk for product in (1, 2)]
    assert found(ask_logs(product="1", id="1")) == lines[::-1]
