"""What the shop says of its mirror: the one row that tells how old the records are and what is wrong now."""

import secrets
from datetime import datetime

from django.utils import timezone

from tillroll.intake.mirror.connection import SourceProblem
from tillroll.shop.models import Mirror, Source
from tillroll.shop.revision import Topic, write
from tillroll.shop.services import get_mirror


def make_mark() -> str:
    """A name for the state that a round leaves."""
    return secrets.token_hex(16)


def publish(source: Source, address: str, prefix: str, mark: str, every: float, good_at: datetime) -> None:
    """Notes, in the transaction that brings the records, that they are the source's of that moment."""
    Mirror.objects.update_or_create(
        id=1,
        defaults={
            "source": source,
            "address": address[:300],
            "prefix": prefix,
            "mark": mark,
            "every": every,
            "good_at": good_at,
            "checked_at": good_at,
            "tried_at": good_at,
            "trouble": "",
            "problem": "",
        },
    )


def change_mark(before: str, mark: str) -> None:
    """Names the state that a round leaves, in its transaction. Raises SourceProblem where it is not the one
    that the round began with."""
    if not Mirror.objects.filter(mark=before).update(mark=mark):
        raise SourceProblem("Somebody else wrote the records meanwhile: they are copied anew.")


def note_good(good_at: datetime, *, every: float, is_thorough: bool) -> None:
    """A round went well; nothing that is shown of the records has changed by this alone."""
    changes = {"good_at": good_at, "tried_at": good_at, "trouble": "", "problem": "", "every": every}
    Mirror.objects.update(**changes, **({"checked_at": good_at} if is_thorough else {}))


def note_bad(problem: SourceProblem) -> None:
    """A round failed; the records stay as old as they are."""
    Mirror.objects.update(tried_at=timezone.now(), trouble=problem.trouble, problem=str(problem))


def forget() -> Mirror | None:
    """Ends the mirror: the records stay, and are this shop's to change."""
    mirror = get_mirror()
    if mirror is not None:
        with write(Topic.SETTINGS):
            Mirror.objects.all().delete()
    return mirror
