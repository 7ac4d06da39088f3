"""/customers: who buys, how often and for how much ([2013], [2016], [3.6] 3.2 and 3.3, [CONTRACT]
Customers)."""

import re
from collections.abc import Sequence
from datetime import date
from functools import partial

from tillroll.access.capabilities import Capability, Hideable
from tillroll.eddapi import queries
from tillroll.eddapi.amounts import number, plain, rounded, six
from tillroll.eddapi.answer import Answer, Listing, Question, answer_list, failed, missing
from tillroll.eddapi.cache import TIMELESS, Moment, Reads, today
from tillroll.eddapi.filters import Filter
from tillroll.eddapi.places import find_created
from tillroll.eddapi.queries import Hidden
from tillroll.eddapi.reading import Row, Run
from tillroll.eddapi.request import LARGEST_NUMBER, PAGING, is_numeric, read_modified_after, read_page
from tillroll.eddapi.shop import Shop
from tillroll.shop.fields import UNITS
from tillroll.shop.revision import Topic
from tillroll.shop.text import fold_case
from tillroll.stats.periods import InvalidDay, Span, UnknownPeriod, get_period, get_span, get_today, parse_day

_OPTIONAL = re.compile(r"Optional\(\"?(.*?)\"?\)")


def _get_moment(question: Question) -> Moment:
    return today(question) if question.text("date") else TIMELESS


READS = Reads(
    (Topic.CUSTOMERS,),
    (*PAGING, "modified_after", "customer", "date", "startdate", "enddate"),
    _get_moment,
)


def customers(question: Question) -> Answer:
    caller = question.caller
    if caller.customer_id is None and not caller.can(Capability.VIEW_SHOP_SENSITIVE_DATA):
        return missing(Capability.VIEW_SHOP_SENSITIVE_DATA)
    page = read_page(question.asked.parameters)
    since = read_modified_after(question.asked.parameters)
    value = question.text("customer")
    rows = _find(question, value) if value else queries.ALL_CUSTOMERS
    nothing = _nothing_found(value, is_v1=question.is_v1)
    if rows is None:
        return failed(nothing)
    rows = queries.of_customer(rows, "c.id", caller.customer_id)
    if question.text("date"):
        span = _get_span(question)
        if span is None:
            return failed(nothing)
        rows = find_created(question.run, rows, span.start, span.end)
    hidden = caller.policy.hidden
    return answer_list(
        question,
        page,
        Listing(
            "customers",
            "shop_customer c",
            "c.id",
            rows,
            partial(queries.list_customers, hidden=hidden),
            partial(_render_v1 if question.is_v1 else _render_v2, question.shop, hidden),
            {"error": nothing},
            modified="c.modified_at",
            since=since,
        ),
    )


def _find(question: Question, value: str) -> Filter | None:
    """The customer that a value names, by id or address; None for a value that is neither, and for any
    address where addresses are hidden: an answer would confirm it."""
    value = value.strip()
    if wrapped := _OPTIONAL.fullmatch(value):
        value = wrapped[1]
    if is_numeric(value):
        customer_id = int(max(min(float(value), LARGEST_NUMBER), -LARGEST_NUMBER))
        return queries.with_customer_id(customer_id if question.is_v1 else abs(customer_id))
    if "@" not in value or question.caller.hides(Hideable.EMAILS):
        return None
    return queries.with_customer_email(fold_case(value))


def _nothing_found(value: str, *, is_v1: bool) -> str:
    if value in ("", "0"):
        return "No customers found!" if is_v1 or not value else "Customer not found!"
    return f"Customer {value} not found!" if is_v1 else "Customer not found!"


def _get_span(question: Question) -> Span | None:
    """The days asked for, both ends included; None for a name or a date that does not exist."""
    shop, now, name = question.shop, question.now, question.text("date")
    try:
        if name != "range":
            return get_period(name, now, shop.zone, shop.week_start)
        today = get_today(now, shop.zone)
        first, last = (_read_day(question.text(end), today) for end in ("startdate", "enddate"))
        return get_span(first, last, shop.zone) if first <= last else None
    except (UnknownPeriod, InvalidDay):
        return None


def _read_day(text: str, today: date) -> date:
    return parse_day(text) if text else today


