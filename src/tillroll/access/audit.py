"""The audit trail: every change by a person, noted in the transaction of the change itself.

    with write(Topic.ORDERS):
        refund = refund_order(order)
        note(actor, "refunded", order, [Change("given back", "", "12.50 USD")], address)

Who changes something notes it; what a field was and is now is text as people read it. A secret is named, and
never shown: Change("password", "", "(new)").
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from django.db.models import Model
from django.utils import timezone

from tillroll.access.models.audit import AuditEntry
from tillroll.access.models.users import User

LONGEST = 2_000
"""Characters of a value that are kept."""


class Change(NamedTuple):
    """A field, what it was and what it is now; empty for nothing."""

    field: str
    before: str
    after: str


def note(
    actor: User | None,
    action: str,
    record: Model | None = None,
    changes: Iterable[Change] = (),
    address: str = "",
    *,
    title: str = "",
    by: str = "(command line)",
) -> AuditEntry:
    """Notes what somebody did to a record; `title` names it where its own text does not, or what it was done
    to where there is no record. Without an actor it was done on the machine itself, or as `by` says."""
    return AuditEntry.objects.create(
        at=timezone.now(),
        actor_id=actor.pk if actor else None,
        actor_name=actor.username[:250] if actor else by,
        address=address[:60],
        action=action,
        kind=record._meta.label_lower if record else "",
        key=str(record.pk)[:60] if record else "",
        title=(title or (str(record) if record else ""))[:250],
        changes=[[one.field, one.before[:LONGEST], one.after[:LONGEST]] for one in changes],
    )


def compare(before: Mapping[str, object], after: Mapping[str, object]) -> list[Change]:
    """The fields of two descriptions of a record that differ, in the order of the later one."""
    return [
        Change(name, show(before.get(name)), show(after.get(name)))
        for name in {**after, **before}
        if show(before.get(name)) != show(after.get(name))
    ]


def show(value: object) -> str:
    """A value as the trail has it."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(show(one) for one in value)
    return str(value)


def list_changes(record: Model, most: int) -> list[AuditEntry]:
    """The latest changes of a record."""
    found = AuditEntry.objects.filter(kind=record._meta.label_lower, key=str(record.pk))
    return list(found.order_by("-at", "-pk")[:most])
