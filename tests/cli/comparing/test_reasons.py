"""Every recorded answer of a real EDD beside Tillroll's: what differs has its reason, a fault has none."""

import re
from collections import Counter
from pathlib import Path

import pytest
import time_machine

from tests.cli.comparing.replayed import Imported, Recorded, list_recorded
from tests.conformance.recordings import Case
from tillroll.cli.comparing.comparison import Verdict, judge
from tillroll.cli.comparing.questions import Question
from tillroll.cli.comparing.reasons import REASONS, Reason

RECORDED = list(list_recorded())
USED: Counter[str] = Counter()

pytestmark = [
    pytest.mark.django_db(databases=["default", "logs"]),
    pytest.mark.usefixtures("imported_shop"),
]

PLAIN = {
    "number": r"-1|\d+|abc",
    "page": r"\d+",
    "product": r"\d+|all",
    "id": r"\d+",
    "customer": r"[1-9]\d*|[^@\s]+@[^@\s]+",
    "include_tax": r"true|false|0|1",
    "format": r"json|xml|yaml",
    "discount": r"[1-9]\d*",
}


def is_plain(question: Question) -> bool:
    """Whether a comparison may ask such a thing: the recordings try out slips in every parameter, days that
    no named period ends with, and a filter that version 1 doesn't know."""
    values = dict(question.parameters)
    if values.get("date") == "range" or values.get("orderby") == "menu_order":
        return False
    if (question.endpoint, question.version) == ("customers", "v1") and "date" in values:
        return False
    return all(re.fullmatch(pattern, values[name]) for name, pattern in PLAIN.items() if name in values)


ASKED = [(case, question) for case, question in RECORDED if is_plain(question)]


def test_there_is_enough_to_ask() -> None:
    assert len(ASKED) > 400


@pytest.mark.parametrize(("case", "question"), ASKED, ids=[case.id for case, _ in ASKED])
def test_what_differs_from_a_recorded_answer_has_its_reason(case: Case, question: Question) -> None:
    with time_machine.travel(case.now, tick=False):
        outcome = judge(question, Recorded(case.now), Imported())
    USED.update(reason.rule.__name__ for reason in outcome.reasons)
    assert outcome.verdict is not Verdict.UNEXPLAINED, outcome.differences


NOT_RECORDED = {
    "closed_logs",  # the recorded key has every right
    "customer_by_value",
    "shop_days",  # no recorded range is a whole month
    "unknown_sale",
    "limits_in_info",
    "drifted",
    "twice_the_same",
    "translated_error",
}


def test_the_rules_are_needed() -> None:
    """Those that no recording needs have tests of their own, in test_faults."""
    if sum(USED.values()) > 50:
        assert {reason.rule.__name__ for reason in REASONS} - USED.keys() == NOT_RECORDED


def read_page() -> dict[str, set[str]]:
    """The subjects of docs/differences.md by heading."""
    text = (Path(__file__).parents[3] / "docs/differences.md").read_text("utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)[1:]
    return {
        heading: set(re.findall(r"^\| ([^|]+?) \|", body, re.MULTILINE))
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


@pytest.mark.parametrize("reason", REASONS, ids=[reason.rule.__name__ for reason in REASONS])
def test_a_reason_is_a_line_of_the_documentation(reason: Reason) -> None:
    assert reason.subject in read_page()[reason.heading]
