"""The comparison: each question to both, one at a time, and once more where the answers differ, since a shop
that is open may have sold something between the two; a mirror is given the time to hear of it."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from tillroll.cli.comparing import rules  # noqa: F401  (what notes the reasons)
from tillroll.cli.comparing.answers import Answer, Difference, compare_answers, is_same_answer, show_text
from tillroll.cli.comparing.mirrors import Patience
from tillroll.cli.comparing.questions import OPENERS, Question, ask, list_questions
from tillroll.cli.comparing.reasons import Both, Reason, explain
from tillroll.cli.comparing.sides import Side
from tillroll.cli.refusals import Refusal

MOST_SHOWN = 20
"""Places of one answer that are kept for the report."""


class Verdict(StrEnum):
    SAME = "same"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Outcome:
    """What came of one question."""

    question: Question
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    more: int = 0
    reasons: tuple[Reason, ...] = ()


@dataclass
class Comparison:
    """All of them, in the order in which they were asked."""

    theirs: str
    ours: str
    began_at: datetime
    outcomes: list[Outcome] = field(default_factory=list)

    def count(self, verdict: Verdict) -> int:
        return sum(outcome.verdict is verdict for outcome in self.outcomes)

    def count_by_endpoint(self) -> dict[str, Counter[Verdict]]:
        counted: dict[str, Counter[Verdict]] = {}
        for outcome in self.outcomes:
            counted.setdefault(outcome.question.endpoint, Counter())[outcome.verdict] += 1
        return counted

    def list_differing(self, verdict: Verdict) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.verdict is verdict]


def compare(
    theirs: Side,
    ours: Side,
    now: datetime,
    on_progress: Callable[[int, int], None] = lambda _done, _of: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Comparison:
    """Asks everything. Raises Refusal where one of the two can't be asked or doesn't know the key."""
    for side in (theirs, ours):
        _require_key(side)
    comparison = Comparison(theirs.name, ours.name, now)
    patience = Patience(sleep)
    opened: dict[str, Answer] = {}
    for question in OPENERS:
        answer = theirs.ask(question)
        opened[question.endpoint] = answer
        comparison.outcomes.append(judge(question, theirs, ours, patience, first=answer))
        on_progress(len(comparison.outcomes), 0)
    questions = list(_leave_out(OPENERS, list_questions(opened, now.date())))
    for question in questions:
        comparison.outcomes.append(judge(question, theirs, ours, patience))
        on_progress(len(comparison.outcomes), len(OPENERS) + len(questions))
    return comparison


def _leave_out(known: tuple[Question, ...], questions: Iterator[Question]) -> Iterator[Question]:
    """Those that were not asked before."""
    seen = set(known)
    for question in questions:
        if question not in seen:
            seen.add(question)
            yield question


def _require_key(side: Side) -> None:
    answer = side.ask(ask("info"))
    if answer.status in (401, 403):
        raise Refusal(
            f"{side.name} refuses key and token: {show_text(answer.error or f'status {answer.status}')}"
        )
    if answer.status != 200 or not isinstance(answer.data, dict) or "info" not in answer.data:
        raise Refusal(
            f"{side.name} answers /edd-api/v2/info/ with status {answer.status} and no JSON that EDD would"
            " send; look there first."
        )


def judge(
    question: Question,
    theirs: Side,
    ours: Side,
    patience: Patience | None = None,
    *,
    first: Answer | None = None,
) -> Outcome:
    """Whether both answer the same; else whether it is meant."""
    there = first or theirs.ask(question)
    here = ours.ask(question)
    if is_same_answer(there, here):
        return Outcome(question, Verdict.SAME)
    reasons = explain(Both(theirs, ours), question, there, here)
    if reasons is None:
        (patience or Patience()).wait(question, ((theirs, there), (ours, here)))
        there, here = theirs.ask(question), ours.ask(question)
        if is_same_answer(there, here):
            return Outcome(question, Verdict.SAME)
        reasons = explain(Both(theirs, ours), question, there, here)
    found = compare_answers(there, here)
    return Outcome(
        question,
        Verdict.UNEXPLAINED if reasons is None else Verdict.EXPLAINED,
        tuple(found[:MOST_SHOWN]),
        max(0, len(found) - MOST_SHOWN),
        reasons or (),
    )
