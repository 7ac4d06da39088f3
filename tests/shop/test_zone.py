"""Zones as a shop names them, and times on the shop's clock."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillroll.shop.zone import ZoneError, parse_zone, to_local, to_local_text

ZONES = [
    "UTC",
    "-12",
    "+14",
    "+5.5",
    "-3.5",
    "+5.75",
    "+12.75",
    "+0:07",
    "America/New_York",
    "America/St_Johns",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Africa/Monrovia",
    "Pacific/Apia",
    "Pacific/Chatham",
]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("", 0),
        (" ", 0),
        ("0", 0),
        ("-0", 0),
        ("+00:00", 0),
        ("UTC", 0),
        ("gmt", 0),
        ("UTC+0", 0),
        ("+5.5", 330),
        ("5.5", 330),
        ("5.50", 330),
        ("-3", -180),
        ("-3.5", -210),
        ("-0.5", -30),
        ("UTC-0:30", -30),
        ("UTC+5:30", 330),
        ("UTC+5.75", 345),
        ("+05:30", 330),
        ("+0530", 330),
        ("GMT-03:30", -210),
        ("12.75", 765),
        ("14", 840),
        ("-12", -720),
    ],
)
def test_an_offset_is_a_fixed_zone_east_of_utc(text: str, minutes: int) -> None:
    zone = parse_zone(text)
    assert isinstance(zone, timezone)
    assert zone.utcoffset(None) == timedelta(minutes=minutes)


@pytest.mark.parametrize("name", ["America/New_York", "Asia/Kolkata", "Etc/GMT+5", "America/Argentina/Salta"])
def test_a_name_is_the_zone_of_that_name(name: str) -> None:
    assert parse_zone(name) == ZoneInfo(name)


def test_the_sign_of_an_etc_zone_stays_as_the_zone_database_has_it() -> None:
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert parse_zone("Etc/GMT+5").utcoffset(moment) == timedelta(hours=-5)
    assert parse_zone("GMT+5").utcoffset(moment) == timedelta(hours=5)


@pytest.mark.parametrize(
    "text",
    [
        "America",
        "America/Nowhere",
        "Mars/Olympus",
        "../etc/passwd",
        "/etc/localtime",
        "localtime",
        "right/UTC",
        "zone.tab",
        "a\0b",
        "x" * 5000,
        "Zürich",
        "\ud800",
        "--3",
        "+",
        "5.",
        "٣",
    ],
)
def test_what_names_no_zone_ends_in_a_sentence(text: str) -> None:
    with pytest.raises(ZoneError, match=r"is not a time zone: give a name such as"):
        parse_zone(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("+14:01", "The time zone offset '+14:01' is outside -12:00 to +14:00."),
        ("-12.5", "The time zone offset '-12.5' is outside -12:00 to +14:00."),
        ("99", "The time zone offset '99' is outside -12:00 to +14:00."),
        ("+5:60", "The time zone offset '+5:60' has more than 59 minutes."),
        ("5.33", "The time zone offset '5.33' is not a whole number of minutes."),
    ],
)
def test_an_offset_out_of_range_ends_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ZoneError) as caught:
        parse_zone(text)
    assert str(caught.value) == sentence


def test_a_zone_is_parsed_once() -> None:
    assert parse_zone("+5.5") is parse_zone("+5.5")


@pytest.mark.parametrize(
    ("utc", "zone", "local"),
    [
        ("2026-02-03 03:30:00", "America/New_York", "2026-02-02 22:30:00"),
        ("2026-02-03 04:59:59", "America/New_York", "2026-02-02 23:59:59"),
        ("2026-02-03 05:00:00", "America/New_York", "2026-02-03 00:00:00"),
        ("2026-03-08 06:59:59", "America/New_York", "2026-03-08 01:59:59"),
        ("2026-03-08 07:00:00", "America/New_York", "2026-03-08 03:00:00"),
        ("2026-11-01 05:59:59", "America/New_York", "2026-11-01 01:59:59"),
        ("2026-11-01 06:00:00", "America/New_York", "2026-11-01 01:00:00"),
        ("2025-12-31 18:29:59", "+5.5", "2025-12-31 23:59:59"),
        ("2025-12-31 18:30:00", "Asia/Kolkata", "2026-01-01 00:00:00"),
        ("2025-12-31 18:15:01", "Asia/Kathmandu", "2026-01-01 00:00:01"),
        ("2026-04-04 14:59:59", "Australia/Lord_Howe", "2026-04-05 01:59:59"),
        ("2026-04-04 15:00:00", "Australia/Lord_Howe", "2026-04-05 01:30:00"),
        ("2011-12-30 09:59:59", "Pacific/Apia", "2011-12-29 23:59:59"),
        ("2011-12-30 10:00:00", "Pacific/Apia", "2011-12-31 00:00:00"),
        ("2026-01-01 00:00:00", "", "2026-01-01 00:00:00"),
        ("1900-01-01 00:00:00", "Africa/Monrovia", "1899-12-31 23:16:52"),
        ("0001-01-01 00:00:00", "-12", "0001-01-01 00:00:00"),
        ("0001-01-01 00:30:00", "-12", "0001-01-01 00:00:00"),
        ("9999-12-31 23:59:59", "+14", "9999-12-31 23:59:59"),
    ],
)
def test_a_utc_text_becomes_the_shops_text(utc: str, zone: str, local: str) -> None:
    assert to_local_text(utc, parse_zone(zone)) == local


@given(
    st.datetimes(datetime(1850, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - the strategy wants bare bounds
    st.sampled_from(ZONES),
)
def test_the_text_agrees_with_the_moment(moment: datetime, name: str) -> None:
    zone = parse_zone(name)
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    local = moment.astimezone(zone)
    assert to_local(moment, zone) == local
    assert to_local_text(f"{moment:%Y-%m-%d %H:%M:%S}", zone) == local.replace(tzinfo=None).isoformat(" ")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, 0, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
        ("America/St_Johns", datetime(2010, 11, 7, 2, 31, tzinfo=UTC)),
    ],
)
def test_every_minute_around_a_change_off_the_hour_is_right(name: str, change: datetime) -> None:
    zone = parse_zone(name)
    assert change.astimezone(zone).utcoffset() != (change - timedelta(seconds=1)).astimezone(zone).utcoffset()
    for minute in range(-120, 120):
        moment = change + timedelta(minutes=minute)
        expected = moment.astimezone(zone).replace(tzinfo=None).isoformat(" ")
        assert to_local_text(f"{moment:%Y-%m-%d %H:%M:%S}", zone) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-03",
        "2026-02-03T03:30:00",
        "2026-02-30 03:30:00",
        "2026-W01-1 03:30:00",
        "2026-02-03 24:00:00",
        "20260203T033000.000",
    ],
)
def test_a_text_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"month|hour|form YYYY-MM-DD"):
        to_local_text(text, UTC)


def test_a_moment_past_the_calendars_ends_stops_there() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert to_local(first, parse_zone("-12")) == datetime.min.replace(tzinfo=parse_zone("-12"))
    assert to_local(last, parse_zone("+14")) == datetime.max.replace(tzinfo=parse_zone("+14"))
