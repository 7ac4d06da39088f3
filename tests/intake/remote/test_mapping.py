"""What follows from what the API tells: shares of sums, price options, the shop's zone, the sale of a
refund."""

import json
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.intake.remote.fake_shop import make_sale
from tillroll.intake.remote.answers import SaleAnswer, text, whole
from tillroll.intake.remote.options import Named, list_options, note_names
from tillroll.intake.remote.refunds import is_refund, match_refunds
from tillroll.intake.remote.shares import share
from tillroll.intake.remote.zone import Clock, to_utc
from tillroll.shop.zone import to_local_text


def read_sale(id_: int, **more: Any) -> SaleAnswer:
    return msgspec.json.decode(json.dumps(make_sale(id_) | more), type=SaleAnswer)


def make_item(object_id: int, price: str, **more: Any) -> dict[str, Any]:
    return {"object_id": object_id, "id": 7, "quantity": 1, "name": "Notes", "price": price, **more}


# Any dress of a value


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), ("3", 3), ("", 0), (None, 0), (False, 0), ("-1", -1), ("x", 0), ("9" * 30, 0), (" 4 ", 4)],
)
def test_a_whole_number_is_read_in_any_dress(value: Any, number: int) -> None:
    assert whole(value) == number


@pytest.mark.parametrize(("value", "shown"), [("a", "a"), (5, "5"), (None, ""), (False, ""), (True, "")])
def test_a_text_is_read_in_any_dress(value: Any, shown: str) -> None:
    assert text(value) == shown


# Shares


@pytest.mark.parametrize(
    ("amount", "weights", "step", "parts"),
    [
        (400, [11, 33], 1, [100, 300]),
        (100, [1, 1, 1], 1, [33, 34, 33]),
        (100, [1, 1, 1], 10, [30, 40, 30]),
        (-100, [1, 3], 1, [-25, -75]),
        (7, [0, 0], 1, [7, 0]),
        (7, [-5, 2], 1, [0, 7]),
        (0, [1, 2], 1, [0, 0]),
        (5, [], 1, []),
        (105, [1, 9], 10, [10, 95]),
    ],
)
def test_an_amount_is_shared_out(amount: int, weights: list[int], step: int, parts: list[int]) -> None:
    assert share(amount, weights, step) == parts


@given(
    st.integers(-(10**18), 10**18),
    st.lists(st.integers(-(10**18), 10**18), min_size=1, max_size=12),
    st.sampled_from([1, 10**7, 10**9]),
)
def test_shares_add_up_and_have_one_sign(amount: int, weights: list[int], step: int) -> None:
    parts = share(amount, weights, step)
    assert sum(parts) == amount
    assert all(part * amount >= 0 for part in parts)


# Price options


def test_a_product_with_one_price_has_no_options() -> None:
    assert list_options({"amount": "20.00"}, {}) is None
    assert list_options({"amount": "20.00"}, {"Other": None}) is None


def test_options_are_numbered_from_one_in_their_order() -> None:
    options = list_options({"single": "20.00", "five": "50.00"}, {})
    assert options == [(1, "single", "20.00"), (2, "five", "50.00")]


def test_an_option_called_amount_is_one_where_a_sale_names_it() -> None:
    assert list_options({"amount": "20.00"}, {"Amount": None}) == [(1, "Amount", "20.00")]


def test_names_with_one_key_share_its_amount() -> None:
    options = list_options({"pro": "9.00", "max": "20.00"}, {"Pro!": None, "Pro?": None})
    assert options == [(1, "Pro!", "9.00"), (2, "Pro?", "9.00"), (3, "max", "20.00")]


def test_ids_that_are_known_are_taken_and_given_once() -> None:
    options = list_options({"a": "1.00", "b": "2.00", "c": "3.00"}, {"B": 5, "C": 4})
    assert options == [(6, "a", "1.00"), (5, "B", "2.00"), (4, "C", "3.00")]


def test_sales_tell_the_names_and_fees_the_ids() -> None:
    named: Named = {}
    fee = {"amount": "1.00", "label": "Setup", "download_id": "7", "price_id": "0"}
    note_names(named, read_sale(1, products=[make_item(1, "5.00", price_name="Small")], fees=[fee]))
    both = [make_item(2, "5.00", price_name="Small"), make_item(3, "9.00", price_name="Large")]
    note_names(named, read_sale(2, products=both, fees=[fee | {"price_id": "9"}]))
    assert named == {7: {"Small": 0, "Large": None}}


# The zone


