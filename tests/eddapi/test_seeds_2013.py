"""Every sales, products and stats sample of the 2013 reference, from a shop with those records.

The page's samples were taken at different times: the stats one sale after the lists. So does this module.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
import time_machine

from tests.asking import Reply, ask
from tests.eddapi.samples import PAIR, assert_shows, load_sample, load_xml
from tests.shops import set_next_id, setup_key, setup_line, setup_order, setup_product, setup_settings
from tillroll.shop.models import Order, Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

LISTS_TAKEN = datetime(2013, 2, 26, 18, 0, tzinfo=UTC)
STATS_TAKEN = datetime(2013, 3, 8, 20, 0, tzinfo=UTC)
AHEAD = timedelta(hours=6)
"""The shop's clock is six hours behind UTC; the page shows the shop's."""

CREDENTIALS = f"key={PAIR.public_key}&token={PAIR.token}"
BUYER = "johntest23@test.com"


@pytest.fixture(scope="module", autouse=True)
def page(kept_shop: None) -> None:
    """The shop of the page as it was when the lists were taken: 70 sales."""
    with time_machine.travel(LISTS_TAKEN, tick=False):
        setup_settings(timezone="America/Chicago", url="http://localhost/wordpress")
        setup_key(public_key=PAIR.public_key, token=PAIR.token)
        fill_catalogue()
        fill_orders()


def fill_catalogue() -> None:
    uploads = "http://localhost/wordpress/wp-content/uploads"
    setup_listed(
        435,
        "test-2",
        "Test",
        "2013-02-06 19:25:18",
        "2013-02-12 09:40:31",
        price="29000",
        content="Test",
        thumbnail=f"{uploads}/edd/2013/01/2649089468_abb2633bc6_o.jpg",
        files=[{"name": "", "file": "test", "condition": "all"}],
    )
    setup_listed(
        16,
        "simple-notices-pro",
        "Simple Notices Pro",
        "2013-01-07 22:42:18",
        "2013-02-25 16:16:39",
        content="Dapibus dignissim hac ac penatibus eros, quis diam augue!",
        thumbnail=f"{uploads}/2013/01/edd_product_support.png",
        prices=[("Price one", "20"), ("Price Two", "30"), ("Price 3", "40.55")],
        notes="These are the product notes.",
        files=[
            {
                "name": "Screenshot from 2013-01-09 16:21:43",
                "file": f"{uploads}/edd/2013/01/Screenshot-from-2013-01-09-162143.png",
                "condition": "all",
            },
            {
                "name": "Screenshot from 2013-01-14 09:37:41",
                "file": f"{uploads}/edd/2013/02/Screenshot-from-2013-01-14-093741.png",
                "condition": "1",
            },
        ],
    )
    setup_listed(12, "love-it-pro", "Love It Pro", "2013-01-03 10:00:00")
    setup_listed(9, "test-product-2-2", "Test Product 2", "2013-01-02 10:00:00")
    setup_listed(8, "test-product-1-2", "Test Product 1", "2013-01-01 10:00:00")
    setup_listed(7, "", "Withdrawn", "2012-12-01 10:00:00", status="draft")


def setup_listed(
    id: int, slug: str, title: str, created: str, modified: str = "", **overrides: Any
) -> Product:
    modified = modified or created
    return setup_product(
        id=id,
        slug=slug,
        title=title,
        created_at=to_utc(created),
        modified_at=to_utc(modified),
        created_local=created,
        modified_local=modified,
        **overrides,
    )


def to_utc(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=UTC) + AHEAD


def fill_orders() -> None:
    test, notices, love, withdrawn = (Product.objects.get(pk=key) for key in (435, 16, 12, 7))
    # before February: 52 sales
    sell(love, "2012-12-15 10:00:00", *["20"] * 12, "40.0764")
    sell(withdrawn, "2012-12-20 10:00:00", *["10"] * 4)
    sell(notices, "2013-01-15 10:00:00", *["19"] * 34, "4.24")
    # in February: 18
    sell(test, "2013-02-06 20:00:00", "10")
    sell(test, "2013-02-09 00:00:00", *["10"] * 5)
    sell(notices, "2013-02-09 23:59:59", *["20"] * 6)
    sell(notices, "2013-02-20 10:00:00", *["20"] * 3, "31.96")
    sell(notices, "2013-02-25 11:41:48", "20", id=607, key="7608c3f1b8f5e00b7f21add193ab7ced")
    sell(notices, "2013-02-25 11:42:05", "20", id=611, key="ca2aaaa2a9e9e5369b8280403431b6fd")


def sell(product: Product, local: str, *amounts: str, id: int | None = None, key: str = "") -> None:
    """A sale of one piece for each amount."""
    if id is not None:
        set_next_id(Order, id)
    for amount in amounts:
        line = setup_line(product, amount, price_id=1 if product.has_price_options else None)
        setup_order(line, at=to_utc(local), email=BUYER, payment_key=key)


@pytest.fixture
def clock() -> Iterator[None]:
    with time_machine.travel(LISTS_TAKEN, tick=False):
        yield


@pytest.fixture
def later() -> Iterator[None]:
    """When the stats were taken: today's sale has come in."""
    with time_machine.travel(STATS_TAKEN, tick=False):
        sell(Product.objects.get(pk=16), "2013-03-08 09:00:00", "20")
        yield


