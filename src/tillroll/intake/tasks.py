"""What a worker does behind the pages."""

import logging
from pathlib import Path
from time import monotonic

from django.db import DatabaseError, connections
from django.utils import timezone
from django_tasks import task

from tillroll.access import audit
from tillroll.access.models import User
from tillroll.intake.models import ImportRun, ImportState
from tillroll.intake.runs import end_run, stop_run
from tillroll.intake.wordpress.importer import ImportRefused, import_dump
from tillroll.intake.wordpress.summary import Summary, pack_summary
from tillroll.shop.services import get_mirror

logger = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds between two notes of how far an import is."""

UNKNOWN = "It broke off by a fault of Tillroll's own, which is in the server's log; nothing was changed."


@task()
def import_upload(run_id: int) -> None:
    """Takes over the dump of a run. However it ends, the run says how, and its file is gone."""
    from tillroll.intake.worker import get_worker_id

    changed = ImportRun.objects.filter(pk=run_id, state=ImportState.WAITING).update(
        state=ImportState.RUNNING, started_at=timezone.now(), worker=get_worker_id()
    )
    if not changed:
        return
    run = ImportRun.objects.get(pk=run_id)
    progress = _Progress(run)
    try:
        if mirror := get_mirror():
            raise ImportRefused(f"This shop follows {mirror.source.name} since then.")
        if not Path(run.path).is_file():
            raise ImportRefused("The uploaded file is gone; upload it again.")
        summary = import_dump(
            Path(run.path), prefix=run.prefix or None, on_progress=progress.tell, on_rows=progress.count
        )
    except ImportRefused as error:
        end_run(run, ImportState.REFUSED, _put(str(error), run))
        return
    except Exception:
        logger.exception("The import of %s broke off.", run.file_name)
        end_run(run, ImportState.REFUSED, UNKNOWN)
        return
    except BaseException:
        connections.close_all()  # the statement that was cut off leaves its connection in no good state
        stop_run(run)
        raise
    end_run(run, ImportState.DONE, summary=pack_summary(summary))
    _note(run, summary)


def _put(sentence: str, run: ImportRun) -> str:
    """A refusal as whoever uploaded the file knows it: by its own name, and without a command's options."""
    return sentence.replace(run.path, run.file_name).replace(
        "with --prefix, as in --prefix ", "by its table prefix, such as "
    )


def _note(run: ImportRun, summary: Summary) -> None:
    """The import may have replaced who started it: the name is the run's own copy."""
    actor = User(pk=run.actor_id, username=run.actor_name)
    changes = [
        audit.Change(name, str(change.total - change.added + change.removed), str(change.total))
        for name, change in summary.records.items()
        if change.added or change.removed
    ]
    audit.note(actor, "imported", changes=changes, address=run.address, title=summary.shop)


class _Progress:
    """Writes down how far a run is, now and then."""

    def __init__(self, run: ImportRun) -> None:
        self._run = run
        self._rows = 0
        self._stage = ""
        self._told_at = 0.0

    def count(self, rows: int) -> None:
        self._rows += rows

    def tell(self, done: int, _size: int, what: str) -> None:
        now = monotonic()
        if what == self._stage and now < self._told_at + PAUSE:
            return
        self._stage, self._told_at = what, now
        try:
            ImportRun.objects.filter(pk=self._run.pk).update(
                stage=what, bytes_read=done, rows_read=self._rows
            )
        except DatabaseError:  # the import is worth more than what is told of it
            logger.warning("The progress of an import could not be written.", exc_info=True)
