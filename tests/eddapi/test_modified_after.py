"""`modified_after`: what changed since a moment, in pages of the list's own order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tests.asking import Reply, ask
from tests.eddapi.lists import get_ids, get_link
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    setup_refund,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.eddapi import answer, queries
from tillroll.shop.models import Customer, Discount, Order, Product
from tillroll.shop.services import change_order_status, save_discount

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ROWS = 12
PAIR = Pair("a" * 32, "b" * 32)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

MODELS = {"products": Product, "customers": Customer, "sales": Order, "discounts": Discount}
EVERY_LIST = pytest.mark.parametrize("endpoint", list(MODELS))
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])

EXAMPLES = "2026-11-28 or 2026-11-28T10:00:00Z"
WRONG = f"The modified_after parameter must be an ISO 8601 date or time, such as {EXAMPLES}!"


@pytest.fixture(scope="module", autouse=True)
def rows(kept_shop: None) -> None:
    """Every list has the ids 1 to ROWS; each was modified an hour after the one before, the first at noon."""
    setup_key(public_key=PAIR.public_key, token=PAIR.token)
    for place in range(1, ROWS + 1):
        product = setup_product(created_local=f"2024-01-01 00:00:{place:02}")
        customer = setup_customer()
        setup_order(product, customer=customer)
        setup_discount()
        setup_download(product, customer)
    for model in MODELS.values():
        for place in range(1, ROWS + 1):
            moment = NOON + timedelta(hours=place - 1)
            model._default_manager.filter(pk=place).update(modified_at=moment)


def ask_list(endpoint: str, version: str = "v2", /, **question: object) -> Reply:
    return ask(f"/edd-api/{version}/{endpoint}/", signed(PAIR, **question))


def down(first: int, last: int) -> list[int]:
    return list(range(first, last - 1, -1))


@EVERY_LIST
@EVERY_VERSION
def test_what_changed_at_that_moment_or_later_is_listed_newest_first(endpoint: str, version: str) -> None:
    reply = ask_list(endpoint, version, modified_after="2026-03-01T15:00:00Z", number=5)
    assert get_ids(endpoint, reply) == down(12, 8)
    assert (reply.headers["x-edd-total"], reply.headers["x-edd-total-pages"]) == ("9", "2")
    assert get_link(reply) == "modified_after=2026-03-01T15:00:00Z&number=5&page=2".replace(":", "%3A")
    second = ask_list(endpoint, version, modified_after="2026-03-01T15:00:00Z", number=5, page=2)
    assert get_ids(endpoint, second) == down(7, 4)
    assert get_ids(endpoint, ask_list(endpoint, version, modified_after="2026-03-02T00:00:00Z")) == []


@EVERY_LIST
def test_a_cursor_makes_it_the_order_of_the_changes(endpoint: str) -> None:
    reply = ask_list(endpoint, modified_after="2026-03-01T15:00:00Z", number=5, cursor="")
    assert get_ids(endpoint, reply) == [4, 5, 6, 7, 8]
    cursor = (get_link(reply) or "").rpartition("cursor=")[2]
    assert reply.headers["x-edd-cursor"] == cursor
    assert not {"x-edd-total", "x-edd-total-pages"} & reply.headers.keys()
    rest = ask_list(endpoint, modified_after="2026-03-01T15:00:00Z", number=5, cursor=cursor)
    assert get_ids(endpoint, rest) == [9, 10, 11, 12]
    assert get_link(rest) is None


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize("few", [1_000, 2], ids=["sorted", "passed by"])
def test_all_that_changed_is_a_stream_too(
    endpoint: str, version: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "STREAM_ABOVE", 5)
    monkeypatch.setattr(answer, "BATCH", 2)
    monkeypatch.setattr(queries, "MOST_CHANGED", few)
    reply = ask_list(endpoint, version, modified_after="2026-03-01T15:00:00Z", number=-1)
    assert "content-length" not in reply.headers
    assert get_ids(endpoint, reply) == down(12, 4)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize("page", [1, 2])
def test_of_many_changes_there_are_pages_without_totals(
    endpoint: str, version: str, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_CHANGED", 8)
    reply = ask_list(endpoint, version, modified_after="2026-03-01T15:00:00Z", number=5, page=page)
    assert get_ids(endpoint, reply) == (down(12, 8), down(7, 4))[page - 1]
    if page == 1:
        assert not {"x-edd-total", "x-edd-total-pages", "link"} & reply.headers.keys()
    monkeypatch.setattr(queries, "MOST_CHANGED", 9)
    reply = ask_list(endpoint, version, modified_after="2026-03-01T15:00:00Z", number=5, page=page)
    assert reply.headers["x-edd-total"] == "9"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2026-03-01", 12), ("2026-03-02", 0), ("2026-03-01T12:00", 12), ("2026-03-01T12:00:00", 12),
        ("2026-03-01T12:00:00.000001", 11), ("2026-03-01T12:00:00.5Z", 11), ("2026-03-01 23:00:00Z", 1),
        ("2026-03-01t23:00:00z", 1), ("2026-03-01T23:00:01", 0), ("2026-03-01T14:00:00+01:00", 11),
        ("2026-03-01T14:00:00+0100", 11), ("2026-03-01T08:00:00-05:00", 11), (" 2026-03-01T23:00:00 ", 1),
        ("0001-01-01", 12), ("9999-12-31T23:59:59Z", 0), ("", 12),
    ],
)  # fmt: skip
@pytest.mark.parametrize("cursor", [None, ""])
def test_moments_are_read_in_utc_unless_they_name_a_zone(text: str, count: int, cursor: str | None) -> None:
    question = {"modified_after": text} if cursor is None else {"modified_after": text, "cursor": cursor}
    assert len(get_ids("customers", ask_list("customers", number=50, **question))) == count


def test_a_plus_that_was_not_encoded_is_a_plus() -> None:
    credentials = f"key={PAIR.public_key}&token={PAIR.token}"
    reply = ask("/edd-api/v2/sales/", f"{credentials}&number=50&modified_after=2026-03-01T14:00:00+01:00")
    assert len(get_ids("sales", reply)) == 11


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "1", "1772366400", "20260301", "2026-3-1", "2026-02-30", "2026-03-01T25:00",
        "2026-W09-7",
        "2026-03-01T12", "2026-03-01T12:00:00 UTC", "2026-03-01T12:00:00+25:00", "0001-01-01T00:00+14:00",
        "2026-03-01Z", "2026-03-01T12:00:00.1234567", "\u0662\u0660\u0662\u0666-03-01", "2026-03-01'--",
    ],
)  # fmt: skip
def test_what_is_no_moment_is_refused(endpoint: str, version: str, text: str) -> None:
    reply = ask_list(endpoint, version, modified_after=text)
    assert (reply.status, reply.data) == (400, {"error": WRONG})


def test_where_nothing_is_listed_by_changes_the_parameter_is_ignored() -> None:
    reply = ask_list("file-download-logs", modified_after="nonsense", number=50)
    assert len(get_ids("file-download-logs", reply)) == ROWS
    assert ask_list("info", modified_after="nonsense").status == 200


# What leaves a list


def test_v2_lists_a_sale_that_was_refunded_and_v1_does_not() -> None:
    order = Order.objects.get(pk=2)
    setup_refund(order, at=datetime(2026, 1, 1, tzinfo=UTC))
    after = "2026-03-02"
    reply = ask_list("sales", modified_after=after)
    assert [(row["ID"], row["status"]) for row in reply.data["sales"]] == [("2", "refunded")]
    reply = ask_list("sales", modified_after=after, cursor="")
    assert [(row["ID"], row["status"]) for row in reply.data["sales"]] == [("2", "refunded")]
    assert get_ids("sales", ask_list("sales", "v1", modified_after=after)) == []
    assert 2 not in get_ids("sales", ask_list("sales", number=50))


@pytest.mark.parametrize("status", ["pending", "failed", "abandoned", "trash", "processing"])
def test_a_sale_that_was_not_paid_is_in_no_list(status: str) -> None:
    change_order_status(Order.objects.get(pk=3), status)
    for question in ({}, {"cursor": ""}):
        assert ask_list("sales", modified_after="2026-03-02", **question).data.keys() == {"request_speed"}


def test_a_refunds_own_order_is_not_listed() -> None:
    refund = setup_refund(Order.objects.get(pk=4))
    assert refund.pk not in get_ids("sales", ask_list("sales", modified_after="2026-03-02"))


def test_discounts_that_were_archived_are_told_of() -> None:
    discount = Discount.objects.get(pk=5)
    discount.status = "archived"
    save_discount(discount)
    reply = ask_list("discounts", modified_after="2026-03-02")
    assert [(row["ID"], row["status"]) for row in reply.data["discounts"]] == [(5, "archived")]
    assert 5 not in get_ids("discounts", ask_list("discounts", number=50))


# With other parameters


@pytest.mark.parametrize(
    ("endpoint", "question", "expected"),
    [
        ("customers", {"customer": "9"}, [9]),
        ("customers", {"customer": "3"}, []),
        ("products", {"s": "product"}, down(12, 6)),
        ("products", {"s": "nowhere"}, []),
        ("products", {"orderby": "id", "order": "ASC"}, [6, 7, 8, 9, 10, 11, 12]),
        ("sales", {"email": "nobody@b.example"}, []),
        ("customers", {"date": "this_year"}, down(12, 6)),
        ("customers", {"date": "range", "startdate": "20200101", "enddate": "20200102"}, []),
    ],
)
@pytest.mark.parametrize("cursor", [None, ""])
def test_it_narrows_other_filters(
    endpoint: str, question: dict[str, str], expected: list[int], cursor: str | None
) -> None:
    more = {} if cursor is None else {"cursor": cursor}
    reply = ask_list(endpoint, modified_after="2026-03-01T17:00:00Z", number=50, **question, **more)
    assert get_ids(endpoint, reply) == (expected if cursor is None else sorted(expected))


def test_a_record_that_is_named_is_answered_whenever_it_changed() -> None:
    assert get_ids("sales", ask_list("sales", id=1, modified_after="2026-03-02")) == [1]
    assert get_ids("products", ask_list("products", product=1, modified_after="2026-03-02")) == [1]
    assert get_ids("discounts", ask_list("discounts", discount=1, modified_after="2026-03-02")) == [1]


CHANGES: list[tuple[str, Callable[[], object], list[int]]] = [
    ("customers", lambda: setup_order(customer=Customer.objects.get(pk=6)), [6]),
    ("products", lambda: setup_order(Product.objects.get(pk=6)), [6]),
    ("products", lambda: setup_refund(Order.objects.get(pk=6)), [6]),
    ("customers", lambda: setup_refund(Order.objects.get(pk=6)), [6]),
    ("customers", lambda: setup_download(customer=6), [6]),
]


@pytest.mark.parametrize(("endpoint", "change", "expected"), CHANGES)
def test_a_record_whose_figures_change_has_changed(
    endpoint: str, change: Callable[[], object], expected: list[int]
) -> None:
    change()
    assert get_ids(endpoint, ask_list(endpoint, modified_after="2026-03-02")) == expected
