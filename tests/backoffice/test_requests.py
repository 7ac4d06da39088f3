"""The page of API requests: what it finds, draws and hands out; and the two buttons of a customer's page."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.test_pages import list_words
from tests.shops import get_key, setup_key, setup_line_of_log, setup_source, setup_user
from tillroll.access.models import RequestLogEntry, User
from tillroll.access.services import refresh_capabilities
from tillroll.access.streams import Places
from tillroll.backoffice import streamed
from tillroll.shop.models import Customer

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

LIST = "/admin/access/requestlogentry/"
NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped_clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def client(login: Login) -> Client:
    return login("superuser")


def list_questions(page: str) -> list[str]:
    """The questions of the rows, in their order."""
    return re.findall(r'<span class="long">(q\w+)</span>', page)


def test_a_row_has_all_of_a_line_and_leads_to_user_and_key(shop: Shop, client: Client) -> None:
    setup_line_of_log(
        NOW, user_id=shop.holder.wire_id, user_name="holder", key_id=shop.key.pk, key_label="Till app",
        version="v2", endpoint="sales", question="qnumber", status=403, error="No!", address="203.0.113.7",
        milliseconds=12.345, size=1234,
    )  # fmt: skip
    page = get_text(client, LIST)
    assert (
        "2026-03-05 09:00:00 holder Till app v2 sales qnumber 403 No! 203.0.113.7 12.3 1,234"
        in list_words(page)
    )
    assert f'href="/admin/access/user/{shop.holder.pk}/change/">holder</a>' in page
    assert f'href="/admin/access/apikey/{shop.key.pk}/change/">Till app</a>' in page
    assert re.search(r"<title>\s*API Requests\s*\|", page)


def test_what_is_gone_is_named_without_a_link(shop: Shop, client: Client) -> None:
    setup_line_of_log(NOW, user_id=987, user_name="ghost", key_id=654, key_label="Lost")
    page = get_text(client, LIST)
    assert "ghost" in page
    assert "/admin/access/user/987/" not in page
    assert "/admin/access/apikey/654/" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "qc qb qa"),
        ({"status": "403"}, "qb"),
        ({"status": "error"}, "qc qb"),
        ({"endpoint": "sales"}, "qa"),
        ({"version": "v1"}, "qb"),
        ({"user_id": "7"}, "qc"),
        ({"since": "2026-03-04"}, "qc qb"),
        ({"since": "2026-03-04", "until": "2026-03-04"}, "qb"),
        ({"q": "203.0.113.7"}, "qa"),
        ({"q": "203.0.113.0/24", "status": "2xx"}, "qc qa"),
        ({"q": "seven@example.com"}, "qc"),
        ({"q": "no such thing"}, ""),
    ],
    ids=str,
)
def test_the_address_of_the_page_selects_lines(
    query: dict[str, str], found: str, shop: Shop, client: Client
) -> None:
    RequestLogEntry.objects.all().delete()
    setup_user("seven", wire_id=7, email="seven@example.com")
    setup_line_of_log(NOW - timedelta(days=3), question="qa", endpoint="sales", address="203.0.113.7")
    setup_line_of_log(NOW - timedelta(days=1), question="qb", status=403, version="v1")
    setup_line_of_log(NOW, question="qc", user_id=7, error="None!", address="203.0.113.8")
    page = get_text(client, LIST, **query)
    assert " ".join(list_questions(page)) == found
    calls = re.findall(r'class="calls">(\d+) calls?<', page)
    assert calls == [str(len(found.split()))]
    written = get_text(client, f"{LIST}export/ndjson/", **query)
    exported = [json.loads(line)["question"] for line in written.splitlines()]
    assert " ".join(reversed(exported)) == found


def test_a_keys_lines_are_those_of_all_it_took_over_from(shop: Shop, client: Client) -> None:
    second = get_key(setup_key(user=shop.holder, label="Next"))
    second.meter_id = shop.key.pk
    second.save()
    for key, question in ((shop.key.pk, "qold"), (second.pk, "qnew"), (second.pk + 1, "qother")):
        setup_line_of_log(NOW, key_id=key, question=question)
    for key in (shop.key.pk, second.pk):
        assert list_questions(get_text(client, LIST, key_id=key)) == ["qnew", "qold"]


@pytest.mark.parametrize(
    "query",
    [
        {"since": "soon"},
        {"status": "6"},
        {"key_id": "x"},
        {"user_id": "-"},
        {"q": "2001:db8::/32"},
        {"since": "2026-03-05", "until": "2026-03-01"},
    ],
    ids=str,
)
def test_an_address_that_makes_no_sense_is_no_trouble(
    query: dict[str, str], shop: Shop, client: Client
) -> None:
    reply = client.get(LIST, query)
    assert (reply.status_code, reply.headers.get("Location")) == (302, f"{LIST}?e=1")
    assert client.get(f"{LIST}?e=1").status_code == 200
    refused = client.get(f"{LIST}export/csv/", query)
    assert refused.status_code == 400
    assert refused.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert b"Traceback" not in refused.content


def test_the_charts_count_the_selection_by_the_shops_days(shop: Shop, client: Client) -> None:
    setup_line_of_log(datetime(2026, 3, 3, 23, 30, tzinfo=UTC), key_id=shop.key.pk)  # the 4th in Paris
    page = get_text(client, LIST)
    words = list_words(page)
    assert "2 calls 1 error 2026-02-04 to 2026-03-05, the last 30 days" in words
    assert "2026-03-04: 2 calls, 1 error" in page
    assert "2026-03-03: 0 calls, 0 errors" in page
    assert "2026-03-04 2 1" in words  # the table beside the drawing
    assert f'<a href="?key_id={shop.key.pk}">Till app</a>' in page
    assert "(Europe/Paris)" in page
    assert page.count("<rect") == 30 * 3 + 2 * 2


def test_a_selection_without_lines_says_so(shop: Shop, client: Client) -> None:
    words = list_words(get_text(client, LIST, status="500"))
    assert words.count("No calls in these days.") == 2


def test_a_keys_name_can_not_break_out_of_the_page(shop: Shop, client: Client) -> None:
    setup_line_of_log(
        NOW,
        key_id=5,
        key_label="<b>x",
        question="<script>alert(1)</script>",
        user_name='"><img>',
        error="<i>",
    )
    page = get_text(client, LIST)
    for raw in ("<b>x", "<script>alert", "<img>", "<i>"):
        assert raw not in page


def test_files_are_streamed_with_their_own_types_and_names(shop: Shop, client: Client) -> None:
    for form, kind in (("csv", "text/csv; charset=utf-8"), ("ndjson", "application/x-ndjson")):
        reply = client.get(f"{LIST}export/{form}/")
        assert reply.streaming
        assert reply.headers["Content-Type"] == kind
        assert reply.headers["Content-Disposition"] == f'attachment; filename="api-requests.{form}"'
        assert b"number=5" in reply.getvalue()
    assert client.get(f"{LIST}export/xml/").status_code == 400


def test_one_export_at_a_time_leaves_a_thread_for_the_others(
    shop: Shop, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = Places(1)
    monkeypatch.setattr(streamed, "streams", places)
    taken = places.take()
    assert taken is not None
    reply = client.get(f"{LIST}export/csv/")
    assert (reply.status_code, reply.headers["Retry-After"]) == (429, "30")
    taken.give_back()
    for _ in range(3):
        assert b"number=5" in client.get(f"{LIST}export/csv/").getvalue()


def _deny(capability: str) -> None:
    """Takes a right from everybody but the holder."""
    for user in User.objects.exclude(username="holder"):
        user.grants.create(capability=capability, is_granted=False)
        refresh_capabilities([user])


def test_who_may_not_export_sees_no_button_and_gets_no_file(shop: Shop, login: Login) -> None:
    client = login("shop_manager")
    page = get_text(client, LIST, status="403")
    assert f'href="{LIST}export/csv/?status=403">Export CSV</a>' in page
    _deny("export_shop_reports")
    assert "Export CSV" not in get_text(client, LIST)
    assert client.get(f"{LIST}export/csv/").status_code == 403


def test_the_menu_has_the_logs_together(shop: Shop, client: Client) -> None:
    words = list_words(get_text(client, "/admin/"))
    assert re.search(r"Logs \w+ API requests \w+ File downloads", words)


# A customer's data

PERSON = "/admin/shop/customer/{}/"


def test_a_customers_data_is_a_file(shop: Shop, client: Client) -> None:
    url = PERSON.format(shop.customer.pk)
    assert f'href="{url}export/">Export data</a>' in get_text(client, f"{url}change/")
    reply = client.get(f"{url}export/")
    assert reply.headers["Content-Disposition"] == f'attachment; filename="customer-{shop.customer.pk}.json"'
    assert reply.json()["customer"]["email"] == "jane@example.com"
    assert client.get(PERSON.format(98765) + "export/").status_code == 404


def test_a_customer_is_erased_after_a_question(shop: Shop, client: Client) -> None:
    url = PERSON.format(shop.customer.pk)
    page = get_text(client, f"{url}erase/")
    assert "Erase Jane Doe?" in page
    assert "csrfmiddlewaretoken" in page
    assert "the next import brings the data back" not in page
    assert Customer.objects.get(pk=shop.customer.pk).name == "Jane Doe"
    reply = client.post(f"{url}erase/", follow=True)
    assert "is erased: 2 orders" in reply.content.decode()
    assert Customer.objects.get(pk=shop.customer.pk).name == "(erased)"
    assert "Jane Doe" not in get_text(client, f"/admin/shop/order/{shop.order.pk}/change/")


def test_an_imported_customer_is_erased_with_a_warning(shop: Shop, client: Client) -> None:
    Customer.objects.update(source=setup_source())
    assert "the next import brings the data back" in get_text(
        client, PERSON.format(shop.customer.pk) + "erase/"
    )


def test_no_form_of_another_site_erases(shop: Shop, login: Login) -> None:
    strict = login("superuser", enforce_csrf_checks=True)
    assert strict.post(PERSON.format(shop.customer.pk) + "erase/").status_code == 403
    assert Customer.objects.get(pk=shop.customer.pk).name == "Jane Doe"


@pytest.mark.parametrize("role", ["anonymous", "shop_accountant", "subscriber"])
def test_nobody_else_erases_or_takes_data(role: str, shop: Shop, login: Login) -> None:
    client, url = login(role), PERSON.format(shop.customer.pk)
    expected = 302 if role == "anonymous" else 403
    assert client.post(f"{url}erase/").status_code == expected
    assert client.get(f"{url}export/").status_code == expected
    assert Customer.objects.get(pk=shop.customer.pk).name == "Jane Doe"


def test_who_may_only_look_sees_no_buttons(shop: Shop, login: Login) -> None:
    client, url = login("shop_manager"), PERSON.format(shop.customer.pk)
    assert "Export data" in get_text(client, f"{url}change/")
    _deny("manage_shop_settings")
    assert "Export data" not in get_text(client, f"{url}change/")
    assert client.get(f"{url}export/").status_code == 403
    assert client.post(f"{url}erase/").status_code == 403


@pytest.mark.parametrize(
    "query", [{"q": "\x00"}, {"endpoint": "\x00"}, {"until": "9999-12-31"}, {"since": "0001-01-01"}]
)
def test_what_no_line_can_be_asked_for_is_said_in_a_sentence(
    query: dict[str, str], shop: Shop, client: Client
) -> None:
    reply = client.get(LIST, query, follow=True)
    page = reply.content.decode()
    assert reply.status_code == 200
    assert "t be looked for." in page or "is out of reach" in page
