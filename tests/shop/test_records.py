"""Customers, discounts and the download log as they are saved, and what no record may be."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model

from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_order,
    setup_product,
    setup_term,
)
from tillroll.shop.models import (
    Customer,
    Discount,
    DiscountProduct,
    FileDownload,
    Order,
    OrderAdjustment,
    OrderItem,
    ShopSettings,
    Tally,
    Taxonomy,
    Term,
)
from tillroll.shop.services import add_email, record_file_download, save_discount

pytestmark = pytest.mark.django_db

AT = datetime(2024, 2, 29, 12, tzinfo=UTC)


def tally(name: str) -> int:
    return sum(Tally.objects.filter(name=name).values_list("value", flat=True))


def test_a_customer_is_known_by_all_addresses_in_small_letters() -> None:
    ann = setup_customer("Ann@Example.com", "Ann", additional_emails=("A@B.example",), created_at=AT)
    add_email(ann, "C@D.example")

    assert list(ann.emails.order_by("id").values_list("email", "email_folded", "type")) == [
        ("Ann@Example.com", "ann@example.com", "primary"),
        ("A@B.example", "a@b.example", "secondary"),
        ("C@D.example", "c@d.example", "secondary"),
    ]
    assert (ann.created_at, tally("customer")) == (AT, 1)


def test_an_address_has_one_customer_in_any_case_of_letters() -> None:
    setup_customer("ann@example.com")

    with pytest.raises(IntegrityError), transaction.atomic():
        setup_customer("ANN@example.com")

    assert (Customer.objects.count(), tally("customer")) == (1, 1)


def test_a_discount_is_saved_with_what_it_needs_and_shuns() -> None:
    discount = setup_discount("Spring", amount="12.5", requirements=["16", "16_2"], exclusions=["7"])

    discount.refresh_from_db()
    assert (discount.code_folded, discount.amount, discount.status) == ("spring", D("12.5"), "active")
    assert list(
        DiscountProduct.objects.order_by("role", "position").values_list("role", "position", "product_ref")
    ) == [("exclusion", 0, "7"), ("requirement", 0, "16"), ("requirement", 1, "16_2")]
    assert tally("discount:active") == 1


def test_a_discounts_lists_stay_unless_they_are_given() -> None:
    discount = setup_discount(requirements=["1"], exclusions=["2"])
    discount.status = "archived"

    save_discount(discount, exclusions=[])

    assert list(discount.products.values_list("role", "product_ref")) == [("requirement", "1")]
    assert (tally("discount:active"), tally("discount:archived")) == (0, 1)


def test_a_download_is_counted_at_its_customer() -> None:
    ann, bob, product = setup_customer(), setup_customer(), setup_product()

    line = record_file_download(
        product_id=product.pk,
        file_id=2,
        order_id=3,
        price_id=4,
        customer_id=ann.pk,
        ip="::1",
        file_name="a.zip",
        at=AT,
    )
    setup_download(product, ann)
    setup_download(999, 888)

    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.download_count, bob.download_count, tally("download")) == (2, 0, 3)
    assert FileDownload.objects.values_list(
        "product_id", "file_id", "order_id", "price_id", "customer_id", "ip", "file_name", "created_at"
    ).get(pk=line.pk) == (product.pk, 2, 3, 4, ann.pk, "::1", "a.zip", AT)


def make_order(**members: object) -> Order:
    return Order(**{"currency": "USD", "created_at": AT, "modified_at": AT, **members})


def make_line(model: type[OrderItem | OrderAdjustment]) -> OrderItem | OrderAdjustment:
    return model(order=setup_order(), rate=D(0), created_at=AT, type="fee")


@pytest.mark.parametrize(
    ("make", "constraint"),
    [
        pytest.param(lambda: make_order(rate=D(0)), "order_rate_positive", id="order without a rate"),
        pytest.param(
            lambda: make_order(rate=D(-1)), "order_rate_positive", id="order with a rate below zero"
        ),
        pytest.param(lambda: make_order(type=""), "order_has_type", id="order of no type"),
        pytest.param(lambda: make_line(OrderItem), "item_rate_positive", id="item without a rate"),
        pytest.param(lambda: make_line(OrderAdjustment), "adjustment_rate_positive", id="fee without a rate"),
        pytest.param(
            lambda: Discount(code="", created_at=AT, modified_at=AT), "discount_has_code", id="no code"
        ),
        pytest.param(lambda: ShopSettings(id=2), "settings_one_row", id="second settings"),
    ],
)
def test_what_must_never_be_is_refused_by_the_store(make: object, constraint: str) -> None:
    assert callable(make)
    record = make()
    assert isinstance(record, Model)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        record.save(force_insert=True)


def test_a_slug_names_one_term_of_its_taxonomy() -> None:
    setup_term("Music", "music")
    setup_term("Music", "music", taxonomy=Taxonomy.TAG)

    with pytest.raises(ValidationError, match="There is a category with the slug MUSIC already"):
        setup_term("Other", "MUSIC")

    assert Term.objects.count() == 2
