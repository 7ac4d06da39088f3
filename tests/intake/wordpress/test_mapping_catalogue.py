"""Products and terms, from posts, their metadata and taxonomies."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.intake.wordpress.sites import NEVER, Site
from tests.intake.wordpress.taking import get_left_out, take
from tillroll.shop.models import BundleItem, PriceOption, Product, ProductFile, ProductTerm, Term
from tillroll.shop.text import sort_key

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PRICES = (
    'a:3:{i:1;a:4:{s:5:"index";s:1:"1";s:4:"name";s:11:"Single Site";s:6:"amount";s:5:"59.00";'
    's:13:"license_limit";i:5;}i:7;a:2:{s:4:"name";s:7:"Große";s:6:"amount";s:6:"299.00";}'
    'i:2;a:1:{s:6:"amount";d:9.5;}}'
)
PRICES = PRICES.replace('s:7:"Große"', 's:6:"Große"')


def get_product(number: int = 10) -> Product:
    return Product.objects.get(pk=number)


def test_a_product_is_its_post_and_its_metadata() -> None:
    site = Site()
    site.add_product(
        10,
        {
            "edd_price": "49.90",
            "edd_sku": "A-1",
            "edd_product_notes": "Thanks!\nBye",
            "_edd_download_limit": "5",
            "_edd_default_price_id": "2",
            "_variable_pricing": "1",
        },
        post_title="Thème & Co",
        post_name="Th%c3%a8me",
        post_author=3,
        post_content="Long",
        post_excerpt="Short",
        post_status="publish",
        post_parent=4,
        menu_order=-2,
        comment_count=6,
        guid="https://shop.example/?post_type=download&#038;p=10",
        post_date="2025-03-09 02:30:00",
        post_date_gmt="2025-03-09 07:30:00",
        post_modified="2025-03-10 00:00:00",
        post_modified_gmt="2025-03-10 05:00:00",  # written while the shop had another zone
    )
    take(site)
    product = get_product()
    assert product.title == "Thème & Co"
    assert product.slug == "Th%c3%a8me"
    assert product.slug_folded == "th%c3%a8me"
    assert product.status == "publish"
    assert product.kind == "default"
    assert (product.content, product.excerpt) == ("Long", "Short")
    assert product.link == "https://shop.example/?post_type=download&p=10"
    assert product.permalink == "https://shop.example/downloads/Th%c3%a8me/"
    assert product.thumbnail == ""
    assert (product.sku, product.notes) == ("A-1", "Thanks!\nBye")
    assert product.price == Decimal("49.9")
    assert product.has_price_options
    assert (product.default_price_id, product.download_limit) == (2, 5)
    assert (product.author_id, product.parent_id, product.menu_order, product.comment_count) == (3, 4, -2, 6)
    assert not product.is_protected
    assert product.created_at == datetime(2025, 3, 9, 7, 30, tzinfo=UTC)
    assert product.modified_at == datetime(2025, 3, 10, 5, tzinfo=UTC)
    assert (product.created_local, product.modified_local) == ("2025-03-09 02:30:00", "2025-03-10 00:00:00")
    assert product.search_text == "theme & co\nshort\nlong"
    assert bytes(product.title_key) == sort_key("Thème & Co")
    assert bytes(product.slug_key) == sort_key("Th%c3%a8me")


def test_a_draft_has_its_time_by_the_shops_clock() -> None:
    site = Site()
    site.add_product(
        10,
        post_status="draft",
        post_date="2025-07-01 10:00:00",
        post_date_gmt=NEVER,
        post_modified="2025-12-01 10:00:00",
        post_modified_gmt=NEVER,
    )
    take(site)
    product = get_product()
    assert product.created_at == datetime(2025, 7, 1, 14, tzinfo=UTC)
    assert product.modified_at == datetime(2025, 12, 1, 15, tzinfo=UTC)
    assert product.created_local == "2025-07-01 10:00:00"


def test_a_product_without_any_date_keeps_what_was_written() -> None:
    site = Site()
    site.add_product(10, post_date=NEVER, post_date_gmt=NEVER)
    take(site)
    assert get_product().created_local == NEVER
    assert get_product().created_at == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("status", ["publish", "draft", "private", "pending", "future", "trash", "password"])
def test_every_status_comes_along(status: str) -> None:
    site = Site()
    if status == "password":
        site.add_product(10, post_password="open sesame")
    else:
        site.add_product(10, post_status=status)
    take(site)
    assert (get_product().status, get_product().is_protected) == (
        ("publish", True) if status == "password" else (status, False)
    )


@pytest.mark.parametrize(
    ("meta", "price"),
    [({}, None), ({"edd_price": ""}, Decimal(0)), ({"edd_price": "1,234.5"}, Decimal("1234.5"))],
)
def test_no_price_is_not_the_price_zero(meta: dict[str, str], price: Decimal | None) -> None:
    site = Site()
    site.add_product(10, meta)
    take(site)
    assert get_product().price == price


def test_the_first_of_several_rows_of_one_name_counts() -> None:
    site = Site()
    site.add("postmeta", meta_id=20, post_id=10, meta_key="edd_price", meta_value="2")
    site.add("postmeta", meta_id=19, post_id=10, meta_key="edd_price", meta_value="1")
    site.add_product(10)
    take(site)
    assert get_product().price == Decimal(1)


def test_price_options_keep_their_ids_order_and_written_amounts() -> None:
    site = Site()
    site.add_product(10, {"edd_variable_prices": PRICES, "_variable_pricing": "1"})
    take(site)
    options = PriceOption.objects.filter(product=10).order_by("position")
    assert list(options.values_list("price_id", "position", "name", "amount", "amount_text", "extra")) == [
        (1, 0, "Single Site", Decimal(59), "59.00", {"license_limit": 5}),
        (7, 1, "Große", Decimal(299), "299.00", {}),
        (2, 2, "", Decimal("9.5"), "9.5", {}),
    ]


def test_files_keep_which_members_they_had() -> None:
    site = Site()
    files = (
        'a:3:{i:3;a:6:{s:5:"index";s:1:"3";s:13:"attachment_id";i:12;s:14:"thumbnail_size";b:0;'
        's:4:"name";s:0:"";s:4:"file";s:5:"a.zip";s:9:"condition";s:3:"all";}'
        'i:0;a:3:{s:4:"file";s:5:"b.zip";s:5:"rev_x";a:1:{i:0;d:INF;}s:3:"n\0l";s:2:"\0x";}i:4;s:4:"lost";}'
    )
    site.add_product(10, {"edd_download_files": files})
    summary = take(site)
    names = ("position", "file_id", "index", "attachment_id", "thumbnail_size", "name", "file", "condition")
    assert list(ProductFile.objects.filter(product=10).order_by("position").values_list(*names, "extra")) == [
        (0, 3, "3", "12", "", "", "a.zip", "all", {}),
        (1, 0, None, None, None, None, "b.zip", None, {"rev_x": {"0": None}, "nl": "x"}),
    ]
    assert get_left_out(summary)["product files"] == (1, "the value is damaged (product 10)")


def test_a_bundle_names_products_and_their_prices() -> None:
    site = Site()
    site.add_product(
        10,
        {
            "_edd_product_type": "bundle",
            "_edd_bundled_products": 'a:4:{i:0;s:2:"14";i:1;s:4:"16_2";i:2;i:17;i:3;s:1:"0";}',
            "_edd_bundled_products_conditions": 'a:2:{i:1;s:3:"all";i:2;s:1:"3";}',
        },
    )
    site.add_product(11, {"_edd_bundled_products": 'a:1:{i:0;s:2:"14";}'})
    take(site)
    assert get_product().kind == "bundle"
    items = BundleItem.objects.order_by("bundle_id", "position")
    assert list(items.values_list("bundle_id", "position", "product_id", "price_id", "condition")) == [
        (10, 0, 14, None, ""),
        (10, 1, 16, 2, "all"),
        (10, 2, 17, None, "3"),
    ]


def test_damaged_lists_are_left_out_and_named() -> None:
    site = Site()
    site.add_product(10, {"edd_variable_prices": 'a:1:{i:1;a:1:{s:9:"amount";s:1:"1";}}', "edd_price": "3"})
    summary = take(site)
    assert get_product().price == Decimal(3)
    assert not PriceOption.objects.exists()
    assert get_left_out(summary)["edd_variable_prices of product 10"] == (1, "the value is damaged")


@pytest.mark.parametrize(
    ("file", "thumbnail"),
    [
        ("2025/06/thème über.jpg", "https://shop.example/wp-content/uploads/2025/06/thème über.jpg"),
        ("/srv/www/wp-content/uploads/2025/a.png", "https://shop.example/wp-content/uploads/2025/a.png"),
        ("", "https://shop.example/picture/"),
    ],
)
def test_a_thumbnail_is_the_address_of_its_upload(file: str, thumbnail: str) -> None:
    site = Site()
    site.add_product(10, {"_thumbnail_id": "5"})
    site.add("posts", ID=5, post_type="attachment", guid="https://shop.example/picture/")
    if file:
        site.add_meta(5, _wp_attached_file=file)
    take(site)
    assert get_product().thumbnail == thumbnail


@pytest.mark.parametrize("meta", ["", "0", "6", "11"])
def test_a_picture_that_is_gone_is_none(meta: str) -> None:
    site = Site()
    site.add_product(10, {"_thumbnail_id": meta})
    site.add_product(11)
    take(site)
    assert get_product().thumbnail == ""


def test_terms_keep_both_ids_and_their_tree() -> None:
    site = Site()
    site.add("terms", term_id=2, name="R&amp;D", slug="R-D", term_group=1)
    site.add("terms", term_id=3, name="Sub", slug="sub")
    site.add("term_taxonomy", term_taxonomy_id=20, term_id=2, description="All of it")
    site.add("term_taxonomy", term_taxonomy_id=30, term_id=3, parent=2)
    site.add("term_taxonomy", term_taxonomy_id=31, term_id=3, taxonomy="download_tag")
    site.add("term_taxonomy", term_taxonomy_id=40, term_id=3, taxonomy="post_tag")
    for product, status in ((10, "publish"), (11, "draft")):
        site.add_product(product, post_status=status)
        site.add("term_relationships", object_id=product, term_taxonomy_id=20)
    site.add("term_relationships", object_id=10, term_taxonomy_id=40)
    site.add("term_relationships", object_id=99, term_taxonomy_id=20)
    take(site)
    names = (
        "id",
        "term_id",
        "taxonomy",
        "name",
        "slug",
        "slug_folded",
        "description",
        "term_group",
        "parent_id",
    )
    assert list(Term.objects.order_by("id").values_list(*names, "count")) == [
        (20, 2, "download_category", "R&amp;D", "R-D", "r-d", "All of it", 1, 0, 1),
        (30, 3, "download_category", "Sub", "sub", "sub", "", 0, 2, 0),
        (31, 3, "download_tag", "Sub", "sub", "sub", "", 0, 0, 0),
    ]
    assert bytes(Term.objects.get(pk=20).name_key) == sort_key("R&amp;D")
    assert set(ProductTerm.objects.values_list("product_id", "term_id")) == {(10, 20), (11, 20)}


def test_terms_that_share_a_slug_both_come_along() -> None:
    site = Site()
    for number in (2, 3):
        site.add("terms", term_id=number, name=f"Name {number}", slug="same")
        site.add("term_taxonomy", term_taxonomy_id=number, term_id=number)
    summary = take(site)
    assert list(Term.objects.order_by("id").values_list("slug", flat=True)) == ["same", "same"]
    assert Term.objects.get(slug_folded="same").pk == 2
    assert get_left_out(summary)["terms' slugs"][0] == 1


def test_posts_that_are_no_products_are_counted() -> None:
    site = Site()
    for number, kind in enumerate(["page", "post", "revision", "attachment", "download", "page"], 10):
        site.add("posts", ID=number, post_type=kind)
    summary = take(site)
    assert list(Product.objects.values_list("pk", flat=True)) == [14]
    assert get_left_out(summary)["posts of other types"] == (3, "they are no products")


def test_values_out_of_range_do_not_stop_an_import() -> None:
    site = Site()
    site.add_product(
        10,
        {"_edd_download_limit": "99999999999", "_edd_default_price_id": "x"},
        menu_order=99999999999,
        post_title="a\0b",
    )
    take(site)
    product = get_product()
    assert (product.download_limit, product.default_price_id, product.menu_order) == (
        2**31 - 1,
        None,
        2**31 - 1,
    )


@pytest.mark.parametrize(
    ("structure", "status", "address"),
    [
        ("/%postname%/", "publish", "https://shop.example/downloads/kit/"),
        ("/%year%/%postname%", "publish", "https://shop.example/downloads/kit"),
        ("/index.php/%postname%/", "publish", "https://shop.example/index.php/downloads/kit/"),
        ("", "publish", "https://shop.example/?download=kit"),
        ("/%postname%/", "private", "https://shop.example/?post_type=download&p=10"),
        ("", "draft", "https://shop.example/?post_type=download&p=10"),
    ],
)
def test_a_permalink_follows_the_sites_structure(structure: str, status: str, address: str) -> None:
    site = Site()
    site.set_options(permalink_structure=structure)
    site.add_product(10, post_name="kit", post_status=status)
    take(site)
    assert get_product().permalink == address
