"""Imports that the back office started, and the workers that carry them out.

They are in the `logs` database (routing.py): how far an import is can be seen while its transaction is open,
and stays when that is undone.
"""

from django.db import models


class ImportState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    STOPPED = "stopped", "Stopped"


class ImportRun(models.Model):
    """One dump that somebody uploaded, and what became of it. Who did it is a copy, which outlives an import
    that replaces the user."""

    state = models.CharField(max_length=10, choices=ImportState.choices, default=ImportState.WAITING)
    is_open = models.BooleanField(
        null=True, default=True, unique=True, help_text="Waiting or running: one at a time; else empty."
    )
    file_name = models.CharField(max_length=250, help_text="As it was called where it came from.")
    path = models.CharField(max_length=500, help_text="Where the upload is, until it is read.")
    size = models.BigIntegerField()
    prefix = models.CharField(max_length=100, blank=True)
    actor_id = models.BigIntegerField()
    actor_name = models.CharField(max_length=250)
    address = models.CharField(max_length=60, blank=True)
    host = models.CharField(max_length=32, help_text="Whose worker has the file.")
    worker = models.CharField(max_length=32, blank=True, help_text="The process that runs it.")
    task_id = models.CharField(max_length=36, blank=True)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    stage = models.CharField(max_length=100, blank=True)
    bytes_read = models.BigIntegerField(default=0)
    rows_read = models.BigIntegerField(default=0)
    sentence = models.TextField(blank=True, help_text="Why it was refused, or what stopped it.")
    summary = models.JSONField(null=True)

    class Meta:
        verbose_name = "import"
        indexes = (models.Index(fields=("created_at",), name="import_run_created_idx"),)

    def __str__(self) -> str:
        return self.file_name


class WorkerBeat(models.Model):
    """A host's worker, and when it was last seen alive."""

    host = models.CharField(max_length=32, primary_key=True)
    worker = models.CharField(max_length=32, help_text="Another one for each process.")
    name = models.CharField(max_length=250, help_text="The machine's name.")
    pid = models.BigIntegerField()
    started_at = models.DateTimeField()
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name = "worker"

    def __str__(self) -> str:
        return f"{self.name} ({self.pid})"
