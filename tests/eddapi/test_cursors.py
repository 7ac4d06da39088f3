"""`cursor`: a list in parts that neither repeat nor hide a row, whatever comes and goes meanwhile."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from tests.asking import Reply, ask
from tests.eddapi.lists import LISTS, follow, get_ids, get_link
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
from tillroll.eddapi.cursors import make_cursor
from tillroll.eddapi.filters import order_by
from tillroll.shop.models import Customer, Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ROWS = 23
PAIR = Pair("a" * 32, "b" * 32)
EVERY_LIST = pytest.mark.parametrize("endpoint", list(LISTS))
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])

WRONG = "The cursor parameter must be empty, or come from an answer of the same list in the same order!"


@pytest.fixture(scope="module", autouse=True)
def rows(kept_shop: None) -> None:
    """Every list has the ids 1 to ROWS."""
    setup_key(public_key=PAIR.public_key, token=PAIR.token)
    for place in range(1, ROWS + 1):
        product = setup_product(created_local=f"2024-01-01 00:00:{place:02}")
        customer = setup_customer(created_at=datetime(2024, 1, place, tzinfo=UTC))
        setup_order(product, customer=customer, email=("ann@b.example", "bob@b.example")[place % 2])
        setup_discount()
        setup_download(product, customer)


def ask_list(endpoint: str, version: str = "v2", /, **question: object) -> Reply:
    return ask(f"/edd-api/{version}/{endpoint}/", signed(PAIR, **question))


def read_all(endpoint: str, version: str = "v2", **question: object) -> list[list[int]]:
    """The ids of all parts, one after the other."""
    parts, reply = [], ask_list(endpoint, version, cursor="", **question)
    while True:
        assert reply.status == 200, reply.data
        parts.append(get_ids(endpoint, reply))
        following = follow(reply, f"/edd-api/{version}/{endpoint}/", PAIR)
        if following is None:
            return parts
        reply = following


def down(first: int, last: int) -> list[int]:
    return list(range(first, last - 1, -1))


@EVERY_LIST
@EVERY_VERSION
def test_the_parts_are_the_whole_list_in_its_own_order(endpoint: str, version: str) -> None:
    assert read_all(endpoint, version) == [down(23, 14), down(13, 4), down(3, 1)]
    assert read_all(endpoint, version, number=23) == [down(23, 1)]
    assert read_all(endpoint, version, number=1) == [[key] for key in down(23, 1)]


@EVERY_LIST
def test_a_part_has_no_pages_and_tells_a_whole_lists_length(endpoint: str) -> None:
    reply = ask_list(endpoint, cursor="", number=5)
    assert "x-edd-total-pages" not in reply.headers
    assert reply.headers.get("x-edd-total") == (None if endpoint == "discounts" else str(ROWS))
    assert re.fullmatch(
        rf'</edd-api/v2/{endpoint}/\?number=5&cursor=[A-Za-z0-9._-]+>; rel="next"', reply.headers["link"]
    )
    assert "x-edd-cursor" not in reply.headers


@EVERY_LIST
def test_behind_the_last_row_there_is_nothing(endpoint: str) -> None:
    last = ask_list(endpoint, cursor="", number=22)
    assert get_ids(endpoint, last) == down(23, 2)
    end = follow(last, f"/edd-api/v2/{endpoint}/", PAIR)
    assert end is not None
    assert (get_ids(endpoint, end), get_link(end)) == ([1], None)


def test_rows_that_come_and_go_meanwhile_neither_repeat_nor_hide_others() -> None:
    first = ask_list("customers", cursor="", number=8)
    assert get_ids("customers", first) == down(23, 16)
    setup_customer()
    Customer.objects.filter(pk__in=[16, 12, 20]).delete()
    second = follow(first, "/edd-api/v2/customers/", PAIR)
    assert second is not None
    assert get_ids("customers", second) == [15, 14, 13, 11, 10, 9, 8, 7]


def test_products_of_one_moment_are_told_apart_by_their_ids() -> None:
    Product.objects.update(created_local="2024-01-01 00:00:00")
    assert read_all("products", number=9) == [down(23, 15), down(14, 6), down(5, 1)]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ({"order": "asc"}, list(range(1, 24))),
        ({"orderby": "date"}, down(23, 1)),
        ({"orderby": "ID"}, down(23, 1)),
        ({"orderby": "ID", "order": "ASC"}, list(range(1, 24))),
    ],
)
def test_products_go_on_by_date_and_by_id_in_both_directions(
    question: dict[str, str], expected: list[int]
) -> None:
    assert [key for part in read_all("products", number=4, **question) for key in part] == expected


def test_products_go_on_in_no_other_order() -> None:
    reply = ask_list("products", cursor="", orderby="title")
    assert (reply.status, reply.data) == (
        400,
        {"error": "The cursor parameter goes with the orders date and ID alone!"},
    )


@pytest.mark.parametrize(
    ("endpoint", "question", "expected"),
    [
        ("sales", {"email": "Bob@b.example"}, down(23, 1)[::2]),
        ("customers", {"date": "range", "startdate": "20240105", "enddate": "20240118"}, down(18, 5)),
        ("products", {"s": "product"}, down(23, 1)),
    ],
)
def test_a_filtered_list_has_cursors_too(
    endpoint: str, question: dict[str, str], expected: list[int]
) -> None:
    parts = read_all(endpoint, number=5, **question)
    assert [len(part) for part in parts[:-1]] == [5] * (len(parts) - 1)
    assert [key for part in parts for key in part] == expected


def test_a_buyer_goes_on_in_their_own_records() -> None:
    ann = Customer.objects.get(pk=7)
    more = [setup_order(customer=ann).pk for _ in range(2)]
    pair = setup_key(customer=ann, role=None)
    first = ask("/edd-api/v2/sales/", signed(pair, cursor="", number=2))
    assert get_ids("sales", first) == more[::-1]
    second = follow(first, "/edd-api/v2/sales/", pair)
    assert second is not None
    assert (get_ids("sales", second), get_link(second)) == ([7], None)


def test_a_form_carries_a_cursor_and_shows_no_secret_in_its_link() -> None:
    first = ask("/edd-api/v2/sales/", method="POST", form=signed(PAIR, cursor="", number=20))
    cursor = (get_link(first) or "").partition("cursor=")[2]
    second = ask("/edd-api/v2/sales/", method="POST", form=signed(PAIR, cursor=cursor, number=20))
    assert get_ids("sales", second) == [3, 2, 1]
    assert PAIR.token not in first.headers["link"]
    assert PAIR.public_key not in first.headers["link"]


def test_xml_has_cursors_too() -> None:
    first = ask_list("sales", cursor="", number=22, format="xml")
    end = follow(first, "/edd-api/v2/sales/", PAIR)
    assert end is not None
    assert b"<ID>1</ID>" in end.content
    assert b"<ID>2</ID>" not in end.content


# What is refused


def get_cursor(endpoint: str, **question: object) -> str:
    return (get_link(ask_list(endpoint, cursor="", number=3, **question)) or "").partition("cursor=")[2]


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize(
    "cursor", ["x", "0", "WzFd", ".", "a.b", "W10.W10", "\u0661", "' OR 1=1", "%00", "a" * 5_000]
)
def test_a_made_up_cursor_is_refused(endpoint: str, version: str, cursor: str) -> None:
    reply = ask_list(endpoint, version, cursor=cursor)
    assert (reply.status, reply.data) == (400, {"error": WRONG})


def test_a_changed_cursor_is_refused() -> None:
    cursor = get_cursor("sales")
    assert ask_list("sales", cursor=cursor).status == 200
    for place in range(len(cursor) - 1):  # the last letter of a signature has bits that say nothing
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert ask_list("sales", cursor=changed).data == {"error": WRONG}, place
    assert ask_list("sales", cursor=cursor + "A").status == 400


@pytest.mark.parametrize("endpoint", ["products", "customers", "discounts", "file-download-logs"])
def test_a_cursor_of_another_list_is_refused(endpoint: str) -> None:
    assert ask_list(endpoint, cursor=get_cursor("sales")).data == {"error": WRONG}


def test_a_cursor_of_another_order_is_refused() -> None:
    cases: tuple[tuple[dict[str, str], dict[str, str]], ...] = (
        ({}, {"order": "ASC"}),
        ({}, {"orderby": "ID"}),
        ({}, {"modified_after": "2020-01-01"}),
        ({"modified_after": "2020-01-01"}, {}),
    )
    for question, other in cases:
        reply = ask_list("products", cursor=get_cursor("products", **question), **other)
        assert (reply.status, reply.data) == (400, {"error": WRONG}), (question, other)


def test_a_cursor_that_was_signed_for_something_else_is_refused() -> None:
    cursor = make_cursor("sale", order_by("o.id"), [5])
    assert ask_list("sales", cursor=cursor).status == 400
    assert get_ids("sales", ask_list("sales", cursor=make_cursor("sales", order_by("o.id"), [5]))) == down(
        4, 1
    )


@EVERY_LIST
@pytest.mark.parametrize("page", ["1", "2"])
def test_a_cursor_and_a_page_are_refused(endpoint: str, page: str) -> None:
    reply = ask_list(endpoint, cursor="", page=page)
    assert (reply.status, reply.data) == (
        400,
        {"error": "The cursor and page parameters can't go together!"},
    )


def test_an_empty_page_is_none() -> None:
    assert ask_list("sales", cursor="", page="").status == 200


@EVERY_LIST
@pytest.mark.parametrize("number", [-1, 0, 1_001])
def test_a_cursor_wants_a_number_of_rows_that_is_not_streamed(endpoint: str, number: int) -> None:
    reply = ask_list(endpoint, cursor="", number=number)
    assert (reply.status, reply.data) == (
        400,
        {"error": "With a cursor the number parameter must be 1 to 1000!"},
    )
    assert ask_list(endpoint, cursor="", number=1_000).status == 200


# In the order of changes


def test_a_reader_that_is_overtaken_by_changes_misses_none() -> None:
    before = timezone.now()
    setup_refund(setup_order(id=100))
    for _ in range(4):
        setup_order()
    first = ask_list("sales", cursor="", number=3, modified_after=before.isoformat())
    seen = get_ids("sales", first)
    newer = setup_order().pk
    setup_refund(setup_order(id=200), at=datetime(2024, 1, 1, tzinfo=UTC))
    reply = follow(first, "/edd-api/v2/sales/", PAIR)
    while reply is not None:
        seen += get_ids("sales", reply)
        reply = follow(reply, "/edd-api/v2/sales/", PAIR)
    assert seen == [100, 102, 103, 104, 105, newer, 200]


def test_a_reader_goes_on_from_its_last_cursor_at_any_later_time() -> None:
    question = {"cursor": "", "number": "50", "modified_after": timezone.now().isoformat()}
    empty = ask_list("customers", **question)
    assert (empty.data["error"], get_link(empty)) == ("No customers found!", None)
    new = setup_customer().pk
    question["cursor"] = empty.headers["x-edd-cursor"]
    reply = ask_list("customers", **question)
    assert (get_ids("customers", reply), get_link(reply)) == ([new], None)
    question["cursor"] = reply.headers["x-edd-cursor"]
    assert get_ids("customers", ask_list("customers", **question)) == []
    setup_download(customer=3)
    assert get_ids("customers", ask_list("customers", **question)) == [3]


def test_rows_of_one_moment_come_by_their_ids() -> None:
    moment = datetime(2030, 1, 1, tzinfo=UTC)
    Customer.objects.filter(pk__lte=5).update(modified_at=moment)
    Customer.objects.filter(pk=2).update(modified_at=moment + timedelta(microseconds=1))
    Customer.objects.filter(pk=9).update(modified_at=moment - timedelta(microseconds=1))
    assert read_all("customers", number=2, modified_after="2030-01-01") == [[1, 3], [4, 5], [2]]
