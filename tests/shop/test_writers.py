"""Several writers at once: they queue, none reads another half done, and none waits for ever."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal as D
from functools import partial
from threading import Barrier, Event, Thread
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from tests.histories.totals import check_all_that_is_kept
from tests.shops import (
    setup_customer,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
)
from tillroll.shop.models import Customer, Order, Product, Revision, Tally
from tillroll.shop.revision import STORE, StoreBusy, Topic, bump, write
from tillroll.shop.services import RefundRefused, change_order_status

WAIT = 30
"""Seconds after which a test gives up on a thread; none takes one second."""

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)

together = pytest.mark.django_db(transaction=True)
"""Writes are committed, since each thread has a connection of its own."""


def run_together(*works: Callable[[], object]) -> list[object]:
    """Starts all works at one moment; gives what each returned or raised."""
    results: list[object] = [None] * len(works)
    barrier = Barrier(len(works))

    def run(place: int, work: Callable[[], object]) -> None:
        try:
            barrier.wait(WAIT)
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT)
        assert not thread.is_alive()
    return results


@together
def test_orders_that_are_recorded_at_once_are_all_counted() -> None:
    ann, product = setup_customer(), setup_product()

    def sell() -> int:
        for _ in range(5):
            setup_order(product, customer=ann, amount="1.000000001")
        return 5

    assert run_together(sell, sell, sell) == [5, 5, 5]
    ann.refresh_from_db()
    product.refresh_from_db()
    assert (ann.purchase_count, ann.purchase_value) == (15, D("15.000000015"))
    assert (product.sales, product.earnings) == (15, D("15.000000015"))
    assert Tally.objects.get(name="order:sale:complete").value == Order.objects.count() == 15
    assert Revision.objects.get(topic="orders").number == 15


@together
def test_whatever_is_written_at_once_every_figure_is_kept() -> None:
    ann, product = setup_customer(), setup_product()
    sold = [setup_order(product, customer=ann, amount="3") for _ in range(3)]

    def sell() -> None:
        for number in range(4):
            setup_order(setup_line(product, "1.000000001", tax="0.1"), customer=ann, at=MIDNIGHT)
            setup_customer(created_at=MIDNIGHT + timedelta(days=number))

    def give_back() -> None:
        for order in sold:
            setup_refund(order, {order.items.get().pk: "1"}, at=MIDNIGHT)
            change_order_status(order, "revoked")

    def move() -> None:
        for zone in ("Asia/Tokyo", "America/New_York", "Europe/Paris"):
            setup_settings(timezone=zone)

    assert run_together(sell, give_back, move, sell) == [None] * 4
    check_all_that_is_kept(ZoneInfo("Europe/Paris"))


@together
def test_a_sale_is_given_back_once_however_many_ask() -> None:
    ann = setup_customer()
    order = setup_order(customer=ann)
    copies = [Order.objects.get(pk=order.pk) for _ in range(3)]

    results = run_together(*(partial(setup_refund, copy) for copy in copies))

    assert sorted(type(result).__name__ for result in results) == ["Order", "RefundRefused", "RefundRefused"]
    ann.refresh_from_db()
    assert (ann.purchase_count, ann.purchase_value) == (0, D(0))
    assert Order.objects.filter(type="refund").count() == 1


@together
def test_parts_that_are_given_back_at_once_never_exceed_the_sale() -> None:
    order = setup_order(amount="10")
    key = order.items.get().pk

    def give_back() -> int:
        given = 0
        for _ in range(3):
            with suppress(RefundRefused):
                setup_refund(Order.objects.get(pk=order.pk), {key: "3"})
                given += 1
        return given

    results = run_together(give_back, give_back)

    assert sum(result for result in results if isinstance(result, int)) == 3
    assert sum(Order.objects.filter(type="refund").values_list("total", flat=True)) == D("-9")


@together
def test_changes_back_and_forth_wait_in_no_circle() -> None:
    first, second = setup_order(status="complete"), setup_order(status="revoked")

    def swap(key: int, one: str, other: str) -> str:
        order = Order.objects.get(pk=key)
        for _ in range(5):
            change_order_status(order, one)
            change_order_status(order, other)
        return "done"

    assert run_together(
        lambda: swap(first.pk, "revoked", "complete"), lambda: swap(second.pk, "complete", "revoked")
    ) == ["done", "done"]
    assert {row.name: row.value for row in Tally.objects.filter(name__startswith="order:")} == {
        "order:sale:complete": 1,
        "order:sale:revoked": 1,
    }


@together
def test_a_term_is_added_by_each_of_two_writers() -> None:
    terms = run_together(lambda: setup_term("One").pk, lambda: setup_term("Two").pk)

    assert sorted(map(str, terms)) == ["1", "2"]


class Holder:
    """Another process in the middle of a write, until it is let go."""

    def __init__(self) -> None:
        self._let_go, self._holds = Event(), Event()
        self._thread = Thread(target=self._hold)

    def _hold(self) -> None:
        try:
            with write(Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE):
                Product.objects.update(title="Half done")
                self._holds.set()
                self._let_go.wait(WAIT)
        finally:
            connection.close()

    def __enter__(self) -> None:
        self._thread.start()
        assert self._holds.wait(WAIT)

    def __exit__(self, *_: object) -> None:
        self._let_go.set()
        self._thread.join(WAIT)


@pytest.fixture
def short_patience(settings: Settings) -> Iterator[None]:
    """A write waits for a twentieth of a second; SQLite is told when it connects."""
    settings.WRITE_TIMEOUT = 0.05
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout = 50")
    yield
    connection.close()


@together
def test_a_write_that_waits_too_long_ends_in_a_sentence(short_patience: None) -> None:
    product = setup_product(title="Whole")

    with Holder(), pytest.raises(StoreBusy) as busy:
        setup_order(product)

    assert str(busy.value) == (
        "The shop's records are being written by another process; try again in a moment."
    )
    assert not Order.objects.exists()
    setup_order(product)
    assert Order.objects.count() == 1


@together
def test_a_write_waits_for_another_and_sees_what_it_did() -> None:
    product, holder = setup_product(title="Whole"), Holder()
    titles: list[str] = []

    def read_title() -> None:
        with write(Topic.CATALOGUE):
            titles.append(Product.objects.get().title)
        connection.close()

    waiting = Thread(target=read_title)
    with holder:
        waiting.start()
        waiting.join(0.2)
        assert titles == []
    waiting.join(WAIT)

    assert titles == ["Half done"]
    product.refresh_from_db()
    assert product.title == "Half done"


@together
def test_a_reader_waits_for_no_writer_and_sees_nothing_half_done(short_patience: None) -> None:
    setup_product(title="Whole")

    with Holder():
        assert Product.objects.get().title == "Whole"

    assert Product.objects.get().title == "Half done"
    assert not Customer.objects.exists()


@together
def test_a_bump_outside_a_transaction_is_refused() -> None:
    with pytest.raises(RuntimeError, match="inside the transaction of the change"):
        bump(Topic.ORDERS)

    assert not Revision.objects.exclude(topic=STORE).exists()


@pytest.mark.django_db(databases=["default", "logs"])
def test_a_write_inside_a_transaction_is_part_of_it() -> None:
    """Asks for both stores, so that the tests above find them when they are run alone."""
    with transaction.atomic():
        setup_order()
        transaction.set_rollback(True)

    assert not Order.objects.exists()
    assert not Revision.objects.exclude(topic=STORE).exists()
