"""The log of API requests, in the `logs` database. It never holds a token, nor a key whole that it doesn't
know."""

from django.db import models
from django.db.models import Q

COUNTED = ("key_id", "status", "user_id", "endpoint", "version")
"""What lines are counted by: the indexes by time carry it, so that charts are drawn without reading the
lines."""

IS_ERROR = Q(status__gte=400) | ~Q(error="")
"""An answer that was none: EDD says so with a status, or with an error in an answer of status 200."""


class RequestLogEntry(models.Model):
    """One attempt to use the API ([CONTRACT] Request log). Names are copies, so that lines outlive what they
    name."""

    at = models.DateTimeField()
    user_id = models.BigIntegerField(default=0, help_text="The wire id; 0 for the public and the unknown.")
    user_name = models.CharField(max_length=250, blank=True)
    key_id = models.BigIntegerField(null=True, blank=True)
    key_label = models.CharField(max_length=100, blank=True)
    key_start = models.CharField(
        max_length=6, blank=True, help_text="The first characters of an unknown key."
    )
    version = models.CharField(max_length=32, blank=True)
    endpoint = models.CharField(max_length=32, blank=True)
    question = models.TextField(blank=True, help_text="The parameters without key and token.")
    status = models.SmallIntegerField()
    error = models.TextField(blank=True)
    address = models.CharField(max_length=60, blank=True)
    milliseconds = models.FloatField(default=0)
    size = models.BigIntegerField(default=0, help_text="Bytes of the answer's body.")

    class Meta:
        verbose_name = "API request"
        indexes = (
            models.Index(fields=("at", *COUNTED), name="request_at_idx"),
            models.Index(fields=("at", *COUNTED), condition=IS_ERROR, name="request_error_idx"),
            models.Index(fields=("user_id", "at"), name="request_user_idx"),
            models.Index(fields=("key_id", "at"), name="request_key_idx"),
            models.Index(fields=("status", "at"), name="request_status_idx"),
        )

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.endpoint} {self.status}"
