"""Tools > Roles: what they may do and how often, changed here; nobody gives what they lack."""

from typing import Any

import pytest
from django.test import Client

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import deny, get_self, post
from tests.shops import setup_source, setup_user
from tillroll.access.models import Role
from tillroll.access.services import issue_key

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

LIST = "/admin/access/role/"
ADD = "/admin/access/role/add/"


def url_of(slug: str, page: str = "change") -> str:
    return f"/admin/access/role/{Role.objects.get(slug=slug).pk}/{page}/"


@pytest.fixture
def client(login: Login) -> Client:
    return login("superuser")


def test_the_list_shows_what_roles_may_and_who_has_them(shop: Shop, client: Client) -> None:
    Role.objects.filter(slug="shop_accountant").update(rate_minute=30, endpoints="stats")
    page = get_text(client, LIST)
    for words in ("Shop Accountant", "view_shop_reports", "only stats", "30 a minute", "nothing"):
        assert words in page
    assert f'href="{ADD}"' in page


def test_a_role_is_added(client: Client) -> None:
    values: dict[str, Any] = {
        "name": "Warehouse", "slug": "warehouse", "capabilities": ["view_shop_reports"],
        "endpoints": ["sales", "info"], "hidden_fields": ["emails"], "rate_minute": "30",
        "quota_month": "900",
    }  # fmt: skip
    assert post(client, ADD, **values) == LIST
    role = Role.objects.get(slug="warehouse")
    assert (role.name, role.capabilities) == ("Warehouse", ["view_shop_reports"])
    assert (role.endpoints, role.hidden_fields) == ("sales info", "emails")
    assert (role.rate_minute, role.quota_day, role.quota_month) == (30, None, 900)


def test_a_role_is_changed_and_its_keys_feel_it_at_once(shop: Shop, client: Client) -> None:
    _, pair = issue_key(shop.holder)
    credentials = {"key": pair.public_key, "token": pair.token}
    assert "X-EDD-Missing-Capability".lower() not in ask("/edd-api/v2/sales/", credentials).headers
    assert post(client, url_of("shop_accountant"), name="Books", capabilities=["export_shop_reports"]) == LIST
    role = Role.objects.get(slug="shop_accountant")
    assert (role.name, role.capabilities, role.endpoints) == ("Books", ["export_shop_reports"], "")
    reply = ask("/edd-api/v2/sales/", credentials)
    assert reply.headers["x-edd-missing-capability"] == "view_shop_reports"


def test_the_form_shows_what_the_role_has(client: Client) -> None:
    Role.objects.filter(slug="shop_accountant").update(quota_day=77)
    page = get_text(client, url_of("shop_accountant"))
    assert 'value="77"' in page
    assert 'value="Shop Accountant"' in page
    assert 'name="slug"' not in page


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"slug": "books"}, "This field is required"),
        ({"name": "Books", "slug": "Books!"}, "is no name for a role"),
        ({"name": "Books", "slug": "shop_worker"}, "There is a role shop_worker already"),
        (
            {"name": "Books", "slug": "books", "capabilities": ["fly"]},
            "fly is not one of the available choices",
        ),
        ({"name": "Books", "slug": "books", "quota_day": "-1"}, "A limit is at least 1"),
        ({"name": "x" * 201, "slug": "books"}, "at most 200 characters"),
    ],
)
def test_a_wrong_value_is_answered_beside_its_field(
    values: dict[str, Any], words: str, client: Client
) -> None:
    assert words in post(client, ADD, **values)
    assert Role.objects.count() == 6


def test_an_imported_roles_rights_are_shown_and_locked(client: Client) -> None:
    Role.objects.create(
        slug="seller", name="Seller", capabilities=["view_shop_reports", "edit_posts"], source=setup_source()
    )
    page = get_text(client, url_of("seller"))
    assert "This role comes from another shop: what it may do is changed there." in page
    assert post(client, url_of("seller"), name="Seller", capabilities=["manage_shop_settings"], quota_day="5")
    role = Role.objects.get(slug="seller")
    assert (role.capabilities, role.quota_day) == (["view_shop_reports", "edit_posts"], 5)


def test_a_role_that_nobody_has_is_removed_after_a_question(client: Client) -> None:
    Role.objects.create(slug="books", name="Books")
    assert f'href="{url_of("books", "delete")}"' in get_text(client, url_of("books"))
    assert "goes for good" in get_text(client, url_of("books", "delete"))
    assert post(client, url_of("books", "delete")) == LIST
    assert not Role.objects.filter(slug="books").exists()


def test_a_role_that_is_needed_stays_and_the_page_says_why(client: Client) -> None:
    Role.objects.create(slug="books", name="Books")
    Role.objects.create(slug="seller", name="Seller", source=setup_source())
    setup_user(role="books")
    for slug, words in (
        ("books", "1 user has the role Books"),
        ("shop_worker", "one of EDD's roles"),
        ("seller", "comes from another shop"),
    ):
        assert words in post(client, url_of(slug, "delete"))
        assert Role.objects.filter(slug=slug).exists()


def test_a_role_that_is_not_there_is_not_found(client: Client) -> None:
    assert client.get("/admin/access/role/987654/delete/").status_code == 404
    assert client.get("/admin/access/role/987654/change/").status_code == 302


def test_nobody_gives_a_role_what_they_lack(login: Login) -> None:
    client = login("shop_manager")
    deny(get_self(client), "manage_shop_discounts")
    words = "You don't have manage_shop_discounts yourself, so you can't give it to a role."
    given = ["view_shop_reports", "manage_shop_discounts"]
    assert "You can't give what you don't have yourself: manage_shop_discounts" in post(client, ADD)
    assert words in post(client, ADD, name="Books", slug="books", capabilities=given)
    assert words in post(client, url_of("shop_worker"), name="Worker", capabilities=given)
    assert Role.objects.get(slug="shop_worker").capabilities == ["edit_others_products", "edit_shop_payments"]
    held = Role.objects.get(slug="shop_manager").capabilities
    assert post(client, url_of("shop_manager"), name="Boss", capabilities=held) == LIST
    assert Role.objects.get(slug="shop_manager").name == "Boss"


def test_roles_take_the_right_to_manage(shop: Shop, login: Login) -> None:
    pages = [ADD, url_of("shop_worker"), url_of("shop_worker", "delete")]
    for role in ("shop_accountant", "shop_worker", "nobody"):
        client = login(role)
        for url in pages:
            assert (client.get(url).status_code, client.post(url, {}).status_code) == (403, 403), (role, url)
    for url in pages:
        assert login("anonymous").post(url, {}).headers["Location"] == f"/admin/login/?next={url}"
    assert Role.objects.count() == 6


def test_a_form_without_a_csrf_token_changes_nothing(login: Login) -> None:
    client = login("superuser", enforce_csrf_checks=True)
    assert client.post(ADD, {"name": "Books", "slug": "books"}).status_code == 403
    assert client.post(url_of("shop_worker"), {"name": "Books"}).status_code == 403
    Role.objects.create(slug="books", name="Books")
    assert client.post(url_of("books", "delete")).status_code == 403
    assert Role.objects.filter(slug="books").exists()
