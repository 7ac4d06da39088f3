"""New records made and put into the store without Django's own ways there, which take longer than SQLite's.

For the services that record what happens many times a second; everything else makes and saves its models as
usual.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from django.db import connection, models

from tillroll.shop.fields import MoneyField, check_amount
from tillroll.shop.moments import bind_time
from tillroll.shop.statements import insert_row, run

M = TypeVar("M", bound=models.Model)

Prepare = Callable[[Any], Any]
"""How the store keeps a value that is not None."""


def make(model: type[M], **values: Any) -> M:
    """A record that is not saved, by the names of its columns (`order_id`); the rest has its defaults."""
    return model(*(values.get(name, default) for name, default in _list_defaults(model)))


def insert(records: Sequence[models.Model]) -> None:
    """Inserts records of one model, which have no id yet, and gives them the ids that they got.

    Their fields are whole numbers, texts, amounts and times. Raises ValidationError for an amount that is
    out of range.
    """
    if not records:
        return
    columns, statement, marks = _prepare(type(records[0]))
    rows = [_list_values(record, columns) for record in records]
    if connection.vendor == "postgresql":
        query = f"{statement} VALUES {', '.join([marks] * len(rows))} RETURNING id"
        ids = [row[0] for row in run(query, [value for row in rows for value in row])]
    else:  # a statement costs no journey there, and older versions return nothing
        query = f"{statement} VALUES {marks}"
        ids = [insert_row(query, row) for row in rows]
    for record, key in zip(records, ids, strict=True):
        record.pk = key
        record._state.adding = False
        record._state.db = "default"


def _list_values(record: models.Model, columns: Sequence[tuple[str, Prepare | None]]) -> list[Any]:
    values = []
    for name, prepare in columns:
        value = getattr(record, name)
        values.append(value if prepare is None or value is None else prepare(value))
    return values


@lru_cache
def _list_defaults(model: type[models.Model]) -> list[tuple[str, Any]]:
    return [(field.attname, field.get_default()) for field in model._meta.concrete_fields]


@lru_cache
def _prepare(model: type[models.Model]) -> tuple[tuple[tuple[str, Prepare | None], ...], str, str]:
    """The columns with how their values are kept, and the statement's beginning with the marks of a row."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    names = ", ".join(f'"{field.column}"' for field in fields)
    columns = tuple((field.attname, _get_preparation(field)) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    return columns, f"INSERT INTO {model._meta.db_table} ({names})", f"({marks})"


def _get_preparation(field: "models.Field[Any, Any]") -> Prepare | None:
    if isinstance(field, MoneyField):
        return check_amount
    return bind_time if isinstance(field, models.DateTimeField) else None
