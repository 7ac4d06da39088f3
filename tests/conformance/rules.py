"""The deviations as rules over requests: when one applies, and what is answered then instead of the
recording.

A rule looks at the question alone, never at a case's name. Gates settle the whole answer; amendments change
the recorded one. deviations.toml says which line of the contract demands each.
"""

import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from tests.asking import Reply
from tests.conformance import truth
from tests.conformance.recordings import USERS, Case, normalise, read_xml, send
from tillroll.access.models import User
from tillroll.shop.models import Product

PERIODS = [
    "today",
    "yesterday",
    "this_week",
    "last_week",
    "last_30_days",
    "this_month",
    "last_month",
    "this_quarter",
    "last_quarter",
    "this_year",
    "last_year",
    "other",
]


@dataclass
class Expected:
    """What must be answered: the status and the body as data (None: not compared)."""

    status: int
    data: Any


Gate = Callable[[Case], Expected | None]
Amendment = Callable[[Case, Expected, Any], Expected | None]

GATES: list[Gate] = []
AMENDMENTS: list[Amendment] = []


def gate(rule: Gate) -> Gate:
    GATES.append(rule)
    return rule


def amendment(rule: Amendment) -> Amendment:
    AMENDMENTS.append(rule)
    return rule


def _refused(status: int, text: str) -> Expected:
    return Expected(status, {"error": text})


def _like(case: Case, **changes: object) -> Expected:
    """What another question is answered."""
    reply = send(case, **changes)
    return Expected(reply.status, normalise(reply.data))


def _can(case: Case, capability: str) -> bool:
    label = case.label or next(
        (name for name, user in USERS.items() if _is_pair(user, case.parameters)), None
    )
    if label is None:
        return False
    return capability in User.objects.get(wire_id=USERS[label]["user_id"]).capabilities.split()


def _is_pair(user: dict[str, Any], values: dict[str, str]) -> bool:
    return (
        bool(user["token"])
        and values.get("token") == user["token"]
        and values.get("key") == user["public_key"]
    )


def _is_listed(case: Case) -> bool:
    return case.endpoint in ("products", "customers", "sales", "discounts", "file-download-logs")


# Gates, in the order in which a request passes them


@gate
def method_not_allowed(case: Case) -> Expected | None:
    return _refused(405, "Method not allowed!") if case.method in ("PUT", "PATCH", "DELETE") else None


@gate
def conflicting_parameter(case: Case) -> Expected | None:
    names = [name for name in case.query if name in case.post and case.post[name] != case.query[name]]
    if not names:
        return None
    return _refused(400, f"The parameter {names[0]} has different values in the query and in the form!")


@gate
def bare_address(case: Case) -> Expected | None:
    return _refused(400, "Invalid query!") if case.path.endswith("/edd-api") else None


@gate
def trailing_slash(case: Case) -> Expected | None:
    inner = case.query.get("edd-api", "")
    return _like(case, **{"edd-api": inner.rstrip("/")}) if inner.endswith("/") else None


@gate
def unknown_format(case: Case) -> Expected | None:
    if case.status in (400, 404) or case.parameters.get("format", "") in ("", "json", "xml"):
        return None
    return _refused(400, "Invalid format!")


@gate
def real_keys_only(case: Case) -> Expected | None:
    key, token = case.auth.get("key"), case.auth.get("token")
    if (
        not key
        or not token
        or case.status in (400, 404)
        or key in {user["public_key"] for user in USERS.values()}
    ):
        return None
    return _refused(403, "Invalid API key!")


@gate
def arrays(case: Case) -> Expected | None:
    if not case.has_arrays or case.endpoint == "products":
        return None
    plain = {name: value for name, value in case.parameters.items() if name not in ("key", "token")}
    pair: dict[str, str] = {
        name: case.parameters[name] for name in ("key", "token") if name in case.parameters
    }
    reply = send(replace(case, raw_query=None, query=plain, auth=pair or case.auth))
    return Expected(reply.status, normalise(reply.data))