def ask_page(path: str, question: str = "") -> Reply:
    """A request as the page writes it."""
    return ask(path, CREDENTIALS + ("&" if question else "") + question)


@pytest.mark.usefixtures("clock")
def test_a_sale_is_shown_as_on_the_page() -> None:
    sample = load_sample("2013/sale")
    sample["sales"][0]["fees"] = None  # [CONTRACT] dialects: the page's own second sample
    assert_shows(ask_page("/edd-api/sales/").data, sample, is_whole=False)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("question", ["", "page=1", "number=25", "number=-1"])
def test_sales_are_shown_as_on_the_page(question: str) -> None:
    answer = ask_page("/edd-api/sales/", question).data
    assert_shows(answer, load_sample("2013/sales"), is_whole=False)


@pytest.mark.usefixtures("clock")
def test_the_pages_numbers_of_results_hold() -> None:
    """10 unless asked otherwise, the second 10 by page=2, 25 by number=25, all by number=-1."""
    first, second = (ask_page("/edd-api/sales/", question).data["sales"] for question in ("", "page=2"))
    more, all_of_them = (
        ask_page("/edd-api/sales/", question).data["sales"] for question in ("number=25", "number=-1")
    )
    assert [len(rows) for rows in (first, second, more, all_of_them)] == [10, 10, 25, 70]
    assert first + second == more[:20] == all_of_them[:20]


@pytest.mark.usefixtures("clock")
def test_a_sale_as_xml_is_shown_as_on_the_page() -> None:
    answer = ElementTree.fromstring(ask_page("/edd-api/sales/", "format=xml").content)  # noqa: S314 (ours)
    [sample] = load_xml("2013/sale")
    shown = answer.find("sales")
    assert shown is not None
    for element in sample:
        found = shown.find(element.tag)
        assert found is not None, element.tag
        if element.tag == "products":
            assert [(child.tag, child.text) for child in element] == [
                (child.tag, child.text) for child in found if child.tag not in ("id", "quantity")
            ]
        elif element.tag == "fees":
            assert found.text is None  # [CONTRACT] dialects: null, and no word "false"
        else:
            assert found.text == element.text, element.tag


@pytest.mark.usefixtures("clock")
def test_products_are_shown_as_on_the_page() -> None:
    assert_shows(ask_page("/edd-api/products/").data, load_sample("2013/products"), is_whole=False)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("place", [0, 1])
def test_a_single_product_is_shown_as_in_the_list(place: int) -> None:
    sample = load_sample("2013/products")["products"][place]
    answer = ask_page("/edd-api/products/", f"product={sample['info']['id']}").data
    assert_shows(answer, {"products": [sample]})


@pytest.mark.usefixtures("clock")
def test_the_pages_product_55_is_none_of_the_shops() -> None:
    assert ask_page("/edd-api/products/", "product=55").data["error"] == "Product 55 not found!"


@pytest.mark.usefixtures("later")
@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("type=earnings", "stats-earnings"),
        ("type=sales", "stats-sales"),
        ("type=sales&date=today", "stats-today"),
        ("type=sales&date=range&startdate=20130201&enddate=20130210", "stats-range"),
        ("type=sales&product=all", "stats-product-all"),
        ("type=sales&product=16", "stats-product"),
    ],
)
def test_stats_are_shown_as_on_the_page(question: str, name: str) -> None:
    answer = ask_page("/edd-api/stats/", question).data
    assert_shows(answer, load_sample(f"2013/{name}"))


@pytest.mark.usefixtures("later")
def test_a_range_names_the_days_asked_for_and_no_others() -> None:
    answer = ask_page("/edd-api/stats/", "type=sales&date=range&startdate=20130201&enddate=20130210").data
    assert list(answer) == ["sales", "totals", "request_speed"]
    assert answer["sales"] == load_sample("2013/stats-range")["sales"]


@pytest.mark.usefixtures("later")
def test_yesterday_answers_under_its_own_name() -> None:
    answer = ask_page("/edd-api/stats/", "type=sales&date=yesterday").data
    assert answer["sales"] == {"yesterday": 0}


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize("path", ["/edd-api/", "/edd-api/earnings/"])
def test_an_unknown_query_fails_as_on_the_page(path: str) -> None:
    reply = ask_page(path)
    assert (reply.status, reply.data) == (400, load_sample("2013/invalid-query"))


@pytest.mark.usefixtures("clock")
def test_a_reversed_range_fails_with_the_pages_meaning() -> None:
    answer = ask_page("/edd-api/stats/", "type=sales&date=range&startdate=20130210&enddate=20130201").data
    assert "error" in load_sample("2013/reversed-range")
    assert answer["error"] == "The end date must be later than the start date!"  # [CONTRACT] not its slip


@pytest.mark.usefixtures("clock")
def test_the_pages_url_without_credentials_is_refused() -> None:
    reply = ask("/edd-api/sales/")
    assert reply.status == 401
    assert reply.data == {"error": "You must specify both a token and API key!"}
