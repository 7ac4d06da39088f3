"""Goals are judged by the worst of the rows that they cover."""

from typing import Any

import pytest

from bench.__main__ import PARTS
from bench.goals import GOALS, Goal, judge
from bench.questions import QUESTIONS
from bench.results import Row, Spread, Verdict


def make_row(name: str, ours: float, other: float = 100, **members: Any) -> Row:
    given: dict[str, Any] = {"part": "answers", "form": "repeated", "beside": "S", "size": 3_000, **members}
    return Row(name=name, ours=Spread.of([ours]), other=Spread.of([other]), **given)


REPEATED = next(goal for goal in GOALS if goal.name == "repeated / S")
DEEP = next(goal for goal in GOALS if goal.name == "page 10,000 / page 1")
MEMORY = next(goal for goal in GOALS if goal.name == "memory of an import")


def test_every_row_must_hold_and_the_worst_is_named() -> None:
    verdict = REPEATED.judge([make_row("a", 45), make_row("b", 39), make_row("c", 90)])
    assert verdict == Verdict(REPEATED.name, REPEATED.compares, "at least 0.4", 0.39, "b", "missed")
    assert REPEATED.judge([make_row("a", 40)]).outcome == "held"


def test_a_bound_from_above_looks_at_the_largest() -> None:
    rows = [make_row("v2 sales", each, 10, part="depth", form="page 10,000") for each in (30, 20)]
    assert (DEEP.judge(rows).found, DEEP.judge(rows).outcome) == (3, "held")
    assert DEEP.judge([make_row("v2 sales", 30.1, 10, part="depth")]).outcome == "missed"


def test_a_goal_may_be_about_a_figure_itself() -> None:
    row = Row(part="import", name="memory", unit="MB", ours=Spread.of([390, 401, 410]))
    assert (MEMORY.judge([row]).found, MEMORY.judge([row]).outcome) == (401, "missed")


@pytest.mark.parametrize(
    "members",
    [
        {"part": "size"},
        {"form": "304"},
        {"beside": "F"},
        {"size": 20 * 1024 + 1},
    ],
    ids=lambda members: next(iter(members)),
)
def test_other_rows_are_not_covered(members: dict[str, Any]) -> None:
    assert not REPEATED.covers(make_row("a", 1, **members))
    assert REPEATED.covers(make_row("a", 1, size=20 * 1024))


def test_what_was_not_measured_is_neither_held_nor_missed_and_says_why() -> None:
    row = Row(part="answers", name="a", form="repeated", beside="S", note="Its answer has no ETag.")
    verdict = REPEATED.judge([row])
    assert (verdict.outcome, verdict.found) == ("not measured", None)
    assert verdict.where == "Its answer has no ETag."


def test_only_parts_that_ran_are_judged() -> None:
    assert {one.goal for one in judge([], ["depth", "start"])} == {DEEP.name, "start at 1M / at 10k"}


@pytest.mark.parametrize("goal", GOALS, ids=lambda goal: goal.name)
def test_a_goal_is_about_a_part_and_a_question_that_exist(goal: Goal) -> None:
    assert goal.part in PARTS
    if goal.part in ("answers", "workers") and goal.row is not None:
        assert goal.row in {question.name for question in QUESTIONS}
