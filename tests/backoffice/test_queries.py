"""How often a page asks the databases: the same for one record as for many."""

from collections.abc import Callable

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import get_self
from tests.backoffice.test_rights import PAGES, SPRING
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_fee,
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_term,
    setup_user,
)
from tillroll.access.models import RequestLogEntry, Role
from tillroll.access.services import rotate_key
from tillroll.shop.models import Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

MOST_LIST_QUERIES = 8
"""Session, user, the shop's settings, its mirror, count, rows, and one for what belongs to them."""

MOST_QUERIES = {
    "/admin/access/apikey/": 12,
    "/admin/access/requestlogentry/": 14,
    "/admin/shop/order/": 9,
    "/admin/import/": 10,
    "/admin/health/": 45,
    "/admin/": 24,
    f"/admin/reports/?by=category&{SPRING}": 9,
}
"""Of a list of keys also three for their use, one for the roles' limits and one for the shop's clock. The log
has two charts besides (calls, errors and names), keys to choose from, and links at its lines. Orders have
gateways to choose from. The page for imports asks for workers and for imports that run. What is wrong is
found by many small questions, most of them for SQLite's settings and for the migrations. A
report by category sums the shop twice, then products and what they are in."""


def count_queries(client: Client, url: str) -> tuple[int, list[str]]:
    """How many queries a page makes once Django knows its models, and those that write."""
    get_text(client, url)
    with (
        CaptureQueriesContext(connections["default"]) as shop,
        CaptureQueriesContext(connections["logs"]) as log,
    ):
        get_text(client, url)
    asked = [query["sql"] for query in (*shop.captured_queries, *log.captured_queries)]
    writes = [sql for sql in asked if sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))]
    return len(asked), writes


def fill(shop: Shop) -> None:
    """A dozen more of everything."""
    for number in range(12):
        product = setup_product(terms=[setup_term(f"Term {number}")])
        customer = setup_customer(user_id=setup_user(role="shop_vendor").wire_id)
        order = setup_order(product, customer=customer, fees=[setup_fee()])
        setup_refund(order)
        setup_discount()
        setup_download(product, customer, order_id=order.pk)
        setup_key(role="shop_worker", label=f"Key {number}")
        Role.objects.create(slug=f"role-{number}", name=f"Role {number}", capabilities=["view_shop_reports"])
        RequestLogEntry.objects.create(
            at=timezone.now(), status=200, key_id=shop.key.pk, user_id=shop.holder.wire_id
        )


@pytest.mark.parametrize("url", PAGES)
def test_a_list_asks_as_often_for_many_rows_as_for_few(url: str, shop: Shop, login: Login) -> None:
    client = login("superuser")
    RequestLogEntry.objects.create(
        at=timezone.now(), status=200, key_id=shop.key.pk, user_id=shop.holder.wire_id
    )
    setup_order(shop.product)  # the dashboard has a best product
    few, _ = count_queries(client, url)
    fill(shop)
    many, writes = count_queries(client, url)
    assert many == few <= MOST_QUERIES.get(url, MOST_LIST_QUERIES)
    assert writes == []


def _grow_order(shop: Shop) -> None:
    for number in range(12):
        shop.order.items.create(
            product=shop.product, product_name=f"Item {number}", created_at=shop.order.created_at
        )
        shop.order.notes.create(content="Note", created_at=shop.order.created_at)
        shop.order.transactions.create(transaction_id=f"t{number}", created_at=shop.order.created_at)
        shop.order.adjustments.create(
            type="fee", item=shop.order.items.first(), created_at=shop.order.created_at
        )


def _grow_product(shop: Shop) -> None:
    for number in range(12):
        shop.product.product_terms.create(term=setup_term(f"Term {number}"))
        shop.product.files.create(position=number + 5, name=f"File {number}")


def _grow_bundle(shop: Shop) -> None:
    for number in range(12):
        shop.bundle.bundle_items.create(position=number + 5, product=setup_product())


def _grow_customer(shop: Shop) -> None:
    for number in range(12):
        setup_order(setup_line(shop.product), customer=shop.customer)
        shop.customer.emails.create(email=f"j{number}@example.com", created_at=shop.order.created_at)


def _grow_user(shop: Shop) -> None:
    for number in range(12):
        setup_key(user=shop.holder, label=f"Key {number}")


def _grow_key(shop: Shop) -> None:
    key = shop.key
    for _ in range(12):
        key, _ = rotate_key(key)


RECORDS: dict[str, tuple[Callable[[Shop], str], Callable[[Shop], None]]] = {
    "order": (lambda shop: f"/admin/shop/order/{shop.order.pk}/change/", _grow_order),
    "product": (lambda shop: f"/admin/shop/product/{shop.product.pk}/change/", _grow_product),
    "bundle": (lambda shop: f"/admin/shop/product/{shop.bundle.pk}/change/", _grow_bundle),
    "customer": (lambda shop: f"/admin/shop/customer/{shop.customer.pk}/change/", _grow_customer),
    "user": (lambda shop: f"/admin/access/user/{shop.holder.pk}/change/", _grow_user),
    "key": (lambda shop: f"/admin/access/apikey/{shop.key.pk}/change/", _grow_key),
}


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_asks_as_often_with_many_parts_as_with_few(name: str, shop: Shop, login: Login) -> None:
    get_url, grow = RECORDS[name]
    client, url = login("superuser"), get_url(shop)
    few, _ = count_queries(client, url)
    grow(shop)
    many, writes = count_queries(client, url)
    assert many == few
    assert writes == []


@pytest.mark.parametrize(
    ("page", "most"),
    [("", 7), ("password/", 6), ("two-factor/", 7)],
    ids=["account", "password", "two-factor"],
)
def test_ones_own_account_asks_seldom_and_writes_nothing(
    page: str, most: int, shop: Shop, login: Login
) -> None:
    count, writes = count_queries(login("superuser"), f"/admin/account/{page}")
    assert count <= most
    assert writes == []


def test_ones_own_keys_ask_as_often_for_many_as_for_few(shop: Shop, login: Login) -> None:
    client = login("superuser")
    me = get_self(client)
    setup_key(user=me)
    few, _ = count_queries(client, "/admin/my-keys/")
    for number in range(12):
        setup_key(user=me, label=f"Key {number}")
    many, writes = count_queries(client, "/admin/my-keys/")
    assert many == few
    assert writes == []


def test_the_export_of_keys_asks_as_often_for_many_as_for_few(shop: Shop, login: Login) -> None:
    client = login("superuser")

    def count() -> int:
        with (
            CaptureQueriesContext(connections["default"]) as records,
            CaptureQueriesContext(connections["logs"]) as log,
        ):
            assert len(client.get("/admin/access/apikey/export/").getvalue()) > 100
        return len(records) + len(log)

    few = count()
    fill(shop)
    assert count() == few


def test_a_page_takes_no_more_than_its_rows(shop: Shop, login: Login) -> None:
    client = login("superuser")
    Product.objects.bulk_create(
        Product(
            title=f"P{number}",
            created_at=shop.product.created_at,
            modified_at=shop.product.created_at,
            created_local="2026-01-01 00:00:00",
            modified_local="2026-01-01 00:00:00",
        )
        for number in range(120)
    )
    page = get_text(client, "/admin/shop/product/")
    assert page.count('name="_selected_action"') == 0
    assert page.count("/change/") <= 2 * 50 + 10
