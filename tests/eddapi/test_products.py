"""products: finding, ordering and showing what the shop sells ([3.6] 3.1, [CONTRACT] Products)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine

from tests.asking import Reply, ask
from tests.shops import (
    setup_key,
    setup_line,
    setup_order,
    setup_product,
    setup_settings,
    setup_term,
    signed,
)
from tillroll.shop.models import PriceOption, Product, Taxonomy
from tillroll.shop.services import save_product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])


def ask_products(version: str = "v2", query: object = None, **question: object) -> Reply:
    asked = query if isinstance(query, str) else question
    return ask(f"/edd-api/{version}/products/", asked)


def found(reply: Reply) -> list[int]:
    return [product["info"]["id"] for product in reply.data["products"]]


def get_product(version: str = "v2", **question: object) -> dict[str, Any]:
    [product] = ask(f"/edd-api/{version}/products/", question).data["products"]
    assert isinstance(product, dict)
    return product


def get_as_owner() -> dict[str, Any]:
    """The only product, as a key with every right sees it."""
    [product] = ask("/edd-api/v2/products/", signed(setup_key())).data["products"]
    assert isinstance(product, dict)
    return product


# One


@EVERY_VERSION
@pytest.mark.parametrize("value", ["10", "-10", "10abc", "0010"])
def test_a_product_is_found_by_the_number_in_front(version: str, value: str) -> None:
    setup_product(id=10)
    setup_product(id=11)
    assert found(ask_products(version, product=value)) == [10]


@EVERY_VERSION
@pytest.mark.parametrize(
    ("value", "told"), [("99", "99"), ("-99", "99"), ("99x", "99"), ("9" * 20, "2147483648")]
)
def test_an_unknown_product_is_told(version: str, value: str, told: str) -> None:
    setup_product(id=10)
    reply = ask_products(version, product=value)
    assert list(reply.data) == ["error", "request_speed"]
    assert (reply.status, reply.data["error"]) == (200, f"Product {told} not found!")


@EVERY_VERSION
@pytest.mark.parametrize("value", ["", "0", "abc", "Optional(10)"])
def test_no_number_is_the_list(version: str, value: str) -> None:
    setup_product(id=10)
    setup_product(id=11)
    assert found(ask_products(version, product=value)) == [11, 10]


@EVERY_VERSION
def test_nothing_found_is_an_empty_list(version: str) -> None:
    setup_product()
    reply = ask_products(version, s="nothing of that name")
    assert list(reply.data) == ["products", "request_speed"]
    assert reply.data["products"] == []


# Info


@EVERY_VERSION
def test_every_member_of_info_is_shown(version: str) -> None:
    setup_settings(url="https://shop.example", skus_enabled=True)
    category = setup_term("Apps &amp; more", "apps")
    product = setup_product(
        id=16,
        slug="notes",
        title="Notes <i>Pro</i>",
        content="Text",
        excerpt="Short",
        thumbnail="https://shop.example/n.png",
        sku="N-16",
        price="1234.5",
        created_local="2026-01-02 03:04:05",
        modified_local="2026-02-03 04:05:06",
        terms=[category],
    )
    info = get_product(version)["info"]
    expected = {
        "id": 16,
        "slug": "notes",
        "title": "Notes <i>Pro</i>",
        "create_date": "2026-01-02 03:04:05",
        "modified_date": "2026-02-03 04:05:06",
        "status": "publish",
        "link": "https://shop.example/?post_type=download&p=16",
        "permalink": "https://shop.example/downloads/notes/",
        "content": "Text",
        "excerpt": "Short",
        "thumbnail": "https://shop.example/n.png",
        "category": [
            {
                "term_id": category.term_id,
                "name": "Apps &amp; more",
                "slug": "apps",
                "term_group": 0,
                "term_taxonomy_id": category.pk,
                "taxonomy": "download_category",
                "description": "",
                "parent": 0,
                "count": 1,
                "filter": "raw",
            }
        ],
        "tags": False,
        "price": "$1,234.50",
    }
    if version == "v2":
        expected["sku"] = "N-16"
    assert info == expected
    assert product.pk == 16


@pytest.mark.parametrize(("sku", "shown"), [("", "-"), ("0", "-"), ("A", "A")])
def test_v2_shows_a_sku_where_the_shop_has_them(sku: str, shown: str) -> None:
    setup_product(sku=sku)
    assert "sku" not in get_product()["info"]
    setup_settings(skus_enabled=True)
    assert get_product()["info"]["sku"] == shown
    assert "sku" not in get_product("v1")["info"]


def test_a_product_without_a_picture_says_false() -> None:
    setup_product()
    assert get_product()["info"]["thumbnail"] is False
    assert get_product()["info"]["category"] is False


# Prices


@pytest.mark.parametrize(
    ("price", "currency", "amount", "shown"),
    [
        ("20", "USD", "20.00", "$20.00"),
        ("19.999", "USD", "20.00", "$20.00"),
        ("0.005", "USD", "0.01", "$0.01"),
        (None, "USD", "0.00", "$0.00"),
        ("1980.4", "JPY", "1980", "\u00a51,980"),
        ("5", "CHF", "5.00", "CHF 5.00"),
    ],
)
def test_a_price(price: str | None, currency: str, amount: str, shown: str) -> None:
    setup_settings(currency=currency)
    setup_product(price=price)
    product = get_product()
    assert (product["pricing"], product["info"]["price"]) == ({"amount": amount}, shown)


def test_price_options_are_shown_as_the_shop_wrote_them() -> None:
    setup_product(prices=[("Single Site", "20"), ("\u00dcnlimited 5!", "30.00"), ("Single site", "40.55")])
    product = get_product()
    assert product["pricing"] == {"singlesite": "40.55", "nlimited5": "30.00"}
    assert product["info"]["price"] == "$20.00"


def test_a_product_with_options_but_no_prices_has_no_pricing() -> None:
    setup_product(prices=[])
    assert "pricing" not in get_product()


@pytest.mark.parametrize(
    ("default", "shown"), [(2, "$30.00"), (9, "$20.00"), (None, "$20.00"), (0, "$10.00")]
)
def test_the_default_option_is_the_price_in_front(default: int | None, shown: str) -> None:
    amounts = {1: "20", 2: "30", 3: "10"}
    setup_product(
        default_price_id=default,
        prices=[
            PriceOption(price_id=key, name=str(key), amount=Decimal(text), amount_text=text)
            for key, text in amounts.items()
        ],
    )
    assert get_product()["info"]["price"] == shown


# Stats, files, notes


@pytest.mark.parametrize(
    ("days", "sales", "earnings"),
    [(0, 3, 70.3), (29, 3, 70.3), (30, 3, 70.3), (60, 1.5, 35.15), (90, 1, 70.3 / 3)],
)
def test_monthly_averages_are_over_whole_months_of_30_days(days: int, sales: float, earnings: float) -> None:
    with time_machine.travel(datetime(2026, 6, 1, tzinfo=UTC), tick=False) as clock:
        product = setup_product()
        setup_order(setup_line(product, "30", quantity=2), setup_line(product, "10.3"))
        clock.shift(timedelta(days=days))
        stats = get_as_owner()["stats"]
    assert stats["total"] == {"sales": "3", "earnings": "70.3"}
    assert stats["monthly_average"] == {"sales": sales, "earnings": pytest.approx(earnings, rel=1e-12)}


def test_edd3s_dialect_writes_earnings_with_six_decimals() -> None:
    setup_settings(dialect="edd3")
    setup_order(setup_line(setup_product(), "60"))
    stats = get_as_owner()["stats"]
    assert stats["total"] == {"sales": "1", "earnings": "60.000000"}


def test_files_have_the_members_that_they_were_given() -> None:
    files: list[dict[str, str | None]] = [
        {"index": "0", "attachment_id": "12", "name": "A", "file": "a.zip", "condition": "all"},
        {"name": "", "file": "b.zip", "condition": "2"},
    ]
    setup_product(files=files, notes="Read me")
    product = get_as_owner()
    assert product["files"] == files
    assert product["notes"] == "Read me"


@pytest.mark.parametrize("kind", ["default", "bundle"])
def test_a_product_without_files_and_a_bundle_have_no_member_files(kind: str) -> None:
    setup_product(kind=kind, files=[{"name": "a", "file": "b"}] if kind == "bundle" else None)
    product = get_as_owner()
    assert "files" not in product
    assert product["notes"] == ""


# Search


@pytest.fixture
def shelf() -> None:
    setup_product(id=1, title="Blue Note", content="A plain text")
    setup_product(id=2, title="Red Note", excerpt="Caf\u00e9 music")
    setup_product(id=3, title="Green", content="notes on 100% cotton_wool")


@EVERY_VERSION
@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("note", [3, 2, 1]),
        ("NOTE blue", [1]),
        ("note plain", [1]),
        ('"red note"', [2]),
        ("note -red", [3, 1]),
        ("cafe", [2]),
        ("CAF\u00c9", [2]),
        ("100%", [3]),
        ("n_l", []),
        ("a%t", []),
        ("cotton_wool", [3]),
        ("'", []),
        ("", [3, 2, 1]),
    ],
)
def test_a_search_finds_every_word_in_title_excerpt_or_content(
    version: str, text: str, expected: list[int]
) -> None:
    reply = ask_products(version, s=text)
    assert found(reply) == expected


# Categories and tags


@pytest.fixture
def shelves() -> dict[str, int]:
    apps = setup_term("Apps")
    games = setup_term("Games", parent=apps)
    books = setup_term("Books")
    new = setup_term("New", taxonomy=Taxonomy.TAG)
    old = setup_term("Old", taxonomy=Taxonomy.TAG)
    for key, terms in ((1, [apps]), (2, [games, new]), (3, [books, new]), (4, [books, old]), (5, [])):
        setup_product(id=key, terms=terms)
    return {term.slug: term.term_id for term in (apps, games, books, new, old)}


@EVERY_VERSION
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("category=books", [4, 3]),
        ("category=BOOKS", [4, 3]),
        ("category={books}", [4, 3]),
        ("category=apps", [2, 1]),
        ("category=games,books", [4, 3, 2]),
        ("category[]=games&category[]=books", [4, 3, 2]),
        ("category[0]={games}&category[1]={books}", [4, 3, 2]),
        ("category= books , games ", [4, 3, 2]),
        ("category=nothing", []),
        ("category=&tag=", [5, 4, 3, 2, 1]),
        ("tag=new", [3, 2]),
        ("tag=new,old", [4, 3, 2]),
        ("tag=new&category=apps", [3, 2, 1]),
        ("tag=new&category=apps&term_relation=AND", [2]),
        ("tag={new}&category=apps", [3, 2]),
        ("category=books&s=product", [4, 3]),
    ],
)
def test_products_are_filtered_by_category_and_tag(
    shelves: dict[str, int], version: str, query: str, expected: list[int]
) -> None:
    reply = ask_products(version, query.format(**shelves))
    assert found(reply) == expected
    assert reply.headers["x-edd-total"] == str(len(expected))


# Order


@EVERY_VERSION
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [3, 1, 2]),
        ("order=ASC", [2, 1, 3]),
        ("order=asc", [2, 1, 3]),
        ("order=up", [3, 1, 2]),
        ("orderby=nonsense", [3, 1, 2]),
        ("orderby=ID", [3, 2, 1]),
        ("orderby=ID&order=ASC", [1, 2, 3]),
        ("orderby=title&order=ASC", [2, 3, 1]),
        ("orderby=title", [1, 3, 2]),
        ("orderby=name&order=ASC", [3, 1, 2]),
        ("orderby=price&order=ASC", [2, 1]),
        ("orderby=price", [1, 2]),
        ("orderby=menu_order&order=ASC", [3, 2, 1]),
        ("orderby=menu_order title&order=ASC", [3, 2, 1]),
    ],
)
def test_products_are_ordered(version: str, query: str, expected: list[int]) -> None:
    for key, title, slug, price, menu, created in (
        (1, "Zebra", "b", "30", 2, "2026-01-02 00:00:00"),
        (2, "\u00c4pfel", "c", "9", 1, "2026-01-01 00:00:00"),
        (3, "middle", "a", None, 0, "2026-01-03 00:00:00"),
    ):
        setup_product(id=key, title=title, slug=slug, price=price, menu_order=menu, created_local=created)
    assert found(ask_products(version, query)) == expected


def test_products_in_random_order_are_all_there() -> None:
    keys = {setup_product().pk for _ in range(5)}
    assert set(found(ask_products(orderby="rand"))) == keys


def test_a_product_that_is_withdrawn_leaves_the_list() -> None:
    product = setup_product()
    assert found(ask_products()) == [product.pk]
    product = Product.objects.get(pk=product.pk)
    product.status = "draft"
    save_product(product)
    reply = ask_products()
    assert found(reply) == []
    assert reply.headers["x-edd-total"] == "0"
