"""What no reason covers is found, however near a reason is; and what a reason does cover is checked."""

import json
from datetime import UTC, datetime

import pytest

from tests.cli.comparing.told import Shop, Told, compare_one, product, stats
from tillroll.cli.comparing import rules
from tillroll.cli.comparing.answers import Answer, Difference, read_answer
from tillroll.cli.comparing.comparison import Verdict, compare, judge
from tillroll.cli.comparing.questions import Question, ask
from tillroll.cli.refusals import Refusal

assert rules


@pytest.mark.parametrize(
    ("question", "theirs", "ours"),
    [
        (stats("sales", date="this_month"), {"sales": {"this_month": 10}}, {"sales": {"this_month": 11}}),
        (stats("sales"), {"sales": {"today": 1}}, {"sales": {"today": "1"}}),
        (stats("sales"), {"sales": {"today": 1}}, {"sales": {"today": True}}),
        (ask("sales", id="7"), {"sales": [{"ID": "7", "total": "10.00"}]}, {}),
        (ask("sales", id="7"), {"sales": [{"ID": "7"}, {"ID": "6"}]}, {"sales": [{"ID": "6"}, {"ID": "7"}]}),
        (ask("sales", id="7"), {"sales": [{"ID": "7"}]}, {"sales": [{"ID": "7", "extra": None}]}),
        (ask("customers"), {"error": "No customers found!"}, {"error": "Customer not found!"}),
        (ask("discounts", number="-1"), {"discounts": [1]}, {"discounts": [1, 3]}),
        (ask("info"), {"info": {"site": {"currency": "USD"}}}, {"info": {"site": {"currency": "EUR"}}}),
    ],
    ids=[
        "sum", "text for number", "true for 1", "sale missing", "order", "member too many", "other error",
        "other rows", "other currency",
    ],
)  # fmt: skip
def test_what_no_reason_covers_is_unexplained(question: Question, theirs: object, ours: object) -> None:
    more: Told = {ask("discounts", number="1000"): {"discounts": [1, 2]}}
    outcome = compare_one(question, theirs, ours, more)
    assert (outcome.verdict, outcome.reasons) == (Verdict.UNEXPLAINED, ())
    assert outcome.differences != ()


def test_numbers_and_the_order_of_members_are_no_difference() -> None:
    question = stats("earnings")
    theirs = {"earnings": {"today": 20, "totals": 19.989999999999998}, "request_speed": 0.1}
    ours = {"request_speed": 0.2, "earnings": {"totals": 19.99, "today": 20.0}}
    assert compare_one(question, theirs, ours).verdict is Verdict.SAME


def test_both_values_and_their_place_are_kept_and_the_rest_counted() -> None:
    question = ask("sales")
    outcome = compare_one(question, {"sales": list(range(30))}, {"sales": ["0", *range(101, 130)]})
    assert outcome.differences[0] == Difference("sales[0]", 0, "0")
    assert (len(outcome.differences), outcome.more) == (20, 10)


def test_an_element_of_xml_is_named_by_its_tags() -> None:
    question = ask("sales", format="xml")
    page = '<?xml version="1.0"?><edd><sales><ID>1</ID><total>{}</total></sales></edd>'
    theirs, ours = (read_answer(200, page.format(total).encode()) for total in ("9.50", "9.60"))
    assert compare_one(question, theirs, ours).differences == (
        Difference("/sales[1]/total[2]", "9.50", "9.60"),
    )


def test_what_differs_is_asked_once_more_before_it_counts() -> None:
    question = stats("sales", date="today")
    theirs, ours = Shop({}), Shop({question: {"sales": {"today": 5}}})
    answers = iter([4, 5])

    def answer(asked: Question) -> Answer:
        theirs.asked.append(asked)
        return read_answer(200, json.dumps({"sales": {"today": next(answers)}}).encode())

    theirs.ask = answer  # type: ignore[assignment,method-assign]
    assert judge(question, theirs, ours).verdict is Verdict.SAME
    assert (theirs.asked, ours.asked) == ([question] * 2, [question] * 2)


# Reasons that no recording needs


@pytest.mark.parametrize(
    ("month", "days", "verdict"),
    [
        (5, {"20260131": 5, "20260130": 0}, Verdict.EXPLAINED),
        (6, {"20260131": 5, "20260130": 0}, Verdict.UNEXPLAINED),
        (5, {"20260131": 4, "20260130": 0}, Verdict.UNEXPLAINED),
        (5, {"20260131": 5}, Verdict.UNEXPLAINED),
    ],
)
def test_the_days_of_a_range_must_add_up_to_the_month(
    month: int, days: dict[str, int], verdict: Verdict
) -> None:
    question = stats("sales", date="range", startdate="20260101", enddate="20260131")
    more: Told = {stats("sales", date="last_month"): {"sales": {"last_month": month}}}
    theirs = {"sales": {"20260130": 3, "20260129": 1}, "totals": 4}
    assert compare_one(question, theirs, {"sales": days, "totals": 5}, more).verdict is verdict


