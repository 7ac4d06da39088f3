"""What the pages show, and that those without forms of their own change nothing."""

import re
from decimal import Decimal

import pytest
from django.test import Client

from tests.backoffice.conftest import TOKEN, Login, Shop, get_text
from tests.backoffice.test_rights import list_record_pages
from tests.shops import setup_order, setup_product, setup_settings
from tillroll.access.models import ApiKey, User
from tillroll.shop.models import Customer, Order, Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture
def client(login: Login) -> Client:
    return login("superuser")


def list_words(page: str) -> str:
    """A page's text, blanks as one."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def test_an_orders_page_shows_it_whole(shop: Shop, client: Client) -> None:
    text = list_words(get_text(client, f"/admin/shop/order/{shop.order.pk}/change/"))
    for words in (
        "Total 1,335.26 USD",
        "Tax 98.76 USD",
        "Created at 2026-03-04 12:30:15 UTC",
        "Customer Jane Doe",
        "IP address 203.0.113.9",
        "Purchase key 0123456789abcdef",
        "Handling the whole order 2.00 USD 0.00 USD 2.00 USD",
        "Called about the invoice",
        "Under the Bridge 1",
        f"{shop.order.pk}-R-1",
        "-1,335.26 USD",
    ):
        assert words in text


def test_amounts_have_their_own_currency_and_its_decimals(shop: Shop, client: Client) -> None:
    order = setup_order(setup_product(price="300"), amount="1234.5", currency="JPY", rate=Decimal(150))
    text = list_words(get_text(client, f"/admin/shop/order/{order.pk}/change/"))
    assert "Total 1,235 JPY" in text
    assert "Total in the shop&#x27;s currency 8.23 USD" in text
    assert "Exchange rate 150" in text


def test_a_products_page_shows_prices_files_and_figures(shop: Shop, client: Client) -> None:
    text = list_words(get_text(client, f"/admin/shop/product/{shop.product.pk}/change/"))
    for words in (
        "Price 1,234.50 USD",
        "1 One site 1,234.50 USD",
        "2 Many 2,000.00 USD",
        "secret-manual.zip",
        "Mind the licence",
        "Plug-ins",
        "Created (shop&#x27;s clock) 2026-01-02 03:04:05",
    ):
        assert words in text
    bundle = list_words(get_text(client, f"/admin/shop/product/{shop.bundle.pk}/change/"))
    assert "Inkwell Forms" in bundle


def test_a_bundle_whose_product_is_gone_still_has_its_page(shop: Shop, client: Client) -> None:
    shop.bundle.bundle_items.update(product_id=987654)
    page = get_text(client, f"/admin/shop/product/{shop.bundle.pk}/change/")
    assert "987654 (gone)" in page


def test_an_order_whose_customer_is_gone_still_has_its_page(shop: Shop, client: Client) -> None:
    Order.objects.update(customer_id=987654)
    assert "987654 (gone)" in get_text(client, f"/admin/shop/order/{shop.order.pk}/change/")


def test_a_download_whose_product_is_gone_is_still_listed(shop: Shop, client: Client) -> None:
    type(shop.download).objects.update(product_id=987654)
    assert "987654 (gone)" in get_text(client, "/admin/shop/filedownload/")


def test_a_customers_page_shows_what_they_spent(shop: Shop, client: Client) -> None:
    text = list_words(get_text(client, f"/admin/shop/customer/{shop.customer.pk}/change/"))
    assert "Name Jane Doe" in text
    assert "Spent 0.00 USD" in text  # all of it was given back
    assert f"User id {shop.holder.wire_id}" in text


def test_a_discount_shows_its_worth(shop: Shop, client: Client) -> None:
    assert "15 %" in get_text(client, "/admin/shop/discount/")
    shop.discount.amount_type = "flat"
    shop.discount.save()
    assert "15.00 USD" in get_text(client, "/admin/shop/discount/")


def test_the_log_shows_an_attempt(shop: Shop, client: Client) -> None:
    text = list_words(get_text(client, f"/admin/access/requestlogentry/{shop.entry.pk}/change/"))
    for words in ("Status 403", "Error Invalid API key!", "unknown: abcdef…", "198.51.100.7", "Bytes 835"):
        assert words in text


def test_the_settings_page_shows_a_new_shops_defaults_and_what_was_saved(login: Login) -> None:
    client = login("superuser")
    assert client.get("/admin/shop/shopsettings/").headers["Location"] == "/admin/shop/shopsettings/1/change/"
    assert 'name="name" value="My shop"' in get_text(client, "/admin/shop/shopsettings/1/change/")
    setup_settings(name="Paper Lantern", cors_origins=["https://a.example", "https://b.example"])
    text = get_text(client, "/admin/shop/shopsettings/1/change/")
    assert 'name="name" value="Paper Lantern"' in text
    assert "https://a.example\nhttps://b.example" in text


def test_no_page_shows_a_digest_a_password_or_a_whole_key(shop: Shop, client: Client) -> None:
    shop.holder.set_password("open sesame")
    shop.holder.save()
    hidden = [TOKEN, shop.key.token_digest, shop.key.public_key, shop.key.pepper_id, shop.holder.password]
    for url in list_record_pages(shop):
        page = get_text(client, url)
        assert [secret for secret in hidden if secret in page] == [], url
    assert f"{shop.key.public_key[:6]}…" in get_text(client, "/admin/access/apikey/")


@pytest.mark.parametrize("role", ["superuser", "shop_manager"])
def test_nothing_that_has_no_form_of_its_own_is_added_changed_or_deleted(
    role: str, shop: Shop, login: Login
) -> None:
    client = login(role)
    records = {
        "shop/product": shop.product.pk,
        "shop/term": shop.term.pk,
        "shop/order": shop.order.pk,
        "shop/customer": shop.customer.pk,
        "shop/discount": shop.discount.pk,
        "shop/filedownload": shop.download.pk,
        "shop/shopsettings": 1,
        "access/requestlogentry": shop.entry.pk,
    }
    for name, key in records.items():
        if name in ("shop/filedownload", "shop/shopsettings", "access/requestlogentry"):
            assert client.get(f"/admin/{name}/add/").status_code == 403
            assert client.post(f"/admin/{name}/add/", {"title": "x"}).status_code == 403
        if name != "shop/shopsettings":
            assert client.post(f"/admin/{name}/{key}/change/", {"title": "x"}).status_code == 403
        assert client.get(f"/admin/{name}/{key}/delete/").status_code == 403
        assert client.post(f"/admin/{name}/{key}/delete/", {"post": "yes"}).status_code == 403
    for url in (
        f"/admin/access/user/{shop.holder.pk}/delete/",
        f"/admin/access/apikey/{shop.key.pk}/change/",
        f"/admin/access/apikey/{shop.key.pk}/delete/",
    ):
        assert client.post(url, {"post": "yes", "label": "x"}).status_code == 403
    selected = {"action": "delete_selected", "_selected_action": [shop.product.pk], "post": "yes"}
    client.post("/admin/shop/product/", selected)
    assert Product.objects.filter(title="Inkwell Forms").exists()
    assert ApiKey.objects.filter(label="Till app", revoked_at=None).exists()


def test_the_admins_own_pages_that_write_are_not_there(login: Login) -> None:
    client = login("superuser")
    for url in ("/admin/password_change/", "/admin/auth/user/", "/admin/auth/group/", "/admin/search/?s=x"):
        assert client.get(url).status_code == 404


SEARCHES = (
    ("/admin/shop/order/", "JANE@example", "0123", False),
    ("/admin/shop/order/", "JANE@example", "1,335.26", True),
    ("/admin/shop/order/", "0123456789ABCDEF", "1,335.26", True),
    ("/admin/shop/order/", "99999999999999999999", "1,335.26", False),
    ("/admin/shop/product/", "inkwell", "Inkwell Forms", True),
    ("/admin/shop/product/", "forms ÍNK", "Inkwell Forms", True),
    ("/admin/shop/product/", "forms nothing", "Inkwell Forms", False),
    ("/admin/shop/customer/", "doe jane", "jane@example.com", True),
    ("/admin/shop/customer/", "Jane@Example", "jane@example.com", True),
    ("/admin/shop/customer/", "joe", "jane@example.com", False),
    ("/admin/shop/discount/", "spring", "SPRING", True),
    ("/admin/access/user/", "holder@", "holder@example.com", True),
    ("/admin/access/apikey/", "till", "Till app", True),
    ("/admin/access/apikey/", "holder", "Till app", True),
    ("/admin/access/apikey/", "nobody", "Till app", False),
    ("/admin/access/requestlogentry/", "198.51.100.7", "number=5", True),
    ("/admin/access/requestlogentry/", "abcdef", "number=5", True),
    ("/admin/access/requestlogentry/", "198.51", "number=5", False),
)


@pytest.mark.parametrize(("url", "term", "words", "is_found"), SEARCHES)
def test_a_search_finds_what_it_should(
    url: str, term: str, words: str, is_found: bool, shop: Shop, client: Client
) -> None:
    assert (words in get_text(client, url, q=term)) is is_found


FILTERS = (
    ("/admin/shop/order/", {"type": "refund"}, "-1,335.26", True),
    ("/admin/shop/order/", {"type": "sale"}, "-1,335.26", False),
    ("/admin/shop/order/", {"status": "pending"}, "1,335.26", False),
    ("/admin/shop/order/", {"status": "no such"}, "1,335.26", True),
    ("/admin/shop/product/", {"status": "draft"}, "Everything", True),
    ("/admin/shop/product/", {"status": "draft"}, "Inkwell Forms", False),
    ("/admin/shop/product/", {"kind": "bundle"}, "Inkwell Forms", False),
    ("/admin/access/apikey/", {"state": "in_force"}, "Till app", True),
    ("/admin/access/apikey/", {"state": "revoked"}, "Till app", False),
    ("/admin/access/requestlogentry/", {"status": "403"}, "number=5", True),
    ("/admin/access/requestlogentry/", {"endpoint": "stats"}, "number=5", False),
)


@pytest.mark.parametrize(("url", "query", "words", "is_found"), FILTERS)
def test_a_filter_leaves_what_it_should(
    url: str, query: dict[str, str], words: str, is_found: bool, shop: Shop, client: Client
) -> None:
    assert (words in get_text(client, url, **query)) is is_found


def test_a_long_list_has_pages_and_is_counted_by_what_is_kept(client: Client) -> None:
    Customer.objects.bulk_create(
        Customer(
            email=f"c{number}@example.com",
            email_folded=f"c{number}@example.com",
            name=f"Buyer {number}",
            created_at="2026-01-01T00:00:00Z",
            modified_at="2026-01-01T00:00:00Z",
        )
        for number in range(1, 61)
    )
    first, second = (get_text(client, "/admin/shop/customer/", p=page) for page in (1, 2))
    assert "Buyer 60<" in first
    assert "Buyer 10<" not in first
    assert "Buyer 10<" in second
    assert ">0 customers<" in first  # the kept count, which the records were made past
    assert "60 customers" in get_text(client, "/admin/shop/customer/", status="active")


def test_a_record_that_is_not_there_leads_to_a_sentence(client: Client) -> None:
    reply = client.get("/admin/shop/order/987654/change/", follow=True)
    assert reply.status_code == 200
    assert "exist. Perhaps it was deleted?" in reply.content.decode()


def test_the_front_page_leads_to_the_back_office(client: Client) -> None:
    assert client.get("/").headers["Location"] == "/admin/"
    assert User.objects.filter(is_staff=True).count() == 1
