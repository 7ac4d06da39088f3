"""Where the members of a list have their ids is kept by every write, and can be made and checked anew."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.shops import (
    set_next_id,
    setup_customer,
    setup_download,
    setup_order,
    setup_product,
    setup_refund,
)
from tests.statements import statements
from tillroll.shop import ranks
from tillroll.shop.models import Block, Customer, FileDownload, Order
from tillroll.shop.ranks import Difference
from tillroll.shop.services import RefundRefused, change_order_status

pytestmark = pytest.mark.django_db

AT = datetime(2025, 6, 1, 12, tzinfo=UTC)
LATE = AT + timedelta(days=9)

BLOCKS = Block._default_manager

STATUSES = ("complete", "pending", "refunded", "partially_refunded", "revoked", "on_hold", "trash")


@pytest.fixture(autouse=True)
def first_ids() -> None:
    """A rollback gives PostgreSQL's ids not back."""
    for model in (Order, Customer, FileDownload):
        set_next_id(model, 1)


def members(name: str) -> dict[tuple[int, int], int]:
    """Level and block of a list's blocks -> how many members they have."""
    blocks = BLOCKS.filter(name=name).exclude(value=0)
    return {(level, block): value for level, block, value in blocks.values_list("level", "block", "value")}


def test_an_order_is_counted_in_its_block_of_each_level_while_a_list_has_it() -> None:
    order = setup_order(id=20_000_000)
    here = {(1, 625_000): 1, (2, 19_531): 1, (3, 610): 1, (4, 19): 1, (5, 0): 1}
    assert members("sales:net") == members("sales:complete") == here

    setup_refund(order, {order.items.get().pk: "5"})
    assert (members("sales:net"), members("sales:complete")) == (here, {})

    change_order_status(order, "trash")
    assert members("sales:net") == members("sales:complete") == {}

    change_order_status(order, "complete")
    assert members("sales:net") == members("sales:complete") == here
    assert sorted(Order.objects.values_list("type", flat=True)) == ["refund", "sale"]


def test_customers_blocks_know_between_which_times_they_came() -> None:
    for moment in (AT, LATE, AT + timedelta(days=2)):
        setup_customer(created_at=moment)

    block = BLOCKS.get(name="customers", level=1)
    assert (block.value, block.first_at, block.last_at) == (3, AT, LATE)
    assert set(BLOCKS.exclude(name="customers").values_list("first_at", "last_at")) <= {(None, None)}


def test_file_downloads_are_counted() -> None:
    setup_download()
    setup_download()
    assert members("downloads") == {(level, 0): 2 for level in (1, 2, 3, 4, 5)}


def live(random: Random, steps: int) -> None:
    """Some sales of any status, refunds, changes, customers and downloads."""
    product = setup_product()
    orders: list[Order] = []
    for _ in range(steps):
        step = random.randrange(6)
        if step < 2 or not orders:
            gap = random.choice((1, 1, 100, 20_000, 3_000_000))
            last = Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            orders.append(setup_order(product, id=last + gap, status=random.choice(STATUSES)))
        elif step == 2:
            change_order_status(random.choice(orders), random.choice(STATUSES))
        elif step == 3:
            order = random.choice(orders)
            change_order_status(order, "complete")
            with suppress(RefundRefused):
                setup_refund(order, at=AT)
        elif step == 4:
            setup_customer(created_at=AT + timedelta(hours=random.randrange(999)))
        else:
            setup_download(product)


@pytest.mark.parametrize("seed", range(6))
def test_any_history_leaves_no_difference_to_a_recount(seed: int) -> None:
    live(Random(seed), 40)
    assert ranks.find_differences() == []

    kept = sorted(BLOCKS.exclude(value=0).values_list())
    ranks.rebuild()
    assert sorted(BLOCKS.values_list()) == kept
    assert ranks.find_differences() == []


def forget_order() -> Difference:
    Order.objects.filter(pk=300).update(status="pending")
    return Difference("sales:net", 1, 9, 1, 0)


def move_download() -> Difference:
    FileDownload.objects.update(id=400)
    return Difference("downloads", 1, 0, 1, 0)


def redate_customer() -> Difference:
    Customer.objects.update(created_at=AT - timedelta(microseconds=1))
    return Difference("customers", 1, 0, 1, 1, is_misdated=True)


def lose_block() -> Difference:
    BLOCKS.filter(name="customers", level=3).delete()
    return Difference("customers", 3, 0, 0, 1, is_misdated=True)


@pytest.mark.parametrize("spoil", [forget_order, move_download, redate_customer, lose_block])
def test_what_is_kept_wrongly_is_found_and_mended(spoil: Callable[[], Difference]) -> None:
    setup_order(id=300)
    setup_customer(created_at=AT)
    setup_download()
    assert ranks.find_differences() == []

    assert spoil() in ranks.find_differences()

    ranks.rebuild()
    assert ranks.find_differences() == []


def test_times_that_are_wider_than_need_be_are_no_difference() -> None:
    setup_customer(created_at=LATE)
    first = setup_customer(created_at=AT)
    ranks.adjust([(ranks.CUSTOMERS, first.pk, -1, None)])
    first.delete()
    assert ranks.find_differences() == []


def test_one_statement_keeps_all_levels_of_both_lists() -> None:
    with statements() as sent:
        ranks.move_orders([("sale", None, "complete", 5)])
        ranks.move_orders([("sale", "complete", "complete", 5)])
        ranks.move_orders([("refund", None, "complete", 6)])
    assert len(sent) == 1
    assert BLOCKS.count() == 2 * 5
