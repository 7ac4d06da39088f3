"""Every page of a long list, and of a span of days, is the one that counting rows would give."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from tests.asking import ask
from tests.shops import setup_customer, setup_key, signed
from tests.statements import statements
from tillroll.eddapi import places, queries
from tillroll.eddapi.filters import Filter
from tillroll.eddapi.places import begin_at, find_created
from tillroll.eddapi.reading import Row, Snapshot
from tillroll.shop import kept, ranks
from tillroll.shop.models import Customer, FileDownload, Order
from tillroll.shop.models.orders import NET

pytestmark = pytest.mark.django_db

NOON = datetime(2025, 6, 1, 12, tzinfo=UTC)
STATUSES = (
    "complete",
    "complete",
    "complete",
    "revoked",
    "on_hold",
    "partially_refunded",
    "pending",
    "trash",
)


@pytest.fixture(autouse=True)
def from_the_first_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are asked for every offset, not for the far ones alone."""
    monkeypatch.setattr(places, "SHORT_WAY", -1)


def draw_ids(random: Random, count: int) -> list[int]:
    """Ids in runs, with gaps of any width between them."""
    found: list[int] = []
    last = 0
    while len(found) < count:
        last += random.choice((1, 1, 1, 1, 2, 40, 128, 16_384, 5_000_000))
        found.append(last)
    return found


def fill(random: Random, count: int) -> None:
    ids = draw_ids(random, count)
    Order.objects.bulk_create(
        Order(
            id=key, status=random.choice(STATUSES), type=random.choice(("sale", "sale", "refund")),
            currency="USD", created_at=NOON, modified_at=NOON,
        )
        for key in ids
    )  # fmt: skip
    Customer.objects.bulk_create(
        Customer(
            id=key, email=f"{key}@b.example", email_folded=f"{key}@b.example", modified_at=NOON,
            created_at=NOON + timedelta(hours=place + random.choice((0, 0, 0, -5, 3))),
        )
        for place, key in enumerate(ids)
    )  # fmt: skip
    FileDownload.objects.bulk_create(FileDownload(id=key, created_at=NOON) for key in ids)
    kept.refresh_tallies()


def change(random: Random) -> None:
    """Some orders change, come and go; some customers and downloads go."""
    for order in random.sample(list(Order.objects.all()), 30):
        after: str | None = random.choice((*STATUSES, None))
        ranks.move_orders([(order.type, order.status, after, order.pk)])
        if after is None:
            order.delete()
        else:
            Order.objects.filter(pk=order.pk).update(status=after)
    newer = Order.objects.order_by("-pk").values_list("pk", flat=True)[0] + 77
    Order.objects.create(id=newer, status="complete", currency="USD", created_at=NOON, modified_at=NOON)
    ranks.move_orders([("sale", None, "complete", newer)])
    for customer in random.sample(list(Customer.objects.all()), 9):
        ranks.adjust([(ranks.CUSTOMERS, customer.pk, -1, None)])
        customer.delete()
    for download in random.sample(list(FileDownload.objects.all()), 9):
        ranks.adjust([(ranks.DOWNLOADS, download.pk, -1, None)])
        download.delete()


LISTS: list[tuple[Filter, str, str]] = [
    (queries.NET_SALES, "shop_order o", "o.id"),
    (queries.COMPLETE_SALES, "shop_order o", "o.id"),
    (queries.ALL_CUSTOMERS, "shop_customer c", "c.id"),
    (queries.ALL_DOWNLOADS, "shop_filedownload l", "l.id"),
]


def list_ids() -> list[list[int]]:
    """The ids of each list, newest first, as the records have them."""
    sales = Order.objects.filter(type="sale").order_by("-pk").values_list("pk", flat=True)
    return [
        list(sales.filter(status__in=NET)),
        list(sales.filter(status="complete")),
        list(Customer.objects.order_by("-pk").values_list("pk", flat=True)),
        list(FileDownload.objects.order_by("-pk").values_list("pk", flat=True)),
    ]


def read_from(rows: Filter | None, table: str, column: str) -> list[int]:
    if rows is None:
        return []
    with Snapshot() as run:
        return [
            row[0]
            for row in run(
                f"SELECT {column} FROM {table} WHERE {rows.condition} ORDER BY {column} DESC",  # noqa: S608 (ours)
                rows.values,
            )
        ]