def split_name(name: str) -> tuple[str, str]:
    """First and last name as EDD splits them, at single spaces ([3.6] 3.2)."""
    first, _, rest = name.partition(" ")
    last = rest if rest and not rest.startswith(" ") else ""
    return ("" if first == "0" else first), last


def _render_v1(shop: Shop, _hidden: Hidden, _run: Run, rows: list[Row]) -> list[object]:
    render = _render_v1_documented if shop.is_documented else _render_v1_edd3
    return [render(row) for row in rows]


def _render_v1_edd3(row: Row) -> object:
    key, user_id, email, name, _, purchases, whole, rest, downloads, login, display_name = row
    first, last = split_name(name)
    user = str(user_id) if user_id else ""
    return {
        "info": {
            "id": user,
            "user_id": user,
            "username": login if user_id else "",
            "display_name": display_name if user_id else "",
            "customer_id": str(key),
            "first_name": first,
            "last_name": last,
            "email": email,
        },
        "stats": {
            "total_purchases": purchases,
            "total_spent": number(whole * UNITS + rest),
            "total_downloads": downloads,
        },
    }


def _render_v1_documented(row: Row) -> object:
    key, user_id, email, name, _, purchases, whole, rest, downloads, login, display_name = row
    first, last = split_name(name) if user_id else ("Guest", "Guest")
    return {
        "info": {
            "id": user_id or -1,
            "user_id": str(user_id) if user_id else "",
            "username": login if user_id else "Guest",
            "display_name": display_name if user_id else "Guest",
            "customer_id": str(key),
            "first_name": first,
            "last_name": last,
            "email": email,
        },
        "stats": {
            "total_purchases": purchases,
            "total_spent": plain(whole * UNITS + rest),
            "total_downloads": downloads,
        },
    }


def _render_v2(shop: Shop, hidden: Hidden, run: Run, rows: list[Row]) -> list[object]:
    addresses: dict[int, list[str]] = {}
    for customer_id, email in queries.list_customer_emails(run, [row[0] for row in rows], hidden):
        addresses.setdefault(customer_id, []).append(email)
    if shop.is_documented:
        return [_render_v2_documented(row, addresses.get(row[0], ())) for row in rows]
    return [_render_v2_edd3(row, addresses.get(row[0], ()), shop.decimals) for row in rows]


MOST_EMAILS = 30
"""So many addresses EDD reads of a customer ([3.6] 3.3)."""


def number_emails(primary: str, addresses: Sequence[str]) -> dict[str, str] | None:
    """The further addresses under their places in EDD's list, which the primary one begins and may leave
    gaps in."""
    if not addresses:
        return None
    seen = {primary}
    numbered = {}
    for place, address in enumerate(addresses[:MOST_EMAILS], 1):
        if address not in seen:
            seen.add(address)
            numbered[str(place)] = address
    return numbered or None


def _render_v2_edd3(row: Row, addresses: Sequence[str], decimals: int) -> object:
    key, user_id, email, name, created, purchases, whole, rest, downloads, login, display_name = row
    first, last = split_name(name)
    return {
        "info": {
            "customer_id": str(key),
            "user_id": str(user_id) if user_id else 0,
            "username": login if user_id else "",
            "display_name": display_name if user_id else "",
            "first_name": first,
            "last_name": last,
            "email": email,
            "additional_emails": number_emails(email, addresses),
            "date_created": created,
        },
        "stats": {
            "total_purchases": purchases,
            "total_spent": rounded(whole * UNITS + rest, decimals),
            "total_downloads": downloads,
        },
    }


def _render_v2_documented(row: Row, addresses: Sequence[str]) -> object:
    key, user_id, email, name, created, purchases, whole, rest, downloads, login, display_name = row
    first, last = split_name(name)
    return {
        "info": {
            "id": str(key),
            "user_id": str(user_id) if user_id else "",
            "username": login if user_id else "",
            "display_name": display_name if user_id else "",
            "customer_id": str(key),
            "first_name": first,
            "last_name": last,
            "email": email,
            "additional_emails": list((number_emails(email, addresses) or {}).values()),
            "date_created": created,
        },
        "stats": {
            "total_purchases": str(purchases),
            "total_spent": six(whole * UNITS + rest),
            "total_downloads": downloads,
        },
    }
