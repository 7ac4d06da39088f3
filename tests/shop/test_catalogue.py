"""Products and terms as they are saved, and the counts that are kept of them."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
import time_machine

from tests.shops import setup_order, setup_product, setup_settings, setup_term
from tillroll.shop.models import PriceOption, Product, ProductFile, Tally, Taxonomy, Term
from tillroll.shop.services import add_term, save_product

pytestmark = pytest.mark.django_db

NOW = datetime(2024, 3, 10, 6, 59, 59, tzinfo=UTC)


def tallies() -> dict[str, int]:
    return {row.name: row.value for row in Tally.objects.filter(name__startswith="product:").exclude(value=0)}


def counts() -> dict[str, int]:
    return dict(Term.objects.values_list("slug", "count"))


@time_machine.travel(NOW, tick=False)
def test_a_product_is_dated_by_the_shops_clock() -> None:
    setup_settings(timezone="America/New_York")

    product = setup_product(created_at=datetime(2024, 3, 10, 7, tzinfo=UTC))

    product.refresh_from_db()
    assert (product.created_local, product.modified_local) == ("2024-03-10 03:00:00", "2024-03-10 01:59:59")
    assert product.modified_at == NOW


def test_a_product_has_its_addresses_below_the_shops() -> None:
    setup_settings(url="https://shop.example/")
    shown, hidden = setup_product(slug="a-b"), setup_product(slug="c", status="draft")

    assert (shown.link, shown.permalink) == (
        f"https://shop.example/?post_type=download&p={shown.pk}",
        "https://shop.example/downloads/a-b/",
    )
    assert hidden.permalink == hidden.link == f"https://shop.example/?post_type=download&p={hidden.pk}"


def test_a_product_keeps_addresses_of_its_own() -> None:
    product = setup_product(link="https://old.example/1", permalink="https://old.example/a")

    assert (product.link, product.permalink) == ("https://old.example/1", "https://old.example/a")


def test_a_product_is_found_without_case_and_accents() -> None:
    product = setup_product(title="Café Ünd", slug="Cafe", excerpt="Été", content="NOËL")

    product.refresh_from_db()
    assert product.search_text == "cafe und\nete\nnoel"
    assert product.slug_folded == "cafe"


def test_a_products_lists_keep_their_order_and_are_replaced_whole() -> None:
    product = setup_product(
        prices=[("B", "2"), ("A", "1")], files=[{"name": "x"}, {"name": "y"}, {"name": "z"}]
    )

    save_product(product, prices=[PriceOption(price_id=9, name="C", amount=D(3))])

    assert list(product.price_options.values_list("position", "price_id", "name")) == [(0, 9, "C")]
    assert list(ProductFile.objects.values_list("position", "name")) == [(0, "x"), (1, "y"), (2, "z")]


def test_a_list_that_is_not_given_stays_and_an_empty_one_clears() -> None:
    tag = setup_term("new", taxonomy=Taxonomy.TAG)
    product = setup_product(terms=[tag], prices=[("A", "1")])

    save_product(product)
    assert (product.product_terms.count(), product.price_options.count()) == (1, 1)
    save_product(product, terms=[], prices=[])
    assert (product.product_terms.count(), product.price_options.count()) == (0, 0)


def test_products_are_counted_by_status() -> None:
    product = setup_product()
    setup_product(status="draft")
    assert tallies() == {"product:publish": 1, "product:draft": 1}

    product.status = "draft"
    save_product(product)

    assert tallies() == {"product:draft": 2}


def test_a_stale_copy_counts_from_the_status_that_is_stored() -> None:
    product = setup_product()
    stale = Product.objects.get(pk=product.pk)
    product.status = "draft"
    save_product(product)

    stale.status = "private"
    save_product(stale)

    assert tallies() == {"product:private": 1}


def test_a_term_counts_published_products_alone() -> None:
    music = setup_term("Music")
    shown = setup_product(terms=[music])
    setup_product(terms=[music], status="draft")
    setup_term("Empty")
    assert counts() == {"music": 1, "empty": 0}

    shown.status = "trash"
    save_product(shown)

    assert counts() == {"music": 0, "empty": 0}


def test_a_term_below_another_names_its_parent() -> None:
    music = setup_term("Music")
    jazz = add_term(Taxonomy.CATEGORY, "Jazz", "JAZZ", parent=music)

    assert (jazz.parent_id, jazz.slug_folded) == (music.term_id, "jazz")
    assert jazz.term_id == jazz.pk == music.pk + 1


def test_a_copy_that_knows_of_no_sales_does_not_undo_them() -> None:
    product = setup_product()
    stale = Product.objects.get(pk=product.pk)
    setup_order(product, amount="12.50")

    stale.title = "Renamed"
    save_product(stale)

    product.refresh_from_db()
    assert (product.title, product.sales, product.earnings) == ("Renamed", 1, D("12.5"))


def test_a_saved_product_was_modified_now_unless_it_says_when() -> None:
    with time_machine.travel(NOW, tick=False):
        product = setup_product()
    later = datetime(2025, 1, 1, 12, tzinfo=UTC)

    with time_machine.travel(later, tick=False):
        save_product(product)
    assert (product.modified_at, product.modified_local) == (later, "2025-01-01 12:00:00")
    assert product.created_at == NOW

    product.modified_local = "2024-06-01 00:00:00"
    with time_machine.travel(later, tick=False):
        save_product(product)
    assert (product.modified_at, product.modified_local) == (later, "2024-06-01 00:00:00")
