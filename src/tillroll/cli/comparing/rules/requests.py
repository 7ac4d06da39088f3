"""What Tillroll reads otherwise in a question."""

import re

from tillroll.cli.comparing.answers import Answer
from tillroll.cli.comparing.questions import LISTS
from tillroll.cli.comparing.reasons import Case, Step, reason, refuse

ALL = "1000"
"""A number past the end of what such a question is asked of."""


@reason("Requests", "`format` unknown", step=Step.WHOLE)
def unknown_format(case: Case) -> Answer | None:
    if case.question.get("format") in (None, "", "json", "xml"):
        return None
    return refuse(400, "Invalid format!")


@reason("Requests", "`number=abc`, `page=abc`", step=Step.WHOLE)
def bad_number(case: Case) -> Answer | None:
    if case.question.endpoint not in LISTS or case.theirs.status not in (200, 500):
        return None
    number, page = case.question.get("number") or "", case.question.get("page") or ""
    if not re.fullmatch(r"-1|\d*", number):
        return refuse(400, "The number parameter must be -1 or a positive whole number!")
    if not re.fullmatch(r"\d*", page):
        return refuse(400, "The page parameter must be a positive whole number!")
    return None


@reason("Requests", "`page=0`", step=Step.WHOLE)
def first_page(case: Case) -> Answer | None:
    if case.question.endpoint not in LISTS or case.question.get("page") != "0":
        return None
    return case.both.ask_theirs(case.question.with_(page="1"))


@reason("Requests", "`number=-1`", step=Step.WHOLE)
def all_rows(case: Case) -> Answer | None:
    if case.question.endpoint not in LISTS or case.question.get("number") not in ("-1", "0"):
        return None
    return case.both.ask_theirs(case.question.with_(number=ALL))
