"""The page of reports: what it shows of small shops, that its file has the same numbers, and what it says to
wrong questions."""

import csv
import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.backoffice.conftest import NOON, Login, get_text
from tests.backoffice.forms import deny, get_self
from tests.shops import (
    setup_address,
    setup_discount,
    setup_line,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
)
from tillroll.shop.countries import get_country_name

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PAGE, FILE = "/admin/reports/", "/admin/reports/csv/"
MARCH = {"period": "range", "since": "2026-03-01", "until": "2026-03-31"}


@pytest.fixture
def client(login: Login) -> Client:
    """Who looks at a shop that sold two products on March 4th, 2026, and took a part of one back."""
    setup_settings(name="Paper Lantern", currency="USD", timezone="Europe/Paris")
    setup_discount("Spring", amount="15")
    one = setup_product(id=1, title="Inkwell &amp; Pen", terms=[setup_term("Pens")])
    order = setup_order(
        setup_line(one, "1000", tax="200"),
        setup_line(setup_product(id=2, title="Blotter"), "10.005"),
        gateway="stripe",
        at=NOON,
        discounts={"SPRING": Decimal(50)},
    )
    setup_address(order, country="FR")
    setup_refund(order, {order.items.get(product_id=1).pk: "300"}, at=NOON)
    return login("superuser")


def read_table(page: str) -> list[list[str]]:
    """The cells of the table, without its headings."""
    body = re.search(r'<section class="box report".*?<tbody>(.*?)</table>', page, re.S)
    assert body
    rows = re.findall(r"<tr>(.*?)</tr>", body[1], re.S)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S) for row in rows]
    bare = [[re.sub(r'<a class="record".*?</a>', "", cell) for cell in row] for row in cells]
    return [[unescape(re.sub(r"<[^>]+>", "", cell)).strip() for cell in row] for row in bare]


def read_file(client: Client, **question: Any) -> list[list[str]]:
    reply = client.get(FILE, question)
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(reply.getvalue().decode().splitlines()))


def test_a_month_shows_its_figures_and_those_of_the_days_before(client: Client) -> None:
    page = get_text(client, PAGE, **MARCH, step="month")
    assert read_table(page) == [
        ["2026-03", "1", "1,210.01", "300.00", "1", "150.00", "760.01"],
        ["Total", "1", "1,210.01", "300.00", "1", "150.00", "760.01"],
    ]
    cards = re.findall(r"<dt>([^<]+)</dt><dd>([^<]+)<small><span>before: ([^<]+)<", page)
    assert cards == [
        ("Sales", "1", "0"),
        ("Gross", "1,210.01", "0.00"),
        ("Refunds", "300.00", "0.00"),
        ("Refund count", "1", "0"),
        ("Tax", "150.00", "0.00"),
        ("Net", "760.01", "0.00"),
    ]
    assert "2026-01-29 to 2026-02-28" in page
    assert "What was given back, with tax, on the day of the refund." in page


def test_a_change_is_told_in_per_cent(client: Client) -> None:
    setup_order(amount="968.004", at=NOON.replace(month=2))
    with time_machine.travel(NOON.replace(day=30), tick=False):
        page = get_text(client, PAGE, period="this_month")
    assert "+25.0 %" in page
    assert "before: 968.00" in page


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        (
            "product",
            [
                ["Inkwell & Pen", "1", "1,200.00", "300.00", "1", "150.00", "750.00"],
                ["Blotter", "1", "10.01", "0.00", "0", "0.00", "10.01"],
                ["All products", "2", "1,210.01", "300.00", "1", "150.00", "760.01"],
                ["Whole shop", "", "1,210.01", "300.00", "", "150.00", "760.01"],
            ],
        ),
        (
            "category",
            [
                ["Pens", "1", "1,200.00", "300.00", "1", "150.00", "750.00"],
                ["All products", "2", "1,210.01", "300.00", "1", "150.00", "760.01"],
                ["Whole shop", "", "1,210.01", "300.00", "", "150.00", "760.01"],
            ],
        ),
        (
            "gateway",
            [
                ["stripe", "1", "1,210.01", "300.00", "1", "150.00", "760.01"],
                ["Total", "1", "1,210.01", "300.00", "1", "150.00", "760.01"],
            ],
        ),
        (
            "discount",
            [
                ["SPRING", "1", "1,210.01", "300.00", "1", "150.00", "760.01", "50.00"],
                ["Whole shop", "1", "1,210.01", "300.00", "1", "150.00", "760.01", ""],
            ],
        ),
        (
            "country",
            [
                ["France (FR)", "1", "1,210.01", "300.00", "1", "150.00", "760.01"],
                ["Total", "1", "1,210.01", "300.00", "1", "150.00", "760.01"],
            ],
        ),
    ],
)
def test_each_report_has_its_rows_and_their_file_the_same(
    by: str, expected: list[list[str]], client: Client
) -> None:
    shown = read_table(get_text(client, PAGE, **MARCH, by=by))
    assert shown == expected
    _, *written = read_file(client, **MARCH, by=by)
    assert [[row[0], *row[2:]] for row in written] == [
        [row[0], *(cell.replace(",", "") for cell in row[1:])] for row in shown
    ]


