"""Filters of lists whose choices are known: finding out what there is would read the whole table."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest


def one_of(field: str, values: Iterable[str], label: str = "") -> type[SimpleListFilter]:
    """A filter by the values of a field."""
    choices = [(value, value.replace("_", " ").capitalize()) for value in values]

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
