"""A list read whole: however many rows the shop bears, whatever comes and goes meanwhile, and on from where
it was left."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.intake.remote.fake_shop import Asked, FakeShop, Said, make_customer, make_sale
from tests.intake.remote.serving import serve_this_shop
from tests.shops import setup_customer, setup_key, setup_order, setup_product
from tillroll.intake.remote.address import read_address
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.credentials import Credentials
from tillroll.intake.remote.lists import ListReader
from tillroll.intake.remote.pace import Pace
from tillroll.intake.remote.pages import Pages
from tillroll.intake.remote.reading import LISTINGS
from tillroll.intake.remote.refused import Overwhelmed, PullRefused

LISTS = {listing.name: listing for listing in LISTINGS}


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Pages]:
    with Pages(tmp_path / "pages.sqlite3") as opened:
        yield opened


def read(client: Client, pages: Pages, name: str = "sales", number: int = 4) -> list[str]:
    """Reads a list; the ids that are there then."""
    ListReader(client, pages, number, lambda *_: None).read(LISTS[name])
    bodies = [json.loads(body) for body in pages.list_bodies(name)]
    return sorted((each.get("ID") or each["info"]["customer_id"] for each in bodies), key=int)


def ids(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


# How much at once


def test_pages_are_read_up_to_a_short_one_and_the_first_again(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 11))
    assert read(client, pages) == ids(*range(1, 11))
    assert fake_shop.list_asked("sales") == [(4, 1), (4, 2), (4, 3), (4, 1)]


def test_a_list_that_fills_its_pages_ends_with_an_empty_one(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 9))
    assert read(client, pages) == ids(*range(1, 9))
    assert fake_shop.list_asked("sales") == [(4, 1), (4, 2), (4, 3), (4, 1)]


def test_an_empty_list_is_one(fake_shop: FakeShop, client: Client, pages: Pages) -> None:
    assert read(client, pages) == []
    fake_shop.records["customers"].clear()
    assert read(client, pages, "customers") == []


def test_half_as_much_is_asked_where_a_page_is_too_much(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 12))

    def run_out(asked: Asked) -> Said | None:
        is_list = asked.endpoint == "sales" and "number" in asked.query
        return Said(500) if is_list and asked.page[0] > 2 else None

    fake_shop.trouble = run_out
    assert read(client, pages, number=8) == ids(*range(1, 12))
    assert fake_shop.list_asked("sales") == [
        (8, 1), (8, 1), (4, 1), (4, 1), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 6), (2, 1),
    ]  # fmt: skip


def test_pages_are_halved_in_the_middle_without_a_gap(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 16))
    fake_shop.trouble = lambda asked: (
        Said(504) if asked.query.get("number") == "5" and asked.page[1] == 2 else None
    )
    assert read(client, pages, number=5) == ids(*range(1, 16))
    # 5 rows were read; halves of 5 begin again at the fourth
    assert fake_shop.list_asked("sales") == [
        (5, 1), (5, 2), (5, 2), (2, 3), (2, 4), (2, 5), (2, 6), (2, 7), (2, 8), (2, 1),
    ]  # fmt: skip


def test_one_row_that_fails_for_good_ends_the_pull(fake_shop: FakeShop, client: Client, pages: Pages) -> None:
    fake_shop.sell(1, 2, 3)

    def fail(asked: Asked) -> Said | None:
        if asked.endpoint != "sales":
            return None
        number, page = asked.page
        return Said(500) if number * (page - 1) < 2 <= number * page else None

    fake_shop.trouble = fail
    with pytest.raises(Overwhelmed):
        read(client, pages, number=2)
    assert fake_shop.list_asked("sales") == [(2, 1)] * 2 + [(1, 1)] + [(1, 2)] * 6


def test_a_shop_that_gives_fewer_rows_than_asked_for_is_read_whole(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 9))

    def cap(asked: Asked) -> Said | None:
        if asked.endpoint != "sales" or int(asked.query.get("number", "0")) <= 3:
            return None
        rows = fake_shop.records["sales"]
        page = asked.page[1]
        return Said(200, json.dumps({"sales": rows[3 * (page - 1) : 3 * page]}).encode())

    fake_shop.trouble = cap
    assert read(client, pages, number=100) == ids(*range(1, 9))
    assert fake_shop.list_asked("sales") == [(100, 1), (3, 2), (3, 3), (3, 1)]


def test_a_shop_that_gives_all_at_once_is_read_once(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 9))
    everything = json.dumps({"sales": fake_shop.records["sales"]}).encode()
    fake_shop.trouble = lambda asked: (
        Said(200, everything if asked.page[1] == 1 else b"{}") if asked.endpoint == "sales" else None
    )
    assert read(client, pages, number=2) == ids(*range(1, 9))
    assert fake_shop.list_asked("sales") == [(2, 1), (8, 2), (8, 1)]


def test_a_shop_that_does_not_page_is_refused(fake_shop: FakeShop, client: Client, pages: Pages) -> None:
    fake_shop.sell(1, 2)
    same = json.dumps({"sales": fake_shop.records["sales"]}).encode()
    fake_shop.trouble = lambda asked: Said(200, same) if asked.endpoint == "sales" else None
    with pytest.raises(PullRefused, match="gives the same sales on every page; something there ignores"):
        read(client, pages, number=2)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"sales": [{"ID": "1"}]}', "missing required field `products`"),
        (b'{"sales": "many"}', "got `str`"),
        (b'{"sales": [{"ID": "1", "products": [], "total": "much"}]}', "total"),
    ],
)
def test_records_of_another_form_are_refused(
    body: bytes, reason: str, fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.trouble = lambda asked: Said(200, body) if asked.endpoint == "sales" else None
    with pytest.raises(PullRefused) as refused:
        read(client, pages)
    assert str(refused.value).startswith("The shop answers sales in a form that EDD does not have: ")
    assert reason in str(refused.value)


def test_a_right_that_is_missing_is_no_empty_list(fake_shop: FakeShop, client: Client, pages: Pages) -> None:
    fake_shop.trouble = lambda asked: (
        Said(200, b'{"request_speed": 0.1}') if asked.endpoint == "customers" else None
    )
    with pytest.raises(PullRefused, match="The key may not read customers"):
        read(client, pages, "customers")


# What comes and goes


def test_sales_that_come_in_between_pages_are_neither_lost_nor_doubled(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.sell(*range(1, 9))
    later = iter(range(9, 20))

    def sell(asked: Asked) -> Said | None:
        if asked.endpoint == "sales" and "number" in asked.query and len(fake_shop.records["sales"]) < 11:
            fake_shop.sell(next(later))  # each before the page is put together
        return None

    fake_shop.trouble = sell
    assert read(client, pages) == ids(*range(1, 12))


def test_a_sale_that_goes_away_takes_none_along(fake_shop: FakeShop, client: Client, pages: Pages) -> None:
    """The fifth one slips to the first page when the first one is gone, which is still among what was read:
    the shop's count tells."""
    fake_shop.sell(*range(1, 9))

    def refund(asked: Asked) -> Said | None:
        if (
            asked.endpoint == "sales"
            and asked.query.get("page") == "2"
            and len(fake_shop.records["sales"]) == 8
        ):
            fake_shop.records["sales"].pop(0)
        return None

    fake_shop.trouble = refund
    assert read(client, pages) == ids(*range(1, 8))
    assert fake_shop.list_asked("sales") == [(4, 1), (4, 2), (4, 1), (4, 2), (4, 1), (4, 2), (4, 1)]
    assert pages.get_fact("short sales") is None


