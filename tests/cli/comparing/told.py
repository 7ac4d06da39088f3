"""Shops that say what they are told to."""

import json
from typing import Any

from tillroll.cli.comparing.answers import Answer, read_answer
from tillroll.cli.comparing.comparison import Outcome, judge
from tillroll.cli.comparing.questions import Question, ask

Told = dict[Question, object]


class Shop:
    def __init__(self, told: Told, name: str = "a shop") -> None:
        self.name = name
        self.told = told
        self.asked: list[Question] = []

    def ask(self, question: Question) -> Answer:
        self.asked.append(question)
        said = self.told.get(question, {"error": "not told"})
        if isinstance(said, Answer):
            return said
        return read_answer(200, json.dumps(said).encode())


def compare_one(question: Question, theirs: object, ours: object, more: Told | None = None) -> Outcome:
    """`more` is what both say to further questions."""
    return judge(question, Shop({**(more or {}), question: theirs}), Shop({**(more or {}), question: ours}))


def stats(kind: str, **parameters: str) -> Question:
    return ask("stats", type=kind, **parameters)


def product(number: int, sales: object = "3", **info: object) -> dict[str, Any]:
    totals = {"sales": sales, "earnings": "30.00"}
    return {"info": {"id": number, "slug": f"p{number}", **info}, "stats": {"total": totals}}
