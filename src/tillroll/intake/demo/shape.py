"""Rows for the scratch file, written down by column names once and built by position a million times."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from django.db import models

from tillroll.intake.staging import KIND_OF


class Shape:
    """A row's form: the columns that are given each time, in the order in which they are given, and the fixed
    ones.

    Raises LookupError when the two together are not exactly the columns that the model's kind stages.
    """

    def __init__(self, model: type[models.Model], given: str, **fixed: Any) -> None:
        columns = KIND_OF[model].columns
        names = [*given.split(), *fixed]
        if sorted(names) != sorted(columns):
            odd = sorted(set(names) ^ set(columns))
            raise LookupError(f"A row of {model.__name__} has or lacks {', '.join(odd)}.")
        self.model = model
        self._fixed = tuple(fixed.values())
        self._pick = itemgetter(*(names.index(column) for column in columns))

    def row(self, *values: Any) -> Sequence[Any]:
        row: Sequence[Any] = self._pick(values + self._fixed)
        return row
