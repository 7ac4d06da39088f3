"""The floor's lists: customers, sales, discounts and downloads, and the short answer of info."""

import re
from datetime import date
from functools import cache
from html import escape
from urllib.parse import urlsplit

from bench.floor_shop import UNITS, Row, Run, Shop, group, nine, number, plain, six
from bench.floor_statements import Asked, Chosen, take_for
from tillroll.eddapi import queries
from tillroll.eddapi.filters import Filter, Order
from tillroll.eddapi.places import find_created
from tillroll.eddapi.titles import display_title
from tillroll.shop.text import fold_case
from tillroll.shop.zone import to_local_text
from tillroll.stats.periods import get_span

Body = dict[str, object]

_CUSTOMERS = "shop_customer c"
ALL_CUSTOMERS = Chosen.of(queries.list_customers, _CUSTOMERS, "c.id", queries.ALL_CUSTOMERS)
CUSTOMER = Chosen.of(queries.list_customers, _CUSTOMERS, "c.id", queries.with_customer_id(1))
CUSTOMER_AT = Chosen.of(queries.list_customers, _CUSTOMERS, "c.id", queries.with_customer_email("@"))

_ORDERS = "shop_order o"
NET_ORDERS = Chosen.of(queries.list_orders, _ORDERS, "o.id", queries.NET_SALES)
NET_ORDERS_OF = Chosen.of(queries.list_orders, _ORDERS, "o.id", queries.sold_to(queries.NET_SALES, "@"))
COMPLETE_ORDERS = Chosen.of(queries.list_orders, _ORDERS, "o.id", queries.COMPLETE_SALES)
COMPLETE_ORDERS_OF = Chosen.of(
    queries.list_orders, _ORDERS, "o.id", queries.sold_to(queries.COMPLETE_SALES, "@")
)
ORDER = Chosen.of(queries.list_orders, _ORDERS, "o.id", queries.with_order_id(1), Order("o.id"))
ORDER_UNDER = Chosen.of(queries.list_orders, _ORDERS, "o.id", queries.with_payment_key("key"), Order("o.id"))

DISCOUNTS = Chosen.of(queries.list_discounts, "shop_discount d", "d.id", queries.LISTED_DISCOUNTS)
DOWNLOADS = Chosen.of(queries.list_downloads, "shop_filedownload l", "l.id", queries.ALL_DOWNLOADS)

NOTED = {
    "stripe": re.compile(r"Stripe Charge ID: (\S+)"),
    "paypal": re.compile(r"PayPal Transaction ID: (\S+)"),
}


@cache
def _choose_created(condition: str, is_counted: bool) -> Chosen:
    """The customers of a span, by what the blocks say of it."""
    return Chosen.of(queries.list_customers, _CUSTOMERS, "c.id", Filter(condition, is_counted=is_counted))


def _find_customers(run: Run, shop: Shop, asked: Asked) -> list[Row]:
    if value := asked.get("customer"):
        if value.isdigit():
            return CUSTOMER.read(run, asked, (int(value),))
        folded = fold_case(value)
        return CUSTOMER_AT.read(run, asked, (folded, folded))
    if "date" in asked:
        first, last = (date.fromisoformat(asked[end]) for end in ("startdate", "enddate"))
        rows = find_created(run, queries.ALL_CUSTOMERS, *get_span(first, last, shop.zone))
        return _choose_created(rows.condition, rows.is_counted).read(run, asked, rows.values)
    return ALL_CUSTOMERS.read(run, asked)


def _find_orders(run: Run, asked: Asked, every: Chosen, of_one: Chosen) -> list[Row]:
    if value := asked.get("id"):
        return ORDER.read_one(run, int(value))
    if value := asked.get("purchasekey"):
        return ORDER_UNDER.read_one(run, fold_case(value))
    if value := asked.get("email"):
        return of_one.read(run, asked, (fold_case(value),))
    return every.read(run, asked)


def _split(name: str) -> tuple[str, str]:
    first, _, rest = name.partition(" ")
    return first, "" if rest.startswith(" ") else rest


