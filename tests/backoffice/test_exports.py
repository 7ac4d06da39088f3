"""Lists as files: every record of the list, what the user may see, nothing that a spreadsheet runs."""

import csv
import io

import pytest
from django.test import Client

from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import deny, get_self
from tests.shops import setup_customer, setup_line, setup_order, setup_product
from tillroll.shop.models import Customer, Order

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def read(client: Client, url: str, **query: str) -> list[dict[str, str]]:
    reply = client.get(url, query)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(reply.getvalue().decode())))


def test_orders_come_with_amounts_that_can_be_added_up(shop: Shop, login: Login) -> None:
    found = read(login("shop_manager"), "/admin/shop/order/export/")
    assert [row["ID"] for row in found] == [str(shop.order.pk), str(shop.refund.pk)]
    row = found[0]
    assert (row["total"], row["tax"], row["currency"]) == ("1335.26", "98.76", "USD")
    assert (row["created at"], row["IP address"]) == ("2026-03-04T12:30:15+00:00", "203.0.113.9")
    assert (found[1]["refund of"], found[1]["total"]) == (str(shop.order.pk), "-1335.26")


def test_a_file_has_what_the_list_has(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    (row,) = read(client, "/admin/shop/order/export/", type="refund")
    assert row["type"] == "refund"
    assert read(client, "/admin/shop/order/export/", q="nobody@") == []
    page = get_text(client, "/admin/shop/order/", type="refund")
    assert 'href="/admin/shop/order/export/?type=refund"' in page


def test_what_is_sensitive_is_in_no_accountants_file(shop: Shop, login: Login) -> None:
    (row, _) = read(login("shop_accountant"), "/admin/shop/order/export/")
    assert not {"IP address", "customer"} & set(row)
    assert "203.0.113" not in str(row)


def test_a_name_that_a_spreadsheet_would_reckon_is_text(shop: Shop, login: Login) -> None:
    setup_customer("x@example.com", "=1+1")
    rows = read(login("shop_manager"), "/admin/shop/customer/export/")
    assert {row["name"] for row in rows} == {"Jane Doe", "'=1+1"}


def test_a_long_list_comes_whole_and_once(shop: Shop, login: Login) -> None:
    Customer.objects.bulk_create(
        Customer(
            email=f"c{number}@example.com",
            email_folded=f"c{number}@example.com",
            created_at=shop.order.created_at,
            modified_at=shop.order.created_at,
        )
        for number in range(1200)
    )
    rows = read(login("shop_manager"), "/admin/shop/customer/export/")
    assert len({row["ID"] for row in rows}) == len(rows) == 1201


@pytest.mark.parametrize("url", ["/admin/shop/order/", "/admin/access/auditentry/"])
def test_who_may_not_export_gets_no_file_and_no_button(url: str, shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    assert "Export CSV" in get_text(client, url)
    deny(get_self(client), "export_shop_reports")
    assert "Export CSV" not in get_text(client, url)
    assert client.get(f"{url}export/").status_code == 403


def test_an_order_in_yen_has_no_cents(login: Login) -> None:
    order = setup_order(setup_line(setup_product(), "1200"), currency="JPY")
    (row,) = read(login("shop_manager"), "/admin/shop/order/export/")
    assert row["total"] == "1200"
    Order.objects.filter(pk=order.pk).update(total="1200.5")
    assert read(login("shop_manager"), "/admin/shop/order/export/")[0]["total"] == "1200.5"


def test_the_trail_names_who_did_what(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    page = get_text(client, "/admin/access/auditentry/")
    for words in ("holder", "changed", "Inkwell Forms", "192.0.2.1"):
        assert words in page
    page = get_text(client, f"/admin/access/auditentry/{shop.change.pk}/change/")
    assert "Ink</td>" in page
    assert f'href="/admin/shop/product/{shop.product.pk}/change/"' in page
    assert "Inkwell Forms" in get_text(client, "/admin/access/auditentry/", kind="shop.product", q="HOLDER")
    assert "Inkwell Forms" not in get_text(client, "/admin/access/auditentry/", kind="shop.order")
    record = get_text(client, f"/admin/shop/product/{shop.product.pk}/change/")
    assert "title: Ink →" in record