def test_a_count_that_never_comes_out_is_noted(fake_shop: FakeShop, client: Client, pages: Pages) -> None:
    fake_shop.sell(1, 2)
    fake_shop.trouble = lambda asked: (
        Said(200, b'{"sales": {"totals": 5}}') if asked.endpoint == "stats" else None
    )
    assert read(client, pages) == ids(1, 2)
    assert pages.get_fact("short sales") == "5 2"
    assert [each.endpoint for each in fake_shop.asked].count("stats") == 2


def test_customers_are_compared_with_the_shops_count(
    fake_shop: FakeShop, client: Client, pages: Pages
) -> None:
    fake_shop.records["customers"] = [make_customer(number, f"{number}@x.example") for number in (3, 2, 1)]
    assert read(client, pages, "customers") == ids(1, 2, 3)
    assert [each.query["type"] for each in fake_shop.asked if each.endpoint == "stats"] == ["customers"]


# On from where it was left


def test_what_was_read_is_not_read_again(fake_shop: FakeShop, client: Client, tmp_path: Path) -> None:
    fake_shop.sell(*range(1, 11))
    fake_shop.trouble = lambda asked: Said(403, b"{}") if asked.query.get("page") == "3" else None
    with Pages(tmp_path / "pages") as pages, pytest.raises(PullRefused):
        read(client, pages)
    assert fake_shop.list_asked("sales") == [(4, 1), (4, 2), (4, 3)]
    fake_shop.asked.clear()
    fake_shop.trouble = lambda _asked: None
    with Pages(tmp_path / "pages") as pages:
        assert read(client, pages) == ids(*range(1, 11))
    assert fake_shop.list_asked("sales") == [(4, 3), (4, 1)]
    fake_shop.asked.clear()
    with Pages(tmp_path / "pages") as pages:
        assert read(client, pages) == ids(*range(1, 11))
    assert fake_shop.asked == []


# A Tillroll


@pytest.mark.django_db(databases=["default", "logs"])
def test_a_tillroll_is_read_by_cursors(pages: Pages, pace: Pace) -> None:
    pair = setup_key()
    product, buyer = setup_product(), setup_customer()
    orders = [setup_order(product, customer=buyer) for _ in range(5)]
    questions: list[str] = []

    def watch(environ: dict[str, str], start_response: object) -> object:
        from tillroll.wsgi import application

        questions.append(environ["QUERY_STRING"].partition("cursor=")[0])
        return application(environ, start_response)  # type: ignore[arg-type]

    with serve_this_shop(watch) as url:
        client = Client(read_address(url), Credentials(pair.public_key, pair.token), pace)
        client.recognise()
        assert read(client, pages, number=2) == sorted((str(order.pk) for order in orders), key=int)
        client.close()
    assert questions[1:] == ["number=2&"] * 3 + ["number=2&page=1"]


def test_a_sale_is_told_by_its_item_from_one_that_has_its_number_as_id() -> None:
    get_key = LISTS["sales"].get_key
    numbered = make_sale(12) | {"ID": "7"}
    assert get_key(json.dumps(numbered).encode()) != get_key(json.dumps(make_sale(7)).encode())
    without_items = make_sale(7) | {"products": []}
    assert get_key(json.dumps(without_items).encode()) == "sale 7"
