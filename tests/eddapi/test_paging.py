"""`number`, `page` and the totals in headers, the same for every list ([CONTRACT] Paging)."""

import pytest

from tests.asking import Reply, ask
from tests.eddapi.lists import LISTS, get_ids
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.eddapi import queries

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ROWS = 23

NOTHING = {
    "products": {"products": []},
    "customers": {"error": "No customers found!"},
    "sales": {},
    "discounts": {"error": "No discounts found!"},
    "file-download-logs": {"error": "No download logs found!"},
}
"""Endpoint -> the answer without rows."""

EVERY_LIST = pytest.mark.parametrize("endpoint", list(LISTS))
EVERY_VERSION = pytest.mark.parametrize("version", ["v1", "v2"])

PAIR = Pair("a" * 32, "b" * 32)

NUMBER_ERROR = "The number parameter must be -1 or a positive whole number!"
PAGE_ERROR = "The page parameter must be a positive whole number!"


@pytest.fixture(scope="module", autouse=True)
def rows(kept_shop: None) -> None:
    """Every list has the ids 1 to ROWS."""
    setup_key(public_key=PAIR.public_key, token=PAIR.token)
    for place in range(1, ROWS + 1):
        product = setup_product(created_local=f"2024-01-01 00:00:{place:02}")
        customer = setup_customer()
        setup_order(product, customer=customer)
        setup_discount()
        setup_download(product, customer)


def ask_list(endpoint: str, version: str = "v2", **question: object) -> Reply:
    return ask(f"/edd-api/{version}/{endpoint}/", signed(PAIR, **question))


def nothing(endpoint: str, reply: Reply) -> bool:
    body = {name: value for name, value in reply.data.items() if name != "request_speed"}
    return reply.status == 200 and body == NOTHING[endpoint]


def newest(number: int, *, behind: int = 0) -> list[int]:
    return list(range(ROWS - behind, ROWS - behind - number, -1))


@EVERY_LIST
@EVERY_VERSION
def test_ten_rows_come_newest_first_unless_asked_otherwise(endpoint: str, version: str) -> None:
    assert get_ids(endpoint, ask_list(endpoint, version)) == newest(10)
    assert get_ids(endpoint, ask_list(endpoint, version, number="")) == newest(10)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize("number", [-1, 0])
def test_minus_one_and_zero_are_all(endpoint: str, version: str, number: int) -> None:
    reply = ask_list(endpoint, version, number=number)
    assert get_ids(endpoint, reply) == newest(ROWS)
    assert reply.headers["x-edd-total"] == str(ROWS)
    assert reply.headers["x-edd-total-pages"] == "1"
    assert "link" not in reply.headers


@EVERY_LIST
@pytest.mark.parametrize(
    ("number", "expected"),
    [("1", 1), ("5", 5), ("007", 7), (" 3 ", 3), ("23", 23), ("99", 23), ("2147483648", 23), ("9" * 40, 23)],
)
def test_a_positive_number_is_that_many(endpoint: str, number: str, expected: int) -> None:
    assert get_ids(endpoint, ask_list(endpoint, number=number)) == newest(expected)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize(
    "number", ["-2", "-0", "abc", "2abc", "1.9", "1e3", "0x5", "\u0665", "\u00b2", "1,5", "-", "+5", "all"]
)
def test_any_other_number_is_refused(endpoint: str, version: str, number: str) -> None:
    reply = ask_list(endpoint, version, number=number)
    assert (reply.status, reply.data) == (400, {"error": NUMBER_ERROR})


@EVERY_LIST
@pytest.mark.parametrize("page", ["", "0", "1", "00", "01", " 1"])
def test_an_absent_empty_or_zeroth_page_is_the_first(endpoint: str, page: str) -> None:
    assert get_ids(endpoint, ask_list(endpoint, page=page, number=4)) == newest(4)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize("page", ["-1", "-2", "abc", "2x", "1.5", "two", "\u0662"])
def test_any_other_page_is_refused(endpoint: str, version: str, page: str) -> None:
    reply = ask_list(endpoint, version, page=page)
    assert (reply.status, reply.data) == (400, {"error": PAGE_ERROR})


@EVERY_LIST
@EVERY_VERSION
def test_pages_meet_without_gap_or_overlap(endpoint: str, version: str) -> None:
    pages = [get_ids(endpoint, ask_list(endpoint, version, number=7, page=page)) for page in range(1, 5)]
    assert [len(page) for page in pages] == [7, 7, 7, 2]
    assert [row for page in pages for row in page] == newest(ROWS)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize(
    ("number", "page"), [("7", "5"), ("23", "2"), ("10", "2147483648"), ("9" * 30, "9" * 30), ("1", "24")]
)
def test_past_the_end_there_is_nothing_but_the_totals(
    endpoint: str, version: str, number: str, page: str
) -> None:
    reply = ask_list(endpoint, version, number=number, page=page)
    assert nothing(endpoint, reply)
    assert reply.headers["x-edd-total"] == str(ROWS)


@EVERY_LIST
@EVERY_VERSION
@pytest.mark.parametrize("number", [-1, 0])
def test_a_second_page_of_all_is_past_the_end(endpoint: str, version: str, number: int) -> None:
    reply = ask_list(endpoint, version, number=number, page=2)
    assert nothing(endpoint, reply)
    assert reply.headers["x-edd-total"] == str(ROWS)
    assert reply.headers["x-edd-total-pages"] == "1"


