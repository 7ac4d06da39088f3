"""Whether a key answers, and if not, why: one definition for lists, filters and single keys."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Case, CharField, Q, QuerySet, Value, When

from tillroll.access.digests import list_pepper_ids
from tillroll.access.models import ApiKey


class KeyState(StrEnum):
    IN_FORCE = "in_force"
    EXPIRES = "expires"
    EXPIRED = "expired"
    REVOKED = "revoked"
    SHUT_OUT = "shut_out"
    PEPPER_LOST = "pepper_lost"


KEY_STATES: dict[KeyState, str] = {
    KeyState.IN_FORCE: "In force",
    KeyState.EXPIRES: "In force, expires",
    KeyState.EXPIRED: "Expired",
    KeyState.REVOKED: "Revoked",
    KeyState.SHUT_OUT: "Holder shut out",
    KeyState.PEPPER_LOST: "Pepper lost",
}
"""The states as they are shown."""

ANSWERING = frozenset((KeyState.IN_FORCE, KeyState.EXPIRES))
"""States in which a key opens the API."""


def list_superseded(keys: Iterable[Any]) -> set[int]:
    """Of keys with their `state`, the ids of those whose line of rotations goes on in a later one of them
    that has not ended: that one is to be rotated, and given to apps."""
    last: dict[int, Any] = {}
    found = sorted(keys, key=lambda key: int(key.pk))
    for key in found:
        last[key.meter] = key
    ended = (KeyState.EXPIRED, KeyState.REVOKED)
    return {key.pk for key in found if last[key.meter] is not key and last[key.meter].state not in ended}


def with_state(keys: QuerySet[ApiKey], now: datetime) -> QuerySet[ApiKey]:
    """Keys with their `state` at a moment, by which they can be filtered."""
    peppers = list_pepper_ids()
    return keys.annotate(
        state=Case(
            When(revoked_at__isnull=False, then=Value(KeyState.REVOKED)),
            When(expires_at__lte=now, then=Value(KeyState.EXPIRED)),
            When(
                ~Q(pepper_id__in=peppers) & ~Q(bearer_pepper_id__in=peppers),
                then=Value(KeyState.PEPPER_LOST),
            ),
            When(user__is_active=False, then=Value(KeyState.SHUT_OUT)),
            When(expires_at__isnull=False, then=Value(KeyState.EXPIRES)),
            default=Value(KeyState.IN_FORCE),
            output_field=CharField(),
        )
    )


def list_in_force(now: datetime) -> QuerySet[ApiKey]:
    """Keys that are neither revoked nor past their end, also those of a disabled holder."""
    return ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)
