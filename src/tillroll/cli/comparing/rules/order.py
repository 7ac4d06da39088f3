"""Rows that EDD gives in any order."""

from typing import Any

from tillroll.cli.comparing.answers import Answer, is_same
from tillroll.cli.comparing.reasons import Case, Step, get, list_rows, reason


@reason("Requests", "order of a list", step=Step.ORDER)
def ties(case: Case) -> Answer | None:
    """The same rows, where those that EDD may give in any order have changed places."""
    if case.question.endpoint == "stats" and case.question.get("product") == "all":
        kind = case.question.get("type") or ""
        theirs, ours = list_rows(case.theirs, kind), list_rows(case.ours, kind)
        return case.ours if _are_same_rows(theirs, ours) else None
    theirs, ours = list_rows(case.theirs, "products"), list_rows(case.ours, "products")
    if case.question.endpoint != "products" or not _are_same_rows(theirs, ours):
        return None
    name = (case.question.get("orderby") or "date").lower()
    keys = [[_get_sort_value(row, name) for row in rows] for rows in (theirs, ours)]
    return case.ours if is_same(*keys) else None


def _are_same_rows(theirs: list[Any], ours: list[Any]) -> bool:
    return len(theirs) == len(ours) and all(any(is_same(row, other) for other in ours) for row in theirs)


def _get_sort_value(product: dict[str, Any], name: str) -> Any:
    """What a product is sorted by, as far as its answer shows it."""
    place = {"date": "create_date", "modified": "modified_date", "id": "id", "name": "slug"}.get(name)
    if name == "title":
        return str(get(product, "info", "title")).lower()
    return get(product, "info", place) if place else None