@gate
def download_log_right(case: Case) -> Expected | None:
    if case.endpoint != "file-download-logs" or case.status != 200 or _can(case, "view_shop_sensitive_data"):
        return None
    return Expected(200, {})


@gate
def bad_number(case: Case) -> Expected | None:
    number = case.parameters.get("number", "").strip(" ")
    if not _is_listed(case) or re.fullmatch(r"-1|\d*", number) or not _reaches(case):
        return None
    return _refused(400, "The number parameter must be -1 or a positive whole number!")


@gate
def bad_page(case: Case) -> Expected | None:
    page = case.parameters.get("page", "").strip(" ")
    if not _is_listed(case) or re.fullmatch(r"\d*", page) or not _reaches(case):
        return None
    return _refused(400, "The page parameter must be a positive whole number!")


def _reaches(case: Case) -> bool:
    """Whether the endpoint itself is reached: EDD answered 200, or died there."""
    return case.status in (200, 500)


@gate
def first_page(case: Case) -> Expected | None:
    return _like(case, page="1") if _is_listed(case) and case.parameters.get("page") in ("", "0") else None


@gate
def ten_rows(case: Case) -> Expected | None:
    return _like(case, number="10") if _is_listed(case) and case.parameters.get("number") == "" else None


@gate
def all_rows(case: Case) -> Expected | None:
    """Products and v1 gave all for -1 already; for the others as many as a number past the end gives."""
    number = case.parameters.get("number")
    one_row = case.endpoint in ("discounts", "file-download-logs") or (case.endpoint, case.version) == (
        "sales",
        "v2",
    )
    if number == "0" or (number == "-1" and one_row):
        return _like(case, number="1000") if _is_listed(case) else None
    return None


@gate
def unpublished_product(case: Case) -> Expected | None:
    value = case.parameters.get("product", "").lstrip("-")
    if case.endpoint != "products" or not value.isdigit() or _can(case, "view_shop_sensitive_data"):
        return None
    if not Product.objects.filter(pk=int(value)).exclude(status="publish").exists():
        return None
    return Expected(200, {"error": f"Product {int(value)} not found!"})


@gate
def v1_filters(case: Case) -> Expected | None:
    filters = {"category", "tag", "order", "orderby"} & case.parameters.keys()
    if case.endpoint != "products" or case.version != "v1" or not filters or case.status != 200:
        return None
    expected = _like(replace(case, path=case.path.replace("/v1/", "/v2/")))
    for product in expected.data["products"]:
        product["info"].pop("sku", None)
    return expected


@gate
def no_customer_filter(case: Case) -> Expected | None:
    is_empty = case.endpoint == "customers" and case.parameters.get("customer") == ""
    return _like(case, customer=None) if is_empty and case.version == "v1" else None


@gate
def customer_by_value(case: Case) -> Expected | None:
    """v2 took only what WordPress holds to be an e-mail, and listed everybody for the rest."""
    value = case.parameters.get("customer", "")
    if (
        case.endpoint != "customers"
        or case.version != "v2"
        or not value
        or not _can(case, "view_shop_sensitive_data")
    ):
        return None
    if re.fullmatch(r"\s*[+-]?\d+\s*", value) and int(value) != 0:
        return None
    found = truth.find_customer(value)
    if found is None:
        return Expected(200, {"error": "Customer not found!"})
    return _like(case, customer=str(found))


@gate
def customers_by_day(case: Case) -> Expected | None:
    name = case.parameters.get("date", "")
    if case.endpoint != "customers" or not name or not _can(case, "view_shop_sensitive_data"):
        return None
    span = _read_span(case, truth.to_day(case.now)) if name == "range" else None
    if name != "range":
        span = truth.get_period(name, truth.to_day(case.now))
    if span is None:
        return None
    everyone = _like(case, date=None, number="1000").data.get("customers", [])
    wanted = {str(key) for key in truth.list_customers_created(*span)}
    number = int(case.parameters.get("number", "10"))
    found = [each for each in everyone if each["info"]["customer_id"] in wanted][:number]
    if found:
        return Expected(200, {"customers": found})
    error = "No customers found!" if not case.parameters.get("customer") else "Customer not found!"
    return Expected(200, {"error": error})


