"""What the request log is asked: some of its lines, and how many there were a day and a key.

A selection means the same in the back office, on the command line and in an export. All is counted from the
lines themselves, so that retention bounds it. Days are the shop's own.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from django.db.models import BooleanField, Count, Q, QuerySet, Value
from django.db.models.expressions import RawSQL

from tillroll.access.log_search import SelectionError, find_text
from tillroll.access.models import ApiKey, RequestLogEntry
from tillroll.shop.zone import get_day_start, to_local

CHART_DAYS = 30
"""Days that are counted where a selection names none: a month, today included."""

MOST_YEAR = 9000
"""Further on the calendar ends, and no line was written there."""

MOST_DAYS = 366
"""Days that are counted at once: a year and a day; of a longer period the last ones."""

DAYS_AT_ONCE = 100
"""Days of one statement: SQLite takes 500 parts of a UNION at the most."""

MOST_GONE = 20
"""Keys that are gone whose last name is looked up, by a statement each."""

_ERROR = "(status >= 400 OR NOT (error = ''))"
"""As request_error_idx has it, without a bound value: SQLite would not see that the index is meant."""

_STATUS = re.compile(r"[1-5][0-9]{2}|[1-5]xx|error")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which lines of the log: empty parts select all.

    `since` and `until` are the first and the last day on the shop's clock; `status` is one (403), a class
    (4xx) or `error`, whatever its status; `user_id` is a wire id; `key_id` stands for all keys that are
    counted together with it; `text` is searched for (see log_search).
    """

    since: date | None = None
    until: date | None = None
    status: str = ""
    endpoint: str = ""
    version: str = ""
    key_id: int | None = None
    user_id: int | None = None
    text: str = ""

    def __post_init__(self) -> None:
        if self.status and not _STATUS.fullmatch(self.status):
            raise SelectionError(f"{self.status!r} is no status; one is 403, a class of them 4xx, or error.")
        for day in (self.since, self.until):
            if day and not 1970 <= day.year <= MOST_YEAR:
                raise SelectionError(f"{day} is out of reach; days of 1970 to {MOST_YEAR} are taken.")
        if any("\x00" in part for part in (self.text, self.endpoint, self.version)):
            raise SelectionError("The character NUL can't be looked for.")
        if self.since and self.until and self.since > self.until:
            raise SelectionError(f"The first day, {self.since}, is after the last one, {self.until}.")


@dataclass(frozen=True, slots=True)
class DayCount:
    """The calls of a day and how many of them were errors."""

    day: date
    calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class KeyCount:
    """The calls of a key and of those that it took over from. `key_id` is the first of them; None stands for
    calls without a key that is known."""

    key_id: int | None
    label: str
    calls: int
    errors: int


def read_day(text: str) -> date | None:
    """A day as 2026-11-26; None for an empty text. Raises SelectionError."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SelectionError(f"{text!r} is no day; one looks like 2026-11-26.") from None


def read_number(text: str, name: str) -> int | None:
    """The id of a user or a key; None for an empty text. Raises SelectionError."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise SelectionError(f"{text!r} is no {name}; a number is wanted.")
    return int(text)


def list_lines(selection: Selection, zone: tzinfo) -> QuerySet[RequestLogEntry]:
    """The lines of a selection, newest first. Raises SelectionError for a text that can't be searched for."""
    lines = _list_of_period(_where(selection), selection.since, selection.until, zone)
    return lines.order_by("-at", "-id")


def _where(selection: Selection) -> QuerySet[RequestLogEntry]:
    """The lines of a selection at any time."""
    found = Q()
    if selection.status == "error":
        found &= Q(_is_error())
    elif selection.status.endswith("xx"):
        first = int(selection.status[0]) * 100
        found &= Q(status__gte=first, status__lt=first + 100)
    elif selection.status:
        found &= Q(status=int(selection.status))
    if selection.endpoint:
        found &= Q(endpoint=selection.endpoint)
    if selection.version:
        found &= Q(version=selection.version)
    if selection.key_id is not None:
        found &= Q(key_id__in=list_shared_keys(selection.key_id))
    if selection.user_id is not None:
        found &= Q(user_id=selection.user_id)
    if selection.text.strip():
        found &= find_text(selection.text.strip())
    return RequestLogEntry.objects.filter(found)


def list_shared_keys(key_id: int) -> list[int]:
    """A key with those that are counted together with it; itself alone where it is gone."""
    meter = ApiKey.objects.filter(pk=key_id).values_list("meter_id", flat=True).first() or key_id
    shared = ApiKey.objects.filter(Q(pk=meter) | Q(meter_id=meter)).values_list("pk", flat=True)
    return sorted({key_id, *shared})


