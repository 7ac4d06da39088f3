"""Customers are made, changed and merged by hand."""

import pytest
from django.test import Client

from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import deny, get_self, post
from tests.shops import setup_customer, setup_line, setup_mirror, setup_order
from tillroll.access.models import AuditEntry
from tillroll.access.privacy import erase_customer
from tillroll.shop.models import Customer

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

LIST = "/admin/shop/customer/"


@pytest.fixture
def client(login: Login) -> Client:
    return login("shop_manager")


def test_a_customer_is_added_changed_and_erased_from_the_trail(shop: Shop, client: Client) -> None:
    there = post(client, f"{LIST}add/", name="Ann Lee", email="Ann@example.com", status="active")
    ann = Customer.objects.get(email="Ann@example.com")
    assert there == f"{LIST}{ann.pk}/change/"
    url = f"{LIST}{ann.pk}/edit/"
    assert post(client, url, name="Ann B. Lee", email="ann@home.example", status="inactive") == there
    ann.refresh_from_db()
    assert (ann.name, ann.email, ann.status) == ("Ann B. Lee", "ann@home.example", "inactive")
    assert sorted(ann.emails.values_list("email", "type")) == [
        ("Ann@example.com", "secondary"),
        ("ann@home.example", "primary"),
    ]
    assert post(client, url, name="Ann B. Lee", email="ann@EXAMPLE.com", status="active") == there
    assert sorted(ann.emails.values_list("type", flat=True)) == ["primary", "secondary"]
    trail = AuditEntry.objects.filter(kind="shop.customer", key=str(ann.pk))
    assert [one.action for one in trail.order_by("pk")] == ["added", "changed", "changed"]
    assert ["name", "Ann Lee", "Ann B. Lee"] in trail.order_by("pk")[1].changes
    erase_customer(ann)
    assert {(one.title, len(one.changes)) for one in trail} == {(f"customer {ann.pk}", 0)}


def test_addresses_come_and_go(shop: Shop, client: Client) -> None:
    there = f"{LIST}{shop.customer.pk}/change/"
    url = f"{LIST}{shop.customer.pk}/emails/"
    assert post(client, f"{url}add/", email="third@example.com") == there
    third = shop.customer.emails.get(email="third@example.com")
    assert f'href="{url}{third.pk}/remove/"' in get_text(client, there)
    assert "is an address of this customer already" in post(client, f"{url}add/", email="THIRD@example.com")
    assert post(client, f"{url}{third.pk}/remove/") == there
    assert not shop.customer.emails.filter(pk=third.pk).exists()
    primary = shop.customer.emails.get(type="primary")
    assert "The primary address can't be removed" in post(client, f"{url}{primary.pk}/remove/")
    other = setup_customer("other@example.com")
    assert client.get(f"{url}{other.emails.get().pk}/remove/").status_code == 404


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("jane", "An e-mail address such as jane@example.com is wanted."),
        ("JANE@example.com", "is an address of customer"),
        ("jane@home.example", "is an address of customer"),
        ("", "This field is required."),
    ],
)
def test_an_address_that_is_wrong_or_taken_is_refused(
    email: str, sentence: str, shop: Shop, client: Client
) -> None:
    assert sentence in post(client, f"{LIST}add/", name="X", email=email, status="active")
    ann = setup_customer("ann@example.com")
    assert sentence in post(client, f"{LIST}{ann.pk}/edit/", name="X", email=email, status="active")
    assert sentence in post(client, f"{LIST}{ann.pk}/emails/add/", email=email)
    assert Customer.objects.count() == 2
    assert Customer.objects.get(pk=ann.pk).email == "ann@example.com"


def test_two_customers_become_one_after_both_were_shown(shop: Shop, client: Client) -> None:
    other = setup_customer("j.doe@example.com", "J. Doe")
    setup_order(setup_line(shop.product, "10"), customer=other)
    url = f"{LIST}{shop.customer.pk}/merge/"
    page = post(client, url, other="J.DOE@example.com")
    for words in ("J. Doe", "10.00 USD", "Merge them"):
        assert words in page
    assert Customer.objects.count() == 2
    assert post(client, url, other=str(other.pk), confirmed="1") == f"{LIST}{shop.customer.pk}/change/"
    assert Customer.objects.get() == shop.customer
    assert "1 orders and refunds" in get_text(client, f"{LIST}{shop.customer.pk}/change/")
    line = AuditEntry.objects.get(action="merged")
    assert line.changes == [["merged with", "", f"customer {other.pk}"]]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("98765", "There is no customer 98765"),
        ("nobody@example.com", "There is no customer nobody@example.com"),
        ("jane@example.com", "That is this customer; name another one."),
        ("", "This field is required."),
    ],
)
def test_who_can_not_be_merged_is_named(other: str, sentence: str, shop: Shop, client: Client) -> None:
    assert sentence in post(client, f"{LIST}{shop.customer.pk}/merge/", other=other)


def test_who_may_not_change_orders_changes_no_customer(shop: Shop, client: Client) -> None:
    deny(get_self(client), "edit_shop_payments")
    page = get_text(client, f"{LIST}{shop.customer.pk}/change/")
    assert "/merge/" not in page
    assert "/remove/" not in page
    for name in ("add", f"{shop.customer.pk}/edit", f"{shop.customer.pk}/merge"):
        assert client.get(f"{LIST}{name}/").status_code == 403
        assert client.post(f"{LIST}{name}/", {"email": "x@example.com"}).status_code == 403


def test_a_form_of_another_site_merges_nobody(shop: Shop, login: Login) -> None:
    strict, other = login("superuser", enforce_csrf_checks=True), setup_customer()
    url = f"{LIST}{shop.customer.pk}/merge/"
    assert strict.post(url, {"other": str(other.pk), "confirmed": "1"}).status_code == 403
    assert Customer.objects.count() == 2


def test_a_shop_that_follows_another_changes_no_customer(shop: Shop, client: Client) -> None:
    other = setup_customer()
    setup_mirror(shop.order.created_at)
    url, sentence = f"{LIST}{shop.customer.pk}/", "can't be changed here, since this shop follows"
    assert sentence in post(client, f"{url}edit/", name="X", email="x@example.com", status="active")
    assert sentence in post(client, f"{url}emails/add/", email="x@example.com")
    assert sentence in post(client, f"{url}merge/", other=str(other.pk), confirmed="1")
    assert sentence in post(client, f"{LIST}add/", name="X", email="x@example.com", status="active")
    assert Customer.objects.count() == 2
