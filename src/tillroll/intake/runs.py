"""Imports from a page: one at a time, who started it, how far it is, and how it ended.

A run whose worker is gone is stopped: nothing of it is in the shop, since an import is one transaction.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from tillroll.access.models import User
from tillroll.intake.host import get_host_id
from tillroll.intake.models import ImportRun, ImportState, WorkerBeat
from tillroll.shop.models import Source, SourceKind
from tillroll.shop.services import get_mirror

LATE = timedelta(seconds=60)
"""A worker that was not seen for so long is gone; it says so every few seconds."""

BUSY = "Another import is running; start this one when it has ended."
STOPPED = "The server was stopped while this import ran; nothing was changed; start it again."
STOPPED_LATE = (
    "The server was stopped when the records had been taken over: they are all here,"
    " only the summary is missing."
)
CANCELLED = "It was cancelled before it began."


def find_obstacle() -> str:
    """Why no import can be started now, in a sentence; empty where one can."""
    if mirror := get_mirror():
        return (
            f"This shop follows {mirror.source.name}; end that first with `tillroll mirror --end`,"
            " or take another TILLROLL_HOME."
        )
    note_stopped()
    return BUSY if ImportRun.objects.filter(is_open=True).exists() else ""


def start_run(path: Path, *, file_name: str, prefix: str, actor: User, address: str) -> ImportRun:
    """Has the worker of this host import an uploaded file. Raises ValidationError with a sentence where it
    can't be; the file is then still the caller's."""
    from tillroll.intake.tasks import import_upload

    if obstacle := find_obstacle():
        raise ValidationError(obstacle)
    try:
        with transaction.atomic(using="logs"):
            run = ImportRun.objects.create(
                file_name=file_name[:250],
                path=str(path),
                size=path.stat().st_size,
                prefix=prefix,
                actor_id=actor.pk,
                actor_name=actor.username[:250],
                address=address[:60],
                host=get_host_id(),
                created_at=timezone.now(),
            )
            queued = import_upload.using(queue_name=run.host).enqueue(run.pk)
            ImportRun.objects.filter(pk=run.pk).update(task_id=queued.id)
    except IntegrityError as error:  # somebody else's came between
        raise ValidationError(BUSY) from error
    return run


def end_run(
    run: ImportRun, state: ImportState, sentence: str = "", summary: Mapping[str, object] | None = None
) -> None:
    """Notes how a run ended, and removes its upload where that is here."""
    ImportRun.objects.filter(pk=run.pk).update(
        state=state, is_open=None, ended_at=timezone.now(), sentence=sentence, summary=summary
    )
    if run.host == get_host_id():
        Path(run.path).unlink(missing_ok=True)


def stop_run(run: ImportRun) -> None:
    """Notes that a run was cut off, by what is in the shop of it."""
    is_in = (
        run.started_at is not None
        and Source.objects.filter(kind=SourceKind.WORDPRESS, imported_at__gte=run.started_at).exists()
    )
    if run.task_id:
        for task in DBTaskResult.objects.running().filter(pk=run.task_id):
            task.set_failed(RuntimeError(STOPPED))
    end_run(run, ImportState.STOPPED, STOPPED_LATE if is_in else STOPPED)


def cancel_run(run: ImportRun) -> bool:
    """Takes back a run that no worker has begun; whether it still could be."""
    waiting = ImportRun.objects.filter(pk=run.pk, state=ImportState.WAITING)
    if not waiting.update(state=ImportState.STOPPED):
        return False
    end_run(run, ImportState.STOPPED, CANCELLED)
    if run.task_id:
        DBTaskResult.objects.ready().filter(pk=run.task_id).delete()
    return True


def note_stopped(host: str = "") -> int:
    """Ends runs whose worker is gone, with `host` those of that host whoever runs them; how many."""
    running = ImportRun.objects.filter(state=ImportState.RUNNING)
    gone = running.filter(host=host) if host else running.exclude(worker__in=list_alive())
    found = list(gone)
    for run in found:
        stop_run(run)
    return len(found)


def list_alive() -> list[str]:
    """The workers that were seen lately."""
    return list(WorkerBeat.objects.filter(beat_at__gt=_get_horizon()).values_list("worker", flat=True))


def is_worked_on(host: str) -> bool:
    """Whether a host's worker is there."""
    return WorkerBeat.objects.filter(host=host, beat_at__gt=_get_horizon()).exists()


def _get_horizon() -> datetime:
    return timezone.now() - LATE
