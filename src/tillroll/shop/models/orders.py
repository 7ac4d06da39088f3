"""What was sold and given back: orders and refunds with everything that belongs to them.

An order keeps the amounts of its own currency and, beside them, the same in shop currency (`shop_…` = amount
/ rate), so that no sum ever divides. A refund is an order of type `refund` with negative amounts and the
sale as its parent.
"""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from tillroll.shop.fields import MoneyField
from tillroll.shop.models.source import SourcedModel

GROSS = ("complete", "refunded", "partially_refunded", "revoked", "on_hold")
"""Statuses of orders that brought money in at some time ([3.6] 7.3)."""

NET = ("complete", "partially_refunded", "revoked", "on_hold")
"""GROSS without the sales that were refunded whole ([3.6] 7.3)."""


class Order(SourcedModel):
    parent = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="refunds"
    )
    number = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20, default="pending")
    type = models.CharField(max_length=20, default="sale")
    user_id = models.BigIntegerField(default=0)
    customer = models.ForeignKey(
        "shop.Customer", models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="orders"
    )
    email = models.CharField(max_length=100, blank=True)
    email_folded = models.CharField(max_length=300, blank=True, editable=False)
    ip = models.CharField(max_length=60, blank=True)
    gateway = models.CharField(max_length=100, blank=True)
    mode = models.CharField(max_length=20, default="live")
    currency = models.CharField(max_length=20)
    payment_key = models.CharField(max_length=64, blank=True)
    payment_key_folded = models.CharField(max_length=192, blank=True, editable=False)
    subtotal = MoneyField(default=Decimal(0))
    discount = MoneyField(default=Decimal(0))
    tax = MoneyField(default=Decimal(0))
    total = MoneyField(default=Decimal(0))
    rate = MoneyField(default=Decimal(1), help_text="Units of the order's currency for one of the shop's.")
    tax_rate = MoneyField(null=True, blank=True, help_text="Per cent, where it was noted.")
    shop_total = MoneyField(default=Decimal(0), editable=False)
    shop_tax = MoneyField(default=Decimal(0), editable=False)
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    completed_at = models.DateTimeField(null=True, blank=True)
    refundable_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(rate__gt=Decimal(0)), name="order_rate_positive"),
            models.CheckConstraint(condition=~Q(type=""), name="order_has_type"),
        )
        indexes = (
            models.Index(
                fields=("id",),
                condition=Q(status__in=("complete", "partially_refunded", "revoked", "on_hold"), type="sale"),
                name="order_net_sale_idx",
            ),
            models.Index(
                fields=("id",), condition=Q(status="complete", type="sale"), name="order_complete_sale_idx"
            ),
            models.Index(
                fields=("modified_at", "id", "status"),
                condition=Q(
                    status__in=("complete", "refunded", "partially_refunded", "revoked", "on_hold"),
                    type="sale",
                ),
                name="order_modified_sale_idx",
            ),
            models.Index(fields=("email_folded", "id"), name="order_email_idx"),
            models.Index(fields=("payment_key_folded",), name="order_payment_key_idx"),
            models.Index(fields=("number",), name="order_number_idx"),
            # all statuses would be found by it too, and then in another order than lists have
            models.Index(fields=("status", "id"), condition=~Q(status="complete"), name="order_unpaid_idx"),
            models.Index(fields=("gateway", "id"), name="order_gateway_idx"),
            models.Index(fields=("shop_total",), name="order_total_idx"),
            models.Index(
                fields=("created_at", "type", "status", "shop_total", "shop_tax"), name="order_created_idx"
            ),
        )

    def __str__(self) -> str:
        return self.number or str(self.pk)


class OrderItem(SourcedModel):
    """A line of an order. A refund's line names the line that it takes back as its parent."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    parent = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
    )
    product = models.ForeignKey(
        "shop.Product",
        models.DO_NOTHING,
        null=True,
        blank=True,
        db_constraint=False,
        related_name="order_items",
    )
    product_name = models.TextField(blank=True)
    price_id = models.BigIntegerField(null=True, blank=True)
    cart_index = models.BigIntegerField(default=0)
    type = models.CharField(max_length=20, default="download")
    status = models.CharField(max_length=20, default="pending")
    quantity = models.BigIntegerField(default=1)
    amount = MoneyField(default=Decimal(0))
    subtotal = MoneyField(default=Decimal(0))
    discount = MoneyField(default=Decimal(0))
    tax = MoneyField(default=Decimal(0))
    total = MoneyField(default=Decimal(0))
    rate = MoneyField(default=Decimal(1))
    shop_total = MoneyField(default=Decimal(0), editable=False)
    shop_tax = MoneyField(default=Decimal(0), editable=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(rate__gt=Decimal(0)), name="item_rate_positive"),)
        indexes = (
            models.Index(fields=("parent",), condition=Q(parent__isnull=False), name="item_taken_back_idx"),
        )

    def __str__(self) -> str:
        return self.product_name


class OrderAdjustment(SourcedModel):
    """A discount, fee or credit of a whole order, or of one of its items."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="adjustments")
    item = models.ForeignKey(
        OrderItem, models.CASCADE, null=True, blank=True, related_name="adjustments", db_constraint=False
    )
    parent = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
    )
    type = models.CharField(max_length=20)
    type_id = models.BigIntegerField(null=True, blank=True)
    type_key = models.CharField(max_length=255, null=True, blank=True)
    description = models.CharField(max_length=255, blank=True)
    subtotal = MoneyField(default=Decimal(0))
    tax = MoneyField(default=Decimal(0))
    total = MoneyField(default=Decimal(0))
    rate = MoneyField(default=Decimal(1))
    shop_total = MoneyField(default=Decimal(0), editable=False)
    shop_tax = MoneyField(default=Decimal(0), editable=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.CheckConstraint(condition=Q(rate__gt=Decimal(0)), name="adjustment_rate_positive"),
        )

    def __str__(self) -> str:
        return f"{self.type} {self.description}"


class OrderTransaction(SourcedModel):
    """A payment at a gateway."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="transactions")
    transaction_id = models.CharField(max_length=256)
    gateway = models.CharField(max_length=100, blank=True)
    status = models.CharField(max_length=20, default="complete")
    total = MoneyField(default=Decimal(0))
    rate = MoneyField(default=Decimal(1))
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.transaction_id


class OrderAddress(SourcedModel):
    order = models.ForeignKey(Order, models.CASCADE, related_name="addresses")
    type = models.CharField(max_length=20, default="billing")
    name = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=255, blank=True)
    address2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    region = models.CharField(max_length=255, blank=True)
    postal_code = models.CharField(max_length=32, blank=True)
    country = models.CharField(max_length=2, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return ", ".join(part for part in (self.name, self.address, self.city, self.country) if part)


class OrderNote(SourcedModel):
    """A line of an order's history."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="notes")
    user_id = models.BigIntegerField(default=0)
    content = models.TextField(blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.content[:80]
