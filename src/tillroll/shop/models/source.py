"""Where a record came from. An import touches only the records of its own source."""

from django.db import models

OWN_IDS_FROM = 1_000_000_000
"""Where the ids of records made here begin in a shop that came from elsewhere: its own never reach so far."""


class SourceKind(models.TextChoices):
    DEMO = "demo", "Demo shop"
    WORDPRESS = "wordpress", "WordPress with EDD"


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


class SourcedModel(models.Model):
    """A record that may have come from somewhere else; empty means made here."""

    source = models.ForeignKey(
        Source, models.PROTECT, null=True, blank=True, editable=False, db_index=False, related_name="+"
    )

    class Meta:
        abstract = True
