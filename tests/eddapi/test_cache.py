"""Answers that are kept: the same bytes for the same question, rights and records, and never others."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from tests.asking import Reply, ask
from tests.shops import (
    bearing,
    get_key,
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
    setup_user,
    signed,
)
from tests.statements import statements
from tillroll.access.digests import Pair
from tillroll.access.log import request_log
from tillroll.access.services import revoke_key, set_roles
from tillroll.eddapi.cache import cache
from tillroll.eddapi.recognition import recognition
from tillroll.shop import services
from tillroll.shop.models import Customer, Order, Product, Taxonomy
from tillroll.shop.revision import renew_store

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)

LISTS = ("products", "customers", "sales", "discounts", "file-download-logs", "stats")


@pytest.fixture(autouse=True)
def keeping(settings: Any) -> None:
    settings.CACHE_MEGABYTES = 8


@pytest.fixture
def pair() -> Pair:
    return setup_key()


def get(question: str, pair: Pair | None = None, version: str = "v2", **headers: str) -> Reply:
    """An answer to `sales?number=2`; header names with underscores."""
    endpoint, _, query = question.partition("?")
    parameters = dict(piece.split("=") for piece in query.split("&") if piece)
    sent = signed(pair, **parameters) if pair else {**parameters}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(f"/edd-api/{version}/{endpoint}/", sent, headers=named)


def strip(reply: Reply) -> bytes:
    """The answer without what is never kept."""
    return re.sub(rb',?"request_speed":[^}]*', b"", reply.content)


def list_touched(sent: list[str]) -> list[str]:
    """The tables that were read, but for the revisions."""
    return [name for name in re.findall(r"\b(?:FROM|JOIN) (\w+)", " ".join(sent)) if name != "shop_revision"]


def fill() -> Pair:
    product = setup_product(title="Ware", terms=[setup_term("Music")])
    ann = setup_customer("ann@example.com", "Ann Lee")
    setup_order(product, customer=ann)
    setup_discount("SPRING")
    setup_download(product, ann)
    return setup_key()


# The same again


@pytest.mark.parametrize("question", LISTS)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_same_question_is_answered_without_the_records(question: str, version: str) -> None:
    pair = fill()
    first = get(question, pair, version)
    with statements() as sent:
        second = get(question, pair, version)
    assert list_touched(sent) == []
    assert strip(second) == strip(first)
    assert second.headers["etag"] == first.headers["etag"]


def test_the_time_that_an_answer_took_is_its_own(pair: Pair) -> None:
    speeds = {get("sales", pair).data["request_speed"] for _ in range(5)}
    assert len(speeds) == 5


def test_xml_and_indented_answers_are_kept_apart(pair: Pair) -> None:
    setup_discount("SPRING")
    forms = [get(question, pair) for question in ("discounts", "discounts?format=xml", "discounts?pretty=1")]
    again = [get(question, pair) for question in ("discounts", "discounts?format=xml", "discounts?pretty=1")]
    assert [reply.headers["content-type"] for reply in again] == [
        "application/json",
        "application/xml; charset=UTF-8",
        "application/json",
    ]
    assert len({reply.headers["etag"] for reply in forms}) == 3
    assert json.loads(again[2].content)["discounts"] == json.loads(forms[0].content)["discounts"]
    assert b"<request_speed>" in again[1].content
    assert again[2].content.startswith(b"{\n    ")


def test_defaults_and_unknown_parameters_make_no_other_question(pair: Pair) -> None:
    setup_order()
    etag = get("sales", pair).headers["etag"]
    for question in ("sales?number=10", "sales?page=1", "sales?number=", "sales?_=1753", "sales?product=7"):
        with statements() as sent:
            assert get(question, pair).headers["etag"] == etag
        assert list_touched(sent) == []
    assert get("sales?number=9", pair).headers["etag"] != etag


def test_a_page_beside_a_cursor_is_refused_though_the_cursor_alone_was_answered(pair: Pair) -> None:
    setup_order()
    assert get("sales?cursor=", pair).status == 200
    assert [get("sales?cursor=&page=1", pair).status for _ in range(2)] == [400, 400]


def test_links_are_those_of_the_question_as_it_was_written(pair: Pair) -> None:
    for _ in range(3):
        setup_discount()
    first = get("discounts?number=1", pair).headers["link"]
    other = get("discounts?number=1&_=5", pair).headers["link"]
    assert '/edd-api/v2/discounts/?number=1&page=2>; rel="next"' in first
    assert '/edd-api/v2/discounts/?number=1&_=5&page=2>; rel="next"' in other
    assert pair.public_key not in first + other


def test_totals_and_missing_rights_come_again_with_the_answer() -> None:
    setup_discount()
    manager, nobody = setup_key(), setup_key(role=None)
    for _ in range(2):
        assert get("discounts", manager).headers["x-edd-total"] == "1"
        assert get("discounts", nobody).headers["x-edd-missing-capability"] == "manage_shop_discounts"


def test_an_answer_that_is_another_each_time_has_no_name(pair: Pair) -> None:
    setup_product()
    for question in ("info", "products?orderby=rand", "products?orderby=title RAND"):
        assert "etag" not in get(question, pair).headers


# A change is seen


def _change_title() -> None:
    product = Product.objects.get()
    product.title = "Other"
    services.save_product(product)


CHANGES: list[tuple[str, Callable[[], object]]] = [
    ("products", _change_title),
    ("products", lambda: setup_order(Product.objects.get())),
    ("products", lambda: setup_settings(currency="EUR")),
    ("products?category=music", lambda: services.add_term(Taxonomy.CATEGORY, "Rock", "rock")),
    ("customers", lambda: setup_customer("bob@example.com")),
    ("customers", lambda: setup_order(Product.objects.get(), customer=_ann())),
    ("customers", lambda: setup_download(Product.objects.get(), _ann())),
    ("customers", lambda: services.add_email(_ann(), "ann@work.example")),
    ("customers?customer=ann@example.com", lambda: setup_user("ann", wire_id=5)),
    ("sales", lambda: setup_order(Product.objects.get())),
    ("sales", lambda: setup_refund(_order())),
    ("sales", lambda: services.change_order_status(_order(), "trash")),
    ("sales", lambda: setup_settings(timezone="Asia/Tokyo")),
    ("stats", lambda: setup_order(Product.objects.get())),
    ("stats?type=sales&product=all", lambda: setup_order(Product.objects.get())),
    ("stats?type=customers", lambda: setup_customer()),
    ("discounts", lambda: setup_discount("AUTUMN")),
    ("file-download-logs", lambda: setup_download(Product.objects.get())),
    ("file-download-logs", _change_title),
]


def _ann() -> Any:
    return Customer.objects.get(email="ann@example.com")


def _order() -> Any:
    return Order.objects.get(type="sale")


@pytest.mark.parametrize(("question", "change"), CHANGES)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_change_is_seen_by_the_next_question(
    question: str, change: Callable[[], object], version: str
) -> None:
    pair = fill()
    before = get(question, pair, version)
    assert get(question, pair, version, If_None_Match=before.headers["etag"]).status == 304
    change()
    after = get(question, pair, version, If_None_Match=before.headers["etag"])
    assert after.status == 200
    assert after.headers["etag"] != before.headers["etag"]
    kept = get(question, pair, version)
    cache.forget()
    assert strip(kept) == strip(after) == strip(get(question, pair, version))


def test_what_another_endpoint_reads_does_not_matter(pair: Pair) -> None:
    setup_discount("SPRING")
    etag = get("discounts", pair).headers["etag"]
    setup_order()
    assert get("discounts", pair, If_None_Match=etag).status == 304


def test_a_store_that_was_exchanged_is_another_one(pair: Pair) -> None:
    etag = get("sales", pair).headers["etag"]
    renew_store()
    assert get("sales", pair, If_None_Match=etag).status == 200


# What time changes


def test_the_days_figures_end_with_the_shops_day() -> None:
    with time_machine.travel(datetime(2026, 3, 10, 3, 59, tzinfo=UTC), tick=False):
        setup_settings(timezone="America/New_York")
        pair = setup_key()
        setup_order(at=datetime(2026, 3, 10, 2, tzinfo=UTC))
        before = get("stats", pair)
        assert before.data["stats"]["sales"]["today"] == 1
    with time_machine.travel(datetime(2026, 3, 10, 4, tzinfo=UTC), tick=False):
        after = get("stats", pair, If_None_Match=before.headers["etag"])
        assert after.data["stats"]["sales"]["today"] == 0
        assert after.headers["last-modified"] == "Tue, 10 Mar 2026 04:00:00 GMT"


def test_customers_of_a_named_day_end_with_it_and_others_do_not(pair: Pair) -> None:
    with time_machine.travel(NOON, tick=False):
        setup_customer("ann@example.com")
        of_today, all_of_them = get("customers?date=today", pair), get("customers", pair)
        assert len(of_today.data["customers"]) == 1
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert "error" in get("customers?date=today", pair).data
        assert get("customers", pair, If_None_Match=all_of_them.headers["etag"]).status == 304


def test_averages_end_with_the_month_of_one_of_the_products(pair: Pair) -> None:
    with time_machine.travel(NOON, tick=False):
        setup_order(setup_product(slug="a"), amount="60")
        setup_order(setup_product(slug="b", created_at=NOON - timedelta(days=59)), amount="60")

    def averages() -> list[float]:
        shown = get("products", pair).data["products"]
        return [product["stats"]["monthly_average"]["earnings"] for product in shown]

    with time_machine.travel(NOON + timedelta(hours=23, minutes=59), tick=False):
        assert averages() == [60, 60]
        etag = get("products", pair).headers["etag"]
        assert "last-modified" not in get("products", pair).headers
        cache.forget()
        assert get("products", pair, If_None_Match=etag).status == 304
    with time_machine.travel(NOON + timedelta(days=1), tick=False):
        assert averages() == [60, 30]
        assert get("products", pair, If_None_Match=etag).status == 200
        cache.forget()
        assert get("products", pair, If_None_Match=etag).status == 200
    with time_machine.travel(NOON + timedelta(days=30), tick=False):
        assert averages() == [60, 30]
    with time_machine.travel(NOON + timedelta(days=60), tick=False):
        assert averages() == [30, 20]


def test_a_product_of_tomorrow_turns_when_it_is_made(pair: Pair) -> None:
    with time_machine.travel(NOON, tick=False):
        setup_order(setup_product(created_at=NOON + timedelta(days=70)), amount="60")
        assert get("products", pair).data["products"][0]["stats"]["monthly_average"]["earnings"] == 30
    with time_machine.travel(NOON + timedelta(days=11), tick=False):
        assert get("products", pair).data["products"][0]["stats"]["monthly_average"]["earnings"] == 60


def test_the_publics_products_know_no_time() -> None:
    with time_machine.travel(NOON, tick=False):
        setup_product()
        etag = get("products").headers["etag"]
    with time_machine.travel(NOON + timedelta(days=400), tick=False):
        assert get("products", If_None_Match=etag).status == 304


# Rights


def test_nobody_gets_what_was_kept_for_somebody_with_other_rights() -> None:
    pair = fill()
    ann = _ann()
    keys = {
        "all": pair,
        "reports": setup_key(role=None, user=setup_user(grants=["view_shop_reports"])),
        "none": setup_key(role=None),
        "hidden": setup_key(hidden_fields="emails"),
        "buyer": setup_key(role=None, customer=ann),
    }
    for question in LISTS:
        fresh = {}
        for name, key in keys.items():
            cache.forget()
            fresh[name] = strip(get(question, key))
        cache.forget()
        for _ in range(2):
            for name, key in keys.items():
                assert strip(get(question, key)) == fresh[name], (question, name)


def test_two_keys_with_the_same_rights_share_an_answer() -> None:
    pair, other = fill(), setup_key()
    etag = get("sales", pair).headers["etag"]
    with statements() as sent:
        assert get("sales", other).headers["etag"] == etag
    assert "shop_order" not in list_touched(sent)


def test_a_revoked_key_ends_with_the_next_question_and_a_taken_right_too(pair: Pair) -> None:
    etag = get("sales", pair).headers["etag"]
    user = get_key(pair).user
    set_roles(user, ("shop_accountant",))
    assert get("discounts", pair).headers["x-edd-missing-capability"] == "manage_shop_discounts"
    revoke_key(get_key(pair))
    assert get("sales", pair, If_None_Match=etag).status == 403


def test_a_key_ends_at_its_time_though_the_question_is_known() -> None:
    with time_machine.travel(NOON, tick=False):
        pair = setup_key(expires_at=NOON + timedelta(hours=1))
        assert [get("sales", pair).status for _ in range(2)] == [200, 200]
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        assert get("sales", pair).status == 403


def test_a_key_is_known_from_its_own_addresses_alone() -> None:
    pair = setup_key(networks="192.0.2.7")
    asked = signed(pair)
    assert ask("/edd-api/v2/sales/", asked, address="192.0.2.7").status == 200
    assert ask("/edd-api/v2/sales/", asked, address="192.0.2.8").status == 403
    assert ask("/edd-api/v2/sales/", asked, address="192.0.2.7").status == 200


def test_a_wrong_secret_is_refused_though_the_right_one_was_there(pair: Pair) -> None:
    assert get("sales", pair).status == 200
    wrong = Pair(pair.public_key, "0" * 32)
    assert [get("sales", wrong).status for _ in range(2)] == [403, 403]
    assert ask("/edd-api/v2/sales/", headers=bearing(pair)).status == 200
    assert ask("/edd-api/v2/sales/", headers={"Authorization": "Bearer tillroll_x"}).status == 403


def test_queries_that_no_longer_count_are_read_anew(pair: Pair) -> None:
    assert get("sales", pair).status == 200
    setup_settings(query_credentials=False)
    assert get("sales", pair).status == 401


def test_what_is_recognised_holds_no_secret(pair: Pair) -> None:
    assert [get("sales", pair).status for _ in range(2)] == [200, 200]
    ask("/edd-api/v2/sales/", headers=bearing(pair))
    assert len(recognition._kept) == 2
    assert pair.token not in repr(recognition._kept)
    assert pair.bearer not in repr(recognition._kept)


@pytest.mark.parametrize("text", ["key%3Dnothing", "a@b.example?token=1", "tillroll_1"])
def test_a_question_that_looks_like_a_secret_stays_the_same_question(text: str, pair: Pair) -> None:
    setup_order(setup_product(title="Ware"), customer=setup_customer("ann@example.com"))
    for path, name in (("products", "s"), ("sales", "email"), ("customers", "customer")):
        found = []
        for number in range(3):
            found.append(ask(f"/edd-api/v2/{path}/", signed(pair, **{name: text})).data.get(path))
            setup_product(title=f"Other {number}")  # so that no answer is kept
            setup_customer()
        assert found in ([None] * 3, [[]] * 3)


@pytest.mark.django_db(databases=["default", "logs"])
def test_requests_are_counted_and_logged_though_the_answer_is_kept() -> None:
    pair = setup_key(quota_day=3)
    etag = get("sales", pair).headers["etag"]
    second, third = get("sales", pair), get("sales", pair, If_None_Match=etag)
    assert '"day";r=1' in second.headers["ratelimit"]
    assert (third.status, '"day";r=0' in third.headers["ratelimit"]) == (304, True)
    assert get("sales", pair, If_None_Match=etag).status == 429
    assert [line.status for line in request_log._waiting] == [200, 200, 304, 429]


# Conditional requests


def test_an_unchanged_answer_comes_without_a_body(pair: Pair) -> None:
    first = get("sales", pair)
    reply = get("sales", pair, If_None_Match=first.headers["etag"])
    assert (reply.status, reply.content) == (304, b"")
    assert reply.headers["etag"] == first.headers["etag"]
    assert reply.headers["cache-control"] == "private, no-cache"
    assert reply.headers["last-modified"] == first.headers["last-modified"]
    assert "content-type" not in reply.headers


def test_an_unchanged_answer_needs_no_records_in_another_worker(pair: Pair) -> None:
    etag = get("sales", pair).headers["etag"]
    cache.forget()
    with statements() as sent:
        assert get("sales", pair, If_None_Match=etag).status == 304
    assert list_touched(sent) == []


def test_etags_are_compared_weakly_and_in_lists(pair: Pair) -> None:
    etag = get("sales", pair).headers["etag"]
    assert etag.startswith('W/"')
    for sent in (etag.removeprefix("W/"), f'"other", {etag}', f'W/"{"0" * 32}",{etag}'):
        assert get("sales", pair, If_None_Match=sent).status == 304, sent
    for sent in ("", "x", '"other"', etag.replace('"', ""), f'W/"{"0" * 32}"'):
        assert get("sales", pair, If_None_Match=sent).status == 200, sent


def test_a_head_is_told_the_same_and_a_form_is_always_answered(pair: Pair) -> None:
    etag = get("sales", pair).headers["etag"]
    head = ask("/edd-api/v2/sales/", signed(pair), method="HEAD", headers={"If-None-Match": etag})
    assert head.status == 304
    form = ask("/edd-api/v2/sales/", form=signed(pair), method="POST", headers={"If-None-Match": etag})
    assert form.status == 200


def test_refusals_have_no_name() -> None:
    assert {"etag", "last-modified"} & get("sales").headers.keys() == set()


def test_last_modified_is_the_last_change_of_what_was_read(pair: Pair) -> None:
    with time_machine.travel(NOON, tick=False):
        setup_discount("SPRING")
    with time_machine.travel(NOON + timedelta(hours=2), tick=False):
        setup_order()
    modified = get("discounts", pair).headers["last-modified"]
    assert modified != "Tue, 10 Mar 2026 14:00:00 GMT"  # the key was made after both
    assert get("sales", pair).headers["last-modified"] == modified


def test_public_products_may_be_kept_by_anybody_where_the_shop_says_so() -> None:
    setup_product()
    pair = setup_key(role=None)
    assert get("products").headers["cache-control"] == "private, no-cache"
    setup_settings(public_max_age=300)
    assert get("products").headers["cache-control"] == "public, max-age=300"
    assert get("products").headers["vary"] == "Authorization"
    assert get("products", pair).headers["cache-control"] == "private, no-cache"
    etag = get("products").headers["etag"]
    assert get("products", If_None_Match=etag).headers["cache-control"] == "public, max-age=300"
    assert get("products?orderby=rand").headers["cache-control"] == "private, no-cache"


def test_a_public_copy_is_one_for_each_origin_where_browsers_may_ask() -> None:
    setup_settings(public_max_age=300, cors_origins=["https://shop.example"])
    for origin in ({}, {"Origin": "https://shop.example"}, {"Origin": "https://other.example"}):
        for _ in range(2):
            told = ask("/edd-api/v2/products/", headers=origin).headers["vary"]
            assert "Origin" in told


# Bounds


def test_the_least_recently_asked_go_first(pair: Pair, settings: Any) -> None:
    settings.CACHE_MEGABYTES = 1
    setup_product(content="x" * 100_000)
    for number in range(1, 10):
        get(f"products?number={number}", pair)
    with statements() as sent:
        get("products?number=1", pair)
    assert list_touched(sent) == []
    for number in range(10, 12):
        get(f"products?number={number}", pair)
    assert cache.size <= 1_000_000
    with statements() as sent:
        get("products?number=1", pair)
    assert list_touched(sent) == []
    with statements() as sent:
        get("products?number=2", pair)
    assert "shop_product" in list_touched(sent)


def test_one_large_answer_does_not_push_out_the_rest(pair: Pair, settings: Any) -> None:
    settings.CACHE_MEGABYTES = 1
    get("discounts", pair)
    before = cache.size
    setup_product(content="x" * 130_000)
    get("products", pair)
    assert cache.size == before


def test_nothing_is_kept_where_the_setting_says_so(pair: Pair, settings: Any) -> None:
    settings.CACHE_MEGABYTES = 0
    etag = get("sales", pair).headers["etag"]
    with statements() as sent:
        get("sales", pair)
    assert "shop_order" in list_touched(sent)
    assert get("sales", pair, If_None_Match=etag).status == 304


def test_a_long_question_is_answered_and_not_kept() -> None:
    setup_product(title="Ware")
    for length, kept in ((500, 1), (1_200, 0)):
        cache.forget()
        recognition.forget()
        replies = [get(f"products?s={'x' * length}") for _ in range(2)]
        assert [reply.data["products"] for reply in replies] == [[], []]
        assert ("etag" in replies[1].headers) is bool(kept)
        assert (len(recognition._kept), len(cache._kept)) == (kept, kept)


def test_the_least_recently_recognised_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tillroll.eddapi.recognition.MOST_KEPT", 2)
    for question in ("products", "products?number=2", "products", "products?number=3"):
        get(question)
    names = [known.asked.parameters.get("number") for known in recognition._kept.values()]
    assert names == [None, "3"]
