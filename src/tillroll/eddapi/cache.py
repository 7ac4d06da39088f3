"""Answers kept by the worker, and their names: the same question of the same rights on the same records has
the same bytes.

An answer is a pure function of the revisions of what it reads, the caller's whole view, the question with its
defaults filled in, and, where it says so, of the time. The tuple of these is the answer's name, the hash of
the name its weak ETag: a client that sends it is told that nothing changed without a look at the records.
`request_speed` is never kept.
"""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec
from django.conf import settings

from tillroll import __version__
from tillroll.access.counting import get_calendar
from tillroll.access.keys import Caller
from tillroll.eddapi.answer import Question
from tillroll.eddapi.formats import Format
from tillroll.eddapi.links import Link
from tillroll.eddapi.request import LONGEST_KEPT, Parameters, Request
from tillroll.shop.revision import NOTHING_CHANGED, STORE, Revision, Topic

LARGEST_SHARE = 8
"""An answer larger than this part of the whole cache is not kept: it would push out too many others."""

ENTRY_BYTES = 3_000
"""What an answer takes beside its content: its name, headers and place."""

_DEFAULTS = {"number": "10", "page": "1"}
"""What [CONTRACT] Paging reads for a parameter that is absent or empty; beside a cursor it makes a difference
whether there is a page."""

_NO_DEFAULTS: dict[str, str] = {}

Headers = tuple[tuple[str, str], ...]


class Moment(NamedTuple):
    """What of the time an answer depends on, and since when that is so, in seconds since 1970."""

    value: object
    since: int


TIMELESS = Moment(None, 0)


class Reads(NamedTuple):
    """What an endpoint's answers depend on: topics of records (settings and access go without saying),
    parameters, and what of the time."""

    topics: tuple[Topic, ...]
    parameters: tuple[str, ...]
    get_moment: Callable[[Question], Moment] | None = None


class Uncached(Exception):
    """Raised by a `get_moment`: this question has another answer each time."""


def today(question: Question) -> Moment:
    """The shop's local day, for answers about days that are named by today."""
    calendar = get_calendar(question.now, question.shop.zone)
    return Moment(calendar.day, int(calendar.day_start.timestamp()))


class Name(NamedTuple):
    """The name of an answer: the question in `asked`, the records in `state`; `since` is when the time last
    made it another one."""

    asked: tuple[object, ...]
    state: tuple[Revision, ...]
    since: int


class Kept(msgspec.Struct, frozen=True):
    """An encoded answer without its request_speed; good for as long as the records stay, or until a
    moment."""

    state: tuple[Revision, ...]
    form: Format
    content: bytes
    headers: Headers
    links: tuple[Link, ...]
    error: str
    etag: str
    until: datetime | None


_ALWAYS = (STORE, Topic.SETTINGS, Topic.ACCESS)


def describe(asked: Request, caller: Caller, reads: Reads) -> tuple[object, ...]:
    """What of an answer's name neither time nor records change; nothing for one that is not kept."""
    values = _read_values(asked.parameters, reads.parameters)
    if len(str(values)) > LONGEST_KEPT:
        return ()
    return (
        asked.endpoint,
        asked.version,
        asked.format,
        asked.pretty,
        caller.capabilities,
        caller.policy.hidden,
        caller.customer_id,
        caller.key_id is None,  # the public's copies may be kept by anybody
        values,
    )


def name_answer(
    question: Question, reads: Reads, described: tuple[object, ...], revisions: Mapping[str, Revision]
) -> Name | None:
    """The name of the answer to a question; None for one that is another each time, or too long."""
    if not described:
        return None
    try:
        moment = reads.get_moment(question) if reads.get_moment else TIMELESS
    except Uncached:
        return None
    state = tuple([revisions.get(topic, NOTHING_CHANGED) for topic in (*_ALWAYS, *reads.topics)])
    return Name((*described, moment.value), state, moment.since)


def _read_values(parameters: Parameters, names: tuple[str, ...]) -> tuple[object, ...]:
    values, lists = parameters.values, parameters.lists
    defaults = _NO_DEFAULTS if "cursor" in values else _DEFAULTS
    read: list[object] = [values.get(name) or defaults.get(name, values.get(name)) for name in names]
    if lists:
        read += [tuple(lists.get(name, ())) for name in names]
    return tuple(read)


def make_etag(name: Name, until: datetime | None = None) -> str:
    """The weak ETag of a name, the same in every worker; one that is good until a moment tells the moment."""
    digest = _digest(name)
    return f'W/"{digest}-{int(until.timestamp()):x}"' if until else f'W/"{digest}"'


def _digest(name: Name) -> str:
    endpoint, version, form, pretty, capabilities, hidden, *rest = name.asked
    told = repr(
        (
            __version__,
            endpoint,
            version,
            str(form),
            pretty,
            _sort(capabilities),
            _sort(hidden),
            rest,
            name.state,
        )
    )
    return blake2b(told.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _sort(words: object) -> list[str]:
    return sorted(words)  # type: ignore[call-overload,no-any-return]  # a frozenset, whose own order is none


_TAG = re.compile(r'("([0-9a-f]{32})(?:-([0-9a-f]{1,12}))?")')


def find_current(sent: str, name: Name, now: datetime, kept: "Kept | None" = None) -> str:
    """The ETag, of those that a client sent (If-None-Match), of the answer as it is now; empty when there is
    none."""
    tags = _TAG.findall(sent)
    if tags:
        digest = kept.etag[3:35] if kept else _digest(name)
        for tag, own, until in tags:
            if own == digest and (not until or int(until, 16) > now.timestamp()):
                return f"W/{tag}"
    return ""


def tell_modified(name: Name, etag: str) -> str:
    """When an answer last changed, as a header's date; empty where nobody knows: of one that is good until a
    moment, what came before is not kept."""
    if "-" in etag:
        return ""
    return _format_moment(max(name.since, *[revision[2] for revision in name.state]))


@lru_cache(maxsize=1024)
def _format_moment(seconds: int) -> str:
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True) if seconds else ""


class Cache:
    """Answers by their questions, bounded by bytes: the least recently used go first. An answer about older
    records gives way to the next one under the same question."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[object, ...], Kept] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """About how many bytes are held."""
        return self._size

    def find(self, name: Name, now: datetime) -> Kept | None:
        """The answer of a name, if it is here and still good."""
        with self._lock:
            kept = self._kept.get(name.asked)
            if kept is None or kept.state != name.state or (kept.until is not None and kept.until <= now):
                return None
            self._kept.move_to_end(name.asked)
            return kept

    def put(self, name: Name, kept: Kept) -> None:
        """Keeps an answer, unless it is too large."""
        most = settings.CACHE_MEGABYTES * 1_000_000
        if _weigh(kept) * LARGEST_SHARE > most:
            return
        with self._lock:
            self._drop(name.asked)
            self._kept[name.asked] = kept
            self._size += _weigh(kept)
            while self._size > most:
                self._drop(next(iter(self._kept)))

    def forget(self) -> None:
        """Drops everything: for a store that was exchanged under a running process."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _drop(self, asked: tuple[object, ...]) -> None:
        gone = self._kept.pop(asked, None)
        if gone is not None:
            self._size -= _weigh(gone)


def _weigh(kept: Kept) -> int:
    return len(kept.content) + ENTRY_BYTES


cache = Cache()
