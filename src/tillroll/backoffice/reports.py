"""Reports: what the shop took in and gave back, over time and by what orders have in common, as a chart, a
table and a CSV file of the same numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from tillroll.access.capabilities import Capability
from tillroll.access.spreadsheet import write_csv
from tillroll.backoffice.charts import HEIGHT, Series, Step, TimeChart, draw_steps
from tillroll.backoffice.report_form import DIMENSIONS, RANGE, ReportForm
from tillroll.backoffice.report_names import Name, list_names
from tillroll.backoffice.report_table import HEADINGS, Line, Table, Total
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.backoffice.streamed import send_file
from tillroll.shop.services import get_settings
from tillroll.shop.statements import cut, run
from tillroll.stats.reports import TooManySteps, get_report

MOST_LINES = 500
"""Rows that a page shows; the file has all of them."""

MOST_BARS = 10
"""Rows that have a bar of their own; the rest are drawn as one."""

AT_ONCE = 500
"""Rows of a file that are written at once."""

GROSS, NET = Series("gross", "Gross"), Series("net", "Net")


@dataclass(frozen=True, slots=True)
class Card:
    """A figure of the whole period beside that of the period before."""

    label: str
    value: str
    change: str
    before: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a report: its lengths of 100."""

    label: str
    gross: float
    net: float
    value: str


def show_reports(request: HttpRequest) -> HttpResponse:
    """The page of a report, or of its form with what is wrong."""
    form, table = _read(request)
    may_export = may(request.user, Capability.EXPORT_SHOP_REPORTS)
    context: dict[str, Any] = {"form": form, "tabs": _list_tabs(form)}
    if table is not None:
        context |= _describe(request, form, table)
        if may_export:
            context["file"] = f"{reverse('admin:reports_csv')}?{request.GET.urlencode()}"
    return site.show(request, "backoffice/reports.html", "Reports", **context)


def send_report(request: HttpRequest) -> HttpResponseBase:
    """The rows of a report as a CSV file; what can't be asked leads to the page, which says why."""
    if not may(request.user, Capability.EXPORT_SHOP_REPORTS):
        raise PermissionDenied
    _, table = _read(request)
    if table is None:
        return HttpResponseRedirect(f"{reverse('admin:reports')}?{request.GET.urlencode()}")
    question = table.question
    name = f"report-{question.by}-{question.first}-{question.last}.csv"
    return send_file(name, "text/csv; charset=utf-8", _write(table))


def _write(table: Table) -> Iterator[bytes]:
    for rows in cut(table.write_rows(), AT_ONCE):
        yield write_csv(rows)


def _read(request: HttpRequest) -> tuple[ReportForm, Table | None]:
    """What is asked for, and its table where the question is right."""
    if not may(request.user, Capability.VIEW_SHOP_REPORTS):
        raise PermissionDenied
    shop = get_settings()
    form = ReportForm(request.GET, shop, timezone.now())
    if not form.is_valid():
        return form, None
    try:
        report = get_report(run, form.get_question(), shop.week_start)
    except TooManySteps as error:
        form.add_error("step", str(error))
        return form, None
    return form, Table(report, shop.currency, request.user, request.GET.get("o", ""))


def _describe(request: HttpRequest, form: ReportForm, table: Table) -> dict[str, Any]:
    question, report = table.question, table.report
    chart = _draw_time(table) if question.is_series else None
    return {
        "table": table,
        "question": question,
        "subject": _get_subject(request, table),
        "all_url": f"?{_write_query(form, of=None, o=None)}",
        "zone": form.shop.timezone,
        "before_days": question.before,
        "cards": list(_list_cards(table)),
        "chart": chart,
        "bars": [] if chart else _draw_bars(table),
        "series": (GROSS, NET),
        "headings": list(_list_headings(form, table)),
        "lines": [_show_line(form, table, line) for line in table.lines[:MOST_LINES]],
        "more": max(len(table.lines) - MOST_LINES, 0),
        "totals": [_show_total(table, total) for total in table.list_totals()],
        "has_any": any(any(row.sums) for row in report.rows),
    }


