"""Filters of lists whose choices are known: finding out what there is would read the whole table."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from tillroll.access.models import User


def one_of(
    field: str, values: Iterable[str], label: str = "", *, labels: Mapping[Any, str] | None = None
) -> type[SimpleListFilter]:
    """A filter by the values of a field, which are shown as their `labels` say."""
    named = labels or {}
    choices = [(str(value), named.get(value, value.replace("_", " ").capitalize())) for value in values]

    class OneOf(SimpleListFilter):
        title = label or field.replace("_", " ")
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return choices

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value()
            return queryset.filter(**{field: value}) if value in dict(choices) else queryset

    return OneOf


def is_empty(field: str, label: str, empty: str, filled: str) -> type[SimpleListFilter]:
    """A filter by whether a field is null; `empty` and `filled` say what that means."""

    class IsEmpty(SimpleListFilter):
        title = label
        parameter_name = field

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            return [("no", empty), ("yes", filled)]

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            if (value := self.value()) in ("yes", "no"):
                return queryset.filter(**{f"{field}__isnull": value == "no"})
            return queryset

    return IsEmpty


def by_holder(parameter: str, label: str) -> type[SimpleListFilter]:
    """A filter by one user's wire id, to which other pages lead: it is shown where it is set."""

    class ByHolder(SimpleListFilter):
        title = label
        parameter_name = parameter

        def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
            value = request.GET.get(parameter, "")
            holder = User.objects.filter(wire_id=int(value)).first() if _is_id(value) else None
            return [(value, str(holder or value))] if value else []

        def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
            value = self.value() or ""
            return queryset.filter(user_id=int(value)) if _is_id(value) else queryset

    return ByHolder


def _is_id(value: str) -> bool:
    return value.isdecimal() and len(value) < 19
