"""A sale belongs to one day of the shop's clock: at midnight, a second before, and when clocks change."""

from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from tests.asking import ask
from tests.histories.moments import CLOCKS, EDGES, ZONES, at_clock, find_changes, get_zone
from tests.histories.reference import day_of
from tests.shops import setup_key, setup_settings, signed
from tillroll.shop.models import Order
from tillroll.stats import rollup

pytestmark = pytest.mark.django_db


def sell_at(moment: datetime) -> Order:
    return Order(
        type="sale",
        status="complete",
        currency="USD",
        total=Decimal(1),
        shop_total=Decimal(1),
        created_at=moment,
        modified_at=moment,
    )


def list_days(zone: str) -> list[date]:
    """Edges, and the last days on which the zone's clock was changed, each with its neighbours."""
    days = (*find_changes(zone)[-8:], *EDGES, date(2011, 12, 30))
    return sorted({day + timedelta(days=shift) for day in days for shift in (-1, 0, 1)})


@pytest.mark.parametrize("name", ZONES)
def test_every_sale_is_counted_on_its_day_and_on_no_other(name: str) -> None:
    zone = get_zone(name)
    days = list_days(name)
    moments = [at_clock(day, clock, zone, fold) for day in days for clock in CLOCKS for fold in (0, 1)]
    Order.objects.bulk_create(sell_at(moment) for moment in moments)
    expected = Counter(day_of(moment, zone) for moment in moments)
    setup_settings(timezone=name)
    rollup.rebuild()
    pair = setup_key(role="shop_accountant")

    for first, last in list_stretches(days):
        asked = {
            "type": "sales",
            "date": "range",
            "startdate": f"{first:%Y%m%d}",
            "enddate": f"{last:%Y%m%d}",
        }
        stretch = [first + timedelta(days=each) for each in range((last - first).days + 1)]
        answer = ask("/edd-api/v2/stats/", signed(pair, **asked)).data
        assert answer["sales"] == {f"{day:%Y%m%d}": expected[day] for day in stretch}
        assert answer["totals"] == sum(expected[day] for day in stretch)

    for day in days:
        with time_machine.travel(at_clock(day, CLOCKS[-1], zone), tick=False):
            today = day_of(at_clock(day, CLOCKS[-1], zone), zone)
            answer = ask("/edd-api/v2/stats/", signed(pair, type="sales", date="today")).data
            assert answer["sales"] == {"today": expected[today]}


def list_stretches(days: list[date]) -> list[tuple[date, date]]:
    """Days that follow each other, as first and last."""
    stretches = [(days[0], days[0])]
    for day in days[1:]:
        first, last = stretches[-1]
        if day - last == timedelta(days=1):
            stretches[-1] = (first, day)
        else:
            stretches.append((day, day))
    return stretches


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Paris", "20240331", 23),
        ("Europe/Paris", "20241027", 25),
        ("America/Havana", "20240310", 23),
        ("Asia/Beirut", "20240331", 23),
        ("Africa/Cairo", "20241031", 25),
        ("Australia/Lord_Howe", "20240407", 24.5),
        ("Pacific/Apia", "20111230", 0),
    ],
)
def test_a_changed_day_has_the_hours_that_its_clock_shows(zone: str, day: str, hours: float) -> None:
    noon = datetime.fromisoformat(f"{day}T12:00:00Z")
    half_hours = [noon + timedelta(minutes=30 * step) for step in range(-96, 96)]
    Order.objects.bulk_create(sell_at(moment) for moment in half_hours)
    setup_settings(timezone=zone)
    rollup.rebuild()
    asked = {"type": "sales", "date": "range", "startdate": day, "enddate": day}

    answer = ask("/edd-api/v2/stats/", signed(setup_key(), **asked)).data

    assert answer["sales"] == {day: int(hours * 2)}
