"""Counters that survive a restart and that all workers share, in the `logs` database."""

from django.db import models


class Counter(models.Model):
    """How often something happened in a period: `key:7` in `2026-11` or `2026-11-26`, in the shop's days.

    Of a limited key, requests that a worker has taken in advance are counted already.
    """

    subject = models.CharField(max_length=100)
    period = models.CharField(max_length=20)
    used = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("subject", "period"), name="counter_once"),)
        indexes = (models.Index(fields=("period",), name="counter_period_idx"),)

    def __str__(self) -> str:
        return f"{self.subject} {self.period}: {self.used}"


class KeyUse(models.Model):
    """When a key was last used, and from where."""

    key_id = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    address = models.CharField(max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.key_id}: {self.at:%Y-%m-%d %H:%M:%S}"
