"""Orders and what belongs to them: the large tables, so rows become records in one tight loop a table.

Tables come in any order: what needs another table (an item's order, a tax rate) is joined in the scratch
file at the end. Children whose order is not in the dump are left out and counted.
"""

from collections.abc import Iterable

from django.db import models

from tillroll.intake.staging import KIND_OF, Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, get_rate, in_shop_currency, take_time
from tillroll.shop.fields import UNITS
from tillroll.shop.models import (
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)

_ORDERS = (
    "id", "parent", "order_number", "status", "type", "user_id", "customer_id", "email", "ip", "gateway",
    "mode", "currency", "payment_key", "tax_rate_id", "subtotal", "discount", "tax", "total", "rate",
    "date_created", "date_modified", "date_completed", "date_refundable",
)  # fmt: skip
_ITEMS = (
    "id", "parent", "order_id", "product_id", "product_name", "price_id", "cart_index", "type", "status",
    "quantity", "amount", "subtotal", "discount", "tax", "total", "rate", "date_created",
)  # fmt: skip
_ADJUSTMENTS = (
    "id", "parent", "object_id", "object_type", "type_id", "type", "type_key", "description", "subtotal",
    "tax", "total", "rate", "date_created",
)  # fmt: skip
_ADDRESSES = (
    "id", "order_id", "type", "name", "address", "address2", "city", "region", "postal_code", "country",
    "date_created",
)  # fmt: skip
_TRANSACTIONS = (
    "id", "object_id", "object_type", "transaction_id", "gateway", "status", "total", "rate", "date_created",
)  # fmt: skip
_NOTES = ("id", "object_id", "object_type", "user_id", "content", "date_created")
_META = ("meta_id", "edd_order_id", "meta_key", "meta_value")
_TAX_RATES = ("id", "amount")

_LEGACY_STATUS = {"publish": "complete"}
"""What EDD 2 called it ([3.6] 7.3)."""

_NO_ORDER = "their order is not in the dump"
_BAD_RATE = "the exchange rate is not above 0; 1 stands in its place"


