"""Whatever happened in a shop, in whatever zone: answers and kept figures are those of a plain sum."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.asking import ask
from tests.histories.moments import ZONES, draw_moment, draw_now, get_zone
from tests.histories.reference import Books, period_days, round_half_up
from tests.histories.totals import check_records
from tests.histories.writing import Scribe
from tests.shops import setup_key, setup_settings, signed
from tillroll.access.digests import Pair
from tillroll.eddapi import shop as kept_settings
from tillroll.shop import ranks
from tillroll.stats.periods import PERIODS

pytestmark = pytest.mark.django_db

NAMES = (
    "today", "yesterday", "this_week", "last_week", "last_30_days", "this_month", "last_month",
    "this_quarter", "last_quarter", "this_year", "last_year", "other",
)  # fmt: skip
TAXES: tuple[tuple[dict[str, str], bool], ...] = (
    ({}, True),
    ({"include_tax": "TRUE"}, True),
    ({"include_tax": "0"}, False),
    ({"include_tax": ""}, False),
)


class Asker:
    """Asks a shop everything about its figures, and holds each answer against the books."""

    def __init__(self, random: Random, zone: str, now: datetime, pair: Pair) -> None:
        self.random = random
        self.now = now
        self.pair = pair
        self.zone = get_zone(zone)
        self.today = now.astimezone(self.zone).date()
        self.is_documented = random.random() < 0.5
        self.week_start = random.randrange(7)
        currency = random.choice(("USD", "USD", "jpy"))
        self.decimals = 0 if currency == "jpy" else 2
        setup_settings(
            timezone=zone,
            currency=currency,
            week_start=self.week_start,
            dialect="documented" if self.is_documented else "edd3",
        )
        self.books = Books(self.zone)

    def check_everything(self) -> None:
        self.books = Books(self.zone)
        self.check_kept()
        self.check_default()
        for name in NAMES:
            self.check_name(name)
        for _ in range(4):
            self.check_range()
        self.check_products()
        total = {"total_customers": len(self.books.customers)}
        assert self.ask(type="customers") == {"customers": total}

    def ask(self, **parameters: object) -> Any:
        version = self.random.choice(("v1", "v2"))
        reply = ask(f"/edd-api/{version}/stats/", signed(self.pair, **parameters))
        assert reply.status == 200
        data = reply.data
        del data["request_speed"]
        return data

    def number(self, amount: Decimal) -> float | int:
        """An amount as JSON has it: rounded to the currency, without a fraction where it has none."""
        return plain(round_half_up(amount, self.decimals))

    def check_kept(self) -> None:
        check_records(self.books)
        assert ranks.find_differences() == []

    def check_default(self) -> None:
        for query, tax in TAXES:
            expected: dict[str, dict[str, object]] = {"sales": {}, "earnings": {}}
            for key, name in (
                ("today", "today"),
                ("current_month", "this_month"),
                ("last_month", "last_month"),
            ):
                first, last = period_days(name, self.today, self.first_weekday)
                expected["sales"][key] = self.books.sales(first, last)
                expected["earnings"][key] = self.number(self.books.earnings(first, last, tax))
            expected["sales"]["totals"] = self.books.all_sales()
            ever = self.books.all_earnings(tax)
            expected["earnings"]["totals"] = plain(ever) if self.is_documented else self.number(ever)
            assert_same(self.ask(**query), {"stats": expected})
            kind = self.random.choice(("sales", "earnings"))
            assert_same(self.ask(type=kind, **query), {kind: expected[kind]})

    @property
    def first_weekday(self) -> int:
        return self.week_start if self.is_documented else 1

    def check_name(self, name: str) -> None:
        first, last = period_days(name, self.today, self.first_weekday)
        query, tax = self.random.choice(TAXES)
        sales = self.books.sales(first, last)
        assert_same(self.ask(type="sales", date=name, **query), {"sales": {name: sales}})
        earned = self.number(self.books.earnings(first, last, tax))
        assert_same(self.ask(type="earnings", date=name, **query), {"earnings": {name: earned}})

    def check_range(self) -> None:
        random, books = self.random, self.books
        some = [*books.day.values(), self.today]
        first = random.choice(some) - timedelta(days=random.randrange(3))
        days = [first + timedelta(days=each) for each in range(random.choice((1, 1, 2, 3, 8, 40)))]
        form = random.choice(("%Y%m%d", "%Y-%m-%d"))
        bounds = {"startdate": days[0].strftime(form), "enddate": days[-1].strftime(form)}
        query, tax = random.choice(TAXES)
        sold = {key(day): books.sales(day, day) for day in days}
        answer = self.ask(type="sales", date="range", **bounds, **query)
        assert_same(answer, {"sales": sold, "totals": sum(sold.values())})
        assert list(answer["sales"]) == sorted(sold)
        each = [round_half_up(books.earnings(day, day, tax), self.decimals) for day in days]
        assert_same(
            self.ask(type="earnings", date="range", **bounds, **query),
            {
                "earnings": {key(day): plain(amount) for day, amount in zip(days, each, strict=True)},
                "totals": plain(sum(each, Decimal(0))),
            },
        )

    def check_products(self) -> None:
        books = self.books
        query, tax = self.random.choice(TAXES)
        listed = books.listed_products()
        write = str if self.is_documented else int
        sold = [{each.slug: write(books.product_sales(each))} for each in listed]
        assert_same(self.ask(type="sales", product="all", **query), {"sales": sold})
        earned = [{each.slug: self.number(books.product_earnings(each, tax))} for each in listed]
        assert_same(self.ask(type="earnings", product="all", **query), {"earnings": earned})
        for each in books.products:
            assert_same(
                self.ask(type="sales", product=each.pk, date="today"),
                {"sales": [{each.slug: write(books.product_sales(each))}]},
            )
            assert_same(
                self.ask(type="earnings", product=each.pk, **query),
                {"earnings": [{each.slug: self.number(books.product_earnings(each, tax))}]},
            )


def key(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"


def plain(amount: Decimal) -> float | int:
    return int(amount) if amount == int(amount) else float(amount)


def assert_same(found: object, expected: object) -> None:
    """Equal, JSON types included: 3 is not 3.0 and not "3"."""
    assert repr(found) == repr(expected)


@contextmanager
def empty_pages(now: datetime) -> Iterator[None]:
    """A shop that is forgotten afterwards, at a stopped clock."""
    with time_machine.travel(now, tick=False), transaction.atomic():
        kept_settings.forget()
        try:
            yield
        finally:
            transaction.set_rollback(True)
            kept_settings.forget()


def live_and_check(random: Random, zone: str, steps: int, rows: int) -> None:
    now = draw_now(random, zone)
    with empty_pages(now):
        pair = setup_key(role="shop_manager")
        scribe = Scribe(random, lambda: draw_moment(random, now, zone))
        scribe.write(steps)
        asker = Asker(random, zone, now, pair)
        asker.check_everything()
        scribe.bring(rows)
        asker.check_everything()


def test_the_names_asked_for_are_all_there_are() -> None:
    assert set(NAMES) == set(PERIODS)


@settings(
    max_examples=40 if connection.vendor == "sqlite" else 12,  # the same code; each statement costs more
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large),
)
@given(st.randoms(use_true_random=False), st.sampled_from(ZONES), st.integers(0, 10), st.integers(0, 4))
def test_any_history_adds_up(random: Random, zone: str, steps: int, rows: int) -> None:
    live_and_check(random, zone, steps, rows)


@pytest.mark.parametrize("zone", ZONES)
def test_a_history_adds_up_in_every_zone(zone: str) -> None:
    live_and_check(Random(zone), zone, 14, 6)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_long_history_adds_up(seed: int) -> None:
    random = Random(seed)
    live_and_check(random, random.choice(ZONES), 180, 40)
