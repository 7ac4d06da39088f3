"""Where a record came from. An import touches only the records of its own source."""

from django.db import models
from django.utils import timezone

OWN_IDS_FROM = 1_000_000_000
"""Where the ids of records made here begin in a shop that came from elsewhere: its own never reach so far."""


class SourceKind(models.TextChoices):
    DEMO = "demo", "Demo shop"
    WORDPRESS = "wordpress", "WordPress with EDD"
    REMOTE = "remote", "Shop with an EDD API"


class Source(models.Model):
    """A shop whose records were brought in; records made here have none."""

    kind = models.CharField(max_length=20, choices=SourceKind.choices)
    name = models.CharField(
        max_length=255, help_text="The shop's address, which tells one source from another."
    )
    created_at = models.DateTimeField()
    imported_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("kind", "name"), name="source_once"),)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.name}"


class Mirror(models.Model):
    """The database that this shop's records follow, and how that goes; no row where they follow none.

    `mark` names the state that the last round left, so that what is kept beside the store can tell whether it
    is of this store. `good_at` is when the last good round began to read: the records are as old as that.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    source = models.ForeignKey(Source, models.CASCADE, related_name="+")
    address = models.CharField(max_length=300, help_text="The source database, without its password.")
    prefix = models.CharField(max_length=100, help_text="Of the source's tables.")
    mark = models.CharField(max_length=40)
    every = models.FloatField(help_text="Seconds from one round to the next.")
    good_at = models.DateTimeField()
    checked_at = models.DateTimeField(help_text="When all records were last compared with the source.")
    tried_at = models.DateTimeField()
    trouble = models.CharField(
        max_length=100,
        blank=True,
        help_text="What is wrong, in a sentence for anybody; empty when all is well.",
    )
    problem = models.TextField(blank=True, help_text="Why rounds fail now; empty when the last one was good.")

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(id=1), name="mirror_one_row"),)

    @property
    def age(self) -> int:
        """Whole seconds by which the records are old; a clock that was set back makes them no younger."""
        return max(0, int((timezone.now() - self.good_at).total_seconds()))

    def __str__(self) -> str:
        return self.address


class SourcedModel(models.Model):
    """A record that may have come from somewhere else; empty means made here."""

    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, editable=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True