@EVERY_LIST
@pytest.mark.parametrize(
    ("question", "pages"),
    [
        ({}, 3),
        ({"number": 23}, 1),
        ({"number": 22}, 2),
        ({"number": 1}, 23),
        ({"number": 5, "page": 5}, 5),
        ({"number": 10, "page": 3}, 3),
    ],
)
def test_totals_travel_in_headers(endpoint: str, question: dict[str, object], pages: int) -> None:
    reply = ask(f"/edd-api/v2/{endpoint}/", signed(PAIR, **question))
    assert reply.headers["x-edd-total"] == str(ROWS)
    assert reply.headers["x-edd-total-pages"] == str(pages)


# Links


@EVERY_LIST
@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("1", {"first": 1, "next": 2, "last": 3}),
        ("2", {"first": 1, "prev": 1, "next": 3, "last": 3}),
        ("3", {"first": 1, "prev": 2, "last": 3}),
        ("9", {"first": 1, "prev": 3, "last": 3}),
    ],
)
def test_links_lead_to_the_other_pages(endpoint: str, page: str, expected: dict[str, int]) -> None:
    reply = ask_list(endpoint, number=10, page=page)
    path = f"/edd-api/v2/{endpoint}/"
    assert reply.headers["link"] == ", ".join(
        f'<{path}?number=10&page={number}>; rel="{name}"' for name, number in expected.items()
    )


def test_a_link_can_be_followed_with_the_credentials_added() -> None:
    reply = ask_list("sales", number=10)
    following = {
        part.rpartition("rel=")[2].strip('"'): part.partition("<")[2].partition(">")[0]
        for part in reply.headers["link"].split(", ")
    }
    path, _, query = following["next"].partition("?")
    answer = ask(path, f"{query}&key={PAIR.public_key}&token={PAIR.token}")
    assert get_ids("sales", answer) == newest(10, behind=10)


@pytest.mark.parametrize(
    ("path", "query", "link"),
    [
        pytest.param("/edd-api/products", "", "</edd-api/products?page=2>", id="without a question"),
        pytest.param(
            "/shop/edd-api/products/",
            "s=Product",
            "</shop/edd-api/products/?s=Product&page=2>",
            id="below a prefix",
        ),
        pytest.param("/", "edd-api=v2/products", "</?edd-api=v2/products&page=2>", id="query form"),
        pytest.param(
            "/edd-api/products/",
            "s=Pr%6Fduct&page=1&order=ASC",
            "</edd-api/products/?s=Pr%6Fduct&order=ASC&page=2>",
            id="as it was written",
        ),
        pytest.param(
            "/edd-api/products/",
            'x=">;rel=\u00e9',
            "</edd-api/products/?x=%22%3E%3Brel=%C3%A9&page=2>",
            id="nothing breaks out of the header",
        ),
        pytest.param(
            "/a>\r\nb/edd-api/products/", "", "</a%3E%0D%0Ab/edd-api/products/?page=2>", id="nor of the path"
        ),
    ],
)
def test_a_link_repeats_the_question(path: str, query: str, link: str) -> None:
    quoted = path.replace("\r\n", "%0D%0A")
    links = ask(quoted, query).headers["link"].split(", ")
    assert f'{link}; rel="next"' in links


@pytest.mark.parametrize(
    "query",
    ["key={key}&token={token}", "key[]={key}&token[0]={token}", "%6Bey={key}&tok%65n={token}"],
)
def test_a_link_never_shows_the_credentials(query: str) -> None:
    reply = ask("/edd-api/v2/sales/", query.format(key=PAIR.public_key, token=PAIR.token))
    assert reply.status == 200
    assert PAIR.public_key not in str(reply.headers)
    assert PAIR.token not in str(reply.headers)
    assert "</edd-api/v2/sales/?page=2>" in reply.headers["link"]


def test_a_forms_question_is_in_the_links() -> None:
    reply = ask("/edd-api/v2/sales/", method="POST", form=signed(PAIR, number=4))
    assert '</edd-api/v2/sales/?number=4&page=2>; rel="next"' in reply.headers["link"]


# Filters


def test_a_filtered_list_counts_what_it_found() -> None:
    product = setup_product(title="Rare thing")
    reply = ask_list("products", s="rare")
    assert get_ids("products", reply) == [product.pk]
    assert (reply.headers["x-edd-total"], reply.headers["x-edd-total-pages"]) == ("1", "1")


def test_a_filter_that_finds_nothing_counts_nothing() -> None:
    reply = ask_list("products", s="nowhere")
    assert (reply.headers["x-edd-total"], reply.headers["x-edd-total-pages"]) == ("0", "0")


def test_a_long_filtered_list_may_leave_the_totals_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNT_LIMIT", 20)
    reply = ask_list("products", s="product")
    assert len(get_ids("products", reply)) == 10
    assert not {"x-edd-total", "x-edd-total-pages", "link"} & reply.headers.keys()
    monkeypatch.setattr(queries, "COUNT_LIMIT", 23)
    assert ask_list("products", s="product").headers["x-edd-total"] == "23"


def test_a_whole_list_keeps_its_totals_at_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNT_LIMIT", 20)
    assert ask_list("customers").headers["x-edd-total"] == "23"


@EVERY_LIST
def test_an_empty_shops_list_has_no_pages(endpoint: str) -> None:
    from tests.shops import empty_shop

    empty_shop()
    setup_key(public_key=PAIR.public_key, token=PAIR.token)
    reply = ask_list(endpoint)
    assert nothing(endpoint, reply)
    assert (reply.headers["x-edd-total"], reply.headers["x-edd-total-pages"]) == ("0", "0")


def test_numbers_are_the_same_in_edd3s_dialect() -> None:
    setup_settings(dialect="edd3")
    assert len(get_ids("customers", ask_list("customers", number=-1))) == ROWS
