"""/sales: what was sold, with items, fees and discounts ([2013], [3.6] 3.4 and 3.5, [CONTRACT] dialects)."""

import re
from collections.abc import Callable
from functools import partial
from html import escape

from tillroll.access.capabilities import Capability, Hideable
from tillroll.eddapi import queries
from tillroll.eddapi.amounts import nine, number, plain
from tillroll.eddapi.answer import Answer, Listing, Question, answer_list, missing
from tillroll.eddapi.cache import Reads
from tillroll.eddapi.filters import Filter
from tillroll.eddapi.queries import Hidden
from tillroll.eddapi.reading import Row, Run
from tillroll.eddapi.request import PAGING, is_numeric, read_id, read_modified_after, read_page
from tillroll.eddapi.shop import Shop
from tillroll.eddapi.titles import display_title
from tillroll.shop.revision import Topic
from tillroll.shop.text import fold_case
from tillroll.shop.zone import to_local_text

ByOrder = dict[int, list[Row]]

_NOTED = {
    "stripe": re.compile(r"Stripe Charge ID: (\S+)"),
    "paypal": re.compile(r"PayPal Transaction ID: (\S+)"),
}
"""Gateways that left the transaction's id in the order's notes, and how they wrote it ([3.6] 3.4)."""


READS = Reads(
    (Topic.ORDERS, Topic.CUSTOMERS, Topic.CATALOGUE),
    (*PAGING, "modified_after", "id", "purchasekey", "email"),
)


def sales(question: Question) -> Answer:
    caller = question.caller
    if caller.customer_id is None and not caller.can(Capability.VIEW_SHOP_REPORTS):
        return missing(Capability.VIEW_SHOP_REPORTS)
    page = read_page(question.asked.parameters)
    since = read_modified_after(question.asked.parameters)
    hidden = caller.policy.hidden
    fetch = partial(queries.list_orders, hidden=hidden)
    render = partial(_render_v1 if question.is_v1 else _render_v2, question.shop, hidden)
    one = _find_one(question)
    if one is not None:
        own = queries.of_customer(one, "o.customer_id", caller.customer_id)
        found = fetch(question.run, own, "o.id", 1, 0) if one.values else []
        return Answer({"sales": render(question.run, found)} if found else {})
    many = _find_many(question, is_since=since is not None)
    rows = queries.of_customer(many, "o.customer_id", caller.customer_id)
    listing = Listing(
        "sales", "shop_order o", "o.id", rows, fetch, render, {}, modified="o.modified_at", since=since
    )
    return answer_list(question, page, listing)


def _find_one(question: Question) -> Filter | None:
    """The order named by id, or else by purchase key, of any type and status; None when neither is asked for.

    v1 reads an id's leading digits, v2 takes whole numbers alone. A filter without values matches nothing.
    """
    if (value := question.get("id")) is not None:
        key = read_id(value) if question.is_v1 or is_numeric(value) else None
        return queries.with_order_id(key) if key else queries.NOTHING
    if (value := question.get("purchasekey")) is not None:
        is_askable = value and not question.caller.hides(Hideable.PAYMENTS)
        return queries.with_payment_key(fold_case(value)) if is_askable else queries.NOTHING
    return None


def _find_many(question: Question, *, is_since: bool) -> Filter:
    """The sales of an address, where one is given: none where addresses are hidden.

    Of what changed since a moment, v2 also lists the sales that left the list by being refunded, as their
    status says: who keeps a copy has to learn of them. v1 tells no status.
    """
    if is_since:
        rows = queries.CHANGED_COMPLETE_SALES if question.is_v1 else queries.CHANGED_SALES
    else:
        rows = queries.COMPLETE_SALES if question.is_v1 else queries.NET_SALES
    email = question.get("email")
    if email is None:
        return rows
    return (
        queries.NOTHING if question.caller.hides(Hideable.EMAILS) else queries.sold_to(rows, fold_case(email))
    )


def _by_order(rows: list[Row]) -> ByOrder:
    grouped: ByOrder = {}
    for row in rows:
        grouped.setdefault(row[0], []).append(row)
    return grouped


def _show_number(key: int, order_number: str, shop: Shop) -> str:
    return order_number if order_number and shop.settings.sequential_numbers else str(key)


def _render_v2(shop: Shop, hidden: Hidden, run: Run, rows: list[Row]) -> list[object]:
    keys = [row[0] for row in rows]
    items = _by_order(queries.list_order_items(run, keys))
    adjustments = _by_order(queries.list_order_adjustments(run, keys))
    transactions = _first_transactions(run, keys, hidden)
    answer: list[object] = []
    for (
        key,
        order_number,
        mode,
        status,
        payment_key,
        subtotal,
        tax,
        total,
        gateway,
        customer,
        user,
        email,
        created,
    ) in rows:
        lines = items.get(key, ())
        mine = adjustments.get(key)
        answer.append(
            {
                "ID": _show_number(key, order_number, shop),
                "mode": mode,
                "status": status,
                "transaction_id": escape(transactions.get(key, "")),
                "key": payment_key,
                "subtotal": nine(subtotal),
                "tax": nine(tax),
                "total": nine(total),
                "gateway": gateway,
                "customer_id": str(customer),
                "user_id": str(user),
                "email": email,
                "date": to_local_text(created, shop.zone),
                "date_utc": created,
                "products": [
                    {
                        "object_id": str(line[1]),
                        "id": str(line[2]),
                        "quantity": str(line[3]),
                        "name": line[4],
                        "price": nine(line[5]),
                        "price_name": line[7] or "",
                    }
                    for line in lines
                ],
                "fees": (_fees_v2(mine, lines) or None) if mine else None,
                "discounts": ({row[5]: nine(row[8]) for row in mine if _is_discount(row)} or None)
                if mine
                else None,
            }
        )
    return answer


