"""The filter by days: a first and a last one on the shop's clock, typed or chosen."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.contrib.admin import ListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from tillroll.shop.services import get_zone
from tillroll.shop.zone import get_day_end, get_day_start, to_local
from tillroll.stats.periods import InvalidDay, parse_day

DAYS = ("since", "until")
"""The parameters of a first and a last day."""


class Period(ListFilter):
    """The choices; what they select is the list's own affair, or by_days'."""

    title = "period"
    template = "backoffice/period_filter.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        for name in self.expected_parameters():
            if name in params:
                self.used_parameters[name] = params.pop(name)[-1]
        self.since = str(self.used_parameters.get("since", ""))
        self.until = str(self.used_parameters.get("until", ""))
        self.others: list[tuple[str, str]] = []

    def expected_parameters(self) -> list[str | None]:
        return list(DAYS)

    def has_output(self) -> bool:
        return True

    def choices(self, changelist: Any) -> Iterator[Any]:
        self.others = [
            (name, value)
            for name, values in changelist.filter_params.items()
            if name not in self.expected_parameters()
            for value in values
        ]
        today = to_local(timezone.now(), get_zone()).date()
        for display, since, until in (("Any time", "", ""), *_list_periods(today)):
            yield {
                "selected": (self.since, self.until) == (str(since), str(until)),
                "query_string": changelist.get_query_string(
                    {"since": str(since) or None, "until": str(until) or None}
                ),
                "display": display,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset


def by_days(field: str, label: str = "") -> type[Period]:
    """A filter by a column of times."""

    class ByDays(Period):
        title = label or field.replace("_", " ")

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            try:
                since = parse_day(self.since) if self.since else None
                until = parse_day(self.until) if self.until else None
            except InvalidDay as error:
                messages.error(request, str(error))
                raise IncorrectLookupParameters(error) from error  # leads to the whole list
            zone = get_zone()
            if since:
                queryset = queryset.filter(**{f"{field}__gte": get_day_start(since, zone)})
            if until:
                queryset = queryset.filter(**{f"{field}__lt": get_day_end(until, zone)})
            return queryset

    return ByDays


def _list_periods(today: date) -> Iterable[tuple[str, date, date]]:
    first = today.replace(day=1)
    before = first - timedelta(days=1)
    return (
        ("Today", today, today),
        ("Yesterday", today - timedelta(days=1), today - timedelta(days=1)),
        ("Last 7 days", today - timedelta(days=6), today),
        ("Last 30 days", today - timedelta(days=29), today),
        ("This month", first, today),
        ("Last month", before.replace(day=1), before),
    )
