"""Discounts, as the API tells them: without their categories."""

from collections.abc import Iterable

from tillroll.intake.remote.answers import DiscountAnswer, text, whole
from tillroll.intake.remote.rows import make_row
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, take_time
from tillroll.shop.models import Discount, DiscountProduct
from tillroll.shop.text import fold_case


def list_references(told: object) -> list[str]:
    """Products, or their prices ("16_2"), in whatever form they came."""
    values: Iterable[object] = (
        told.values() if isinstance(told, dict) else told if isinstance(told, list) else ()
    )
    return [str(value) for value in values if value]


def take_discount(staging: Staging, findings: Findings, discount: DiscountAnswer) -> None:
    """Stages a discount. Since when there is one is not told: it begins with its first day."""
    if not discount.code:
        findings.leave_out("discounts", "they have no code")
        return
    id_ = whole(discount.id)
    start = take_time(text(discount.start_date))
    row = make_row(
        Discount,
        id=id_,
        name=discount.name,
        code=discount.code,
        code_folded=fold_case(discount.code),
        status=discount.status,
        amount_type=discount.type,
        amount=UNITS_OF[str(discount.amount)],
        scope="global" if discount.global_discount else "not_global",
        max_uses=whole(discount.max_uses),
        use_count=whole(discount.uses),
        once_per_customer=int(discount.single_use),
        min_charge=UNITS_OF[str(discount.min_price or 0)],
        requirement_condition=text(discount.requirement_condition),
        starts_at=start,
        ends_at=take_time(text(discount.exp_date)),
        created_at=start or EPOCH,
        modified_at=start or EPOCH,
    )
    staging.add(Discount, [row])
    for role, told in (
        ("requirement", discount.product_requirements),
        ("exclusion", discount.excluded_products),
    ):
        rows = [
            make_row(DiscountProduct, discount_id=id_, role=role, position=place, product_ref=reference)
            for place, reference in enumerate(list_references(told))
        ]
        staging.add(DiscountProduct, rows)