def _is_discount(row: Row) -> bool:
    return bool(row[3] == "discount" and row[1] is None)


def _fees_in_order(adjustments: list[Row]) -> list[Row]:
    """Those of the whole order first, then those of its items."""
    fees = [row for row in adjustments if row[3] == "fee"]
    return [row for row in fees if row[1] is None] + [row for row in fees if row[1] is not None]


def _fees_v2(adjustments: list[Row], lines: list[Row] | tuple[()]) -> list[object]:
    by_item = {line[1]: line for line in lines}
    return [
        {
            "amount": nine(row[8]),
            "label": row[5],
            "no_tax": False,
            "type": "fee",
            "price_id": _text_or_none(line[6]) if line else None,
            "download_id": str(line[2]) if line else None,
            "id": row[4],
        }
        for row in _fees_in_order(adjustments)
        for line in (by_item.get(row[1]),)
    ]


def _text_or_none(value: int | None) -> str | None:
    return None if value is None else str(value)


def _first_transactions(run: Run, keys: list[int], hidden: Hidden) -> dict[int, str]:
    first: dict[int, str] = {}
    for key, transaction in queries.list_first_transactions(run, keys, hidden):
        first.setdefault(key, transaction)
    return first


def _render_v1(shop: Shop, hidden: Hidden, run: Run, rows: list[Row]) -> list[object]:
    keys = [row[0] for row in rows]
    items = _by_order(queries.list_order_items(run, keys))
    adjustments = _by_order(queries.list_order_adjustments(run, keys))
    transactions: dict[int, object] = {
        **_noted_transactions(run, rows, hidden),
        **_first_transactions(run, keys, hidden),
    }
    buyers = queries.list_buyers(run, sorted({row[9] for row in rows if row[9]}), hidden)
    tells_payments = Hideable.PAYMENTS not in hidden
    dress = _DRESS_DOCUMENTED if shop.is_documented else _DRESS_EDD3
    answer: list[object] = []
    for (
        key,
        order_number,
        _,
        _,
        payment_key,
        subtotal,
        tax,
        total,
        gateway,
        customer,
        user,
        email,
        created,
    ) in rows:
        buyer_user, buyer_email = buyers.get(customer, (user, ""))
        mine = adjustments.get(key, [])
        lines = items.get(key, [])
        codes = [row[5] for row in mine if _is_discount(row)]
        answer.append(
            {
                "ID": dress.number(_show_number(key, order_number, shop)),
                "transaction_id": transactions.get(key, _untold(key, gateway)) if tells_payments else "",
                "key": payment_key,
                "discount": codes[:1] + [f" {code}" for code in codes[1:]],
                "subtotal": dress.amount(subtotal),
                "tax": dress.tax(tax),
                "fees": _fees_v1(mine, lines, dress) or dress.no_fees,
                "total": dress.amount(total),
                "gateway": gateway,
                "email": email or buyer_email,
                "user_id": str(buyer_user or user),
                "customer_id": str(customer),
                "date": to_local_text(created, shop.zone) if shop.is_documented else created,
                "products": [
                    {
                        "id": str(line[2]),
                        "quantity": str(line[3]) if line[3] > 0 else 1,
                        "name": "" if line[8] is None else display_title(line[8], line[9], line[10]),
                        "price": dress.amount(line[5]),
                        "price_name": line[7] or "",
                    }
                    for line in lines
                ],
            }
        )
    return answer


class _Dress:
    """How a dialect writes the scalars of a v1 sale ([CONTRACT] dialects)."""

    def __init__(
        self,
        number: Callable[[str], object],
        amount: Callable[[int], object],
        tax: Callable[[int], object],
        no_fees: object,
    ) -> None:
        self.number = number
        self.amount = amount
        self.tax = tax
        self.no_fees = no_fees


def _as_number(text: str) -> object:
    return int(text) if text.isascii() and text.isdigit() else text


_DRESS_EDD3 = _Dress(str, nine, nine, [])
_DRESS_DOCUMENTED = _Dress(_as_number, plain, number, None)


def _untold(key: int, gateway: str) -> object:
    """What EDD gives for a transaction that no gateway reported ([3.6] 3.4)."""
    if gateway == "paypal_commerce":
        return False
    return "" if gateway == "paypal" else key


def _noted_transactions(run: Run, rows: list[Row], hidden: Hidden) -> dict[int, str]:
    """Transaction ids that old gateways wrote into the order's notes."""
    patterns = {row[0]: _NOTED[row[8]] for row in rows if row[8] in _NOTED}
    told: dict[int, str] = {}
    for key, content in queries.list_order_notes(run, list(patterns), hidden):
        if match := patterns[key].search(content):
            told[key] = match[1]
    return told


def _fees_v1(adjustments: list[Row], lines: list[Row], dress: _Dress) -> list[object]:
    by_item = {line[1]: line for line in lines}
    fees: list[object] = []
    seen: set[str] = set()
    for row in _fees_in_order(adjustments):
        line = by_item.get(row[1])
        name = row[4] or str(row[2])
        while name in seen:
            name += "_2"
        seen.add(name)
        fees.append(
            {
                "amount": dress.amount(row[6]),
                "label": row[5],
                "no_tax": row[7] <= 0,
                "type": "fee",
                "price_id": _text_or_none(line[6]) if line else None,
                "download_id": str(line[2]) if line else 0,
                "id": name,
            }
        )
    return fees
