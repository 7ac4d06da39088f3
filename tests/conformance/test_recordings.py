"""Every recorded answer of a real EDD 3.6.5, asked again of the same shop at the same moment."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoDbBlocker

from tests.conformance.recordings import DUMP, Case, load_cases, read_recorded, read_reply, send
from tests.conformance.rules import AMENDMENTS, GATES, Expected
from tests.shops import empty_shop
from tillroll.intake.wordpress.importer import import_dump

CASES = list(load_cases())
DEVIATIONS = tomllib.loads((Path(__file__).parent / "deviations.toml").read_text())["deviation"]
USED: Counter[str] = Counter()
ASKED: set[str] = set()

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


@pytest.fixture(scope="module", autouse=True)
def shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The recorded shop, imported from its dump."""
    with django_db_blocker.unblock():
        import_dump(DUMP)
        yield
        empty_shop()


def explain(case: Case, recorded: Any, ours: Any, status: int) -> Expected:
    """What the deviations make of the recorded answer; each that changes it is noted."""
    for gate in GATES:
        if expected := gate(case):
            USED[gate.__name__] += 1
            return expected
    expected = Expected(case.status, recorded)
    for amend in AMENDMENTS:
        if expected.status == status and expected.data == ours:
            break
        if amended := amend(case, expected, ours):
            USED[amend.__name__] += 1
            expected = amended
    return expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_recorded_question_is_answered_as_edd_does(case: Case) -> None:
    ASKED.add(case.id)
    with time_machine.travel(case.now, tick=False):
        reply = send(case)
        recorded = read_recorded(case)
        ours = (
            read_reply(case, reply) if reply.headers["content-type"] != "text/html; charset=utf-8" else None
        )
        if (reply.status, ours) == (case.status, recorded):
            return
        expected = explain(case, recorded, ours, reply.status)
    assert reply.status == expected.status
    if expected.data is not None:
        assert ours == expected.data


def test_a_missing_right_is_named_in_a_header() -> None:
    refused = [
        case for case in CASES if case.status == 200 and case.body.startswith('{\n    "request_speed"')
    ]
    named = [
        case
        for case in refused
        if case.label and case.parameters.get("type", "sales") in ("sales", "earnings", "customers")
    ]
    for case in named[:60]:
        reply = send(case)
        if (
            reply.data.keys() == {"request_speed"}
            and not {"id", "purchasekey", "email"} & case.parameters.keys()
        ):
            assert "x-edd-missing-capability" in reply.headers


def test_every_deviation_is_listed_needed_and_demanded_by_the_contract() -> None:
    listed = {each["rule"] for each in DEVIATIONS}
    assert listed == {rule.__name__ for rule in [*GATES, *AMENDMENTS]}
    assert all(": " in each["contract"] for each in DEVIATIONS)
    if len(ASKED) == len({case.id for case in CASES}):
        assert listed <= USED.keys(), "a rule that no recording needs"
