"""Who buys: customers and their addresses on the net and on the map."""

from decimal import Decimal

from django.db import models

from tillroll.shop.fields import join_sum
from tillroll.shop.models.source import SourcedModel


class Customer(SourcedModel):
    """A buyer. `user_id` is the wire id of the user that they log in as, 0 for a guest; the user may be
    gone."""

    user_id = models.BigIntegerField(default=0)
    email = models.CharField(max_length=100)
    email_folded = models.CharField(max_length=300, editable=False)
    name = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=20, default="active")
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()

    purchase_count = models.BigIntegerField(default=0, editable=False, help_text="Kept by the services.")
    purchase_whole = models.BigIntegerField(default=0, editable=False)
    purchase_rest = models.BigIntegerField(default=0, editable=False, help_text="In 10^-9 units.")
    download_count = models.BigIntegerField(default=0, editable=False, help_text="Kept by the services.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("email_folded",), condition=~models.Q(email_folded=""), name="customer_email_once"
            ),
        )
        indexes = (
            models.Index(fields=("user_id",), name="customer_user_idx"),
            models.Index(fields=("created_at", "id"), name="customer_created_idx"),
            models.Index(fields=("modified_at", "id"), name="customer_modified_idx"),
            models.Index(fields=("purchase_whole",), name="customer_spent_idx"),
            models.Index(fields=("purchase_count",), name="customer_purchases_idx"),
        )

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def purchase_value(self) -> Decimal:
        """What they have spent, in shop currency, kept by the services as a sum in two parts."""
        return join_sum(self.purchase_whole, self.purchase_rest)


class CustomerEmail(SourcedModel):
    """An e-mail address of a customer, the primary one or a further one."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="emails")
    type = models.CharField(max_length=20, default="secondary")
    status = models.CharField(max_length=20, default="active")
    email = models.CharField(max_length=100)
    email_folded = models.CharField(max_length=300, editable=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (models.Index(fields=("email_folded",), name="customer_email_idx"),)

    def __str__(self) -> str:
        return self.email


class CustomerAddress(SourcedModel):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="addresses")
    is_primary = models.BooleanField(default=False)
    type = models.CharField(max_length=20, default="billing")
    status = models.CharField(max_length=20, default="active")
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