@pytest.mark.parametrize("seed", range(4))
def test_a_list_from_any_offset_on_is_what_counting_gives(seed: int) -> None:
    random = Random(seed)
    fill(random, 400)
    for _ in range(2):
        for (rows, table, column), expected in zip(LISTS, list_ids(), strict=True):
            for offset in (0, 1, len(expected) - 1, len(expected), 10**9, *random.sample(range(400), 12)):
                with Snapshot() as run:
                    begun = begin_at(run, table, column, rows, offset)
                assert read_from(begun, table, column) == expected[offset:], (rows.name, offset)
        change(random)
    assert ranks.find_differences() == []


@pytest.mark.parametrize("seed", range(4))
def test_a_span_has_its_customers_their_number_and_every_place_among_them(seed: int) -> None:
    random = Random(seed)
    fill(random, 400)
    for _ in range(2):
        for _ in range(12):
            start = NOON + timedelta(hours=random.randrange(-20, 420))
            end = start + timedelta(hours=random.choice((0, 1, 10, 100, 500)))
            spanned = Customer.objects.filter(created_at__gte=start, created_at__lt=end)
            expected = list(spanned.order_by("-pk").values_list("pk", flat=True))
            with Snapshot() as run:
                rows = find_created(run, queries.ALL_CUSTOMERS, start, end)
                assert queries.count_rows(run, "shop_customer c", rows) == len(expected)
            assert read_from(rows, "shop_customer c", "c.id") == expected
            for offset in {0, 1, len(expected) // 2, len(expected), random.randrange(400)}:
                with Snapshot() as run:
                    begun = begin_at(run, "shop_customer c", "c.id", rows, offset)
                assert read_from(begun, "shop_customer c", "c.id") == expected[offset:]
        change(random)


def test_where_ids_dont_follow_time_a_span_is_found_by_the_index_on_times() -> None:
    random = Random(1)
    Customer.objects.bulk_create(
        Customer(
            id=128 * place, email=str(place), email_folded=str(place), modified_at=NOON,
            created_at=NOON + timedelta(hours=random.randrange(2)),
        )
        for place in range(1, 200)
    )  # fmt: skip
    Customer.objects.bulk_create(
        Customer(
            id=128 * place + 1, email=f"b{place}", email_folded=f"b{place}", modified_at=NOON,
            created_at=NOON + timedelta(hours=5),
        )
        for place in range(1, 200)
    )  # fmt: skip
    kept.refresh_tallies()
    with Snapshot() as run:
        rows = find_created(run, queries.ALL_CUSTOMERS, NOON, NOON + timedelta(hours=1))
        count = queries.count_rows(run, "shop_customer c", rows)
    assert (rows.stretches, rows.is_counted) == ((), False)
    assert (
        count
        == Customer.objects.filter(created_at=NOON).count()
        == len(read_from(rows, "shop_customer c", "c.id"))
    )


def test_far_pages_are_asked_of_the_blocks_and_near_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "SHORT_WAY", 3)
    pair = setup_key()
    for _ in range(6):
        setup_customer()
    asked: list[tuple[object, ...]] = []

    def note(run: object, name: str, level: int, first: int, last: int) -> list[Row]:
        asked.append((name, level, first, last))
        return listed(run, name, level, first, last)  # type: ignore[arg-type]

    listed = queries.list_blocks
    monkeypatch.setattr(queries, "list_blocks", note)

    def get_ids(page: int) -> Sequence[str]:
        reply = ask("/edd-api/v2/customers/", signed(pair, number=1, page=page))
        return [row["info"]["id"] for row in reply.data["customers"]]

    keys = [str(key) for key in Customer.objects.order_by("-pk").values_list("pk", flat=True)]
    assert [get_ids(page) for page in range(1, 7)] == [[key] for key in keys]
    assert [name for name, *_ in asked] == ["customers"] * 10  # of pages 5 and 6, each level once
    assert [level for _, level, *_ in asked] == [5, 4, 3, 2, 1] * 2


def test_a_row_before_an_offset_is_not_joined() -> None:
    """A page of the download log reads the other tables for its own rows alone."""
    pair = setup_key()
    FileDownload.objects.bulk_create(FileDownload(created_at=NOON) for _ in range(30))
    kept.refresh_tallies()
    with statements() as sent:
        ask("/edd-api/v2/file-download-logs/", signed(pair, page=3))
    [joined] = [sql for sql in sent if "FROM shop_filedownload l LEFT JOIN" in sql]
    assert "l.id <= %s" in joined
