"""Who may see which page of the back office: the whole table, anonymous first."""

from urllib.parse import quote

import pytest

from tests.backoffice.conftest import Login, Shop, get_status, get_text
from tillroll.access.models import Role

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

REPORTS = {"superuser", "demo", "shop_manager", "shop_accountant"}
MANAGERS = {"superuser", "demo", "shop_manager"}
EDITORS = {*MANAGERS, "shop_worker"}
CLERKS = {*EDITORS, "shop_accountant"}
"""Who changes products, and who orders: what a worker may, and an accountant with orders alone."""

SPRING = "period=range&since=2026-03-01&until=2030-01-01"
"""Days of the shop's orders, and of others to come."""

PAGES = {
    "/admin/": CLERKS,
    "/admin/shop/": CLERKS,
    "/admin/shop/product/": CLERKS,
    "/admin/shop/product/add/": EDITORS,
    "/admin/shop/term/": CLERKS,
    "/admin/shop/term/add/": EDITORS,
    "/admin/shop/term/add/?taxonomy=download_tag": EDITORS,
    "/admin/shop/order/": CLERKS,
    "/admin/shop/order/add/": CLERKS,
    "/admin/shop/filedownload/": REPORTS,
    "/admin/shop/customer/": MANAGERS,
    "/admin/shop/customer/add/": MANAGERS,
    "/admin/shop/discount/": MANAGERS,
    "/admin/shop/discount/add/": MANAGERS,
    "/admin/access/auditentry/": MANAGERS,
    "/admin/shop/shopsettings/1/change/": MANAGERS,
    "/admin/access/user/": MANAGERS,
    "/admin/access/user/add/": MANAGERS,
    "/admin/access/user/add/?how=keys": MANAGERS,
    "/admin/access/user/add/?how=invitation": MANAGERS,
    "/admin/access/user/add/?how=service": MANAGERS,
    "/admin/access/role/": MANAGERS,
    "/admin/access/role/add/": MANAGERS,
    "/admin/access/apikey/": MANAGERS,
    "/admin/access/apikey/add/": MANAGERS,
    "/admin/access/apikey/add/?for=service": MANAGERS,
    "/admin/access/apikey/add/?for=customer": MANAGERS,
    "/admin/access/requestlogentry/": MANAGERS,
    "/admin/import/": MANAGERS,
    "/admin/health/": MANAGERS,
    "/admin/reports/": REPORTS,
    f"/admin/reports/?by=product&{SPRING}": REPORTS,
    f"/admin/reports/?by=category&{SPRING}": REPORTS,
    f"/admin/reports/?by=gateway&{SPRING}": REPORTS,
    f"/admin/reports/?by=discount&{SPRING}": REPORTS,
    f"/admin/reports/?by=country&{SPRING}": REPORTS,
}
"""Pages, and the roles that see them."""

ROLES = (
    "superuser",
    "demo",
    "shop_manager",
    "shop_accountant",
    "shop_worker",
    "shop_vendor",
    "subscriber",
    "nobody",
)


