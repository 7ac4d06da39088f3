"""API keys: of a token and of a bearer secret only keyed digests are kept, with the id of the pepper that
made each."""

from collections.abc import Mapping
from datetime import datetime

from django.db import models

from tillroll.access.models.limits import LimitedModel
from tillroll.access.models.users import User
from tillroll.access.policy import Policy, join_held, narrow
from tillroll.shop.models.source import SourcedModel


class ApiKey(LimitedModel, SourcedModel):
    """A public key with the digests of the token and of the bearer secret that go with it.

    Where a limit is empty, the roles of its holder decide. `customer_id` makes it a buyer's key, which sees
    that customer's records and nothing else; it is no foreign key, since an import may take the customer
    away. `meter_id` is the first key of a line of rotations, whose counters its successors share; empty for
    that first one.
    """

    user = models.ForeignKey(User, models.CASCADE, to_field="wire_id", related_name="api_keys")
    label = models.CharField(max_length=100, blank=True, help_text="What it is for.")
    public_key = models.CharField(max_length=64, unique=True)
    token_digest = models.CharField(max_length=64, help_text="HMAC-SHA256 of the token under the pepper.")
    pepper_id = models.CharField(max_length=16)
    bearer_digest = models.CharField(max_length=64, blank=True, default="")
    bearer_pepper_id = models.CharField(max_length=16, blank=True, default="")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField("expires", null=True, blank=True, help_text="In UTC. Empty: never.")
    revoked_at = models.DateTimeField(null=True, blank=True)
    networks = models.TextField(
        "addresses allowed",
        blank=True,
        default="",
        help_text="IP addresses and networks (203.0.113.0/24) between spaces. Empty: any.",
    )
    customer_id = models.BigIntegerField(
        "customer", null=True, blank=True, help_text="A buyer's key sees this customer's own records alone."
    )
    meter_id = models.BigIntegerField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "API key"
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(public_key="") & ~models.Q(token_digest="") & ~models.Q(pepper_id=""),
                name="api_key_whole",
            ),
            models.CheckConstraint(
                condition=models.Q(bearer_digest="", bearer_pepper_id="")
                | (~models.Q(bearer_digest="") & ~models.Q(bearer_pepper_id="")),
                name="api_key_bearer_whole",
            ),
        )
        indexes = (
            models.Index(
                fields=("customer_id",),
                condition=models.Q(customer_id__isnull=False),
                name="api_key_customer_idx",
            ),
        )

    def __str__(self) -> str:
        return self.label or f"{self.public_key[:6]}…"

    @property
    def meter(self) -> int:
        """The id under which its requests are counted."""
        return self.meter_id or self.pk

    def get_policy(self, roles: Mapping[str, Policy]) -> Policy:
        """What counts in the end: the roles of the holder, narrowed by the key's own limits."""
        return narrow(join_held(roles, self.user.role_slugs), self.own_policy)

    def is_in_force(self, now: datetime) -> bool:
        """Neither revoked nor past its end; its holder may still have been switched off."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
