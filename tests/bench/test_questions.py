"""What is asked, of whom it is learned, and what of an answer is a refusal."""

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bench import questions
from bench.client import Reply, find_refusal
from bench.questions import PAGES, QUESTIONS, SIZED, Refused, Sample, ask, find_question, learn
from tillroll.access.capabilities import ENDPOINTS

SAMPLE = Sample(
    (("7", "k 7"), ("8", "k8")), (("1", "a+b@example.com"), ("2", "c@example.com")), "11", date(2026, 3, 1)
)


def list_queries(name: str) -> list[dict[str, str]]:
    urls = ask(find_question(name), "http://shop", SAMPLE, "&key=k&token=t")
    return [{key: value for key, [value] in parse_qs(urlsplit(url).query).items()} for url in urls]


def test_every_endpoint_is_asked_in_a_full_run_and_in_a_short_one() -> None:
    for chosen in (QUESTIONS, [question for question in QUESTIONS if question.in_short]):
        assert {question.path.split("/")[1] for question in chosen} == set(ENDPOINTS)
    both = (*QUESTIONS, *SIZED)
    assert len({question.name for question in both}) == len(both)


def test_a_list_goes_round_its_first_pages() -> None:
    queries = list_queries("v2 sales, 50")
    pages = [query.pop("page") for query in queries]
    assert pages == [str(page) for page in range(1, PAGES + 1)]
    assert all(query == {"number": "50", "key": "k", "token": "t"} for query in queries)


def test_what_names_a_record_goes_round_the_records() -> None:
    assert [query["purchasekey"] for query in list_queries("v2 sales, by purchase key")] == ["k 7", "k8"]
    assert list_queries("v2 customers, by address")[0]["customer"] == "a+b@example.com"
    assert [query["product"] for query in list_queries("stats, sales of a product")] == ["11"]


def test_ranges_end_with_the_last_day_and_have_the_days_that_they_say() -> None:
    [query] = list_queries("v2 customers, of 30 days")
    assert (query["startdate"], query["enddate"]) == ("2026-01-31", "2026-03-01")
    [query] = list_queries("stats, earnings of 365 days")
    assert (query["startdate"], query["enddate"]) == ("2025-03-02", "2026-03-01")


def test_what_changed_is_asked_from_days_before_the_last() -> None:
    [asked] = [question for question in SIZED if question.name == "v2 sales, changed in a week, by cursor"]
    [url] = ask(asked, "http://shop", SAMPLE, "&key=k")
    query = "number=10&modified_after=2026-02-22&cursor=&key=k"
    assert url == f"http://shop/edd-api/v2/sales/?{query}"


def reply(data: Any, status: int = 200, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, named, json.dumps(data).encode())


def make_customer(key: int, purchases: object) -> dict[str, object]:
    return {
        "info": {"customer_id": str(key), "email": f"{key}@example.com"},
        "stats": {"total_purchases": purchases},
    }


def answer_by(monkeypatch: pytest.MonkeyPatch, **answers: object) -> None:
    def fetch(url: str) -> Reply:
        endpoint = url.split("/")[5]
        found = answers[endpoint]
        return found if isinstance(found, Reply) else reply({endpoint: found, "request_speed": 0.1})

    monkeypatch.setattr(questions, "fetch", fetch)


def test_customers_who_bought_as_often_in_every_shop_are_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer_by(
        monkeypatch,
        sales=[{"ID": 9, "key": "k9"}],
        products=[{"info": {"id": 5}}],
        customers=[make_customer(1, "2"), make_customer(2, 3), make_customer(3, "3")],
    )
    found = learn("http://shop", "", date(2026, 3, 1))
    assert found.orders == (("9", "k9"),)
    assert found.product == "5"
    assert found.customers == (("2", "2@example.com"), ("3", "3@example.com"))


def test_customers_are_looked_for_from_the_middle_of_a_shop_that_tells_its_total(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def fetch(url: str) -> Reply:
        asked.append(url.partition("?")[2])
        endpoint = url.split("/")[5]
        found = (
            [make_customer(1, 3)] if endpoint == "customers" else [{"ID": 1, "key": "k", "info": {"id": 1}}]
        )
        return reply({endpoint: found}, x_edd_total="2100")

    monkeypatch.setattr(questions, "fetch", fetch)
    learn("http://shop", "", date(2026, 3, 1))
    assert asked[-1] == "number=100&page=11"


def test_a_shop_that_has_none_of_these_names_others(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_by(
        monkeypatch,
        sales=[{"ID": 9, "key": "k9"}],
        products=[{"info": {"id": 5}}],
        customers=[make_customer(1, 1)],
    )
    assert learn("http://shop", "", date(2026, 3, 1)).customers == (("1", "1@example.com"),)


@pytest.mark.parametrize(
    ("sales", "said"),
    [
        (reply({"error": "Invalid API key!"}, 403), "http://shop/edd-api/v2/sales/: 403 Invalid API key!"),
        (reply({"request_speed": 0.1}), "nothing but request_speed: the key lacks a right"),
        (reply({"sales": [], "request_speed": 0.1}), "http://shop/edd-api/v2/sales/: no sales"),
    ],
    ids=["a wrong key", "a missing right", "an empty shop"],
)
def test_a_shop_that_tells_nothing_is_refused_without_key_and_token(
    monkeypatch: pytest.MonkeyPatch, sales: Reply, said: str
) -> None:
    answer_by(monkeypatch, sales=sales)
    with pytest.raises(Refused) as refused:
        learn("http://shop", "&key=k&token=secret", date(2026, 3, 1))
    assert said in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        (reply({"sales": [1], "request_speed": 0.1}), ""),
        (reply({"error": "No sales found!", "request_speed": 0.1}), "200 No sales found!"),
        (reply({"error": "Slow down!"}, 429), "429 Slow down!"),
        (
            reply({"request_speed": 0.1}, x_edd_missing_capability="view_shop_reports"),
            "nothing but request_speed: the key lacks view_shop_reports",
        ),
        (Reply(200, {"content-type": "text/html"}, b"<html>"), "200, and no JSON"),
        (Reply(200, {"content-type": "text/html"}, b"<?xml version='1.0'?><edd/>"), ""),
        (Reply(500, {}, b"<?xml version='1.0'?><edd/>"), "500"),
    ],
    ids=["an answer", "nothing found", "too many", "no right", "a page", "XML", "broken XML"],
)
def test_refusals_are_known_by_what_the_server_says(answer: Reply, refusal: str) -> None:
    assert find_refusal(answer) == refusal
