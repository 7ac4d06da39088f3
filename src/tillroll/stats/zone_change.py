"""What another time zone would change: which orders fall on another day."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta, tzinfo
from typing import NamedTuple

from django.db.models import Count, Max, Min, Q

from tillroll.shop.models import Order
from tillroll.shop.statements import cut
from tillroll.shop.zone import get_day_start

Span = tuple[datetime, datetime]

EARLIEST, LATEST = date(1970, 1, 1), date(2200, 1, 1)
"""Orders of no sound date are not looked for."""

AT_ONCE = 100
"""Spans that one statement asks for."""


class Moved(NamedTuple):
    """`moved` of `total` orders and refunds fall on another day."""

    moved: int
    total: int


def count_moved(old: tzinfo, new: tzinfo) -> Moved:
    """How many orders the two zones put on different days."""
    found = Order.objects.aggregate(total=Count("pk"), first=Min("created_at"), last=Max("created_at"))
    if not found["total"]:
        return Moved(0, 0)
    moved = 0
    for spans in cut(list_spans(found["first"], found["last"], old, new), AT_ONCE):
        within = Q()
        for start, end in spans:
            within |= Q(created_at__gte=start, created_at__lt=end)
        moved += Order.objects.filter(within).count()
    return Moved(moved, found["total"])


def list_spans(first: datetime, last: datetime, old: tzinfo, new: tzinfo) -> Iterator[Span]:
    """The times from `first` to `last` that the zones put on different days: between the two beginnings of
    each day. Half-open, apart from each other, and in their order."""
    pending: Span | None = None
    day = max(first.date(), EARLIEST) - timedelta(days=2)
    end = min(last.date(), LATEST) + timedelta(days=2)
    while day <= end:
        start, stop = sorted((get_day_start(day, old), get_day_start(day, new)))
        if start < stop:
            if pending and start <= pending[1]:
                pending = (pending[0], max(stop, pending[1]))
            else:
                if pending:
                    yield pending
                pending = (start, stop)
        day += timedelta(days=1)
    if pending:
        yield pending
