"""The floor's lists: customers, sales, discounts and downloads, and the short answer of info."""

# ruff: noqa: S608 (SQL is put together from this module's own constants; values are bound)

import re
from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from bench.floor_shop import UNITS, Row, Run, Shop, group, marks, nine, number, plain, six, time
from tillroll.eddapi.titles import display_title
from tillroll.shop.zone import to_local_text

Asked = dict[str, str]
Body = dict[str, object]

CUSTOMERS = f"""
SELECT c.id, c.user_id, c.email, c.name, {time("c.created_at")}, c.purchase_count, c.purchase_whole,
c.purchase_rest, c.download_count, u.login, u.display_name
FROM shop_customer c LEFT JOIN access_user u ON u.wire_id = c.user_id AND c.user_id > 0
WHERE c.id > 0 ORDER BY c.id DESC LIMIT ? OFFSET ?
"""

ORDERS = f"""
SELECT o.id, o.number, o.mode, o.status, o.payment_key, o.subtotal, o.tax, o.total, o.gateway,
COALESCE(o.customer_id, 0), o.user_id, o.email, {time("o.created_at")}
FROM shop_order o WHERE {{}} AND o.type = 'sale' ORDER BY o.id DESC LIMIT ? OFFSET ?
"""
NET = ("complete", "partially_refunded", "revoked", "on_hold")
NET_ORDERS = ORDERS.format(f"o.status IN ({', '.join(map(repr, NET))})")
COMPLETE_ORDERS = ORDERS.format("o.status = 'complete'")

NOTED = {
    "stripe": re.compile(r"Stripe Charge ID: (\S+)"),
    "paypal": re.compile(r"PayPal Transaction ID: (\S+)"),
}

ITEMS = """
SELECT i.order_id, i.id, COALESCE(i.product_id, 0), i.quantity, i.product_name, i.total, i.price_id, x.name,
p.title, p.status, p.is_protected
FROM shop_orderitem i LEFT JOIN shop_product p ON p.id = i.product_id
LEFT JOIN shop_priceoption x ON x.product_id = p.id AND x.price_id = i.price_id AND p.has_price_options
WHERE i.order_id IN ({}) ORDER BY i.order_id, i.cart_index, i.id
"""

DISCOUNTS = f"""
SELECT d.id, d.name, d.code, d.amount, d.min_charge, d.amount_type, d.use_count, d.max_uses,
{time("d.starts_at")}, {time("d.ends_at")}, d.status, d.requirement_condition, d.scope, d.once_per_customer
FROM shop_discount d WHERE d.status <> 'archived' ORDER BY d.id DESC LIMIT ? OFFSET ?
"""

DOWNLOADS = f"""
SELECT l.id, COALESCE(c.user_id, 0), l.product_id, p.title, p.status, p.is_protected, l.customer_id,
l.order_id, l.file_name, f.name, f.file, l.ip, {time("l.created_at")}
FROM shop_filedownload l LEFT JOIN shop_customer c ON c.id = l.customer_id
LEFT JOIN shop_product p ON p.id = l.product_id
LEFT JOIN shop_productfile f ON f.product_id = l.product_id AND f.file_id = l.file_id
WHERE l.id > 0 ORDER BY l.id DESC LIMIT ? OFFSET ?
"""


def _page(run: Run, query: str, asked: Asked) -> tuple[list[Row], bool]:
    """The page's rows, and whether the list may go on behind it: only then Tillroll asks for the total."""
    size = int(asked.get("number", 10))
    rows = run(query, (size, 0))
    return rows, len(rows) == size


def _total(run: Run, *tallies: str) -> None:
    run(f"SELECT SUM(value) FROM shop_tally WHERE name IN ({', '.join(map(repr, tallies))})")


def _split(name: str) -> tuple[str, str]:
    first, _, rest = name.partition(" ")
    return first, "" if rest.startswith(" ") else rest


def customers_v1(run: Run, _shop: Shop, asked: Asked) -> Body:
    rows, goes_on = _page(run, CUSTOMERS, asked)
    if goes_on:
        _total(run, "customer")
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


def customers_v2(run: Run, _shop: Shop, asked: Asked) -> Body:
    rows, goes_on = _page(run, CUSTOMERS, asked)
    if goes_on:
        _total(run, "customer")
    keys = [row[0] for row in rows]
    addresses: dict[int, list[str]] = {}
    for key, email in run(
        f"SELECT customer_id, email FROM shop_customeremail WHERE customer_id IN ({marks(keys)})"
        " ORDER BY id DESC",
        keys,
    ):
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


def _parts(run: Run, keys: Sequence[int]) -> tuple[dict[int, list[Row]], ...]:
    """Items, adjustments and transactions of the orders, by order."""
    places = marks(keys)
    return (
        group(run(ITEMS.format(places), keys)),
        group(
            run(
                "SELECT order_id, item_id, id, type, type_key, description, subtotal, tax, total"
                f" FROM shop_orderadjustment WHERE order_id IN ({places}) ORDER BY id",
                keys,
            )
        ),
        group(
            run(
                "SELECT order_id, transaction_id FROM shop_ordertransaction"
                f" WHERE order_id IN ({places}) ORDER BY created_at, id",
                keys,
            )
        ),
    )


def _fees(adjustments: list[Row]) -> list[Row]:
    fees = [row for row in adjustments if row[3] == "fee"]
    return sorted(fees, key=lambda row: row[1] is not None)


def sales_v2(run: Run, shop: Shop, asked: Asked) -> Body:
    rows, goes_on = _page(run, NET_ORDERS, asked)
    if goes_on:
        _total(run, *(f"order:sale:{status}" for status in NET))
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
    rows, goes_on = _page(run, COMPLETE_ORDERS, asked)
    if goes_on:
        _total(run, "order:sale:complete")
    items, adjustments, transactions = _parts(run, [row[0] for row in rows])
    noted = [row[0] for row in rows if row[8] in NOTED]
    notes = group(
        run(
            f"SELECT order_id, content FROM shop_ordernote WHERE order_id IN ({marks(noted)}) ORDER BY id",
            noted,
        )
    )
    customers = sorted({row[9] for row in rows if row[9]})
    buyers = group(
        run(f"SELECT id, user_id, email FROM shop_customer WHERE id IN ({marks(customers)})", customers)
    )
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
        return key
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
    rows, goes_on = _page(run, DISCOUNTS, asked)
    if goes_on:
        run(
            "SELECT COUNT(*) FROM (SELECT 1 FROM shop_discount d WHERE d.status <> 'archived' LIMIT 10001)"
            " AS few"
        )
    keys = [row[0] for row in rows]
    named: dict[tuple[int, str], list[str]] = {}
    for key, role, product in run(
        "SELECT discount_id, role, product_ref FROM shop_discountproduct"
        f" WHERE discount_id IN ({marks(keys)}) ORDER BY discount_id, position",
        keys,
    ):
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
    rows, goes_on = _page(run, DOWNLOADS, asked)
    if goes_on:
        _total(run, "download")
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
