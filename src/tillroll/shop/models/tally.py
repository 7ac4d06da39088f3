"""Small counters that a write keeps in its own transaction: revisions for caches, totals for page headers."""

from django.db import models


class Revision(models.Model):
    """How often a topic has changed; see shop/revision.py."""

    topic = models.CharField(max_length=20, primary_key=True)
    number = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.topic} {self.number}"


class Tally(models.Model):
    """How many records there are of a kind, such as `order:sale:complete` or `customer`."""

    name = models.CharField(max_length=80, primary_key=True)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