def list_record_pages(shop: Shop) -> dict[str, set[str]]:
    role = Role.objects.get(slug="shop_worker").pk
    records = {
        f"/admin/shop/product/{shop.product.pk}/change/": CLERKS,
        f"/admin/shop/product/{shop.product.pk}/edit/": EDITORS,
        f"/admin/shop/term/{shop.term.pk}/change/": CLERKS,
        f"/admin/shop/term/{shop.term.pk}/edit/": EDITORS,
        f"/admin/shop/term/{shop.term.pk}/remove/": EDITORS,
        f"/admin/shop/order/{shop.order.pk}/change/": CLERKS,
        f"/admin/shop/order/{shop.order.pk}/refund/": CLERKS,
        f"/admin/shop/order/{shop.order.pk}/status/": CLERKS,
        f"/admin/shop/order/{shop.order.pk}/note/": CLERKS,
        f"/admin/shop/customer/{shop.customer.pk}/edit/": MANAGERS,
        f"/admin/shop/customer/{shop.customer.pk}/merge/": MANAGERS,
        f"/admin/shop/customer/{shop.customer.pk}/emails/add/": MANAGERS,
        f"/admin/shop/customer/{shop.customer.pk}/emails/{shop.email}/remove/": MANAGERS,
        f"/admin/shop/discount/{shop.discount.pk}/edit/": MANAGERS,
        f"/admin/access/auditentry/{shop.change.pk}/change/": MANAGERS,
        f"/admin/shop/filedownload/{shop.download.pk}/change/": REPORTS,
        f"/admin/shop/customer/{shop.customer.pk}/change/": MANAGERS,
        f"/admin/shop/discount/{shop.discount.pk}/change/": MANAGERS,
        f"/admin/access/user/{shop.holder.pk}/change/": MANAGERS,
        f"/admin/access/user/{shop.holder.pk}/link/": MANAGERS,
        f"/admin/access/user/{shop.holder.pk}/reset-two-factor/": MANAGERS,
        f"/admin/access/apikey/{shop.key.pk}/change/": MANAGERS,
        f"/admin/access/apikey/{shop.key.pk}/limits/": MANAGERS,
        f"/admin/access/apikey/{shop.key.pk}/rotate/": MANAGERS,
        f"/admin/access/apikey/{shop.key.pk}/revoke/": MANAGERS,
        f"/admin/access/role/{role}/change/": MANAGERS,
        f"/admin/access/role/{role}/delete/": MANAGERS,
        f"/admin/access/requestlogentry/{shop.entry.pk}/change/": MANAGERS,
        f"/admin/shop/customer/{shop.customer.pk}/erase/": MANAGERS,
        f"/admin/reports/?by=product&of={shop.product.pk}": REPORTS,
    }
    return {**PAGES, **records}


def list_urls(shop: Shop) -> dict[str, set[str]]:
    """Pages and the files that are taken from them."""
    files = {
        "/admin/shop/product/export/": REPORTS,
        "/admin/shop/term/export/": REPORTS,
        "/admin/shop/order/export/": REPORTS,
        "/admin/shop/filedownload/export/": REPORTS,
        "/admin/shop/customer/export/": MANAGERS,
        "/admin/shop/discount/export/": MANAGERS,
        "/admin/access/user/export/": MANAGERS,
        "/admin/access/role/export/": MANAGERS,
        "/admin/access/apikey/export/": MANAGERS,
        "/admin/access/auditentry/export/": MANAGERS,
        "/admin/access/requestlogentry/export/csv/": MANAGERS,
        "/admin/reports/csv/": REPORTS,
        "/admin/access/requestlogentry/export/ndjson/": MANAGERS,
        f"/admin/shop/customer/{shop.customer.pk}/export/": MANAGERS,
    }
    return {**list_record_pages(shop), **files}


def test_nobody_sees_a_page_without_logging_in(shop: Shop, login: Login) -> None:
    client = login("anonymous")
    for url in list_urls(shop):
        reply = client.get(url)
        assert (reply.status_code, reply.headers["Location"]) == (302, f"/admin/login/?next={quote(url)}")


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_its_pages_and_no_others(role: str, shop: Shop, login: Login) -> None:
    client = login(role)
    seen = {url for url in list_urls(shop) if get_status(client, url) == 200}
    assert seen == {url for url, roles in list_urls(shop).items() if role in roles}


@pytest.mark.parametrize("role", ["shop_vendor", "subscriber", "nobody"])
def test_a_login_without_any_right_gets_403_and_a_way_out(role: str, shop: Shop, login: Login) -> None:
    client = login(role)
    for url in (*list_urls(shop), "/admin/shop/nothing/", "/admin/jsi18n/"):
        assert client.get(url).status_code == 403
    page = client.get("/admin/").content.decode()
    assert "Inkwell" not in page
    assert "/admin/shop/" not in page
    assert client.post("/admin/logout/").status_code in (200, 302)
    assert client.get("/admin/").headers["Location"] == "/admin/login/?next=/admin/"


