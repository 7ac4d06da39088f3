"""Orders are recorded, given back, noted and changed by hand."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import post, read_form_id, send
from tests.shops import setup_discount, setup_mirror, setup_settings
from tillroll.access.models import AuditEntry
from tillroll.shop.models import Customer, Discount, Order

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ADD = "/admin/shop/order/add/"


def rows(prefix: str, *given: dict[str, Any]) -> dict[str, Any]:
    """Rows of a form as a browser sends them."""
    fields = {f"{prefix}-TOTAL_FORMS": len(given), f"{prefix}-INITIAL_FORMS": 0}
    for number, row in enumerate(given):
        fields |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return fields


def filled(*items: dict[str, Any], fees: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    return {
        "email": "new@example.com", "status": "complete", **rows("items", *items), **rows("fees", *fees),
        **more,
    }  # fmt: skip


@pytest.fixture
def client(login: Login) -> Client:
    return login("shop_worker")


def test_an_order_is_recorded_with_all_that_belongs_to_it(shop: Shop, client: Client) -> None:
    setup_discount("TENTH", amount="10")
    there = send(
        client, ADD,
        **filled(
            {"product": f"{shop.product.pk}_1 · Inkwell Forms, One site", "quantity": "2"},
            {"product": str(shop.bundle.pk), "price": "10"},
            fees=({"label": "Handling", "amount": "3"}, {"label": "Goodwill", "amount": "-1"}),
            name="Ann Lee", code="tenth", tax_rate="20", at="2026-03-01T10:00", gateway="invoice",
            transaction_id="t-9", number="", note="By phone", city="Bonn", country="de",
        ),
    )  # fmt: skip
    order = Order.objects.order_by("-pk")[0]
    assert there == f"/admin/shop/order/{order.pk}/change/"
    # 2 of 1234.50 + 10 = 2479, less 247.90, with 20 % on it, and 3 - 1 of fees
    assert (order.subtotal, order.discount, order.tax) == (2479, Decimal("247.9"), Decimal("446.22"))
    assert (order.total, order.status, order.gateway) == (Decimal("2679.32"), "complete", "invoice")
    assert (order.email, order.tax_rate, str(order.created_at)) == (
        "new@example.com", 20, "2026-03-01 10:00:00+00:00",
    )  # fmt: skip
    assert [(one.product_name, one.quantity) for one in order.items.order_by("cart_index")] == [
        ("Inkwell Forms — One site", 2),
        ("Everything", 1),
    ]
    assert sorted(order.adjustments.values_list("type", "description")) == [
        ("credit", "Goodwill"), ("discount", "TENTH"), ("fee", "Handling"),
    ]  # fmt: skip
    assert order.transactions.get().transaction_id == "t-9"
    assert order.notes.get().content == "By phone"
    address = order.addresses.get()
    assert (address.name, address.city, address.country, address.type) == ("Ann Lee", "Bonn", "DE", "billing")
    customer = Customer.objects.get(email="new@example.com")
    assert (customer.name, customer.purchase_count, customer.purchase_value) == ("Ann Lee", 1, order.total)
    assert Discount.objects.get(code="TENTH").use_count == 1
    line = AuditEntry.objects.get(action="recorded")
    assert (line.kind, line.key, line.address) == ("shop.order", str(order.pk), "127.0.0.1")
    assert ["total", "", "2,679.32 USD"] in line.changes


def test_a_known_customer_is_found_by_any_address(shop: Shop, client: Client) -> None:
    send(client, ADD, **filled({"product": str(shop.product.pk)}, email="JANE@home.example"))
    order = Order.objects.order_by("-pk")[0]
    assert (order.customer, order.email) == (shop.customer, "JANE@home.example")
    assert Customer.objects.count() == 1


def test_an_order_is_reckoned_before_it_is_recorded(shop: Shop, client: Client) -> None:
    before = Order.objects.count()
    form = filled({"product": f"{shop.product.pk}_1", "quantity": "3"}, tax_rate="10", preview="1")
    page = post(client, ADD, **form)
    for words in ("3,703.50 USD", "370.35 USD", "4,073.85 USD"):
        assert words in page
    assert Order.objects.count() == before
    assert f'value="{shop.product.pk}_1"' in page


def test_a_form_sent_twice_makes_one_order(shop: Shop, client: Client) -> None:
    form = filled({"product": str(shop.product.pk)}, form_id=read_form_id(get_text(client, ADD)))
    assert post(client, ADD, **form).endswith("/change/")
    assert "This order was recorded before" in post(client, ADD, **form)
    assert Order.objects.filter(email="new@example.com").count() == 1


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"email": "jane"}, "An e-mail address such as jane@example.com is wanted."),
    ({"items-0-product": "9999"}, "There is no product 9999."),
    ({"items-0-product": "Nothing like it"}, "'Nothing like it' is no product"),
    ({"items-0-product": ""}, "This field is required."),
    ({"items-0-quantity": "0"}, "A number from 1 up is wanted."),
    ({"items-0-price": "-1"}, "An amount is not below 0."),
    ({"items-0-price": "ten"}, "An amount such as 12.50 is wanted"),
    ({"items-0-price": "1.0000000001"}, "An amount has at most nine digits behind the point."),
    ({"code": "NONE"}, "There is no discount NONE."),
    ({"code": "SPRING"}, "The discount SPRING is inactive"),
    ({"tax_rate": "101"}, "At most 100 is taken."),
    ({"country": "Germany"}, "2 characters"),
    ({"country": "1A"}, "A country is two letters"),
    ({"number": "A-1"}, "There is an order with the number A-1 already."),
    ({"at": "yesterday"}, "A time such as 2026-12-31 23:59 is wanted, in UTC."),
    ({"fees-0-label": "", "fees-0-amount": "1"}, "This field is required."),
    ({"fees-0-label": "All", "fees-0-amount": "-99999"}, "a total is not below zero"),
)


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_value_has_a_sentence_and_changes_nothing(
    wrong: dict[str, Any], sentence: str, shop: Shop, client: Client
) -> None:
    Discount.objects.update(status="inactive")
    Order.objects.filter(pk=shop.order.pk).update(number="A-1")
    before = (Order.objects.count(), Customer.objects.count(), AuditEntry.objects.count())
    form = filled({"product": str(shop.product.pk), "price": "5"}, fees=({"label": "", "amount": ""},))
    page = send(client, ADD, **{**form, **wrong})
    assert sentence in page
    assert (Order.objects.count(), Customer.objects.count(), AuditEntry.objects.count()) == before


def test_an_order_without_an_item_is_none(shop: Shop, client: Client) -> None:
    assert "An order has at least one item" in send(client, ADD, **filled())


def test_a_part_is_given_back_and_then_the_rest(shop: Shop, client: Client) -> None:
    there = send(client, ADD, **filled({"product": str(shop.product.pk), "price": "100"}, tax_rate="10"))
    order = Order.objects.order_by("-pk")[0]
    item = order.items.get()
    url = f"/admin/shop/order/{order.pk}/refund/"
    assert f'href="{url}"' in get_text(client, there)
    assert "Of 110.00 USD that is left, tax included." in get_text(client, url)
    assert send(client, url, **{f"item_{item.pk}": "11", "note": "Half happy"}) == there
    order.refresh_from_db()
    refund = order.refunds.get()
    assert (refund.total, refund.tax, order.status) == (-11, -1, "partially_refunded")
    assert order.notes.get().content == "Half happy"
    assert "That is more than is left of it: at most 99.00 USD." in send(
        client, url, **{f"item_{item.pk}": "99.01"}
    )
    assert send(client, url, is_whole="on") == there
    order.refresh_from_db()
    assert (order.status, sum(one.total for one in order.refunds.all())) == ("refunded", -110)
    assert "Nothing is left of order" in send(client, url, is_whole="on")
    changes = [one.changes for one in AuditEntry.objects.filter(action="refunded").order_by("pk")]
    assert changes[0] == [["given back", "", "11.00 USD"], ["status", "complete", "partially_refunded"]]
    assert Customer.objects.get(email="new@example.com").purchase_value == 0


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({}, "Nothing is given back yet: tick everything, or fill in an amount."),
        ({"is_whole": "on", "item": "1"}, "Either everything, or amounts: clear the one or the other."),
        ({"item": "-1"}, "An amount is not below 0."),
    ],
)
def test_a_refund_that_is_none_says_so(
    form: dict[str, str], sentence: str, shop: Shop, client: Client
) -> None:
    send(client, ADD, **filled({"product": str(shop.product.pk), "price": "100"}))
    order = Order.objects.order_by("-pk")[0]
    values = {f"item_{order.items.get().pk}" if name == "item" else name: v for name, v in form.items()}
    assert sentence in send(client, f"/admin/shop/order/{order.pk}/refund/", **values)
    assert not order.refunds.exists()


def test_a_refund_or_a_pending_order_is_not_given_back(shop: Shop, client: Client) -> None:
    url = f"/admin/shop/order/{shop.refund.pk}/refund/"
    assert "only a sale can be given back" in send(client, url, is_whole="on")
    Order.objects.filter(pk=shop.order.pk).update(status="pending")
    url = f"/admin/shop/order/{shop.order.pk}/refund/"
    assert "is pending; only what was paid can be given back" in send(client, url, is_whole="on")


def test_a_status_is_changed_and_counts(shop: Shop, client: Client) -> None:
    send(client, ADD, **filled({"product": str(shop.product.pk), "price": "7"}, status="pending"))
    order = Order.objects.order_by("-pk")[0]
    customer = Customer.objects.get(email="new@example.com")
    assert (order.completed_at, customer.purchase_count) == (None, 0)
    url = f"/admin/shop/order/{order.pk}/status/"
    assert post(client, url, status="complete") == f"/admin/shop/order/{order.pk}/change/"
    order.refresh_from_db()
    customer.refresh_from_db()
    assert (order.status, order.completed_at is not None, customer.purchase_value) == (
        "complete", True, Decimal(7),
    )  # fmt: skip
    assert AuditEntry.objects.get(action="changed", kind="shop.order").changes == [
        ["status", "pending", "complete"]
    ]
    assert "Choose one of the list; sold is not in it." in post(client, url, status="sold")
    assert "its status stays" in post(client, f"/admin/shop/order/{shop.refund.pk}/status/", status="trash")
    assert "was given back" in post(client, f"/admin/shop/order/{shop.order.pk}/status/", status="trash")


def test_a_note_is_kept_and_its_words_are_not_in_the_trail(shop: Shop, client: Client) -> None:
    url = f"/admin/shop/order/{shop.order.pk}/note/"
    assert post(client, url, content="Likes <ink>").endswith("/change/")
    assert shop.order.notes.order_by("-pk")[0].content == "Likes <ink>"
    assert AuditEntry.objects.get(action="noted").changes == []
    assert "This field is required." in post(client, url, content=" ")


def test_an_order_shows_its_downloads_and_changes(shop: Shop, login: Login) -> None:
    page = get_text(login("superuser"), f"/admin/shop/order/{shop.order.pk}/change/")
    assert "File downloads" in page
    assert "Manual" in page


@pytest.mark.parametrize("page", ["add", "{}/refund", "{}/status", "{}/note"])
def test_a_form_of_another_site_changes_nothing(page: str, shop: Shop, login: Login) -> None:
    strict = login("superuser", enforce_csrf_checks=True)
    before = Order.objects.count()
    url = f"/admin/shop/order/{page.format(shop.order.pk)}/"
    assert strict.post(url, {"is_whole": "on", "status": "trash", "content": "x"}).status_code == 403
    assert (Order.objects.count(), AuditEntry.objects.count()) == (before, 1)


def test_a_shop_that_follows_another_records_nothing(shop: Shop, client: Client) -> None:
    setup_mirror(shop.order.created_at)
    assert "This shop follows" in get_text(client, ADD)
    page = send(client, ADD, **filled({"product": str(shop.product.pk)}))
    assert "can't be changed here, since this shop follows" in page
    assert not Order.objects.filter(email="new@example.com").exists()
    assert not Customer.objects.filter(email="new@example.com").exists()


def test_prices_that_include_tax_stay_what_is_paid(shop: Shop, client: Client) -> None:
    setup_settings(prices_include_tax=True)
    send(
        client,
        ADD,
        **filled({"product": str(shop.product.pk), "price": "19.99", "quantity": "3"}, tax_rate="19"),
    )
    order = Order.objects.order_by("-pk")[0]
    assert (order.total, round(order.tax, 2)) == (Decimal("59.97"), Decimal("9.58"))


def test_orders_are_found_by_product_customer_gateway_and_day(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    send(
        client,
        ADD,
        **filled({"product": str(shop.bundle.pk), "price": "1"}, gateway="invoice", at="2026-01-31T23:30"),
    )
    new = Order.objects.order_by("-pk")[0]
    mark = f"/admin/shop/order/{new.pk}/change/"
    for query, is_found in (
        ({"product": str(shop.bundle.pk)}, True),
        ({"product": str(shop.product.pk)}, False),
        ({"customer": str(new.customer_id)}, True),
        ({"customer": str(shop.customer.pk)}, False),
        ({"gateway": "invoice"}, True),
        ({"gateway": "manual"}, False),
        ({"since": "2026-02-01", "until": "2026-02-01"}, True),  # in Paris it is February already
        ({"until": "2026-01-31"}, False),
        ({"status": "complete"}, True),
        ({"status": "pending"}, False),
        ({"q": "new@example"}, True),
        ({"q": "old@example"}, False),
    ):  # fmt: skip
        assert (mark in get_text(client, "/admin/shop/order/", **query)) is is_found, query
    reply = client.get("/admin/shop/order/", {"since": "soon"}, follow=True)
    assert "is not a day: give YYYYMMDD or YYYY-MM-DD." in reply.content.decode().replace("&#x27;", "'")


@pytest.mark.parametrize("name", ["gateway", "product", "customer", "status", "since", "q"])
def test_a_character_that_no_text_has_narrows_nothing_and_breaks_nothing(
    name: str, shop: Shop, login: Login
) -> None:
    reply = login("shop_manager").get("/admin/shop/order/", {name: "a\x00b"}, follow=True)
    assert reply.status_code == 200