def _read_span(case: Case, today: date) -> tuple[date, date] | None:
    days = []
    for end in ("startdate", "enddate"):
        text = case.parameters.get(end, "")
        try:
            days.append(date.fromisoformat(text) if text else today)
        except ValueError:
            return None
    return days[0], days[1]


@gate
def unknown_sale(case: Case) -> Expected | None:
    if case.endpoint != "sales" or case.version != "v1" or not _can(case, "view_shop_reports"):
        return None
    value = case.parameters.get("id")
    return Expected(200, {}) if value is not None and not re.match(r"\s*[+-]?[1-9]", value) else None


def _asks_for_days(case: Case) -> bool:
    values = case.parameters
    return (
        case.endpoint == "stats"
        and values.get("type") in ("sales", "earnings")
        and "date" in values
        and "product" not in values
        and _can(case, "view_shop_reports")
    )


@gate
def unknown_date(case: Case) -> Expected | None:
    if not _asks_for_days(case) or case.parameters["date"] in (*PERIODS, "range"):
        return None
    return Expected(200, {"error": "Invalid date!", "dates": [*PERIODS, "range"]})


@gate
def bad_range(case: Case) -> Expected | None:
    if not _asks_for_days(case) or case.parameters["date"] != "range" or _get_range(case):
        return None
    return Expected(200, {"error": "Invalid or no date range specified!"})


def _get_range(case: Case) -> tuple[date, date] | None:
    texts = [case.parameters.get(end, "") for end in ("startdate", "enddate")]
    if not all(re.fullmatch(r"\d{4}(-?)\d\d\1\d\d", text) for text in texts):
        return None
    try:
        first, last = (datetime.strptime(text.replace("-", ""), "%Y%m%d").date() for text in texts)  # noqa: DTZ007
    except ValueError:
        return None
    return first, last


def _includes_tax(case: Case) -> bool:
    return case.parameters.get("include_tax", "1").lower() in ("1", "true", "on", "yes")


def _figure(case: Case, first: date, last: date) -> int | float:
    if case.parameters["type"] == "sales":
        return truth.count_sales(first, last)
    return truth.sum_earnings(first, last, include_tax=_includes_tax(case))


@gate
def shop_days(case: Case) -> Expected | None:
    if not _asks_for_days(case) or case.parameters["date"] != "range":
        return None
    span = _get_range(case)
    if span is None or span[1] < span[0]:
        return None
    days = {f"{day:%Y%m%d}": _figure(case, day, day) for day in truth.each_day(*span)}
    totals = round(sum(days.values()), 2)
    return Expected(
        200, {case.parameters["type"]: days, "totals": int(totals) if totals == int(totals) else totals}
    )


@gate
def named_days(case: Case) -> Expected | None:
    if not _asks_for_days(case):
        return None
    span = truth.get_period(case.parameters["date"], truth.to_day(case.now))
    if span is None:
        return None
    return Expected(200, {case.parameters["type"]: {case.parameters["date"]: _figure(case, *span)}})


@gate
def xml_never_fails(case: Case) -> Expected | None:
    if case.parameters.get("format") != "xml" or case.status != 500:
        return None
    reply = send(case, format="json")
    return Expected(200, _as_tree(reply))


def _as_tree(reply: Reply) -> Any:
    """A JSON answer mapped to elements by hand."""
    data = {name: value for name, value in reply.data.items() if name != "request_speed"}
    return [element for name, value in data.items() for element in _elements(name, value)]


