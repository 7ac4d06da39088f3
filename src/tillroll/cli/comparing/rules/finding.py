"""What Tillroll finds that EDD doesn't."""

import re
from copy import deepcopy

from tillroll.cli.comparing.answers import Answer, is_same
from tillroll.cli.comparing.questions import ask
from tillroll.cli.comparing.reasons import Case, Step, get, list_rows, reason, refuse

MOST_CHECKED = 20
"""Customers of one answer that are asked for one by one."""


@reason("Finding", "products by category, tag, order, version 1", step=Step.WHOLE)
def filters_in_version_1(case: Case) -> Answer | None:
    filters = ("category", "tag", "order", "orderby")
    if (case.question.endpoint, case.question.version) != ("products", "v1"):
        return None
    if not any(case.question.get(name) for name in filters):
        return None
    expected = deepcopy(case.both.ask_theirs(case.question.with_(version="v2")))
    for product in list_rows(expected, "products"):
        product.get("info", {}).pop("sku", None)
    return expected


@reason("Finding", "`customer=` with neither id nor address", step=Step.WHOLE)
def customer_by_value(case: Case) -> Answer | None:
    value = case.question.get("customer")
    if (case.question.endpoint, case.question.version) != ("customers", "v2") or not value:
        return None
    if re.fullmatch(r"\s*[+-]?\d+\s*", value) or "@" in value:
        return None
    return refuse(200, "Customer not found!")


@reason("Finding", "customers by an address such as `zoë@mail.example`", step=Step.WHOLE)
def customer_by_address(case: Case) -> Answer | None:
    """EDD takes it for no address; the one that Tillroll finds has to be the one that EDD has by that id."""
    value = case.question.get("customer") or ""
    found = list_rows(case.ours, "customers")
    if (case.question.endpoint, case.question.version) != ("customers", "v2") or value.isascii():
        return None
    if len(found) != 1:
        return None
    return case.both.ask_theirs(case.question.with_(customer=str(get(found[0], "info", "customer_id"))))


@reason("Finding", "customers by `date`")
def customers_by_day(case: Case) -> Answer | None:
    """EDD leaves the days at both ends out: its customers have to be among Tillroll's, and those beside them
    known to it as well."""
    if case.question.endpoint != "customers" or not case.question.get("date"):
        return None
    theirs, ours = list_rows(case.theirs, "customers"), list_rows(case.ours, "customers")
    added = [row for row in ours if not any(is_same(row, other) for other in theirs)]
    if not ours or len(added) + len(theirs) != len(ours) or len(added) > MOST_CHECKED:
        return None
    for row in added:
        known = case.both.ask_theirs(ask("customers", customer=str(get(row, "info", "customer_id"))))
        if not any(is_same(row, other) for other in list_rows(known, "customers")):
            return None
    return case.ours