def customers_v1(run: Run, shop: Shop, asked: Asked) -> Body:
    rows = _find_customers(run, shop, asked)
    answer = []
    for key, user, email, name, _, purchases, whole, rest, downloads, login, shown in rows:
        first, last = _split(name) if user else ("Guest", "Guest")
        answer.append(
            {
                "info": {
                    "id": user or -1,
                    "user_id": str(user) if user else "",
                    "username": login if user else "Guest",
                    "display_name": shown if user else "Guest",
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
        )
    return {"customers": answer}


def customers_v2(run: Run, shop: Shop, asked: Asked) -> Body:
    rows = _find_customers(run, shop, asked)
    keys = [row[0] for row in rows]
    addresses: dict[int, list[str]] = {}
    for key, email in run(take_for(queries.list_customer_emails, len(keys)), keys):
        addresses.setdefault(key, []).append(email)
    answer = []
    for key, user, email, name, created, purchases, whole, rest, downloads, login, shown in rows:
        first, last = _split(name)
        answer.append(
            {
                "info": {
                    "id": str(key),
                    "user_id": str(user) if user else "",
                    "username": login if user else "",
                    "display_name": shown if user else "",
                    "customer_id": str(key),
                    "first_name": first,
                    "last_name": last,
                    "email": email,
                    "additional_emails": [one for one in addresses.get(key, ()) if one != email],
                    "date_created": created,
                },
                "stats": {
                    "total_purchases": str(purchases),
                    "total_spent": six(whole * UNITS + rest),
                    "total_downloads": downloads,
                },
            }
        )
    return {"customers": answer}


def _parts(run: Run, keys: list[int]) -> tuple[dict[int, list[Row]], ...]:
    """Items, adjustments and transactions of the orders, by order."""
    items, adjustments, transactions = (
        group(run(take_for(ask, len(keys)), keys))
        for ask in (
            queries.list_order_items,
            queries.list_order_adjustments,
            queries.list_first_transactions,
        )
    )
    return items, adjustments, transactions


def _fees(adjustments: list[Row]) -> list[Row]:
    fees = [row for row in adjustments if row[3] == "fee"]
    return sorted(fees, key=lambda row: row[1] is not None)


def sales_v2(run: Run, shop: Shop, asked: Asked) -> Body:
    rows = _find_orders(run, asked, NET_ORDERS, NET_ORDERS_OF)
    items, adjustments, transactions = _parts(run, [row[0] for row in rows])
    answer = []
    for (
        key,
        _,
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
        lines = items.get(key, [])
        fees: list[object] | None = None
        codes: dict[str, str] | None = None
        if key in adjustments:
            mine = adjustments[key]
            by_item = {line[1]: line for line in lines}
            fees = [_fee_v2(row, by_item.get(row[1])) for row in _fees(mine)] or None
            codes = {row[5]: nine(row[8]) for row in mine if row[3] == "discount" and row[1] is None} or None
        answer.append(
            {
                "ID": str(key),
                "mode": mode,
                "status": status,
                "transaction_id": escape(transactions[key][0][1]) if key in transactions else "",
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
                "fees": fees,
                "discounts": codes,
            }
        )
    return {"sales": answer}


def _fee_v2(row: Row, line: Row | None) -> Body:
    return {
        "amount": nine(row[8]),
        "label": row[5],
        "no_tax": False,
        "type": "fee",
        "price_id": str(line[6]) if line and line[6] is not None else None,
        "download_id": str(line[2]) if line else None,
        "id": row[4],
    }


def sales_v1(run: Run, shop: Shop, asked: Asked) -> Body:
    rows = _find_orders(run, asked, COMPLETE_ORDERS, COMPLETE_ORDERS_OF)
    items, adjustments, transactions = _parts(run, [row[0] for row in rows])
    noted = [row[0] for row in rows if row[8] in NOTED]
    notes = group(run(take_for(queries.list_order_notes, len(noted)), noted)) if noted else {}
    customers = sorted({row[9] for row in rows if row[9]})
    buyers = group(run(take_for(queries.list_buyers, len(customers)), customers))
    answer = []
    for key, _, _, _, payment_key, subtotal, tax, total, gateway, customer, user, email, created in rows:
        lines = items.get(key, [])
        mine = adjustments.get(key, [])
        codes = [row[5] for row in mine if row[3] == "discount" and row[1] is None]
        by_item = {line[1]: line for line in lines}
        ((_, buyer, address),) = buyers.get(customer, [(0, user, "")])
        answer.append(
            {
                "ID": key,
                "transaction_id": _transaction(key, gateway, transactions, notes),
                "key": payment_key,
                "discount": codes[:1] + [f" {code}" for code in codes[1:]],
                "subtotal": plain(subtotal),
                "tax": number(tax),
                "fees": [_fee_v1(row, by_item.get(row[1])) for row in _fees(mine)] or None,
                "total": plain(total),
                "gateway": gateway,
                "email": email or address,
                "user_id": str(buyer or user),
                "customer_id": str(customer),
                "date": to_local_text(created, shop.zone),
                "products": [
                    {
                        "id": str(line[2]),
                        "quantity": str(line[3]) if line[3] > 0 else 1,
                        "name": "" if line[8] is None else display_title(line[8], line[9], line[10]),
                        "price": plain(line[5]),
                        "price_name": line[7] or "",
                    }
                    for line in lines
                ],
            }
        )
    return {"sales": answer}


def _transaction(
    key: int, gateway: str, transactions: dict[int, list[Row]], notes: dict[int, list[Row]]
) -> object:
    if key in transactions:
        return transactions[key][0][1]
    if gateway not in NOTED:
        return False if gateway == "paypal_commerce" else key
    for _, content in notes.get(key, ()):
        if found := NOTED[gateway].search(content):
            return found[1]
    return ""


def _fee_v1(row: Row, line: Row | None) -> Body:
    return {
        "amount": plain(row[6]),
        "label": row[5],
        "no_tax": row[7] <= 0,
        "type": "fee",
        "price_id": str(line[6]) if line and line[6] is not None else None,
        "download_id": str(line[2]) if line else 0,
        "id": row[4] or str(row[2]),
    }


def discounts(run: Run, _shop: Shop, asked: Asked) -> Body:
    rows = DISCOUNTS.read(run, asked)
    keys = [row[0] for row in rows]
    named: dict[tuple[int, str], list[str]] = {}
    for key, role, product in run(take_for(queries.list_discount_products, len(keys)), keys):
        named.setdefault((key, role), []).append(product)
    return {
        "discounts": [
            {
                "ID": row[0],
                "name": row[1],
                "code": row[2],
                "amount": number(row[3]),
                "min_price": nine(row[4]),
                "type": row[5],
                "uses": str(row[6]),
                "max_uses": row[7],
                "start_date": row[8] or False,
                "exp_date": row[9] or False,
                "status": row[10],
                "product_requirements": named.get((row[0], "requirement"), []),
                "requirement_condition": row[11],
                "global_discount": row[12] == "global",
                "excluded_products": named.get((row[0], "exclusion"), []),
                "single_use": bool(row[13]),
            }
            for row in rows
        ]
    }


def downloads(run: Run, _shop: Shop, asked: Asked) -> Body:
    rows = DOWNLOADS.read(run, asked)
    return {
        "download_logs": [
            {
                "ID": row[0],
                "user_id": row[1],
                "product_id": row[2],
                "product_name": False if row[3] is None else display_title(row[3], row[4], row[5]),
                "customer_id": row[6],
                "payment_id": row[7],
                "file": row[8] or row[9] or (urlsplit(row[10]).path.rpartition("/")[2] if row[10] else ""),
                "ip": row[11],
                "date": row[12],
            }
            for row in rows
        ]
    }


def info(_run: Run, shop: Shop, _asked: Asked) -> Body:
    return {
        "info": {
            "permissions": {
                "view_shop_reports": True,
                "view_shop_sensitive_data": True,
                "manage_shop_discounts": True,
            },
            "endpoints": [
                "stats",
                "products",
                "customers",
                "sales",
                "discounts",
                "file-download-logs",
                "info",
            ],
            "limits": {},
            "site": {
                "wp_version": "6.9.7",
                "edd_version": shop.edd_version or "3.6.5",
                "currency": shop.currency,
                "currency_position": shop.currency_position,
                "decimal_separator": shop.decimal_separator,
                "thousands_separator": shop.thousands_separator,
            },
        }
    }