def test_an_accountant_is_refused_what_takes_another_right(shop: Shop, login: Login) -> None:
    client = login("shop_accountant")
    refused = [url for url, roles in list_urls(shop).items() if "shop_accountant" not in roles]
    assert {client.get(url).status_code for url in refused} == {403}


def test_the_menu_names_what_one_may_see(shop: Shop, login: Login) -> None:
    page = get_text(login("shop_accountant"), "/admin/")
    assert [name for name in PAGES if f'href="{name}"' in page] == [
        "/admin/",
        "/admin/shop/product/",
        "/admin/shop/order/",
        "/admin/shop/filedownload/",
        "/admin/reports/",
    ]
    assert "Discounts" not in page


def test_a_login_that_was_ended_or_is_no_staff_counts_no_more(shop: Shop, login: Login) -> None:
    from tillroll.access.models import User

    client = login("shop_manager")
    User.objects.exclude(pk=shop.holder.pk).update(is_staff=False)
    assert client.get("/admin/shop/order/").status_code == 403
    User.objects.exclude(pk=shop.holder.pk).update(is_staff=True, is_active=False)
    assert client.get("/admin/shop/order/").status_code == 302


def test_a_right_taken_back_counts_at_the_next_page(shop: Shop, login: Login) -> None:
    from tillroll.access.models import User
    from tillroll.access.services import set_roles

    client = login("shop_manager")
    assert client.get("/admin/shop/customer/").status_code == 200
    set_roles(User.objects.exclude(pk=shop.holder.pk).get(), ["shop_accountant"])
    assert client.get("/admin/shop/customer/").status_code == 403


def test_what_is_sensitive_is_not_on_an_accountants_pages(shop: Shop, login: Login) -> None:
    accountant, manager = login("shop_accountant"), login("shop_manager")
    order = f"/admin/shop/order/{shop.order.pk}/change/"
    product = f"/admin/shop/product/{shop.product.pk}/change/"
    secrets = {
        order: ["203.0.113.9", "Under the Bridge 1", "Called about the invoice", "Jane Doe"],
        product: ["secret-manual.zip", "Mind the licence", "The long description"],
        "/admin/shop/filedownload/": ["203.0.113.10", "/admin/shop/customer/"],
        f"/admin/shop/filedownload/{shop.download.pk}/change/": ["203.0.113.10"],
    }
    for url, words in secrets.items():
        seen, shown = get_text(accountant, url), get_text(manager, url)
        assert [word for word in words if word in seen] == []
        assert [word for word in words if word not in shown] == []


def test_downloads_are_found_by_customer_only_by_those_who_see_customers(shop: Shop, login: Login) -> None:
    from tillroll.shop.models import FileDownload

    FileDownload.objects.update(customer_id=4711, file_name="Found it")
    assert "Found it" in get_text(login("shop_manager"), "/admin/shop/filedownload/", q="4711")
    assert "Found it" not in get_text(login("shop_accountant"), "/admin/shop/filedownload/", q="4711")


def test_an_accountant_can_not_sort_or_filter_by_what_is_hidden(shop: Shop, login: Login) -> None:
    reply = login("shop_accountant").get("/admin/shop/order/", {"ip__startswith": "203"})
    assert reply.status_code in (302, 400)


def test_a_part_of_a_page_takes_its_own_right(shop: Shop, login: Login) -> None:
    from tillroll.access.models import User
    from tillroll.access.services import refresh_capabilities

    client = login("shop_manager")
    url = f"/admin/access/user/{shop.holder.pk}/change/"
    assert "Till app" in get_text(client, url)
    manager = User.objects.exclude(pk=shop.holder.pk).get()
    manager.grants.create(capability="manage_shop_settings", is_granted=False)
    refresh_capabilities([manager])
    page = get_text(client, url)
    assert "holder@example.com" in page
    assert "Till app" not in page
