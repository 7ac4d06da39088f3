"""Why an answer may differ from EDD's: the decisions of docs/differences.md as rules over questions and
answers.

A rule takes EDD's answer and gives the one that Tillroll then has to give, asking either shop a further
question where that alone can tell. Only an answer that comes out equal is explained: a rule never says that a
place does not matter.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, NamedTuple

from tillroll.cli.comparing.answers import Answer, is_same_answer
from tillroll.cli.comparing.questions import Question


@dataclass
class Both:
    """The two shops, for further questions; each is asked once."""

    theirs: Any
    ours: Any
    _known: dict[tuple[str, Question], Answer] = field(default_factory=dict)

    def ask_theirs(self, question: Question) -> Answer:
        return self._ask("theirs", question)

    def ask_ours(self, question: Question) -> Answer:
        return self._ask("ours", question)

    def agree_on(self, question: Question) -> bool:
        return is_same_answer(self.ask_theirs(question), self.ask_ours(question))

    def _ask(self, side: str, question: Question) -> Answer:
        if (side, question) not in self._known:
            self._known[side, question] = getattr(self, side).ask(question)
        return self._known[side, question]


class Case(NamedTuple):
    """A question with what is expected so far, and Tillroll's answer."""

    both: Both
    question: Question
    theirs: Answer
    ours: Answer


Rule = Callable[[Case], Answer | None]


class Step(IntEnum):
    """When a rule has its turn: what settles a whole answer comes before what changes a part of it, and the
    rows are put in order at the end."""

    WHOLE = 1
    PART = 2
    ORDER = 3


class Reason(NamedTuple):
    """`subject` is the line of docs/differences.md, under `heading`."""

    heading: str
    subject: str
    rule: Rule
    step: Step


REASONS: list[Reason] = []


def reason(heading: str, subject: str, *, step: Step = Step.PART) -> Callable[[Rule], Rule]:
    def note(rule: Rule) -> Rule:
        REASONS.append(Reason(heading, subject, rule, step))
        return rule

    return note


def explain(both: Both, question: Question, theirs: Answer, ours: Answer) -> tuple[Reason, ...] | None:
    """The reasons that together turn EDD's answer into Tillroll's, one that settles it whole at the most;
    None where none do."""
    wholes = [each for each in REASONS if each.step is Step.WHOLE]
    parts = sorted((each for each in REASONS if each.step is not Step.WHOLE), key=lambda each: each.step)
    for whole in (None, *wholes):
        expected = theirs if whole is None else whole.rule(Case(both, question, theirs, ours))
        used = [] if whole is None else [whole]
        if expected is None:
            continue
        for part in parts:
            if is_same_answer(expected, ours):
                break
            changed = part.rule(Case(both, question, expected, ours))
            if changed is not None and not is_same_answer(changed, expected):
                expected = changed
                used.append(part)
        if is_same_answer(expected, ours):
            return tuple(used)
    return None


def refuse(status: int, text: str) -> Answer:
    return Answer(status, "json", {"error": text})


def read_data(answer: Answer) -> dict[str, Any]:
    return answer.data if isinstance(answer.data, dict) else {}


def list_rows(answer: Answer, member: str) -> list[dict[str, Any]]:
    found = read_data(answer).get(member)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def get(row: dict[str, Any], *names: str) -> Any:
    value: Any = row
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
