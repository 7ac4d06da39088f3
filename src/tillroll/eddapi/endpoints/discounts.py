"""/discounts: the shop's discount codes ([3.6] 3.7)."""

from tillroll.access.capabilities import Capability
from tillroll.eddapi import queries
from tillroll.eddapi.amounts import nine, number
from tillroll.eddapi.answer import Answer, Listing, Question, answer_list, failed, missing
from tillroll.eddapi.cache import Reads
from tillroll.eddapi.reading import Row, Run
from tillroll.eddapi.request import PAGING, is_numeric, read_id, read_modified_after, read_page
from tillroll.shop.revision import Topic

READS = Reads((Topic.DISCOUNTS,), (*PAGING, "modified_after", "discount"))


def discounts(question: Question) -> Answer:
    if not question.caller.can(Capability.MANAGE_SHOP_DISCOUNTS):
        return missing(Capability.MANAGE_SHOP_DISCOUNTS)
    page = read_page(question.asked.parameters)
    since = read_modified_after(question.asked.parameters)
    value = question.text("discount")
    if value not in ("", "0"):
        return _answer_one(question, value)
    return answer_list(
        question,
        page,
        Listing(
            "discounts",
            "shop_discount d",
            "d.id",
            queries.LISTED_DISCOUNTS if since is None else queries.ALL_DISCOUNTS,
            queries.list_discounts,
            _render,
            {"error": "No discounts found!"},
            modified="d.modified_at",
            since=since,
        ),
    )


def _answer_one(question: Question, value: str) -> Answer:
    """By id, in any status; a code is no id."""
    key = read_id(value) if is_numeric(value) else None
    found = queries.list_discounts(question.run, queries.with_discount_id(key), "d.id", 1, 0) if key else []
    if not found:
        return failed(f"Discount {value} not found!")
    return Answer({"discounts": _render(question.run, found)})


def _render(run: Run, rows: list[Row]) -> list[object]:
    named: dict[tuple[int, str], list[str]] = {}
    for key, role, ref in queries.list_discount_products(run, [row[0] for row in rows]):
        named.setdefault((key, role), []).append(ref)
    return [
        {
            "ID": key,
            "name": name,
            "code": code,
            "amount": number(amount),
            "min_price": nine(min_charge),
            "type": amount_type,
            "uses": str(uses),
            "max_uses": max_uses,
            "start_date": start or False,
            "exp_date": end or False,
            "status": status,
            "product_requirements": named.get((key, "requirement"), []),
            "requirement_condition": condition,
            "global_discount": scope == "global",
            "excluded_products": named.get((key, "exclusion"), []),
            "single_use": bool(single),
        }
        for (
            key,
            name,
            code,
            amount,
            min_charge,
            amount_type,
            uses,
            max_uses,
            start,
            end,
            status,
            condition,
            scope,
            single,
        ) in rows
    ]
