"""Named dates and days against a plain recomputation: walk through the days, or through the seconds."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import groupby, pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tillroll.shop.zone import get_day, parse_zone
from tillroll.stats.periods import (
    PERIODS,
    InvalidDay,
    Span,
    UnknownPeriod,
    get_period,
    get_period_days,
    get_span,
    get_today,
    parse_day,
)

ZONES = [
    "UTC",
    "-12",
    "-9.5",
    "-3.5",
    "+5.5",
    "+5.75",
    "+12.75",
    "+14",
    "America/New_York",
    "America/Toronto",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Paris",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Kwajalein",
]
STEP = timedelta(minutes=15)
SECOND = timedelta(seconds=1)
ONE_DAY = timedelta(days=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def find_first_instant(day: date, zone_name: str) -> datetime:
    """The first second whose local date is the day or later, found by trying."""
    zone = parse_zone(zone_name)
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=30)
    while moment.astimezone(zone).date() < day:
        moment += STEP
    while (moment - SECOND).astimezone(zone).date() >= day:
        moment -= SECOND
    return moment


def get_month(day: date, _: int) -> object:
    return day.year, day.month


def get_quarter(day: date, _: int) -> object:
    return day.year, {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 3, 8: 3, 9: 3}.get(day.month, 4)


def get_year(day: date, _: int) -> object:
    return day.year


def get_week(day: date, week_start: int) -> object:
    """Whole weeks since a day on which a week began: 5 January 2003 was a Sunday."""
    return (day - date(2003, 1, 5) - timedelta(days=week_start)).days // 7


KEYS = {"month": get_month, "quarter": get_quarter, "year": get_year, "week": get_week}
CALENDAR = [date(2003, 1, 1) + timedelta(days=n) for n in range(35 * 365)]


@cache
def tear_calendar(unit: str, week_start: int) -> dict[date, tuple[list[date], list[date]]]:
    """For each day the days of its week, month, quarter or year, and those of the one before."""
    leaves = [list(days) for _, days in groupby(CALENDAR, lambda day: KEYS[unit](day, week_start))]
    return {day: (leaf, before) for before, leaf in pairwise(leaves) for day in leaf}


def find_days(name: str, today: date, week_start: int) -> list[date]:
    """The days of a period, oldest first, read from a calendar that is torn into leaves."""
    if name in {"today", "yesterday", "last_30_days"}:
        back = {"today": [0], "yesterday": [1], "last_30_days": range(30, -1, -1)}[name]
        return [today - timedelta(days=days) for days in back]
    which, _, unit = "this_month".partition("_") if name == "other" else name.partition("_")
    leaf, before = tear_calendar(unit, week_start)[today]
    return before if which == "last" else [day for day in leaf if day <= today]


def test_the_names_are_those_of_the_wire_in_their_order() -> None:
    assert PERIODS == (
        "today",
        "yesterday",
        "this_week",
        "last_week",
        "last_30_days",
        "this_month",
        "last_month",
        "this_quarter",
        "last_quarter",
        "this_year",
        "last_year",
        "other",
    )


@pytest.mark.parametrize("name", PERIODS)
def test_every_day_of_three_years_has_the_calendars_period(name: str) -> None:
    today = date(2023, 12, 25)
    while today < date(2027, 1, 8):
        now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
        for week_start in (0, 1, 3, 6) if name.endswith("week") else (1,):
            days = find_days(name, today, week_start)
            assert get_period_days(name, now, UTC, week_start) == (days[0], days[-1]), (today, week_start)
        today += ONE_DAY


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("this_week", date(2026, 12, 28), date(2026, 12, 31)),
        ("last_week", date(2026, 12, 21), date(2026, 12, 27)),
        ("last_30_days", date(2026, 12, 1), date(2026, 12, 31)),
        ("last_month", date(2026, 11, 1), date(2026, 11, 30)),
        ("this_quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("last_quarter", date(2026, 7, 1), date(2026, 9, 30)),
        ("last_year", date(2025, 1, 1), date(2025, 12, 31)),
        ("other", date(2026, 12, 1), date(2026, 12, 31)),
    ],
)
def test_the_last_day_of_a_year_is_right(name: str, first: date, last: date) -> None:
    assert get_period_days(name, datetime(2026, 12, 31, 12, tzinfo=UTC), UTC, 1) == (first, last)


def test_today_is_the_shops_day_not_utcs() -> None:
    now = datetime(2026, 2, 3, 3, 30, tzinfo=UTC)
    zone = parse_zone("America/New_York")
    assert get_today(now, zone) == date(2026, 2, 2)
    assert get_period("today", now, zone, 1) == Span(utc("2026-02-02 05:00:00"), utc("2026-02-03 05:00:00"))
    assert get_period("this_week", now, zone, 1) == get_period("today", now, zone, 1)
    assert get_period("this_week", now, zone, 0).start == utc("2026-02-01 05:00:00")


def test_a_month_over_a_clock_change_keeps_local_midnights() -> None:
    now = datetime(2026, 4, 15, tzinfo=UTC)
    span = get_period("last_month", now, parse_zone("America/New_York"), 1)
    assert span == Span(utc("2026-03-01 05:00:00"), utc("2026-04-01 04:00:00"))


@pytest.mark.parametrize("name", ["", "Today", "range", "this_decade", "today "])
def test_an_unknown_name_ends_in_a_sentence_with_the_names(name: str) -> None:
    with pytest.raises(UnknownPeriod) as caught:
        get_period(name, datetime(2026, 1, 1, tzinfo=UTC), UTC, 1)
    assert str(caught.value) == f"{name!r} is not a period; the periods are {', '.join(PERIODS)}."


@pytest.mark.parametrize(
    ("zone", "day", "start", "end"),
    [
        # the clock jumps from midnight to one
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04 03:00:00", "2018-11-05 02:00:00"),
        ("Asia/Beirut", date(2022, 3, 27), "2022-03-26 22:00:00", "2022-03-27 21:00:00"),
        ("America/Havana", date(2026, 3, 8), "2026-03-08 05:00:00", "2026-03-09 04:00:00"),
        # midnight comes twice: at one back to midnight
        ("America/Havana", date(2026, 11, 1), "2026-11-01 04:00:00", "2026-11-02 05:00:00"),
        # at midnight back to eleven: the day before has 25 hours
        ("America/Sao_Paulo", date(2018, 2, 17), "2018-02-17 02:00:00", "2018-02-18 03:00:00"),
        ("America/Sao_Paulo", date(2018, 2, 18), "2018-02-18 03:00:00", "2018-02-19 03:00:00"),
        # a minute after midnight back to a minute past eleven
        ("America/St_Johns", date(2010, 11, 7), "2010-11-07 02:30:00", "2010-11-08 03:30:00"),
        # the clock jumps from half past eleven to half past midnight
        ("America/Toronto", date(1919, 3, 31), "1919-03-31 04:30:00", "1919-04-01 04:00:00"),
        # a day that the island skipped
        ("Pacific/Apia", date(2011, 12, 29), "2011-12-29 10:00:00", "2011-12-30 10:00:00"),
        ("Pacific/Apia", date(2011, 12, 30), "2011-12-30 10:00:00", "2011-12-30 10:00:00"),
        ("Pacific/Apia", date(2011, 12, 31), "2011-12-30 10:00:00", "2011-12-31 10:00:00"),
        # half an hour more
        ("Australia/Lord_Howe", date(2026, 4, 5), "2026-04-04 13:00:00", "2026-04-05 13:30:00"),
        ("+5.75", date(2026, 1, 1), "2025-12-31 18:15:00", "2026-01-01 18:15:00"),
    ],
)
def test_a_day_begins_at_its_first_instant(zone: str, day: date, start: str, end: str) -> None:
    assert get_span(day, day, parse_zone(zone)) == Span(utc(start), utc(end))


@given(st.dates(date(1900, 1, 1), date(2037, 12, 31)), st.sampled_from(ZONES))
@example(date(2018, 11, 4), "America/Sao_Paulo")
@example(date(1919, 3, 31), "America/Toronto")
@example(date(2011, 12, 30), "Pacific/Apia")
@example(date(1993, 8, 21), "Pacific/Kwajalein")
def test_a_days_span_is_what_the_clock_shows(day: date, zone: str) -> None:
    expected = Span(find_first_instant(day, zone), find_first_instant(day + ONE_DAY, zone))
    assert get_span(day, day, parse_zone(zone)) == expected


@given(
    st.datetimes(datetime(2005, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 - the strategy wants bare bounds
    st.sampled_from(ZONES),
    st.sampled_from(PERIODS),
    st.integers(0, 6),
)
def test_a_period_is_the_spans_of_its_days(moment: datetime, zone: str, name: str, week_start: int) -> None:
    now = moment.replace(tzinfo=UTC)
    days = find_days(name, now.astimezone(parse_zone(zone)).date(), week_start)
    expected = Span(find_first_instant(days[0], zone), find_first_instant(days[-1] + ONE_DAY, zone))
    assert get_period(name, now, parse_zone(zone), week_start) == expected


@pytest.mark.parametrize("name", ZONES)
def test_days_follow_each_other_without_gap_or_overlap(name: str) -> None:
    zone = parse_zone(name)
    days = [date(2010, 12, 25) + timedelta(days=n) for n in range(377)]
    spans = [get_span(day, day, zone) for day in days]
    assert all(one.end == two.start for one, two in pairwise(spans))
    assert Span(spans[0].start, spans[-1].end) == get_span(days[0], days[-1], zone)


@pytest.mark.parametrize("name", ZONES)
def test_a_moment_is_of_the_day_whose_span_it_is_in(name: str) -> None:
    zone = parse_zone(name)
    for number in range(377):
        day = date(2010, 12, 25) + timedelta(days=number)
        start, end = get_span(day, day, zone)
        step = timedelta(minutes=20)
        moments = [start + step * place for place in range((end - start) // step)]
        if end > start:
            moments.append(end - timedelta(microseconds=1))
        assert {get_day(moment, zone) for moment in moments} <= {day}


@given(st.integers(0, 60), st.booleans(), st.sampled_from(ZONES), st.sampled_from(PERIODS), st.integers(0, 6))
def test_the_calendars_ends_are_clamped(
    hours: int, late: bool, zone: str, name: str, week_start: int
) -> None:
    away = timedelta(hours=hours)
    now = datetime.max.replace(tzinfo=UTC) - away if late else datetime.min.replace(tzinfo=UTC) + away
    span = get_period(name, now, parse_zone(zone), week_start)
    assert span.start <= span.end
    assert span.start.tzinfo is UTC
    assert span.end.tzinfo is UTC


def test_the_first_and_the_last_day_stop_at_the_ends() -> None:
    east, west = parse_zone("+14"), parse_zone("-12")
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert get_span(date.min, date.min, east) == Span(first, utc("0001-01-01 10:00:00"))
    assert get_span(date.max, date.max, west) == Span(utc("9999-12-31 12:00:00"), last)
    assert get_span(date.max, date.max, east) == Span(utc("9999-12-30 10:00:00"), last)


def test_a_last_day_before_the_first_ends_in_a_sentence() -> None:
    sentence = "The last day, 2026-01-01, is before the first, 2026-01-02."
    with pytest.raises(InvalidDay) as caught:
        get_span(date(2026, 1, 2), date(2026, 1, 1), UTC)
    assert str(caught.value) == sentence


@given(st.dates())
def test_a_day_reads_back_in_both_forms(day: date) -> None:
    assert parse_day(day.isoformat()) == day
    assert parse_day(day.isoformat().replace("-", "")) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "202601",
        "2026010",
        "202601011",
        "2026-1-1",
        "2026-0101",
        "202601-01",
        "2026-01-01 ",
        "2026-01-01\n",
        " 20260101",
        "+2026101",
        "2026/01/01",
        "01-01-2026",
        "yesterday",
        "20260230",
        "2025-02-29",
        "20261301",
        "20260001",
        "20260100",
        "00000101",
        "\u0662\u0660\u0662\u06660101",
        "2026\u0660\u066101",
        "202601\u0660\u0661",
        "\uff12\uff10\uff12\uff16-01-01",
        "2026-W01-1",
    ],
)
def test_what_is_no_calendar_day_ends_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidDay) as caught:
        parse_day(text)
    assert str(caught.value) == f"{text!r} is not a day: give YYYYMMDD or YYYY-MM-DD."