class OrderPart:
    def __init__(self, staging: Staging, findings: Findings) -> None:
        self._staging = staging
        self._findings = findings
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS order_tax (id INTEGER PRIMARY KEY, order_id INTEGER, rate INTEGER)"
        )
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS tax_rate (id INTEGER PRIMARY KEY, amount INTEGER)"
        )

    def get_tables(self) -> dict[str, Taken]:
        return {
            "edd_orders": Taken(_ORDERS, self._take_orders),
            "edd_order_items": Taken(_ITEMS, self._take_items),
            "edd_order_adjustments": Taken(_ADJUSTMENTS, self._take_adjustments),
            "edd_order_addresses": Taken(_ADDRESSES, self._take_addresses),
            "edd_order_transactions": Taken(_TRANSACTIONS, self._take_transactions),
            "edd_notes": Taken(_NOTES, self._take_notes),
            "edd_ordermeta": Taken(_META, self._take_meta),
            "edd_tax_rates": Taken(_TAX_RATES, self.take_tax_rates),
        }

    def take_tax_rates(self, rows: Iterable[Row]) -> None:
        """Rates of the table of their own (EDD 3.6), or of the adjustments (before)."""
        rates = [(id_, UNITS_OF[amount]) for id_, amount in rows]
        self._staging.database.executemany("INSERT OR IGNORE INTO tax_rate VALUES (?, ?)", rates)

    def _take_orders(self, rows: Iterable[Row]) -> None:
        units = UNITS_OF
        orders = []
        for (
            id_, parent, number, status, type_, user, customer, email, ip, gateway, mode, currency, key,
            tax_rate, subtotal, discount, tax, total, rate_text, created, modified, completed, refundable,
        ) in rows:  # fmt: skip
            total_units, tax_units = units[total], units[tax]
            if rate_text in ("1.00000", "1.000000000"):
                rate, shop_total, shop_tax = UNITS, total_units, tax_units
            else:
                rate, shop_total, shop_tax = self._convert("orders", rate_text, total_units, tax_units)
            created = take_time(created) or take_time(modified, EPOCH)
            email, key = email or "", key or ""
            orders.append(
                (
                    id_,
                    None if parent == "0" else parent,
                    number or "",
                    _LEGACY_STATUS.get(status or "", status or ""),
                    type_ or "sale",
                    user or 0,
                    None if customer == "0" else customer,
                    email,
                    email.casefold(),
                    ip or "",
                    gateway or "",
                    mode or "live",
                    currency or "",
                    key,
                    key.casefold(),
                    units[subtotal],
                    units[discount],
                    tax_units,
                    total_units,
                    rate,
                    # the rate's id below zero until the rates are known; no rate is below zero
                    None if tax_rate is None or tax_rate == "0" else f"-{tax_rate}",
                    shop_total,
                    shop_tax,
                    created,
                    take_time(modified, created),
                    completed and take_time(completed),
                    refundable and take_time(refundable),
                )
            )
        self._staging.add(Order, orders)

    def _take_items(self, rows: Iterable[Row]) -> None:
        units = UNITS_OF
        items = []
        for (
            id_, parent, order, product, name, price, place, type_, status, quantity, amount, subtotal,
            discount, tax, total, rate_text, created,
        ) in rows:  # fmt: skip
            total_units, tax_units = units[total], units[tax]
            if rate_text in ("1.00000", "1.000000000"):
                rate, shop_total, shop_tax = UNITS, total_units, tax_units
            else:
                rate, shop_total, shop_tax = self._convert("order items", rate_text, total_units, tax_units)
            items.append(
                (
                    id_,
                    order,
                    None if parent == "0" else parent,
                    None if product == "0" else product,
                    name or "",
                    price,
                    place or 0,
                    type_ or "download",
                    _LEGACY_STATUS.get(status or "", status or ""),
                    quantity or 0,
                    units[amount],
                    units[subtotal],
                    units[discount],
                    tax_units,
                    total_units,
                    rate,
                    shop_total,
                    shop_tax,
                    take_time(created, EPOCH),
                )
            )
        self._staging.add(OrderItem, items)

    def _take_adjustments(self, rows: Iterable[Row]) -> None:
        units = UNITS_OF
        adjustments = []
        for (
            id_, parent, object_, object_type, type_id, type_, type_key, description, subtotal, tax, total,
            rate_text, created,
        ) in rows:  # fmt: skip
            total_units, tax_units = units[total], units[tax]
            if rate_text in ("1.00000", "1.000000000"):
                rate, shop_total, shop_tax = UNITS, total_units, tax_units
            else:
                rate, shop_total, shop_tax = self._convert("adjustments", rate_text, total_units, tax_units)
            if object_type == "order":
                order, item = object_, None
            elif object_type == "order_item":
                order, item = None, object_
            else:
                self._findings.leave_out("adjustments", f"they belong to no order but to a {object_type}")
                continue
            adjustments.append(
                (
                    id_,
                    order,
                    item,
                    None if parent == "0" else parent,
                    type_ or "",
                    None if type_id == "0" else type_id,
                    type_key,
                    description or "",
                    units[subtotal],
                    tax_units,
                    total_units,
                    rate,
                    shop_total,
                    shop_tax,
                    take_time(created, EPOCH),
                )
            )
        self._staging.add(OrderAdjustment, adjustments)

    def _take_addresses(self, rows: Iterable[Row]) -> None:
        addresses = []
        for id_, order, type_, name, address, address2, city, region, code, country, created in rows:
            addresses.append(
                (
                    id_,
                    order,
                    type_ or "billing",
                    (name or "")[:255],
                    (address or "")[:255],
                    (address2 or "")[:255],
                    (city or "")[:255],
                    (region or "")[:255],
                    code or "",
                    (country or "")[:2],
                    take_time(created, EPOCH),
                )
            )
        self._staging.add(OrderAddress, addresses)

    def _take_transactions(self, rows: Iterable[Row]) -> None:
        transactions = []
        for id_, object_, object_type, transaction, gateway, status, total, rate_text, created in rows:
            if object_type != "order":
                self._findings.leave_out("transactions", f"they belong to no order but to a {object_type}")
                continue
            rate = get_rate(rate_text)
            if rate is None:
                self._findings.leave_out("transactions", _BAD_RATE)
            transactions.append(
                (
                    id_,
                    object_,
                    transaction or "",
                    gateway or "",
                    status or "",
                    UNITS_OF[total],
                    rate or UNITS,
                    take_time(created, EPOCH),
                )
            )
        self._staging.add(OrderTransaction, transactions)

    def _take_notes(self, rows: Iterable[Row]) -> None:
        notes = []
        for id_, object_, object_type, user, content, created in rows:
            if object_type == "order":
                notes.append((id_, object_, user or 0, content or "", take_time(created, EPOCH)))
            else:
                self._findings.leave_out("notes", f"they are not of an order but of a {object_type}")
        self._staging.add(OrderNote, notes)

    def _take_meta(self, rows: Iterable[Row]) -> None:
        rates = [(id_, order, UNITS_OF[value]) for id_, order, name, value in rows if name == "tax_rate"]
        self._staging.database.executemany("REPLACE INTO order_tax VALUES (?, ?, ?)", rates)

    def _convert(self, what: str, rate_text: str | None, total: int, tax: int) -> tuple[int, int, int]:
        """A rate that can be divided by, and total and tax in shop currency."""
        rate = get_rate(rate_text)
        if rate is not None:
            shop_total, shop_tax = in_shop_currency(total, rate), in_shop_currency(tax, rate)
            if shop_total is not None and shop_tax is not None:
                return rate, shop_total, shop_tax
        self._findings.leave_out(what, _BAD_RATE)
        return UNITS, total, tax

    def finish(self, options: ShopOptions) -> None:
        self._staging.flush()
        execute = self._staging.database.execute
        execute(
            "UPDATE staged_shop_order SET tax_rate = (SELECT amount FROM tax_rate t WHERE t.id = -tax_rate)"
            " WHERE tax_rate < 0"
        )
        # of several rows of one name WordPress takes the first
        execute("CREATE INDEX order_tax_of ON order_tax (order_id, id)")
        execute(
            "UPDATE staged_shop_order AS o SET tax_rate ="
            " (SELECT t.rate FROM order_tax t WHERE t.order_id = o.id ORDER BY t.id LIMIT 1)"
            " WHERE tax_rate IS NULL AND id IN (SELECT order_id FROM order_tax)"
        )
        execute(
            "UPDATE staged_shop_orderadjustment SET order_id ="
            " (SELECT i.order_id FROM staged_shop_orderitem i WHERE i.id = item_id) WHERE item_id IS NOT NULL"
        )
        for model in (OrderItem, OrderAdjustment, OrderTransaction, OrderAddress, OrderNote):
            self._drop_strays(model)

    def _drop_strays(self, model: type[models.Model]) -> None:
        gone = self._staging.database.execute(
            f"DELETE FROM staged_{KIND_OF[model].table} WHERE order_id IS NULL"  # noqa: S608 (own names)
            " OR NOT EXISTS (SELECT 1 FROM staged_shop_order o WHERE o.id = order_id)"
        )
        self._findings.leave_out(KIND_OF[model].plural, _NO_ORDER, gone.rowcount)
