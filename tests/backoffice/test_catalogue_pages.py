"""Products, categories, tags and discounts are made and changed by hand; the API shows it."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import post
from tests.backoffice.test_order_pages import rows
from tests.shops import setup_mirror, setup_product, setup_source, setup_term
from tillroll.access.models import AuditEntry
from tillroll.shop.models import Discount, PriceOption, Product, Taxonomy, Term

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PRODUCT, TERM, DISCOUNT = "/admin/shop/product/", "/admin/shop/term/", "/admin/shop/discount/"


def product_form(
    *prices: dict[str, Any], files: tuple[dict[str, Any], ...] = (), bundle: tuple[str, ...] = (), **more: Any
) -> dict[str, Any]:
    bundled = [{"product": one} for one in bundle]
    sent = {"title": "Brush set", "status": "publish", "kind": "default"}
    return {**sent, **rows("prices", *prices), **rows("files", *files), **rows("bundle", *bundled), **more}


@pytest.fixture
def client(login: Login) -> Client:
    return login("shop_worker")


def test_a_product_is_made_and_the_api_shows_it(shop: Shop, client: Client) -> None:
    there = post(
        client, f"{PRODUCT}add/",
        **product_form(
            {"name": "Personal", "amount": "12.5"}, {"name": "Studio", "amount": "40", "is_default": "on"},
            {"name": "", "amount": ""},
            files=({"name": "Brushes", "file": "https://f.example/b.zip"}, {"file": "s.zip", "price": "2"}),
            has_price_options="on", categories=[str(shop.term.pk)], tags="ink, R&D , ink", sku="B-1",
            content="<p>Soft</p>", download_limit="3",
        ),
    )  # fmt: skip
    product = Product.objects.get(title="Brush set")
    assert there == f"{PRODUCT}{product.pk}/change/"
    assert (product.slug, product.default_price_id, product.download_limit) == ("brush-set", 2, 3)
    assert list(product.price_options.values_list("price_id", "name", "amount_text")) == [
        (1, "Personal", "12.50"), (2, "Studio", "40.00"),
    ]  # fmt: skip
    assert list(product.files.values_list("file_id", "name", "file", "condition")) == [
        (1, "Brushes", "https://f.example/b.zip", "all"), (2, "", "s.zip", "2"),
    ]  # fmt: skip
    found = ask("/edd-api/v2/products/", {"category": "plug-ins", "s": "brush"}).data["products"]
    assert [one["info"]["title"] for one in found] == ["Brush set"]
    assert found[0]["pricing"] == {"personal": "12.50", "studio": "40.00"}
    assert [one["name"] for one in found[0]["info"]["tags"]] == ["ink", "R&amp;D"]
    assert ask("/edd-api/v2/products/", {"tag": "rd"}).data["products"][0]["info"]["slug"] == "brush-set"
    assert AuditEntry.objects.get(action="added").title == "Brush set"


def test_a_product_is_changed_with_what_it_had(shop: Shop, client: Client) -> None:
    url = f"{PRODUCT}{shop.product.pk}/edit/"
    PriceOption.objects.filter(product=shop.product).update(extra={"license_limit": "5"})
    page = get_text(client, url)
    for words in ('value="Inkwell Forms"', 'value="1234.50"', "secret-manual.zip", "Mind the licence"):
        assert words in page
    form = product_form(
        {"price_id": "1", "name": "One site", "amount": "99", "is_default": ""},
        {"price_id": "2", "name": "Many", "amount": "2000", "DELETE": "on"},
        {"name": "All", "amount": "5000"},
        title="Inkwell", slug="inkwell", has_price_options="on",
        categories=[str(shop.term.pk)],
    )  # fmt: skip
    form |= {"prices-INITIAL_FORMS": "2"}
    assert post(client, url, **form) == f"{PRODUCT}{shop.product.pk}/change/"
    product = Product.objects.get(pk=shop.product.pk)
    assert (product.title, product.slug, product.sales) == ("Inkwell", "inkwell", shop.product.sales)
    assert [(one.price_id, one.amount, one.extra) for one in product.price_options.order_by("position")] == [
        (1, 99, {"license_limit": "5"}),
        (3, 5000, {}),
    ]
    assert not product.files.exists()
    changes = {field: (before, after) for field, before, after in AuditEntry.objects.latest("pk").changes}
    assert changes["title"] == ("Inkwell Forms", "Inkwell")
    assert "99.00 USD" in changes["prices"][1]
    page = get_text(client, f"{PRODUCT}{shop.product.pk}/change/")
    assert "Inkwell" in page


def test_nothing_changed_is_noted_nowhere(client: Client) -> None:
    product = setup_product(title="Pen", slug="pen", price="5")
    form = product_form(title="Pen", slug="pen", price="5")
    post(client, f"{PRODUCT}{product.pk}/edit/", **form)
    assert not AuditEntry.objects.exists()


def test_a_bundle_names_its_products(shop: Shop, client: Client) -> None:
    bundled = (f"{shop.product.pk}_2 · Inkwell Forms, Many", str(shop.bundle.pk))
    post(client, f"{PRODUCT}add/", **product_form(kind="bundle", bundle=bundled))
    made = Product.objects.get(title="Brush set")
    assert list(made.bundle_items.values_list("product_id", "price_id")) == [
        (shop.product.pk, 2),
        (shop.bundle.pk, None),
    ]
    form = product_form(kind="bundle", bundle=(str(made.pk),))
    assert "A bundle can't contain itself." in post(client, f"{PRODUCT}{made.pk}/edit/", **form)


WRONG: tuple[tuple[dict[str, Any], str], ...] = (
    ({"title": ""}, "This field is required."),
    ({"slug": "Inkwell-Forms"}, "There is a product with the slug Inkwell-Forms already."),
    ({"status": "sold"}, "Choose one of the list; sold is not in it."),
    ({"price": "a lot"}, "An amount such as 12.50 is wanted"),
    ({"price": "1000000000"}, "At most 999999999 is taken."),
    ({"download_limit": "-1"}, "A number from 0 up is wanted."),
    ({"has_price_options": "on"}, "There is no price below; add one, or untick this."),
    (rows("prices", {"name": "A", "amount": ""}), "This field is required."),
    (
        {
            "has_price_options": "on",
            **rows("prices", *({"name": "A", "amount": "1", "is_default": "on"} for _ in "ab")),
        },
        "One price can be the default; several are ticked.",
    ),
    (rows("files", {"name": "A", "file": ""}), "Where the file is, such as https://files.example/a.zip."),
    (rows("files", {"file": "a.zip", "price": "7"}), "There is no price 7 for a.zip; the prices are: none."),
    (rows("bundle", {"product": "98765"}), "There is no product 98765."),
    ({"tags": "x" * 201}, "A tag has at most 200 characters."),
    ({"categories": ["98765"]}, "98765 is not one of the available choices."),
)


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_a_wrong_value_of_a_product_has_a_sentence(
    wrong: dict[str, Any], sentence: str, shop: Shop, client: Client
) -> None:
    Product.objects.filter(pk=shop.product.pk).update(slug="inkwell-forms", slug_folded="inkwell-forms")
    before = Product.objects.count(), Term.objects.count()
    assert sentence in post(client, f"{PRODUCT}add/", **{**product_form(tags="new"), **wrong})
    assert (Product.objects.count(), Term.objects.count()) == before


def test_two_products_of_one_title_get_two_slugs(client: Client) -> None:
    for _ in range(3):
        post(client, f"{PRODUCT}add/", **product_form(title="Pen & Ink"))
    assert sorted(Product.objects.values_list("slug", flat=True)) == ["pen-ink", "pen-ink-2", "pen-ink-3"]


def test_a_category_is_made_changed_and_removed(shop: Shop, client: Client) -> None:
    there = post(client, f"{TERM}add/", name="Fonts & co", parent=str(shop.term.term_id))
    made = Term.objects.get(slug="fonts-co")
    assert there == f"{TERM}{made.pk}/change/"
    assert (made.name, made.parent_id, made.taxonomy) == (
        "Fonts &amp; co", shop.term.term_id, Taxonomy.CATEGORY,
    )  # fmt: skip
    assert "Fonts &amp; co" in get_text(client, TERM)
    url = f"{TERM}{made.pk}/edit/"
    assert post(client, url, name="Fonts", slug="fonts", parent="0", description="Letters") == there
    made.refresh_from_db()
    assert (made.name, made.slug, made.parent_id, made.description) == ("Fonts", "fonts", 0, "Letters")
    assert "There is a category with the slug plug-ins already." in post(
        client, url, name="Fonts", slug="PLUG-INS".lower(), parent="0"
    )
    page = get_text(client, f"{TERM}{shop.term.pk}/remove/")
    assert "1 product has it." in page
    assert post(client, f"{TERM}{shop.term.pk}/remove/") == f"{TERM}?taxonomy=download_category"
    assert not Term.objects.filter(pk=shop.term.pk).exists()
    assert not shop.product.product_terms.exists()
    assert [one.action for one in AuditEntry.objects.filter(kind="shop.term").order_by("pk")] == [
        "added", "changed", "removed",
    ]  # fmt: skip


def test_a_category_is_not_below_itself(client: Client) -> None:
    top = setup_term("Top")
    low = setup_term("Low", parent=top)
    page = post(client, f"{TERM}{top.pk}/edit/", name="Top", slug="top", parent=str(low.term_id))
    assert "A category can't be below itself." in page
    assert Term.objects.get(pk=top.pk).parent_id == 0


def test_a_tag_has_no_parent_and_no_other_tags_slug(client: Client) -> None:
    url = f"{TERM}add/?taxonomy=download_tag"
    assert 'name="parent"' not in get_text(client, url)
    post(client, url, name="Soft")
    assert Term.objects.get().taxonomy == Taxonomy.TAG
    assert "There is a tag with the slug soft already." in post(client, url, name="Soft")


def test_a_term_of_an_imported_shop_gets_an_id_of_our_own(client: Client) -> None:
    setup_source()
    post(client, f"{TERM}add/?taxonomy=download_tag", name="Soft")
    assert (Term.objects.get().pk, Term.objects.get().term_id) == (1_000_000_000, 1_000_000_000)


def discount_form(*products: dict[str, Any], **more: Any) -> dict[str, Any]:
    sent = {
        "name": "Summer", "code": "SUMMER", "status": "active", "amount_type": "percent", "amount": "25",
        "requirement_condition": "all", "scope": "global", "term_condition": "",
    }  # fmt: skip
    return {**sent, **rows("products", *products), **more}


def test_a_discount_is_made_and_changed(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    ink = {"role": "requirement", "product": f"{shop.product.pk}_1"}
    there = post(
        client, f"{DISCOUNT}add/",
        **discount_form(
            ink, {"role": "exclusion", "product": str(shop.bundle.pk)}, starts_at="2026-06-01T00:00",
            ends_at="2026-09-01T00:00", max_uses="100", min_charge="9.99", once_per_customer="on",
            term_condition="exclude", terms=[str(shop.term.term_id)],
        ),
    )  # fmt: skip
    made = Discount.objects.get(code="SUMMER")
    assert there == f"{DISCOUNT}{made.pk}/change/"
    assert (made.amount, made.max_uses, made.min_charge) == (25, 100, Decimal("9.99"))
    assert sorted(made.products.values_list("role", "product_ref")) == [
        ("exclusion", str(shop.bundle.pk)),
        ("requirement", f"{shop.product.pk}_1"),
    ]
    assert list(made.terms.values_list("term_id", flat=True)) == [shop.term.term_id]
    page = get_text(client, f"{DISCOUNT}{made.pk}/edit/")
    assert "Inkwell Forms" in page
    assert 'value="9.99"' in page
    post(client, f"{DISCOUNT}{made.pk}/edit/", **discount_form(amount="30", amount_type="flat"))
    made.refresh_from_db()
    assert (made.amount, made.amount_type, made.products.count()) == (30, "flat", 0)
    changes = {field: after for field, _, after in AuditEntry.objects.latest("pk").changes}
    assert changes["worth"] == "30 USD"


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"code": ""}, "This field is required."),
        ({"code": "spring"}, "There is a discount with the code spring already."),
        ({"code": "SUM MER"}, "A code has no spaces in it."),
        ({"amount": "101"}, "At most 100 per cent can be taken off."),
        ({"starts_at": "2026-06-01T00:00", "ends_at": "2026-06-01T00:00"}, "It ends before it begins"),
        ({"term_condition": "include"}, "Tick the categories that this is about, or choose any."),
        ({"max_uses": "many"}, "A whole number is wanted."),
        (rows("products", {"role": "requirement", "product": "98765"}), "There is no product 98765."),
    ],
)
def test_a_wrong_value_of_a_discount_has_a_sentence(
    wrong: dict[str, Any], sentence: str, shop: Shop, login: Login
) -> None:
    assert sentence in post(login("shop_manager"), f"{DISCOUNT}add/", **{**discount_form(), **wrong})
    assert Discount.objects.count() == 1


@pytest.mark.parametrize("url", [f"{PRODUCT}add/", f"{TERM}add/", f"{DISCOUNT}add/"])
def test_a_form_of_another_site_makes_nothing(url: str, login: Login) -> None:
    strict = login("superuser", enforce_csrf_checks=True)
    assert strict.post(url, {**product_form(), **discount_form(), "name": "X"}).status_code == 403
    assert not AuditEntry.objects.exists()


def test_a_shop_that_follows_another_makes_nothing(shop: Shop, login: Login) -> None:
    setup_mirror(shop.order.created_at)
    client, before = login("superuser"), (Product.objects.count(), Term.objects.count())
    for url, form in (
        (f"{PRODUCT}add/", product_form(tags="new")),
        (f"{TERM}add/", {"name": "New", "parent": "0"}),
        (f"{DISCOUNT}add/", discount_form()),
    ):
        assert "can't be changed here, since this shop follows" in post(client, url, **form)
    assert (Product.objects.count(), Term.objects.count()) == before


def test_a_record_of_another_shop_says_that_an_import_brings_it_back(shop: Shop, client: Client) -> None:
    Product.objects.update(source=setup_source())
    page = get_text(client, f"{PRODUCT}{shop.product.pk}/edit/")
    assert "The next import of that shop brings back what is there." in page


def test_products_are_narrowed_by_category(shop: Shop, client: Client) -> None:
    assert "Inkwell Forms" in get_text(client, PRODUCT, term=str(shop.term.pk))
    other = setup_term("Other")
    assert "Inkwell Forms" not in get_text(client, PRODUCT, term=str(other.pk))