def _elements(name: str, value: Any) -> list[Any]:
    if isinstance(value, list):
        return [element for item in value for element in _elements(name, item)] or [[name, {}, ""]]
    tag, attributes = (name, {}) if re.fullmatch(r"[A-Za-z_][\w.\-]*", name) else ("item", {"key": name})
    if isinstance(value, dict):
        return [
            [tag, attributes, [child for key, each in value.items() for child in _elements(key, each)] or ""]
        ]
    if value is True:
        return [[tag, attributes, "1"]]
    if isinstance(value, float):
        return [[tag, attributes, f"{value:.14g}"]]
    return [[tag, attributes, "" if value is None or value is False else str(value)]]


# Amendments of the recorded answer; the last argument is our own


@amendment
def xml_empty_elements(case: Case, expected: Expected, ours: Any) -> Expected | None:
    """Our answer without what is empty must be the recorded one without what is empty, and that of our
    JSON."""
    if not case.body.startswith("<?xml") or case.status != 200:
        return None
    if _without_empty(ours) != _without_empty(expected.data):
        return None
    return Expected(expected.status, _as_tree(send(case, format="json")))


def _without_empty(tree: Any) -> Any:
    kept = []
    for tag, attributes, inner in tree:
        slim = _without_empty(inner) if isinstance(inner, list) else inner
        if slim:
            kept.append([tag, attributes, slim])
    return kept


@amendment
def no_member_zero(case: Case, expected: Expected, ours: Any) -> Expected | None:
    if case.endpoint != "stats" or case.parameters.get("type") or not isinstance(expected.data, dict):
        return None
    data = dict(expected.data)
    return Expected(expected.status, data) if data.pop("0", None) else None


def _products(expected: Expected) -> list[Any]:
    data = expected.data
    return list(data.get("products", ())) if isinstance(data, dict) else []


@amendment
def averages_are_numbers(case: Case, expected: Expected, ours: Any) -> Expected | None:
    changed = False
    expected = deepcopy(expected)
    for product in _products(expected):
        averages = product.get("stats", {}).get("monthly_average", {})
        for name, value in averages.items():
            if isinstance(value, str):
                number = float(value)
                averages[name] = int(number) if number == int(number) else number
                changed = True
    return expected if changed else None


@amendment
def protected_content(case: Case, expected: Expected, ours: Any) -> Expected | None:
    if case.endpoint != "products" or _can(case, "view_shop_sensitive_data"):
        return None
    hidden = set(Product.objects.filter(is_protected=True).values_list("pk", flat=True))
    expected, changed = deepcopy(expected), False
    for product in _products(expected):
        if product["info"]["id"] in hidden:
            product["info"] |= {"content": "", "excerpt": ""}
            changed = True
    return expected if changed else None


@amendment
def ties(case: Case, expected: Expected, ours: Any) -> Expected | None:
    """Products that tie may come in any order in EDD: the sequence of what they are sorted by must be the
    same."""
    if isinstance(expected.data, dict) and case.parameters.get("product") == "all":
        return _stats_ties(case, expected, ours)
    theirs, mine = _products(expected), _products(Expected(200, ours))
    if case.endpoint != "products" or len(theirs) != len(mine):
        return None
    names = case.parameters.get("orderby", "date").split()
    keys = [
        [tuple(truth.get_sort_value(product["info"]["id"], name) for name in names) for product in products]
        for products in (theirs, mine)
    ]
    if keys[0] != keys[1]:
        return None
    recorded = {product["info"]["id"]: product for product in theirs}
    return Expected(
        expected.status, {"products": [recorded.get(product["info"]["id"], product) for product in mine]}
    )


def _stats_ties(case: Case, expected: Expected, ours: Any) -> Expected | None:
    kind = case.parameters.get("type", "")
    theirs, mine = expected.data.get(kind), ours.get(kind)
    if not isinstance(theirs, list) or not isinstance(mine, list):
        return None
    dates = dict(Product.objects.values_list("slug", "created_local"))
    if [dates[slug] for each in theirs for slug in each] != [dates[slug] for each in mine for slug in each]:
        return None
    return Expected(
        expected.status, {kind: sorted(theirs, key=lambda each: mine.index(each) if each in mine else -1)}
    )


__all__ = ["AMENDMENTS", "GATES", "Expected", "read_xml"]