def _list_of_period(
    lines: QuerySet[RequestLogEntry], since: date | None, until: date | None, zone: tzinfo
) -> QuerySet[RequestLogEntry]:
    if since is not None:
        lines = lines.filter(at__gte=get_day_start(since, zone))
    if until is not None:
        lines = lines.filter(at__lt=get_day_start(until + timedelta(days=1), zone))
    return lines


def _is_error() -> RawSQL:
    return RawSQL(_ERROR, (), output_field=BooleanField())  # noqa: S611 (a constant)


def get_period(selection: Selection, zone: tzinfo, now: datetime) -> tuple[date, date]:
    """The first and the last day that are counted."""
    until = selection.until or to_local(now, zone).date()
    since = selection.since or until - timedelta(days=CHART_DAYS - 1)
    earliest = until - timedelta(days=MOST_DAYS - 1)
    return max(min(since, until), earliest), until


def count_by_day(selection: Selection, zone: tzinfo, now: datetime) -> list[DayCount]:
    """Calls and errors of each day of a selection's period, also of days without any; without a period of the
    last 30 days."""
    since, until = get_period(selection, zone, now)
    days = [since + timedelta(days=place) for place in range((until - since).days + 1)]
    lines = _where(selection)
    counts: list[DayCount] = []
    for start in range(0, len(days), DAYS_AT_ONCE):
        counts += _count_days(lines, days[start : start + DAYS_AT_ONCE], zone)
    return counts


def _count_days(lines: QuerySet[RequestLogEntry], days: Sequence[date], zone: tzinfo) -> Iterator[DayCount]:
    """Each day is a span of the index, whatever the zone's offset, so that a day of 23 hours is right too."""
    errors = lines.filter(_is_error())
    parts = []
    for place, day in enumerate(days):
        for kind, some in enumerate((lines, errors)):
            part = _list_of_period(some, day, day, zone).order_by()
            parts.append(part.annotate(slot=Value(2 * place + kind)).values("slot").annotate(n=Count("*")))
    rows = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    found = dict(rows.values_list("slot", "n"))
    return (DayCount(day, found.get(2 * n, 0), found.get(2 * n + 1, 0)) for n, day in enumerate(days))


def count_by_key(selection: Selection, zone: tzinfo, now: datetime) -> list[KeyCount]:
    """Calls and errors by key in a selection's period (without one the last 30 days), most calls first. Keys
    that were rotated count as one."""
    lines = _list_of_period(_where(selection), *get_period(selection, zone, now), zone).order_by()
    calls = _count_keys(lines)
    errors = _count_keys(lines.filter(_is_error()))
    keys = _list_keys(calls)
    sums: dict[int | None, list[int]] = {}
    for key_id, count in calls.items():
        meter = keys[key_id].meter if key_id in keys else key_id
        both = sums.setdefault(meter, [0, 0])
        both[0] += count
        both[1] += errors.get(key_id, 0)
    labels = {key.meter: str(key) for key in keys.values()}
    most = sorted(sums.items(), key=lambda one: (-one[1][0], one[0] or 0))
    gone = [key for key, _ in most if key is not None and key not in labels]
    labels |= {key: _name_gone(key) for key in gone[:MOST_GONE]}
    return [
        KeyCount(key, "no known key" if key is None else labels.get(key) or f"key {key}", *both)
        for key, both in most
    ]


def _count_keys(lines: QuerySet[RequestLogEntry]) -> dict[int | None, int]:
    return dict(lines.values("key_id").annotate(n=Count("*")).values_list("key_id", "n"))


def _list_keys(ids: Iterable[int | None]) -> dict[int, ApiKey]:
    """The keys that are here, oldest first, so that a line of rotations is called as its last one."""
    wanted = sorted(key for key in ids if key is not None)
    found: dict[int, ApiKey] = {}
    for start in range(0, len(wanted), 500):
        some = ApiKey.objects.filter(pk__in=wanted[start : start + 500]).order_by("pk")
        found |= {key.pk: key for key in some.only("pk", "label", "public_key", "meter_id")}
    return found


def _name_gone(key_id: int) -> str:
    """What a key that is no longer here was called in its last line."""
    last = RequestLogEntry.objects.filter(key_id=key_id).order_by("-at").values_list("key_label", flat=True)
    return last.first() or f"key {key_id}"
