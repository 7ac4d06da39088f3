"""When each key was last used, kept beside the counters and written once a second."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.db import Error

from tillroll.access.background import background
from tillroll.access.counting import get_calendar, list_counts, name_key
from tillroll.access.digests import digest_token, pepper_id
from tillroll.access.keys import SecretKind
from tillroll.access.models import ApiKey, KeyUse
from tillroll.shop.revision import Topic, write


class Uses:
    """What is to be noted of keys: their last use, and digests to be renewed under the pepper in force."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[datetime, str]] = {}
        self._renewed: dict[tuple[int, SecretKind], str] = {}
        self._lock = threading.Lock()

    def note(self, key_id: int, at: datetime, address: str) -> None:
        """A right use of a key."""
        with self._lock:
            self._last[key_id] = (at, address)
        background.start()

    def renew(self, key_id: int, kind: SecretKind, secret: str) -> None:
        """A secret that was right under an old pepper gets a digest under the one in force."""
        with self._lock:
            self._renewed[key_id, kind] = digest_token(secret)
        background.start()

    def flush(self) -> None:
        """Writes what was noted; what can't be written waits on."""
        with self._lock:
            last, self._last = self._last, {}
            renewed, self._renewed = self._renewed, {}
        try:
            if last:
                KeyUse.objects.bulk_create(
                    [
                        KeyUse(key_id=key, at=at, address=address)
                        for key, (at, address) in sorted(last.items())
                    ],
                    update_conflicts=True,
                    unique_fields=("key_id",),
                    update_fields=("at", "address"),
                )
            if renewed:
                _write_digests(renewed)
        except Error:
            with self._lock:
                self._last = last | self._last
                self._renewed = renewed | self._renewed
            raise

    def forget(self) -> None:
        """Drops what waits: for a store that was exchanged under a running process."""
        with self._lock:
            self._last.clear()
            self._renewed.clear()


def _write_digests(renewed: dict[tuple[int, SecretKind], str]) -> None:
    with write(Topic.ACCESS):
        for (key_id, kind), digest in sorted(renewed.items()):
            if kind is SecretKind.TOKEN:
                changed = {"token_digest": digest, "pepper_id": pepper_id()}
            else:
                changed = {"bearer_digest": digest, "bearer_pepper_id": pepper_id()}
            ApiKey.objects.filter(pk=key_id).update(**changed)


@dataclass(frozen=True, slots=True)
class Usage:
    """What a key was used for: its last time and address, and its requests this month and today, with those
    of the keys that it took over from."""

    last_at: datetime | None
    last_address: str
    this_month: int
    today: int


def list_usage(keys: Iterable[ApiKey], now: datetime, zone: tzinfo) -> dict[int, Usage]:
    """The usage of keys by their ids, in three statements whatever their number."""
    wanted = list(keys)
    last = KeyUse.objects.in_bulk([key.pk for key in wanted])
    meters = {key.pk: name_key(key.meter) for key in wanted}
    calendar = get_calendar(now, zone)
    month, day = (list_counts(set(meters.values()), period) for period in (calendar.month, calendar.day))
    return {
        key.pk: Usage(
            use.at if (use := last.get(key.pk)) else None,
            use.address if use else "",
            month.get(meters[key.pk], 0),
            day.get(meters[key.pk], 0),
        )
        for key in wanted
    }


uses = Uses()
