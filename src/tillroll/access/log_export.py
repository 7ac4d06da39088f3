"""Lines of the request log as a file, written batch by batch, never held whole in memory."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from tillroll.access.logbook import Selection, list_lines
from tillroll.access.models import RequestLogEntry
from tillroll.access.spreadsheet import write_csv
from tillroll.shop.zone import EARLIEST, get_day_start

COLUMNS = (
    "at",
    "user_id",
    "user_name",
    "key_id",
    "key_label",
    "key_start",
    "version",
    "endpoint",
    "question",
    "status",
    "error",
    "address",
    "milliseconds",
    "size",
)
"""The members of an exported line, in their order."""

BATCH = 1_000
"""Lines read at once; each batch begins where the last one ended."""


class ExportFormat(StrEnum):
    CSV = "csv"
    NDJSON = "ndjson"

    @property
    def content_type(self) -> str:
        return "text/csv; charset=utf-8" if self is ExportFormat.CSV else "application/x-ndjson"


def export_lines(
    selection: Selection, zone: tzinfo, format: ExportFormat, now: datetime
) -> Iterator[tuple[int, bytes]]:
    """The lines up to now, oldest first: how many lines a piece has, and the piece. CSV has a line of
    headings."""
    lines = list_lines(replace(selection, since=None), zone).filter(at__lte=now).order_by("at", "id")
    start = EARLIEST if selection.since is None else get_day_start(selection.since, zone)
    if format is ExportFormat.CSV:
        yield 0, write_csv([COLUMNS])
    for rows in _read(lines, start):
        yield len(rows), write_csv(rows) if format is ExportFormat.CSV else _write_json(rows)


def _read(lines: QuerySet[RequestLogEntry], start: datetime) -> Iterator[list[tuple[Any, ...]]]:
    """Each batch has one lower bound: of two SQLite would take the first one to the index, and begin anew."""
    columns = lines.values_list("id", *COLUMNS)
    batch = list(columns.filter(at__gte=start)[:BATCH])
    while batch:
        yield [(_write_time(row[1]), *row[2:]) for row in batch]
        if len(batch) < BATCH:
            return
        last, at = batch[-1][:2]
        batch = list(columns.filter(Q(at__gt=at) | Q(id__gt=last), at__gte=at)[:BATCH])


def _write_time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _write_json(rows: list[tuple[Any, ...]]) -> bytes:
    written = (json.dumps(dict(zip(COLUMNS, row, strict=True)), ensure_ascii=False) for row in rows)
    return "".join(f"{line}\n" for line in written).encode("utf-8", "replace")
