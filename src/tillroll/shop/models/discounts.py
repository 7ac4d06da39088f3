"""Discount codes, with the products that they need or shun."""

from decimal import Decimal

from django.db import models

from tillroll.shop.fields import MoneyField
from tillroll.shop.models.source import SourcedModel


class Discount(SourcedModel):
    name = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=50)
    code_folded = models.CharField(max_length=150, editable=False)
    status = models.CharField(max_length=20, default="active")
    amount_type = models.CharField(max_length=20, default="percent", help_text="percent or flat")
    amount = MoneyField(default=Decimal(0))
    scope = models.CharField(max_length=20, default="global", help_text="global or not_global")
    max_uses = models.BigIntegerField(default=0, help_text="0 is unlimited.")
    use_count = models.BigIntegerField(default=0)
    once_per_customer = models.BooleanField(default=False)
    min_charge = MoneyField(default=Decimal(0))
    requirement_condition = models.CharField(max_length=20, blank=True, help_text="all, any or empty")
    term_condition = models.CharField(max_length=20, blank=True)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=~models.Q(code=""), name="discount_has_code"),)
        indexes = (
            models.Index(fields=("code_folded",), name="discount_code_idx"),
            models.Index(fields=("modified_at", "id"), name="discount_modified_idx"),
        )

    def __str__(self) -> str:
        return self.code


class DiscountProduct(SourcedModel):
    """A product, or one of its prices ("16_2"), that a discount requires or excludes."""

    discount = models.ForeignKey(Discount, models.CASCADE, related_name="products", db_index=False)
    role = models.CharField(
        max_length=20, choices=(("requirement", "Requirement"), ("exclusion", "Exclusion"))
    )
    position = models.IntegerField()
    product_ref = models.TextField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("discount", "role", "position"), name="discount_product_once"),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.product_ref}"


class DiscountTerm(SourcedModel):
    """A category that a discount is for, or not for (see `term_condition`)."""

    discount = models.ForeignKey(Discount, models.CASCADE, related_name="terms", db_index=False)
    position = models.IntegerField()
    term_id = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("discount", "position"), name="discount_term_once"),)

    def __str__(self) -> str:
        return f"{self.discount_id}: {self.term_id}"
