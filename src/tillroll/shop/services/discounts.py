"""Discount codes."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils import timezone

from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import Discount, DiscountProduct, DiscountTerm
from tillroll.shop.revision import Topic, write
from tillroll.shop.services.mirror import refuse_mirrored
from tillroll.shop.text import fold_case


def save_discount(
    discount: Discount,
    *,
    requirements: Iterable[str] | None = None,
    exclusions: Iterable[str] | None = None,
    terms: Iterable[int] | None = None,
) -> Discount:
    """Saves a discount, and where they are given what it requires and excludes ("16", "16_2") and its
    categories, by their term ids. ValidationError where another has its code."""
    refuse_mirrored("A discount")
    with write(Topic.DISCOUNTS):
        before = Discount.objects.filter(pk=discount.pk).values_list("status", flat=True).first()
        now = timezone.now()
        discount.code_folded = fold_case(discount.code)
        if Discount.objects.filter(code_folded=discount.code_folded).exclude(pk=discount.pk).exists():
            raise ValidationError({"code": f"There is a discount with the code {discount.code} already."})
        discount.created_at = discount.created_at or now
        discount.modified_at = now
        discount.save()
        if before is not None:
            adjust_tally(f"discount:{before}", -1)
        adjust_tally(f"discount:{discount.status}", 1)
        for role, refs in (("requirement", requirements), ("exclusion", exclusions)):
            if refs is None:
                continue
            DiscountProduct.objects.filter(discount=discount, role=role).delete()
            DiscountProduct.objects.bulk_create(
                DiscountProduct(discount=discount, role=role, position=place, product_ref=ref)
                for place, ref in enumerate(refs)
            )
        if terms is not None:
            DiscountTerm.objects.filter(discount=discount).delete()
            DiscountTerm.objects.bulk_create(
                DiscountTerm(discount=discount, position=place, term_id=term_id)
                for place, term_id in enumerate(terms)
            )
    return discount
