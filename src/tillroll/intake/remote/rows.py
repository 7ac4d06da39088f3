"""A staged row by the names of its columns: what the API does not tell of a record gets a plain default."""

from functools import lru_cache
from typing import Any

from django.db import models

from tillroll.intake.staging import KIND_OF
from tillroll.intake.wordpress.values import EPOCH


def make_row(model: type[models.Model], **values: Any) -> tuple[Any, ...]:
    """The row in the order of its kind's columns. A text that is too long for its column is cut: a shop's
    plugins may have longer ones, and PostgreSQL takes none."""
    defaults = _get_defaults(model)
    row = {**defaults, **values}
    if len(row) != len(defaults):
        raise KeyError(f"{model.__name__} has no {sorted(values.keys() - defaults.keys())}.")
    for name, most in _get_lengths(model).items():
        if len(row[name]) > most:
            row[name] = row[name][:most]
    return tuple(row.values())


@lru_cache(maxsize=64)
def _get_defaults(model: type[models.Model]) -> dict[str, Any]:
    fields = {field.column: field for field in model._meta.concrete_fields}
    return {name: _get_default(fields[name]) for name in KIND_OF[model].columns}


@lru_cache(maxsize=64)
def _get_lengths(model: type[models.Model]) -> dict[str, int]:
    """The longest texts of columns that have texts always."""
    return {
        field.column: field.max_length
        for field in model._meta.concrete_fields
        if isinstance(field, models.CharField)
        and field.max_length
        and not field.null
        and field.column in KIND_OF[model].columns
    }


def _get_default(field: "models.Field[Any, Any]") -> Any:
    if field.null:
        return None
    if isinstance(field, models.DateTimeField):
        return EPOCH
    if isinstance(field, models.JSONField):
        return "{}"
    if isinstance(field, models.BinaryField):
        return b""
    numeric = (models.IntegerField, models.AutoField, models.BooleanField, models.ForeignKey)
    return 0 if isinstance(field, numeric) else ""