def make_clock(name: str, *times: str) -> Clock:
    clock = Clock()
    for utc in times:
        clock.note(utc, to_local_text(utc, ZoneInfo(name)))
    return clock


YEAR = [f"2025-{month:02}-15 10:00:00" for month in range(1, 13)] + ["2026-01-20 10:00:00"]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("America/New_York", "America/New_York"),
        ("Europe/Paris", "Europe/Berlin"),
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("America/Phoenix", "America/Phoenix"),
        ("UTC", "UTC"),
        ("Asia/Kathmandu", "+05:45"),
        ("America/Godthab", "America/Godthab"),
    ],
)
def test_a_zone_is_found_by_a_year_of_sales(name: str, found: str) -> None:
    assert make_clock(name, *YEAR).find(None, "UTC").name == found


def test_the_zone_that_was_here_stays_where_it_fits() -> None:
    assert make_clock("Europe/Paris", *YEAR).find(None, "Europe/Madrid").name == "Europe/Madrid"
    assert make_clock("Europe/Paris", *YEAR).find(None, "Asia/Tokyo").name == "Europe/Berlin"


def test_no_sale_leaves_the_zone_as_it_was() -> None:
    found = Clock().find(None, "Asia/Tokyo")
    assert (found.name, found.reason[:14]) == ("Asia/Tokyo", "as it was here")


def test_times_of_no_zone_are_said() -> None:
    clock = Clock()
    clock.note("2026-01-01 10:00:00", "2026-01-01 10:17:30")
    clock.note("2026-01-02 10:00:00", "2026-01-02 11:00:00")
    assert clock.find(None, "UTC").reason.startswith("assumed: no zone has the sales' times")


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-07-01 12:00:00", "2026-07-01 10:00:00"),
        ("2026-10-25 02:30:00", "2026-10-25 00:30:00"),
        ("0000-00-00 00:00:00", None),
        ("soon", None),
        ("2026-07-01T12:00:00+02:00", None),
    ],
)
def test_a_local_time_becomes_utc(local: str, utc: str | None) -> None:
    assert to_utc(local, ZoneInfo("Europe/Berlin")) == utc
    assert to_utc("2026-07-01 12:00:00", UTC) == "2026-07-01 12:00:00"


# Refunds


def give_back(id_: int, *items: dict[str, Any], day: str = "2026-02-01", **more: Any) -> SaleAnswer:
    moment = f"{day} 12:00:00"
    return read_sale(id_, products=list(items), total="-1.00", date_utc=moment, **more)


def test_what_is_below_zero_is_a_refund() -> None:
    assert not is_refund(read_sale(1))
    assert is_refund(read_sale(1, total="-1.00"))
    assert is_refund(
        read_sale(1, total="0.00", subtotal="0.00", products=[make_item(1, "0.00", quantity="-1")])
    )


def test_a_refund_finds_the_sale_that_it_takes_back_whole() -> None:
    sales = [
        read_sale(1, status="refunded", products=[make_item(11, "20.00")]),
        read_sale(2, status="partially_refunded", products=[make_item(12, "30.00")]),
        read_sale(3, status="refunded", products=[make_item(13, "20.00")], email="bob@mail.example"),
        read_sale(4, products=[make_item(14, "20.00")]),
        give_back(5, make_item(15, "-20.00")),
    ]
    matches = match_refunds(sales)
    assert (matches.parents, matches.item_parents) == ({5: 1}, {15: 11})
    assert matches.statuses == {11: "refunded", 12: "partially_refunded", 13: "refunded"}


def test_a_part_that_is_left_is_counted_down() -> None:
    matches = match_refunds(
        [
            read_sale(
                1, status="partially_refunded", products=[make_item(11, "20.00"), make_item(12, "9.00")]
            ),
            give_back(2, make_item(21, "-5.00")),
            give_back(3, make_item(31, "-15.00"), day="2026-02-02"),
            give_back(4, make_item(41, "-12.00"), day="2026-02-03"),
        ]
    )
    assert matches.parents == {2: 1, 3: 1}
    assert matches.statuses == {11: "refunded", 12: "complete"}


def test_a_refund_is_not_of_a_later_sale_nor_of_other_products() -> None:
    matches = match_refunds(
        [
            read_sale(
                1, status="refunded", date_utc="2026-03-01 12:00:00", products=[make_item(11, "20.00")]
            ),
            read_sale(2, status="refunded", products=[make_item(12, "20.00", id=8)]),
            give_back(3, make_item(13, "-20.00")),
        ]
    )
    assert matches.parents == {}
