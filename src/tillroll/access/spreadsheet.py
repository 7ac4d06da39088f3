"""Rows as CSV that a spreadsheet shows as they are: no cell of it is reckoned out (OWASP, CSV Injection)."""

import csv
import io
from collections.abc import Iterable
from datetime import datetime

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would take for a formula."""


def write_csv(rows: Iterable[Iterable[object]]) -> bytes:
    """Some rows of a file, in UTF-8; times are in ISO 8601, None is empty."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_write_cell(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8", "replace")


def _write_cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
