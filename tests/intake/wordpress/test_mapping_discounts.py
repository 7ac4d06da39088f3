"""Discount codes and the file download log."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.intake.wordpress.sites import NEVER, Site
from tests.intake.wordpress.taking import get_left_out, take
from tillroll.shop.models import Discount, DiscountProduct, DiscountTerm, FileDownload

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def test_a_discount_keeps_its_columns() -> None:
    site = Site()
    site.add(
        "edd_adjustments",
        id=3,
        name="Black « 25 »",
        code="Black25",
        status="expired",
        scope="not_global",
        amount_type="flat",
        amount="33.330000000",
        max_uses=100,
        use_count=4,
        once_per_customer=1,
        min_charge_amount="20.000000000",
        start_date="2025-11-28 05:00:00",
        end_date=NEVER,
        date_created="2025-01-01 00:00:00",
        date_modified="2025-01-02 00:00:00",
    )
    take(site)
    discount = Discount.objects.get()
    assert (discount.pk, discount.name, discount.code, discount.code_folded) == (
        3,
        "Black « 25 »",
        "Black25",
        "black25",
    )
    assert (discount.status, discount.scope, discount.amount_type) == ("expired", "not_global", "flat")
    assert (discount.amount, discount.min_charge) == (Decimal("33.33"), Decimal(20))
    assert (discount.max_uses, discount.use_count, discount.once_per_customer) == (100, 4, True)
    assert discount.starts_at == datetime(2025, 11, 28, 5, tzinfo=UTC)
    assert discount.ends_at is None
    assert discount.created_at == datetime(2025, 1, 1, tzinfo=UTC)
    assert discount.modified_at == datetime(2025, 1, 2, tzinfo=UTC)
    assert (discount.requirement_condition, discount.term_condition) == ("", "")


def test_requirements_exclusions_and_categories_keep_their_order() -> None:
    site = Site()
    site.add("edd_adjustments", id=3, code="A")
    rows = [
        ("product_requirement", "15"),
        ("excluded_product", 'a:2:{i:0;s:2:"21";i:1;s:4:"22_1";}'),
        ("product_requirement", "16_2"),
        ("product_requirement", ""),
        ("product_requirement", "abc"),
        ("product_condition", "any"),
        ("product_condition", "all"),
        ("term_condition", "include"),
        ("categories", "a:2:{i:0;i:2;i:1;i:7;}"),
        ("categories", "9"),
        ("something_else", "1"),
    ]
    for number, (name, value) in enumerate(rows):
        site.add(
            "edd_adjustmentmeta", meta_id=50 - number, edd_adjustment_id=3, meta_key=name, meta_value=value
        )
    site.add("edd_adjustmentmeta", meta_id=60, edd_adjustment_id=99, meta_key="categories", meta_value="2")
    take(site)
    products = DiscountProduct.objects.order_by("role", "position")
    assert list(products.values_list("role", "position", "product_ref")) == [
        ("exclusion", 0, "21"),
        ("exclusion", 1, "22_1"),
        ("requirement", 0, "16_2"),
        ("requirement", 1, "15"),
    ]
    assert list(DiscountTerm.objects.order_by("position").values_list("position", "term_id")) == [
        (0, 9),
        (1, 2),
        (2, 7),
    ]
    discount = Discount.objects.get()
    assert (discount.requirement_condition, discount.term_condition) == ("all", "include")


def test_what_is_no_discount_is_left_out_with_the_reason() -> None:
    site = Site()
    site.add("edd_adjustments", id=1, code="A", type="license")
    site.add("edd_adjustments", id=2, code="")
    site.add("edd_adjustments", id=3, code="tax", type="tax_rate")
    site.add("edd_adjustments", id=4, code="B")
    site.add(
        "edd_adjustmentmeta",
        edd_adjustment_id=4,
        meta_key="excluded_product",
        meta_value='a:1:{i:0;s:9:"2";}',
    )
    summary = take(site)
    assert list(Discount.objects.values_list("pk", flat=True)) == [4]
    assert get_left_out(summary)["adjustments"] == (1, "they are no discounts but of the type license")
    assert get_left_out(summary)["discounts"] == (1, "they have no code")
    assert get_left_out(summary)["discounts' excluded_product"] == (1, "the value is damaged")


def test_downloads_keep_their_columns_and_find_their_file_names() -> None:
    site = Site()
    site.add(
        "edd_logs_file_downloads",
        id=8,
        product_id=14,
        file_id=2,
        order_id=5,
        price_id=1,
        customer_id=3,
        ip="10.0.0.1",
        user_agent="Chrome",
        date_created="2025-12-09 12:03:36",
    )
    site.add("edd_logs_file_downloads", id=9)
    site.add("edd_logs_file_downloadmeta", edd_logs_file_download_id=8, meta_value="日本語.zip")
    site.add("edd_logs_file_downloadmeta", edd_logs_file_download_id=8, meta_value="second.zip")
    site.add("edd_logs_file_downloadmeta", edd_logs_file_download_id=9, meta_key="x", meta_value="y")
    site.add("edd_logs_file_downloadmeta", edd_logs_file_download_id=77, meta_value="nowhere.zip")
    take(site)
    first, second = FileDownload.objects.order_by("pk")
    assert (first.pk, first.product_id, first.file_id, first.order_id) == (8, 14, 2, 5)
    assert (first.price_id, first.customer_id, first.ip, first.user_agent) == (1, 3, "10.0.0.1", "Chrome")
    assert first.file_name == "日本語.zip"
    assert first.created_at == datetime(2025, 12, 9, 12, 3, 36, tzinfo=UTC)
    assert (second.product_id, second.file_name) == (0, "")
