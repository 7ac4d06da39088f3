"""Whatever is written, in whatever order: each kept figure is what the records make of it by themselves."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.histories.moments import ZONES, draw_moment, draw_now, get_zone
from tests.histories.totals import check_all_that_is_kept
from tests.histories.writing import GATEWAYS, RATES, STATUSES, Scribe
from tests.shops import (
    setup_customer,
    setup_fee,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
)
from tillroll.shop import kept, services
from tillroll.shop.kept.ledgers import list_entries, write_sums
from tillroll.shop.models import Order, OrderAddress, OrderAdjustment, OrderItem
from tillroll.shop.revision import Topic, write
from tillroll.shop.statements import run
from tillroll.stats import rollup
from tillroll.stats.models import DayTotal, ProductDayTotal, ProductTotal, ShopTotal

pytestmark = pytest.mark.django_db

NOON = datetime(2024, 3, 31, 12, tzinfo=UTC)


class Hand:
    """Edits of any record of an order, as a mirror or a back office makes them."""

    def __init__(self, random: Random, scribe: Scribe) -> None:
        self.random, self.scribe = random, scribe

    def edit_something(self) -> None:
        orders = list(Order.objects.order_by("id"))
        if not orders:
            return
        order = self.random.choice(orders)
        edit = self.random.choice(
            (self.edit_order, self.edit_item, self.edit_fee, self.edit_address, self.remove)
        )
        with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE), kept.following(order.pk):
            edit(order)

    def edit_order(self, order: Order) -> None:
        customer = self.random.choice(self.scribe.customers)
        order.customer_id = customer.pk if customer else None
        order.created_at = self.scribe.draw_moment()
        order.status = self.random.choice(STATUSES)
        order.total, order.tax = self.scribe._signed(), self.scribe._signed()
        order.rate = Decimal(self.random.choice(RATES))
        order.gateway = self.random.choice(GATEWAYS)
        services.orders.put_in_shop_currency(order)
        order.save()

    def edit_item(self, order: Order) -> None:
        for item in order.items.all():
            item.product_id = self.random.choice((None, *(product.pk for product in self.scribe.products)))
            item.status = self.random.choice(STATUSES)
            item.quantity = self.random.choice((1, 2, -1, item.quantity))
            item.total, item.tax = self.scribe._signed(), self.scribe._signed()
            services.orders.put_in_shop_currency(item)
            item.save()

    def edit_fee(self, order: Order) -> None:
        for fee in order.adjustments.all():
            fee.type = self.random.choice(("fee", "credit", "discount"))
            fee.total = self.scribe._signed()
            fee.description = self.random.choice(("SPRING", "HALF", ""))
            services.orders.put_in_shop_currency(fee)
            fee.save()

    def edit_address(self, order: Order) -> None:
        if self.random.random() < 0.4:
            order.addresses.create(country=self.scribe.draw_country(), created_at=order.created_at)
        for address in order.addresses.order_by("id"):
            address.type = self.random.choice(("billing", "shipping"))
            address.country = self.scribe.draw_country()
            address.save()

    def remove(self, order: Order) -> None:
        """Takes away a part or the whole of an order."""
        model = self.random.choice((OrderAdjustment, OrderItem, Order))
        OrderAdjustment.objects.filter(order=order).delete()
        if model is not OrderAdjustment:
            OrderItem.objects.filter(order=order).delete()
            OrderAddress.objects.filter(order=order).delete()
        if model is Order:
            Order.objects.filter(pk=order.pk).delete()
            self.scribe.orders = [each for each in self.scribe.orders if each.pk != order.pk]


def live(random: Random, zone: str, steps: int) -> None:
    now = draw_now(random, zone)
    with time_machine.travel(now, tick=False), transaction.atomic():
        setup_settings(timezone=zone)
        scribe = Scribe(random, lambda: draw_moment(random, now, zone))
        hand = Hand(random, scribe)
        for _ in range(steps):
            turn: Callable[[], object] = random.choices(
                (lambda: scribe.write(1), hand.edit_something, lambda: setup_customer(created_at=now)),
                (8, 3, 1),
            )[0]
            turn()
        check_all_that_is_kept(get_zone(zone))
        other = random.choice(ZONES)
        setup_settings(timezone=other)
        check_all_that_is_kept(get_zone(other))
        scribe.write(2)
        check_all_that_is_kept(get_zone(other))
        transaction.set_rollback(True)


@settings(
    max_examples=25 if connection.vendor == "sqlite" else 8,  # the same code; each statement costs more
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
@given(st.randoms(use_true_random=False), st.sampled_from(ZONES), st.integers(0, 14))
def test_any_history_keeps_every_figure(random: Random, zone: str, steps: int) -> None:
    live(random, zone, steps)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_history_keeps_every_figure(seed: int) -> None:
    live(Random(seed), ZONES[seed * 9], 120)


def test_rows_that_no_service_wrote_are_counted_and_followed_too() -> None:
    random = Random(5)
    setup_settings(timezone="America/Havana")
    scribe = Scribe(random, lambda: draw_moment(random, NOON, "America/Havana"))
    scribe.write(20)
    scribe.bring(40)
    check_all_that_is_kept(get_zone("America/Havana"))
    hand = Hand(random, scribe)
    for _ in range(15):
        scribe.write(1)
        hand.edit_something()
    check_all_that_is_kept(get_zone("America/Havana"))


def test_a_refund_takes_its_amount_back_on_its_own_day() -> None:
    product = setup_product(id=7)
    order = setup_order(setup_line(product, "10", tax="2"), at=NOON)
    setup_refund(order, at=NOON + timedelta(days=1))

    assert list(
        DayTotal.objects.order_by("day").values_list("sales", "headline", "earnings_whole", "tax_whole")
    ) == [
        (0, 0, 12, 2),
        (0, 0, -12, -2),
    ]
    assert list(
        ProductDayTotal.objects.order_by("day").values_list("product_id", "sold", "earnings_whole")
    ) == [
        (7, 0, 12),
        (7, 0, -12),
    ]
    assert ShopTotal.objects.values_list("sales", "earnings_whole", "tax_whole").get() == (0, 0, 0)
    assert ProductTotal.objects.values_list("product_id", "sold", "earnings_whole").get() == (7, 0, 0)


def test_sums_are_carried_and_never_overflow() -> None:
    product = setup_product()
    for _ in range(12):
        setup_order(setup_line(product, "999999999.999999999"), at=NOON)

    day = DayTotal.objects.get()
    assert (day.earnings_whole, day.earnings_rest) == (11_999_999_999, 999_999_988)


@pytest.mark.parametrize(
    ("zone", "moment", "day"),
    [
        pytest.param("UTC", "0001-01-01T00:00:00", "0001-01-01", id="the first moment"),
        pytest.param("UTC", "9999-12-31T23:59:59.999999", "9999-12-31", id="the last moment"),
        pytest.param("+14", "9999-12-31T23:00:00", "9999-12-31", id="past the calendar"),
        pytest.param("+14", "0001-01-01T00:00:00", "0001-01-01", id="the first in the east"),
        pytest.param("-12", "0001-01-01T11:00:00", None, id="before the calendar"),
        pytest.param("-12", "0001-01-01T12:00:00", "0001-01-01", id="the first in the west"),
        pytest.param("America/Havana", "2024-11-03T04:30:00", "2024-11-03", id="before midnight comes twice"),
        pytest.param("America/St_Johns", "2010-11-07T02:30:30", "2010-11-07", id="the first midnight"),
        pytest.param("America/St_Johns", "2010-11-07T03:00:00", "2010-11-07", id="back in the day before"),
        pytest.param("Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29", id="before the skipped day"),
        pytest.param("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-31", id="behind the skipped day"),
    ],
)
def test_an_order_is_of_the_day_that_has_begun(zone: str, moment: str, day: str | None) -> None:
    at = datetime.fromisoformat(f"{moment}+00:00")
    setup_settings(timezone=zone)
    setup_order(at=at)

    def read() -> list[str]:
        return [str(each) for each in DayTotal.objects.filter(sales=1).values_list("day", flat=True)]

    assert read() == ([day] if day else [])
    assert ShopTotal.objects.get().sales == 1
    setup_settings(timezone="Asia/Tokyo")
    setup_settings(timezone=zone)
    assert read() == ([day] if day else [])
    assert ShopTotal.objects.get().sales == 1


def test_a_setting_that_is_no_zone_leaves_the_totals_alone() -> None:
    setup_order(at=NOON)
    DayTotal.objects.update(sales=5)

    setup_settings(name="Other", timezone="UTC")
    assert DayTotal.objects.get().sales == 5
    setup_settings(timezone="Europe/Paris")
    assert DayTotal.objects.get().sales == 1


def test_an_items_fee_follows_its_product() -> None:
    product, other = setup_product(id=1), setup_product(id=2)
    order = setup_order(setup_line(product, "10", fees=(setup_fee(amount="3"),)), at=NOON)
    with write(Topic.ORDERS), kept.following(order.pk):
        order.items.update(product=other)

    rows = ProductTotal.objects.order_by("product_id").values_list("product_id", "sold", "earnings_whole")
    assert list(rows) == [(1, 0, 0), (2, 1, 13)]
    product.refresh_from_db()
    other.refresh_from_db()
    assert (product.sales, other.sales) == (0, 1)
    assert (product.earnings, other.earnings) == (Decimal(0), Decimal(13))


def test_what_was_taken_back_by_an_order_of_its_own_follows_too() -> None:
    """As an import may bring it: a refund whose order does not say of which sale it is."""
    product = setup_product()
    sale, refund = setup_order(product, at=NOON), setup_order(at=NOON)
    with write(Topic.ORDERS, Topic.CATALOGUE), kept.following(refund.pk):
        Order.objects.filter(pk=refund.pk).update(type="refund")
        refund.items.update(product=product, parent=sale.items.get(), quantity=-1)
    product.refresh_from_db()
    assert product.sales == 1

    services.change_order_status(sale, "refunded")

    product.refresh_from_db()
    assert product.sales == 0
    check_all_that_is_kept(UTC)


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="PostgreSQL chooses by what it counted.")
def test_a_day_is_measured_by_its_own_orders() -> None:
    """By an index of states each day would cost as much as all of them, so there is none of all orders."""
    for entry in list_entries(rollup.LEDGERS):
        statement = write_sums((entry,), "o.created_at >= %s AND o.created_at < %s")
        steps = [str(row[3]) for row in run(f"EXPLAIN QUERY PLAN {statement}", ("2026-01-01", "2026-01-02"))]
        [orders] = [step for step in steps if re.match(r"(SEARCH|SCAN) o\b", step)]
        assert "order_created_idx (created_at>? AND created_at<?)" in orders
