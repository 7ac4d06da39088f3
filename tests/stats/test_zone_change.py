"""How many orders another zone puts on another day: as many as one finds by looking at each."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.shops import setup_order, setup_product
from tillroll.shop.models import Order
from tillroll.shop.zone import get_day, parse_zone
from tillroll.stats.zone_change import Moved, count_moved

pytestmark = pytest.mark.django_db

ZONES = ("UTC", "Asia/Tokyo", "America/New_York", "+05:45", "-12:00", "+14:00", "Europe/Paris")


def test_no_orders_do_not_move() -> None:
    assert count_moved(parse_zone("UTC"), parse_zone("Asia/Tokyo")) == Moved(0, 0)


@pytest.mark.parametrize("old", ZONES)
@pytest.mark.parametrize("new", ZONES)
def test_the_count_is_that_of_looking_at_each_order(old: str, new: str) -> None:
    product = setup_product()
    begin = datetime(2026, 3, 27, 0, 0, tzinfo=UTC)  # over a change of the clock in Paris
    for number in range(60):
        setup_order(product, at=begin + timedelta(minutes=97 * number))
    before, after = parse_zone(old), parse_zone(new)
    moments = Order.objects.values_list("created_at", flat=True)
    real = sum(get_day(moment, before) != get_day(moment, after) for moment in moments)
    assert count_moved(before, after) == Moved(real, 60)
