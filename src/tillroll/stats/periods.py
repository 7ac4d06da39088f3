"""Named dates and days of a shop as half-open UTC spans.

A day is the shop's local day and begins at its first instant: where the clock jumps over midnight, at the
jump; where midnight comes twice, at the first. A skipped day has no length. Days meet without a gap.
"""

import re
from collections.abc import Callable
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import NamedTuple

from tillroll.shop.zone import get_day_end, get_day_start, to_local

_DAY = re.compile(r"([0-9]{4})(-?)([0-9]{2})\2([0-9]{2})")


class PeriodError(ValueError):
    """A period or day that can't be read; the message is a sentence."""


class UnknownPeriod(PeriodError):
    """A name that is not one of PERIODS."""


class InvalidDay(PeriodError):
    """A text that is no calendar day, or a last day before the first."""


class Step(StrEnum):
    """What a report goes by."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Span(NamedTuple):
    """Aware UTC moments from start up to, and without, end."""

    start: datetime
    end: datetime


def get_period(name: str, now: datetime, zone: tzinfo, week_start: int) -> Span:
    """The span of a named date, as `get_period_days` has it. Raises UnknownPeriod."""
    first, last = get_period_days(name, now, zone, week_start)
    return get_span(first, last, zone)


def get_period_days(name: str, now: datetime, zone: tzinfo, week_start: int) -> tuple[date, date]:
    """The first and the last local day of a named date, both included ([3.6] 3.6, [CONTRACT] Stats).

    `now` is aware. `week_start` is WordPress' start_of_week: 0 is Sunday, 6 Saturday. A period that has not
    ended yet ends with today. Raises UnknownPeriod.
    """
    try:
        get_days_until = _PERIODS[name]
    except KeyError:
        raise UnknownPeriod(f"{name!r} is not a period; the periods are {', '.join(PERIODS)}.") from None
    return get_days_until(get_today(now, zone), week_start)


def get_days_before(name: str, first: date, last: date) -> tuple[date, date] | None:
    """The days that a period is compared with: as many just before it, but of what is a month, a quarter or a
    year (or a part of one that has not ended) the same days of the one before. None before the calendar
    begins."""
    if months := _MONTHS.get(name):
        place = first.year * 12 + first.month - 1 - months
        if place < 12:
            return None
        start = date(place // 12, place % 12 + 1, 1)
        end = _shift(first, -1)
        return start, end if name.startswith("last_") else min(_shift(start, (last - first).days), end)
    days = 7 if name == "this_week" else (last - first).days + 1
    if first.toordinal() <= days:
        return None
    return _shift(first, -days), _shift(last, -days)


_MONTHS = {"this_month": 1, "other": 1, "last_month": 1, "this_quarter": 3, "last_quarter": 3}
_MONTHS |= {"this_year": 12, "last_year": 12}
"""How many months a named date is of."""


def start_step(day: date, step: Step, week_start: int) -> date:
    """The first day of the week or month that a day is in."""
    if step is Step.WEEK:
        return _start_week(day, week_start)
    return day.replace(day=1) if step is Step.MONTH else day


def list_steps(first: date, last: date, step: Step, week_start: int) -> list[tuple[date, date]]:
    """The steps from a first to a last day, both included, each with its own first and last day; those at the
    ends are cut off."""
    steps = []
    while True:
        if step is Step.MONTH:
            after = start_step(_shift(first.replace(day=1), 31), step, week_start)
        else:
            after = _shift(start_step(first, step, week_start), 7 if step is Step.WEEK else 1)
        end = min(_shift(after, -1), last) if after > first else last
        steps.append((first, end))
        if end >= last:
            return steps
        first = after


def get_span(first: date, last: date, zone: tzinfo) -> Span:
    """The span of the local days first to last, both included. Raises InvalidDay if last is before first."""
    _refuse_reversed(first, last)
    return Span(get_day_start(first, zone), get_day_end(last, zone))


def get_today(now: datetime, zone: tzinfo) -> date:
    """The local day at an aware moment."""
    return to_local(now, zone).date()


def parse_day(text: str) -> date:
    """The day of "YYYYMMDD" or "YYYY-MM-DD" in ASCII digits ([CONTRACT] Stats). Raises InvalidDay."""
    match = _DAY.fullmatch(text)
    try:
        if match:
            return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        pass
    raise InvalidDay(f"{text!r} is not a day: give YYYYMMDD or YYYY-MM-DD.")


def _refuse_reversed(first: date, last: date) -> None:
    if last < first:
        raise InvalidDay(f"The last day, {last}, is before the first, {first}.")


def _shift(day: date, days: int) -> date:
    """The day so many days later; at the calendar's ends, the end."""
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal()))


def _start_week(day: date, week_start: int) -> date:
    return _shift(day, -((day.isoweekday() - week_start) % 7))


def _start_quarter(day: date) -> date:
    return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)


def _yesterday(today: date, _: int) -> tuple[date, date]:
    return _shift(today, -1), _shift(today, -1)


def _last_week(today: date, week_start: int) -> tuple[date, date]:
    last = _shift(_start_week(today, week_start), -1)
    return _start_week(last, week_start), last


def _month_to_date(today: date, _: int) -> tuple[date, date]:
    return today.replace(day=1), today


def _last_month(today: date, _: int) -> tuple[date, date]:
    last = _shift(today.replace(day=1), -1)
    return last.replace(day=1), last


def _last_quarter(today: date, _: int) -> tuple[date, date]:
    last = _shift(_start_quarter(today), -1)
    return _start_quarter(last), last


def _last_year(today: date, _: int) -> tuple[date, date]:
    last = _shift(today.replace(month=1, day=1), -1)
    return last.replace(month=1, day=1), last


_PERIODS: dict[str, Callable[[date, int], tuple[date, date]]] = {
    "today": lambda today, _: (today, today),
    "yesterday": _yesterday,
    "this_week": lambda today, week_start: (_start_week(today, week_start), today),
    "last_week": _last_week,
    "last_30_days": lambda today, _: (_shift(today, -30), today),
    "this_month": _month_to_date,
    "last_month": _last_month,
    "this_quarter": lambda today, _: (_start_quarter(today), today),
    "last_quarter": _last_quarter,
    "this_year": lambda today, _: (today.replace(month=1, day=1), today),
    "last_year": _last_year,
    "other": _month_to_date,
}
PERIODS: tuple[str, ...] = tuple(_PERIODS)
"""The names, in the order in which an error message lists them."""