def _write_query(form: ReportForm, **changes: str | None) -> str:
    """The address of this report with some of it changed; None leaves out."""
    asked: dict[str, str | None] = {name: form[name].value() for name in ("period", "step", "by")}
    if asked["period"] == RANGE:
        asked |= {name: form.data.get(name) for name in ("since", "until")}
    asked |= {"of": form.of, "o": form.order}
    return urlencode({name: value for name, value in (asked | changes).items() if value is not None})


def _list_tabs(form: ReportForm) -> list[tuple[str, str, bool]]:
    """Title, address, and whether one is there."""
    here = form.data["by"]
    return [
        (title, f"?{_write_query(form, by=by, of=None, o=None)}", by == here)
        for by, title in DIMENSIONS.items()
    ]


def _get_subject(request: HttpRequest, table: Table) -> tuple[str, Name] | None:
    """What a report of one thing is of."""
    question = table.question
    if question.of is None:
        return None
    return HEADINGS[question.by], list_names(question.by, [question.of], request.user)[question.of]


def _list_cards(table: Table) -> Iterator[Card]:
    report = table.report
    for figure in table.shop_figures:
        now = getattr(report.totals, figure.name)
        value, change, before = table.format(figure, report.totals), "", ""
        if report.before is not None:
            before = table.format(figure, report.before)
            if was := getattr(report.before, figure.name):
                change = f"{Decimal(now - was) / abs(was) * 100:+.1f} %"
        yield Card(figure.label, value, change, before)


def _draw_time(table: Table) -> TimeChart:
    lines = sorted(table.lines, key=lambda line: line.key)
    steps = [
        Step(
            line.name.text,
            f"{line.name.text}: gross {_format(table, line.sums.gross)},"
            f" net {_format(table, line.sums.net)} {table.currency}",
            (table.round(line.sums.gross), table.round(line.sums.net)),
        )
        for line in lines
    ]
    return draw_steps((GROSS, NET), steps)


def _draw_bars(table: Table) -> list[Bar]:
    rows = sorted(table.lines, key=lambda line: -line.sums.gross)
    shown, rest = rows[:MOST_BARS], rows[MOST_BARS:]
    drawn = [(line.name.text, line.sums.gross, line.sums.net) for line in shown]
    if rest:
        gross, net = (sum(getattr(line.sums, name) for line in rest) for name in ("gross", "net"))
        drawn.append((f"{len(rest):,} more", gross, net))
    most = max((gross for _, gross, _ in drawn), default=0)
    return [
        Bar(name, _scale(gross, most), _scale(net, most), _format(table, gross)) for name, gross, net in drawn
    ]


def _scale(units: int, most: int) -> float:
    return round(max(units, 0) / most * HEIGHT, 2) if most > 0 else 0.0


def _format(table: Table, units: int) -> str:
    return f"{table.round(units):,.{table.decimals}f}"


def _list_headings(form: ReportForm, table: Table) -> Iterator[dict[str, str]]:
    """The columns, with the address that sorts by each: amounts from the largest down first."""
    labels = {"name": table.heading} | {figure.name: figure.label for figure in table.figures}
    for name, label in labels.items():
        first, other = (name, f"-{name}") if name == "name" else (f"-{name}", name)
        order = other if table.order == first else first
        sort = ""
        if table.order.removeprefix("-") == name:
            sort = "descending" if table.order.startswith("-") else "ascending"
        yield {"label": label, "url": f"?{_write_query(form, o=order)}", "sort": sort}


def _show_line(form: ReportForm, table: Table, line: Line) -> dict[str, Any]:
    is_series = table.question.is_series
    return {
        "name": line.name.text,
        "page": line.name.page,
        "url": "" if is_series else f"?{_write_query(form, of=str(line.key), o=None)}",
        "cells": [(figure.label, table.format(figure, line.sums)) for figure in table.figures],
    }


def _show_total(table: Table, total: Total) -> dict[str, Any]:
    cells = [
        "" if figure.name in total.without else table.format(figure, total.sums) for figure in table.figures
    ]
    return {"name": total.label, "cells": cells}


urls = [
    path("reports/", site.admin_view(require_GET(show_reports)), name="reports"),
    path("reports/csv/", site.admin_view(require_GET(send_report)), name="reports_csv"),
]
site.own_pages.extend(urls)
