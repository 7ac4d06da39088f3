"""The demo shop's catalogue and discount codes as rows."""

from datetime import UTC, datetime, timedelta, tzinfo

from tillroll.intake.demo.catalogue import LABELS, WARES, Ware
from tillroll.intake.demo.moments import DAY, to_text
from tillroll.intake.demo.offers import OFFERS
from tillroll.intake.demo.shape import Shape
from tillroll.intake.staging import Staging
from tillroll.shop.models import (
    BundleItem,
    Discount,
    DiscountProduct,
    PriceOption,
    Product,
    ProductFile,
    ProductTerm,
    Term,
)
from tillroll.shop.text import fold, fold_case, sort_key
from tillroll.shop.zone import to_local

CENT = 10_000_000
"""10^-9 units in a cent."""

PRODUCT = Shape(
    Product,
    "id title slug status kind content excerpt link permalink thumbnail sku notes price has_price_options"
    " default_price_id download_limit author_id created_at modified_at created_local modified_local"
    " slug_folded title_key slug_key search_text",
    is_protected=0,
    parent_id=0,
    menu_order=0,
    comment_count=0,
)
PRICE = Shape(PriceOption, "product_id price_id position name amount amount_text extra")
FILE = Shape(
    ProductFile,
    "product_id position file_id index name file condition",
    attachment_id="0",
    thumbnail_size="",
    extra="{}",
)
BUNDLED = Shape(BundleItem, "bundle_id position product_id price_id", condition="all")
TERM = Shape(Term, "id term_id taxonomy name slug slug_folded name_key description parent_id", term_group=0)
PRODUCT_TERM = Shape(ProductTerm, "product_id term_id")
DISCOUNT = Shape(
    Discount,
    "id name code code_folded status amount_type amount scope max_uses use_count once_per_customer min_charge"
    " requirement_condition starts_at ends_at created_at modified_at",
    term_condition="",
)
DISCOUNT_PRODUCT = Shape(DiscountProduct, "discount_id role position product_ref")


def stage_catalogue(staging: Staging, url: str, zone: tzinfo, now: int, authors: tuple[int, ...]) -> None:
    """Products with their prices, files, bundles and terms; products are as old as they say, before `now`."""
    for label in LABELS:
        parent = next((other.id for other in LABELS if other.slug == label.parent), 0)
        staging.add(
            Term,
            [
                TERM.row(
                    label.id, label.id, label.taxonomy, label.name, label.slug, fold_case(label.slug),
                    sort_key(label.name), label.description, parent,
                )
            ],
        )  # fmt: skip
    by_slug = {label.slug: label.id for label in LABELS}
    for ware in WARES:
        _stage_product(staging, ware, url, zone, now, authors[ware.id % len(authors)])
        staging.add(
            ProductTerm, (PRODUCT_TERM.row(ware.id, by_slug[slug]) for slug in (*ware.categories, *ware.tags))
        )
        staging.add(
            PriceOption,
            (
                PRICE.row(
                    ware.id, price.id, place, price.name, price.cents * CENT, _write(price.cents), price.extra
                )
                for place, price in enumerate(ware.prices)
            ),
        )
        staging.add(
            ProductFile,
            (
                FILE.row(
                    ware.id, place, place, str(place), file.name, f"{url}/files/{file.path}", file.condition
                )
                for place, file in enumerate(ware.files)
            ),
        )
        for place, ref in enumerate(ware.bundle):
            product, _, price_id = ref.partition("_")
            row = BUNDLED.row(ware.id, place, int(product), int(price_id) if price_id else None)
            staging.add(BundleItem, [row])


def _stage_product(staging: Staging, ware: Ware, url: str, zone: tzinfo, now: int, author: int) -> None:
    created = now // DAY * DAY - ware.age * DAY + 36_000 + ware.id * 420
    modified = max(created, now - ware.id * 5 * DAY)
    address = f"{url}/?post_type=download&p={ware.id}"
    content = f"<p>{ware.text}</p>\n<p>Updates for a year. Questions are answered by people.</p>"
    row = PRODUCT.row(
        ware.id,
        ware.title,
        ware.slug,
        ware.status,
        "bundle" if ware.bundle else "default",
        content,
        ware.text,
        address,
        f"{url}/downloads/{ware.slug}/" if ware.is_sold else address,
        f"{url}/images/{ware.slug}.png" if ware.is_sold else "",
        ware.sku,
        ware.notes,
        ware.cents * CENT,
        int(bool(ware.prices)),
        ware.default_price,
        ware.limit,
        author,
        to_text(created),
        to_text(modified),
        _to_local_text(created, zone),
        _to_local_text(modified, zone),
        fold_case(ware.slug),
        sort_key(ware.title),
        sort_key(ware.slug),
        fold("\n".join((ware.title, ware.text, content))),
    )
    staging.add(Product, [row])


def stage_discounts(staging: Staging, now: int, uses: dict[int, int]) -> None:
    """The codes, used as often as `uses` says by their ids."""
    for offer in OFFERS:
        begins = None if offer.begins is None else to_text(now // DAY * DAY - offer.begins * DAY)
        ends = None if offer.ends is None else to_text(now // DAY * DAY - offer.ends * DAY - 1)
        made = to_text(now // DAY * DAY - max(offer.begins or 0, 30) * DAY)
        row = DISCOUNT.row(
            offer.id, offer.name, offer.code, fold_case(offer.code), offer.status,
            "flat" if offer.is_flat else "percent", offer.amount * (CENT if offer.is_flat else 100 * CENT),
            "not_global" if offer.requires else "global", offer.most_uses, uses[offer.id], int(offer.is_once),
            offer.least * CENT, offer.condition, begins, ends, made, made,
        )  # fmt: skip
        staging.add(Discount, [row])
        for role, refs in (("requirement", offer.requires), ("exclusion", offer.excludes)):
            staging.add(
                DiscountProduct,
                (DISCOUNT_PRODUCT.row(offer.id, role, place, ref) for place, ref in enumerate(refs)),
            )


def _write(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def _to_local_text(moment: int, zone: tzinfo) -> str:
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=moment)
    return to_local(at, zone).strftime("%Y-%m-%d %H:%M:%S")
