"""What `tillroll doctor` looks at in keys, counters and the request log."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tillroll.checks.findings import Finding, State

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tillroll.access.models import ApiKey

SOON = timedelta(days=7)
"""How long before its end a key is named: time enough to give an app another one."""

REDIS_SECONDS = 2.0
"""How long the doctor waits for Redis."""

MEGABYTE = 1_000_000
MOST_NAMED = 3
"""Keys that a finding names; the list has the others."""


def check_keys() -> Iterator[Finding]:
    """Every key in force opens, with its token and its bearer secret; old peppers are on their way out."""
    from django.db.models import Q

    from tillroll.access.digests import list_pepper_ids, pepper_id

    keys = _list_in_force()
    count, known = keys.count(), list_pepper_ids()
    lost = keys.exclude(pepper_id__in=known, bearer_pepper_id__in=("", *known)).count()
    in_use = ("", pepper_id())
    old = keys.filter(~Q(pepper_id__in=in_use) | ~Q(bearer_pepper_id__in=in_use)).count() - lost
    if lost:
        found = f"{lost} of {count} keys were made under another pepper and don't open."
        advice = "Bring back the secrets file (or TILLROLL_KEY_PEPPER) of then, or issue those keys anew."
        yield Finding("API keys", State.WRONG, found, advice)
    else:
        yield Finding("API keys", State.FINE, f"{count} in force.")
    if old > 0:
        found = f"{old} of {count} keys still need an old pepper."
        advice = "They change over when used; `tillroll keys list --old-pepper` shows them."
        yield Finding("Pepper", State.NOTE, found, advice)


def check_expiring() -> Iterator[Finding]:
    """No key ends within days while something still uses it."""
    from tillroll.shop.services import get_zone
    from tillroll.shop.zone import ZoneError, describe_time

    now = _now()
    try:
        zone = get_zone()
    except ZoneError:
        return  # check_settings says so
    ending = [
        key
        for key in _list_in_force().filter(expires_at__lte=now + SOON).order_by("expires_at", "pk")
        if not _is_succeeded(key)
    ]
    if not ending:
        return
    named = [
        f"{key} on {describe_time(key.expires_at, zone)}" for key in ending[:MOST_NAMED] if key.expires_at
    ]
    more = f" and {len(ending) - MOST_NAMED} more" if len(ending) > MOST_NAMED else ""
    found = f"{len(ending)} {'key ends' if len(ending) == 1 else 'keys end'} soon: {', '.join(named)}{more}."
    advice = "Give its app another one (`tillroll keys rotate KEY`), or set another end (`keys set`)."
    yield Finding("Ending keys", State.NOTE, found, advice)


def _is_succeeded(key: "ApiKey") -> bool:
    """Whether another key took over from this one, and this one was not used since."""
    from tillroll.access.models import ApiKey, KeyUse

    successor = ApiKey.objects.filter(meter_id=key.meter, pk__gt=key.pk, revoked_at=None).first()
    if successor is None:
        return False
    return not KeyUse.objects.filter(key_id=key.pk, at__gt=successor.created_at).exists()


def check_redis(seconds: float = REDIS_SECONDS) -> Iterator[Finding]:
    """The Redis that the settings name answers; nothing where they name none."""
    from django.conf import settings
    from redis import Redis
    from redis.exceptions import RedisError

    if not settings.REDIS_URL:
        return
    parts = urlsplit(settings.REDIS_URL)
    place = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
    try:
        with Redis.from_url(
            settings.REDIS_URL, socket_timeout=seconds, socket_connect_timeout=seconds
        ) as redis:
            redis.ping()
    except (RedisError, OSError, ValueError) as error:
        found = f"It can't be used at {place} ({type(error).__name__}): limits a minute are not kept."
        advice = "Start it, or correct TILLROLL_REDIS_URL; unset, each worker keeps its share of a limit."
        yield Finding("Redis", State.WRONG, found, advice)
        return
    yield Finding("Redis", State.FINE, f"It answers at {place}.")


def check_uncounted() -> Iterator[Finding]:
    """All requests of this month were counted."""
    from tillroll.access.counting import UNCOUNTED, get_calendar, get_count
    from tillroll.shop.services import get_zone
    from tillroll.shop.zone import ZoneError

    try:
        month = get_calendar(_now(), get_zone()).month
    except ZoneError:
        return  # check_settings says so
    if count := get_count(UNCOUNTED, month):
        found = f"{count} requests passed this month although their limits could not be counted."
        advice = "The server's log says what was away, Redis or the logs database."
        yield Finding("Quotas", State.NOTE, found, advice)


def check_log_size() -> Iterator[Finding]:
    """The request log is not far above the size that the shop allows it."""
    from tillroll.shop.services import get_settings

    size, limit = _measure_logs() / MEGABYTE, get_settings().log_keep_megabytes
    if not limit:
        yield Finding("Request log", State.FINE, f"{size:,.0f} MB, without a limit.")
    elif size <= limit * 1.1:  # a day's lines come on top until the night
        yield Finding("Request log", State.FINE, f"{size:,.0f} of {limit:,} MB.")
    else:
        advice = "Run: tillroll logs prune (or raise log_keep_megabytes)"
        yield Finding("Request log", State.NOTE, f"{size:,.0f} MB; {limit:,} are allowed.", advice)


def _measure_logs() -> int:
    """Bytes that the log takes: on SQLite those in use in its file, where nothing else is large."""
    from django.db import connections

    with connections["logs"].cursor() as cursor:
        if connections["logs"].vendor == "postgresql":
            cursor.execute("SELECT pg_total_relation_size('access_requestlogentry')")
            return int(cursor.fetchone()[0])
        told = []
        for pragma in ("page_count", "freelist_count", "page_size"):
            cursor.execute(f"PRAGMA {pragma}")
            told.append(int(cursor.fetchone()[0]))
    return (told[0] - told[1]) * told[2]


def _list_in_force() -> "QuerySet[ApiKey]":
    from tillroll.access.states import list_in_force

    return list_in_force(_now())


def _now() -> datetime:
    from django.utils import timezone

    return timezone.now()