def test_a_right_that_the_key_lacks_closes_the_download_logs() -> None:
    question = ask("file-download-logs", number="20")
    closed = Answer(200, "json", {}, "view_shop_sensitive_data")
    theirs = {"download_logs": [{"ID": 1}]}
    for permissions, verdict in (
        ([], Verdict.EXPLAINED),
        ({"view_shop_sensitive_data": True}, Verdict.UNEXPLAINED),
    ):
        more: Told = {ask("info"): {"info": {"permissions": permissions}}}
        assert compare_one(question, theirs, closed, more).verdict is verdict


@pytest.mark.parametrize(
    ("status", "verdict"), [("draft", Verdict.EXPLAINED), ("publish", Verdict.UNEXPLAINED)]
)
def test_only_an_unpublished_product_may_be_missing(status: str, verdict: Verdict) -> None:
    question = ask("products", pair="none", product="7")
    theirs = {"products": [product(7, status=status)]}
    outcome = compare_one(question, theirs, {"error": "Product 7 not found!"})
    assert outcome.verdict is verdict


def test_limits_of_the_key_stand_in_our_info_alone() -> None:
    theirs = {"info": {"site": {"currency": "USD"}}}
    ours = {"info": {"endpoints": ["sales"], "site": {"currency": "USD"}, "limits": {}}}
    assert compare_one(ask("info"), theirs, ours).verdict is Verdict.EXPLAINED


@pytest.mark.parametrize(("number", "verdict"), [(0, Verdict.EXPLAINED), ("7", Verdict.UNEXPLAINED)])
def test_only_a_made_up_sale_may_be_missing(number: object, verdict: Verdict) -> None:
    question = ask("sales", "v1", id="7")
    assert compare_one(question, {"sales": [{"ID": number, "key": ""}]}, {}).verdict is verdict


@pytest.mark.parametrize(("value", "verdict"), [("Ann", Verdict.EXPLAINED), ("7", Verdict.UNEXPLAINED)])
def test_a_customer_by_a_name_is_nobody(value: str, verdict: Verdict) -> None:
    everybody = {"customers": [{"info": {"customer_id": "7"}, "stats": {}}]}
    question = ask("customers", customer=value)
    assert compare_one(question, everybody, {"error": "Customer not found!"}).verdict is verdict


# All of it


def test_a_key_that_a_shop_does_not_know_ends_it() -> None:
    knows = Shop({ask("info"): {"info": {}}})
    refuses = Shop({ask("info"): Answer(403, "json", {"error": "Invalid API key!"})}, "the other")
    with pytest.raises(Refusal, match=r"^the other refuses key and token: Invalid API key!$"):
        compare(knows, refuses, datetime(2026, 2, 3, tzinfo=UTC))
    broken = Shop({ask("info"): Answer(200, "page")})
    with pytest.raises(Refusal, match="answers /edd-api/v2/info/ with status 200 and no JSON"):
        compare(broken, knows, datetime(2026, 2, 3, tzinfo=UTC))


def test_ids_of_the_first_answers_fill_the_questions_and_none_is_asked_twice() -> None:
    told: Told = {
        ask("info"): {"info": {}},
        ask("sales", number="20"): {"sales": [{"ID": "41", "key": "abc", "email": "a@b.example"}]},
        ask("customers", number="20"): {
            "customers": [{"info": {"customer_id": "3", "email": "c@d.example"}}]
        },
        ask("products", number="20"): {"products": [product(7, title="Big Plugin")]},
        ask("discounts", number="20"): {"discounts": [{"ID": 5}]},
    }
    comparison = compare(Shop(told), Shop(told), datetime(2026, 2, 3, tzinfo=UTC))
    asked = [outcome.question for outcome in comparison.outcomes]
    assert len(asked) == len(set(asked)) > 100
    for question in (
        ask("sales", "v1", id="41"), ask("sales", purchasekey="abc"), ask("customers", customer="3"),
        ask("customers", "v1", customer="c@d.example"), ask("products", product="7"),
        ask("products", s="Plugin", number="20"), ask("discounts", discount="5"),
        stats("sales", date="range", startdate="20260101", enddate="20260131"),
        stats("earnings", product="7"),
    ):  # fmt: skip
        assert question in asked
    assert comparison.count(Verdict.SAME) == len(asked)
