"""What narrows a key: fields that a role has for all keys of its users, and a key for itself."""

from django.db import models

from tillroll.access.policy import Policy, make_policy


class LimitedModel(models.Model):
    """Lists are texts with words between spaces, since every request reads them; empty means no limit."""

    endpoints = models.TextField(blank=True, default="", help_text="The endpoints allowed; empty: all.")
    hidden_fields = models.TextField(
        blank=True, default="", help_text="Kinds of personal data that come out empty."
    )
    rate_minute = models.PositiveIntegerField(
        "requests a minute", null=True, blank=True, help_text="Empty: as many as one likes."
    )
    quota_day = models.PositiveIntegerField(
        "requests a day", null=True, blank=True, help_text="The shop's days. Empty: as many as one likes."
    )
    quota_month = models.PositiveIntegerField(
        "requests a month", null=True, blank=True, help_text="The shop's months. Empty: as many as one likes."
    )

    class Meta:
        abstract = True

    @property
    def own_policy(self) -> Policy:
        """What the record says by itself."""
        return make_policy(
            self.endpoints, self.hidden_fields, self.rate_minute, self.quota_day, self.quota_month
        )
