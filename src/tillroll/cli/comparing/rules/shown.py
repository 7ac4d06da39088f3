"""What Tillroll shows that EDD doesn't, and the other way round."""

import re
from copy import deepcopy
from dataclasses import replace
from typing import Any

from tillroll.cli.comparing.answers import Answer, is_same, is_same_answer
from tillroll.cli.comparing.questions import UNKNOWN, Question, ask
from tillroll.cli.comparing.reasons import Case, Step, explain, get, list_rows, read_data, reason, refuse


def _lacks(case: Case, right: str) -> bool:
    """Whether the key lacks a right, as EDD itself says."""
    permissions = get(read_data(case.both.ask_theirs(ask("info"))), "info", "permissions")
    is_public = case.question.pair == "none"
    return is_public or not (isinstance(permissions, dict) and permissions.get(right))


@reason("What is shown", "unpublished products by id", step=Step.WHOLE)
def unpublished_product(case: Case) -> Answer | None:
    number = case.question.get("product")
    shown = list_rows(case.theirs, "products")
    if case.question.endpoint != "products" or not number or len(shown) != 1:
        return None
    if get(shown[0], "info", "status") == "publish" or not _lacks(case, "view_shop_sensitive_data"):
        return None
    return refuse(200, f"Product {number} not found!")


@reason("What is shown", "content behind a password")
def protected_content(case: Case) -> Answer | None:
    if case.question.endpoint != "products" or not _lacks(case, "view_shop_sensitive_data"):
        return None
    expected = deepcopy(case.theirs)
    hidden = {
        get(row, "info", "id")
        for row in list_rows(case.ours, "products")
        if get(row, "info", "content") == get(row, "info", "excerpt") == ""
    }
    for product in list_rows(expected, "products"):
        if get(product, "info", "id") in hidden:
            product["info"] |= {"content": "", "excerpt": ""}
    return expected


@reason("What is shown", "`file-download-logs`", step=Step.WHOLE)
def closed_logs(case: Case) -> Answer | None:
    if case.question.endpoint != "file-download-logs" or not case.ours.missing_right:
        return None
    return Answer(200, "json", {}) if _lacks(case, "view_shop_sensitive_data") else None


@reason("What is shown", "`info`")
def limits_in_info(case: Case) -> Answer | None:
    ours = get(read_data(case.ours), "info")
    if case.question.endpoint != "info" or not isinstance(ours, dict) or case.theirs.kind != "json":
        return None
    expected = deepcopy(case.theirs)
    info = get(read_data(expected), "info")
    if not isinstance(info, dict):
        return None
    info |= {
        name: ours[name] for name in ("endpoints", "limits", "mirror") if name in ours and name not in info
    }
    return expected


@reason("What is shown", "sale not found, version 1", step=Step.WHOLE)
def unknown_sale(case: Case) -> Answer | None:
    if (case.question.endpoint, case.question.version) != ("sales", "v1") or not case.question.get("id"):
        return None
    shown = list_rows(case.theirs, "sales")
    is_made_up = len(shown) == 1 and get(shown[0], "ID") in (0, "0") and get(shown[0], "key") == ""
    return Answer(200, "json", {}) if is_made_up else None


@reason("What is shown", "`stats` without `type`")
def no_member_zero(case: Case) -> Answer | None:
    if case.question.endpoint != "stats" or case.question.get("type") or "0" not in read_data(case.theirs):
        return None
    return replace(
        case.theirs, data={name: value for name, value in read_data(case.theirs).items() if name != "0"}
    )


@reason("What is shown", "XML")
def xml_never_fails(case: Case) -> Answer | None:
    """Where EDD has none, or leaves empty elements out: the JSON answers have to agree."""
    if case.question.get("format") != "xml" or case.ours.kind != "xml" or case.ours.status != 200:
        return None
    if case.theirs.kind == "xml" and not is_same(_drop_empty(case.theirs.data), _drop_empty(case.ours.data)):
        return None
    if case.theirs.kind != "xml" and case.theirs.status != 500:
        return None
    plain = case.question.with_(format=None)
    theirs, ours = case.both.ask_theirs(plain), case.both.ask_ours(plain)
    is_agreed = is_same_answer(theirs, ours) or explain(case.both, plain, theirs, ours) is not None
    return case.ours if is_agreed else None


def _drop_empty(tree: Any) -> list[Any]:
    kept = []
    for tag, attributes, inner in tree if isinstance(tree, list) else ():
        slim = _drop_empty(inner) if isinstance(inner, list) else inner
        if slim:
            kept.append([tag, attributes, slim])
    return kept


@reason("What is shown", "texts of errors")
def translated_error(case: Case) -> Answer | None:
    """A site in another language: both refuse, in words of their own. A text in ASCII may be a plugin's, so
    other refusals have to be in another language too; and one that says something else in ours is none."""
    theirs, ours = case.theirs.error, case.ours.error
    if theirs is None or ours is None or _ENGLISH.fullmatch(theirs):
        return None
    others = [
        (case.both.ask_theirs(each).error, case.both.ask_ours(each).error) for each in _list_known(case)
    ]
    if any(there == theirs and here != ours for there, here in others):
        return None
    if not _has_foreign_letters(theirs, case.question) and not all(map(_is_translated, others)):
        return None
    return replace(case.theirs, data={**read_data(case.theirs), "error": ours})


_KNOWN = (
    ask("customers", customer=UNKNOWN),
    ask("discounts", discount=UNKNOWN),
    ask("stats", type="sales", product=UNKNOWN),
)
"""Questions that EDD refuses in words of its own."""


def _list_known(case: Case) -> list[Question]:
    return [each for each in _KNOWN if each != case.question]


def _has_foreign_letters(text: str, question: Question) -> bool:
    """Whether a text has letters that English doesn't, other than those it was asked with."""
    for _, value in question.parameters:
        text = text.replace(value, "")
    return any(char.isalpha() and not char.isascii() for char in text)


def _is_translated(errors: tuple[str | None, str | None]) -> bool:
    theirs, ours = errors
    return theirs is not None and ours is not None and theirs != ours and not _ENGLISH.fullmatch(theirs)


_ENGLISH = re.compile(
    r"Invalid .*|You must specify .*|Your request could .*|(Product|Customer|Discount) .*not found!"
    r"|No .* found!|The end date must .*"
)
