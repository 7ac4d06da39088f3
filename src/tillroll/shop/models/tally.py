"""Small counters that a write keeps in its own transaction: revisions for caches, totals for page headers,
and where the members of a list have their ids."""

from django.db import models


class Revision(models.Model):
    """How often a topic has changed; see shop/revision.py."""

    topic = models.CharField(max_length=20, primary_key=True)
    number = models.BigIntegerField(default=0)
    changed_at = models.BigIntegerField(default=0, help_text="Seconds since 1970; 0 for never.")

    def __str__(self) -> str:
        return f"{self.topic} {self.number}"


class Tally(models.Model):
    """How many records there are of a kind, such as `order:sale:complete` or `customer`."""

    name = models.CharField(max_length=80, primary_key=True)
    value = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


class Block(models.Model):
    """How many members a list has among 32 ids in a row (`level` 1), or among 32 such blocks (2), and so
    on; see shop/ranks.py. Where a list is asked by date, all its members were made between the two times."""

    pk = models.CompositePrimaryKey("name", "level", "block")
    name = models.CharField(max_length=40)
    level = models.SmallIntegerField()
    block = models.BigIntegerField()
    value = models.BigIntegerField(default=0)
    first_at = models.DateTimeField(null=True)
    last_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} {self.level}/{self.block}: {self.value}"
