"""The audit trail: what people changed, when, and from where."""

from django.db import models


class AuditEntry(models.Model):
    """One change by a person, without any secret. Names are copies, and nothing refers to a record by a
    foreign key, so that lines outlive what they name.

    `kind` is the record's model, such as `shop.order`, and `key` its id; `changes` is a list of fields with
    what they were and what they are now, as people read them.
    """

    at = models.DateTimeField()
    actor_id = models.BigIntegerField(null=True, blank=True)
    actor_name = models.CharField("who", max_length=250, blank=True)
    address = models.CharField(max_length=60, blank=True)
    action = models.CharField(max_length=40)
    kind = models.CharField(max_length=60, blank=True)
    key = models.CharField(max_length=60, blank=True)
    title = models.CharField("what", max_length=250, blank=True)
    changes = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = "change"
        verbose_name_plural = "changes"
        indexes = (
            models.Index(fields=("at",), name="audit_at_idx"),
            models.Index(fields=("kind", "key", "at"), name="audit_record_idx"),
            models.Index(fields=("actor_id", "at"), name="audit_actor_idx"),
        )

    def __str__(self) -> str:
        return f"{self.actor_name} {self.action} {self.title}"
