"""API keys: of a token only a keyed digest is kept, with the id of the pepper that made it."""

from django.db import models

from tillroll.access.models.users import User
from tillroll.shop.models.source import SourcedModel


class ApiKey(SourcedModel):
    """A public key and the digest of the token that goes with it. Neither token nor secret is stored."""

    user = models.ForeignKey(User, models.CASCADE, to_field="wire_id", related_name="api_keys")
    label = models.CharField(max_length=100, blank=True)
    public_key = models.CharField(max_length=64, unique=True)
    token_digest = models.CharField(max_length=64, help_text="HMAC-SHA256 of the token under the pepper.")
    pepper_id = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "API key"
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(public_key="") & ~models.Q(token_digest="") & ~models.Q(pepper_id=""),
                name="api_key_whole",
            ),
        )

    def __str__(self) -> str:
        return self.label or self.public_key[:6]