def test_a_file_over_time_names_the_days_of_each_row(client: Client) -> None:
    assert read_file(client, **MARCH, step="month") == [
        [
            "First day", "Last day",
            "Sales", "Gross (USD)", "Refunds (USD)", "Refund count", "Tax (USD)", "Net (USD)",
        ],
        ["2026-03-01", "2026-03-31", "1", "1210.01", "300.00", "1", "150.00", "760.01"],
        ["Total", "", "1", "1210.01", "300.00", "1", "150.00", "760.01"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("by", "of", "record"),
    [
        ("product", "1", "/admin/shop/product/1/change/"),
        ("gateway", "stripe", "/admin/shop/order/?gateway=stripe"),
        ("country", "FR", ""),
    ],
)
def test_a_row_leads_to_its_own_series_and_its_record(by: str, of: str, record: str, client: Client) -> None:
    page = unescape(get_text(client, PAGE, **MARCH, by=by))
    assert re.search(rf'href="\?[^"]*by={by}&[^"]*of={of}"', page)
    assert (f'href="{record}"' in page) is bool(record)
    rows = read_table(get_text(client, PAGE, **MARCH, by=by, of=of))
    assert len(rows) == 32
    assert rows[3][0] == "2026-03-04"
    assert rows[3][1:] == rows[-1][1:] != rows[0][1:]


def test_a_code_leads_to_its_discount_for_those_who_may_see_it(client: Client, login: Login) -> None:
    assert "/admin/shop/discount/" in get_text(client, PAGE, **MARCH, by="discount").split("<table>")[1]
    seen = get_text(login("shop_accountant"), PAGE, **MARCH, by="discount")
    assert "SPRING" in seen
    assert "/admin/shop/discount/" not in seen


def test_what_has_no_name_is_told_so(client: Client) -> None:
    setup_order(setup_product(), gateway="", at=NOON)
    for by, name in (("gateway", "No gateway"), ("country", "Not known")):
        assert name in get_text(client, PAGE, **MARCH, by=by)
        assert f": {name}</strong>" in get_text(client, PAGE, **MARCH, by=by, of="")
    assert "Product 77 (removed)" in get_text(client, PAGE, **MARCH, by="product", of="77")


def test_rows_are_sorted_by_any_column(client: Client) -> None:
    def names(order: str) -> list[str]:
        return [row[0] for row in read_table(get_text(client, PAGE, **MARCH, by="product", o=order))][:2]

    assert names("name") == names("gross") == names("refunded") == ["Blotter", "Inkwell & Pen"]
    assert names("-name") == names("-net") == names("nonsense") == ["Inkwell & Pen", "Blotter"]
    page = get_text(client, PAGE, **MARCH, by="product", o="-gross")
    assert 'aria-sort="descending"' in page
    assert read_file(client, **MARCH, by="product", o="name")[1][0] == "Blotter"


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ({"period": "range"}, "A day is wanted, such as 2026-01-31."),
        ({**MARCH, "since": "soon"}, "'soon' is not a day: give YYYYMMDD or YYYY-MM-DD."),
        ({**MARCH, "until": "2026-02-01"}, "The last day, 2026-02-01, is before the first, 2026-03-01."),
        ({"period": "decade"}, "Choose one of the list; decade is not in it."),
        ({"step": "hour"}, "Choose one of the list; hour is not in it."),
        (
            {**MARCH, "since": "2016-03-01"},
            "That is more than 1,100 days, which is as long as a report gets:"
            " choose fewer days or a longer step.",
        ),
        (
            {"by": "weather"},
            "There is no report by weather; there are time, product, category, gateway, discount, country.",
        ),
        ({"by": "product", "of": "x"}, "'x' is no product: the report takes its id, a number."),
        ({"by": "category", "of": "9" * 20},
            "'99999999999999999999' is no category: the report takes its id, a number."),
        ({"by": "country", "of": "a\0"}, "A name has no zero byte in it."),
    ],
)  # fmt: skip
def test_a_wrong_question_is_answered_in_a_sentence(
    question: dict[str, str], sentence: str, client: Client
) -> None:
    page = unescape(get_text(client, PAGE, **question))
    assert sentence in page
    assert "<table>" not in page
    reply = client.get(FILE, question)
    assert reply.status_code == 302
    assert reply.headers["Location"].startswith(f"{PAGE}?")


def test_a_shop_without_sales_says_so(login: Login) -> None:
    page = get_text(login("superuser"), PAGE)
    assert "Nothing was sold or given back in these days." in page
    assert len(read_table(page)) == 32


def test_the_file_takes_a_right_of_its_own(login: Login) -> None:
    client = login("shop_accountant")
    deny(get_self(client), "export_shop_reports")
    assert "CSV file" not in get_text(client, PAGE)
    assert client.get(FILE).status_code == 403
    deny(get_self(client), "view_shop_reports")
    assert client.get(PAGE).status_code == 403


def test_a_report_is_asked_for_and_never_posted(client: Client) -> None:
    assert client.post(PAGE).status_code == 405


@pytest.mark.parametrize(
    ("code", "name"), [("DE", "Germany"), ("de", "Germany"), ("XX", "XX"), ("", ""), ("NZ", "New Zealand")]
)
def test_countries_have_names(code: str, name: str) -> None:
    assert get_country_name(code) == name
