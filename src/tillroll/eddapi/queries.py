"""All SQL of the wire, the same text on SQLite and PostgreSQL; values are always bound.

Times come out as 'YYYY-MM-DD HH:MM:SS' in UTC (`_time`), amounts as 10^-9 units. Lists are newest id first.
Statuses stand in the text, so that the partial indexes serve.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tillroll.access.capabilities import Hideable
from tillroll.eddapi.filters import Filter, Order
from tillroll.eddapi.reading import Row, Run
from tillroll.shop import ranks
from tillroll.shop.kept.ledgers import IN_GROSS, IN_NET
from tillroll.shop.models.orders import NET
from tillroll.shop.moments import bind_time
from tillroll.shop.revision import Revision

COUNT_LIMIT = 10_000
"""A filtered list is counted up to here; beyond, its totals are left out ([CONTRACT] Paging)."""

MOST_CHANGED = 1_000
"""So many rows that changed since a moment are counted and sorted for a page; with more there are no
totals."""

ALL_ROWS = 2**62
"""LIMIT of a list that is asked for whole: SQLite and PostgreSQL both take a number."""


def _time(column: str) -> str:
    return f"SUBSTR(CAST({column} AS TEXT), 1, 19)"


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def _quoted(words: Sequence[str]) -> str:
    return ", ".join(f"'{word}'" for word in words)


Hidden = frozenset[str]
"""Kinds of personal data (Hideable) that are not fetched: their columns come out empty."""

OPEN: Hidden = frozenset()


def _shown(column: str, kind: Hideable, hidden: Hidden) -> str:
    """A column, or nothing where its kind is hidden."""
    return "''" if kind in hidden else column


def _named(column: str, hidden: Hidden) -> str:
    """A name; where e-mail addresses alone are hidden, also none that is an address."""
    if Hideable.NAMES in hidden:
        return f"CASE WHEN {column} IS NULL THEN NULL ELSE '' END"
    if Hideable.EMAILS in hidden:
        return f"CASE WHEN {column} LIKE '%%@%%' THEN '' ELSE {column} END"
    return column


def list_revisions(run: Run) -> dict[str, Revision]:
    """The revision of each topic, and under STORE the store's own number."""
    return {row[0]: row for row in run("SELECT topic, number, changed_at FROM shop_revision", ())}


def count_rows(run: Run, table: str, rows: Filter) -> int | None:
    """How many rows a filter has: from what is kept, or counted; None past COUNT_LIMIT."""
    if rows.tallies:
        found = run(f"SELECT SUM(value) FROM shop_tally WHERE name IN ({_quoted(rows.tallies)})", ())
        return int(found[0][0] or 0)
    if rows.is_counted:
        return rows.total
    return _count_few(run, table, rows, COUNT_LIMIT)


def _count_few(run: Run, table: str, rows: Filter, limit: int) -> int | None:
    counted = run(
        f"SELECT COUNT(*) FROM (SELECT 1 FROM {table} WHERE {rows.condition} LIMIT {limit + 1}) AS few",
        rows.values,
    )[0][0]
    return None if counted > limit else int(counted)


def changed_since(run: Run, table: str, column: str, modified: str, rows: Filter, moment: datetime) -> Filter:
    """What of a list changed at or after a moment, counted. A few rows are found by the index on `modified`
    and then sorted; where there are many, the list is read in its own order, which the CASE sees to."""
    values = (bind_time(moment),)
    some = rows.and_(f"{modified} >= %s", values)
    total = _count_few(run, table, some, MOST_CHANGED)
    if total is None:
        found = rows.and_(f"{column} > 0 AND CASE WHEN {modified} >= %s THEN 1 ELSE 0 END = 1", values)
    else:
        found = Filter(f"{column} IN (SELECT {column} FROM {table} WHERE {some.condition})", some.values)
    return replace(found, is_counted=True, total=total)


def get_position(run: Run, table: str, order: Order, row_id: int) -> list[object]:
    """What a row has in the columns of an order, as texts, and its id."""
    *others, column = order.columns
    if not others:
        return [row_id]
    texts = "".join(f"CAST({other} AS TEXT), " for other in others)
    return list(run(f"SELECT {texts}{column} FROM {table} WHERE {column} = %s", (row_id,))[0])


def get_id_at(run: Run, table: str, column: str, rows: Filter, offset: int) -> int | None:
    """The id of the row at an offset; None past the end. Nothing of the rows before it is read but their
    ids."""
    found = run(
        f"SELECT {column} FROM {table} WHERE {rows.condition} ORDER BY {column} DESC LIMIT 1 OFFSET %s",
        (*rows.values, offset),
    )
    return int(found[0][0]) if found else None


def list_blocks(run: Run, name: str, level: int, first: int, last: int) -> list[Row]:
    """Blocks of a list that have members: block, members; newest first."""
    return run(
        "SELECT block, value FROM shop_block WHERE name = %s AND level = %s AND block >= %s AND block <= %s"
        " AND value > 0 ORDER BY block DESC",
        (name, level, first, last),
    )


def list_dated_blocks(
    run: Run, name: str, level: int, first: int, last: int, start: datetime, end: datetime
) -> list[Row]:
    """Blocks of a list with members that may be of a span: block, members, whether all of them are; newest
    first."""
    bounds = (bind_time(start), bind_time(end))
    return run(
        "SELECT block, value, CASE WHEN first_at >= %s AND last_at < %s THEN 1 ELSE 0 END FROM shop_block"
        " WHERE name = %s AND level = %s AND block >= %s AND block <= %s AND value > 0"
        " AND last_at >= %s AND first_at < %s ORDER BY block DESC",
        (*bounds, name, level, first, last, *bounds),
    )


# Customers

NOTHING = Filter("1 = 0")

ALL_CUSTOMERS = Filter("c.id > 0", (), ("customer",), ranks.CUSTOMERS)


def with_customer_id(customer_id: int) -> Filter:
    return Filter("c.id = %s", (customer_id,))


_ADDRESS = "email_folded = %s AND NOT (email_folded = '')"
"""The index on addresses leaves the empty ones out; SQLite uses it where a question says that it does too."""


def with_customer_email(folded: str) -> Filter:
    """By the primary or an additional address."""
    return Filter(
        f"c.id IN (SELECT id FROM shop_customer WHERE {_ADDRESS}"
        " UNION SELECT customer_id FROM shop_customeremail WHERE email_folded = %s)",
        (folded, folded),
    )


def created_between(rows: Filter, start: datetime, end: datetime) -> Filter:
    return rows.and_("c.created_at >= %s AND c.created_at < %s", (bind_time(start), bind_time(end)))


def created_within(first: int, last: int, start: datetime, end: datetime) -> Filter:
    """Customers of a span among some ids, read in the order of these: the CASE keeps the index on times
    out."""
    return Filter(
        "c.id >= %s AND CASE WHEN c.created_at >= %s AND c.created_at < %s THEN 1 ELSE 0 END = 1",
        (first, bind_time(start), bind_time(end)),
    ).up_to("c.id", last)


def count_block(run: Run, table: str, column: str, rows: Filter) -> int:
    """How many rows a filter has that names the ids of a few blocks. They are read in order, or SQLite would
    go through the whole of some index that has all the columns."""
    return len(
        run(f"SELECT {column} FROM {table} WHERE {rows.condition} ORDER BY {column} DESC", rows.values)
    )


def of_customer(rows: Filter, column: str, customer_id: int | None) -> Filter:
    """A buyer's own rows; all of them for somebody who is none."""
    return rows if customer_id is None else rows.and_(f"{column} = %s", (customer_id,))


def list_customers(
    run: Run, rows: Filter, order: str, limit: int, offset: int, hidden: Hidden = OPEN
) -> list[Row]:
    """id, user id, e-mail, name, created, purchases, value (whole, rest), downloads, login, display name
    (null: gone)."""
    return run(
        f"SELECT c.id, c.user_id, {_shown('c.email', Hideable.EMAILS, hidden)}, {_named('c.name', hidden)},"
        f" {_time('c.created_at')}, c.purchase_count, c.purchase_whole, c.purchase_rest, c.download_count,"
        f" {_named('u.login', hidden)}, {_named('u.display_name', hidden)}"
        " FROM shop_customer c LEFT JOIN access_user u ON u.wire_id = c.user_id AND c.user_id > 0"
        f" WHERE {rows.condition} ORDER BY {order} LIMIT %s OFFSET %s",
        (*rows.values, limit, offset),
    )


def list_customer_emails(run: Run, ids: Sequence[int], hidden: Hidden = OPEN) -> list[Row]:
    """customer id, address; each customer's newest first."""
    if not ids or Hideable.EMAILS in hidden:
        return []
    return run(
        "SELECT customer_id, email FROM shop_customeremail"
        f" WHERE customer_id IN ({_marks(ids)}) ORDER BY id DESC",
        ids,
    )


# Sales

NET_SALES = Filter(
    f"{IN_NET} AND o.type = 'sale'",
    (),
    tuple(f"order:sale:{status}" for status in NET),
    ranks.NET_SALES,
)
COMPLETE_SALES = Filter(
    "o.status = 'complete' AND o.type = 'sale'", (), ("order:sale:complete",), ranks.COMPLETE_SALES
)


CHANGED_SALES = Filter(f"{IN_GROSS} AND o.type = 'sale'")
CHANGED_COMPLETE_SALES = CHANGED_SALES.and_("o.status = 'complete'", ())
"""Sales that have come to money at some time, as the index on their changes has them."""


def with_order_id(order_id: int) -> Filter:
    return Filter("o.id = %s", (order_id,))


def with_payment_key(folded: str) -> Filter:
    return Filter("o.payment_key_folded = %s", (folded,))


def sold_to(rows: Filter, folded: str) -> Filter:
    return rows.and_("o.email_folded = %s", (folded,))


def list_orders(
    run: Run, rows: Filter, order: str, limit: int, offset: int, hidden: Hidden = OPEN
) -> list[Row]:
    """id, number, mode, status, payment key, subtotal, tax, total, gateway, customer id, user id, e-mail,
    created."""
    return run(
        f"SELECT o.id, o.number, o.mode, o.status, {_shown('o.payment_key', Hideable.PAYMENTS, hidden)},"
        " o.subtotal, o.tax, o.total, o.gateway, COALESCE(o.customer_id, 0), o.user_id,"
        f" {_shown('o.email', Hideable.EMAILS, hidden)}, {_time('o.created_at')}"
        f" FROM shop_order o WHERE {rows.condition} ORDER BY {order} LIMIT %s OFFSET %s",
        (*rows.values, limit, offset),
    )


def list_order_items(run: Run, ids: Sequence[int]) -> list[Row]:
    """order id, item id, product id, quantity, name when sold, total, price id, name of the price option
    today (null: none), title, status and protection of the product today (null: gone)."""
    if not ids:
        return []
    return run(
        "SELECT i.order_id, i.id, COALESCE(i.product_id, 0), i.quantity, i.product_name, i.total, i.price_id,"
        " x.name, p.title, p.status, p.is_protected"
        " FROM shop_orderitem i LEFT JOIN shop_product p ON p.id = i.product_id"
        " LEFT JOIN shop_priceoption x"
        " ON x.product_id = p.id AND x.price_id = i.price_id AND p.has_price_options"
        f" WHERE i.order_id IN ({_marks(ids)}) ORDER BY i.order_id, i.cart_index, i.id",
        ids,
    )


def list_order_adjustments(run: Run, ids: Sequence[int]) -> list[Row]:
    """order id, item id (null: of the whole order), id, type, type key, description, subtotal, tax, total."""
    if not ids:
        return []
    return run(
        "SELECT order_id, item_id, id, type, type_key, description, subtotal, tax, total"
        f" FROM shop_orderadjustment WHERE order_id IN ({_marks(ids)}) ORDER BY id",
        ids,
    )


def list_first_transactions(run: Run, ids: Sequence[int], hidden: Hidden = OPEN) -> list[Row]:
    """order id, transaction id; each order's earliest first."""
    if not ids or Hideable.PAYMENTS in hidden:
        return []
    return run(
        "SELECT order_id, transaction_id FROM shop_ordertransaction"
        f" WHERE order_id IN ({_marks(ids)}) ORDER BY created_at, id",
        ids,
    )


def list_order_notes(run: Run, ids: Sequence[int], hidden: Hidden = OPEN) -> list[Row]:
    """order id, content; oldest first. Read for the transactions that old gateways left in them."""
    if not ids or Hideable.PAYMENTS in hidden:
        return []
    return run(
        f"SELECT order_id, content FROM shop_ordernote WHERE order_id IN ({_marks(ids)}) ORDER BY id",
        ids,
    )


def list_buyers(run: Run, ids: Sequence[int], hidden: Hidden = OPEN) -> dict[int, tuple[int, str]]:
    """customer id -> the user they are, and their e-mail."""
    if not ids:
        return {}
    email = _shown("email", Hideable.EMAILS, hidden)
    found = run(f"SELECT id, user_id, {email} FROM shop_customer WHERE id IN ({_marks(ids)})", ids)
    return {key: (user_id, email) for key, user_id, email in found}


# Products

PUBLISHED = Filter("p.status = 'publish'", (), ("product:publish",))

_WORD_LIKE = "(p.search_text LIKE %s ESCAPE '!')"

PRODUCT_ORDERS = {
    "date": "p.created_local",
    "title": "p.title_key",
    "name": "p.slug_key",
    "id": "p.id",
    "modified": "p.modified_local",
    "author": "p.author_id",
    "parent": "p.parent_id",
    "type": "p.id * 0",
    "menu_order": "p.menu_order",
    "comment_count": "p.comment_count",
    "rand": "RANDOM()",
    "price": "p.price",
    "sales": "p.sales",
    "earnings": "p.earnings_whole + p.earnings_rest / 1000000000.0",
}
"""Names of `orderby` (in small letters) and what they sort by ([3.6] 3.1)."""


def with_product_id(product_id: int) -> Filter:
    return Filter("p.id = %s", (product_id,))


def containing(rows: Filter, folded: str) -> Filter:
    return rows.and_(_WORD_LIKE, (_like(folded),))


def lacking(rows: Filter, folded: str) -> Filter:
    return rows.and_(f"NOT {_WORD_LIKE}", (_like(folded),))


def unprotected(rows: Filter) -> Filter:
    return rows.and_("NOT p.is_protected", ())


def with_a_price(rows: Filter) -> Filter:
    return rows.and_("p.price IS NOT NULL", ())


MOST_CLAUSES = 200
"""Conditions on terms that must hold all at once; nothing is sold under so many, and SQLite nests no deeper
than 1,000."""


def with_terms(rows: Filter, clauses: Sequence[Sequence[int]], *, every: bool) -> Filter:
    """Products that have one of the terms of each clause, or of any clause. A clause without terms matches
    none."""
    if not every:
        clauses = [[term for clause in clauses for term in clause]]
    distinct = {tuple(sorted(set(clause))) for clause in clauses}
    if () in distinct or len(distinct) > MOST_CLAUSES:
        return rows.and_("1 = 0", ())
    for clause in sorted(distinct):
        rows = rows.and_(
            "EXISTS (SELECT 1 FROM shop_productterm x"
            f" WHERE x.product_id = p.id AND x.term_id IN ({_marks(clause)}))",
            clause,
        )
    return rows


def list_products(run: Run, rows: Filter, order: str, limit: int, offset: int) -> list[Row]:
    """id, slug, title, created, modified, status, link, permalink, content, excerpt, thumbnail, protected,
    price, price options?, default price id, sku, notes, kind, sales, earnings (whole, rest), order value."""
    return run(
        "SELECT p.id, p.slug, p.title, p.created_local, p.modified_local, p.status, p.link, p.permalink,"
        " p.content, p.excerpt, p.thumbnail, p.is_protected, p.price, p.has_price_options,"
        " p.default_price_id, p.sku, p.notes, p.kind, p.sales, p.earnings_whole, p.earnings_rest"
        f" FROM shop_product p WHERE {rows.condition} ORDER BY {order} LIMIT %s OFFSET %s",
        (*rows.values, limit, offset),
    )


def list_product_terms(run: Run, ids: Sequence[int]) -> list[Row]:
    """product id, term_id, name, slug, group, term_taxonomy_id, taxonomy, description, parent, count; by
    name."""
    if not ids:
        return []
    return run(
        "SELECT x.product_id, t.term_id, t.name, t.slug, t.term_group, t.id, t.taxonomy, t.description,"
        " t.parent_id, t.count FROM shop_productterm x JOIN shop_term t ON t.id = x.term_id"
        f" WHERE x.product_id IN ({_marks(ids)}) ORDER BY t.name_key, t.id",
        ids,
    )


def list_price_options(run: Run, ids: Sequence[int]) -> list[Row]:
    """product id, price id, name, amount as written, amount; in the shop's order."""
    if not ids:
        return []
    return run(
        "SELECT product_id, price_id, name, amount_text, amount FROM shop_priceoption"
        f" WHERE product_id IN ({_marks(ids)}) ORDER BY product_id, position",
        ids,
    )


def list_product_files(run: Run, ids: Sequence[int]) -> list[Row]:
    """product id, index, attachment id, thumbnail size, name, file, condition, further members as JSON."""
    if not ids:
        return []
    return run(
        'SELECT product_id, "index", attachment_id, thumbnail_size, name, file, condition,'
        " CAST(extra AS TEXT)"
        f" FROM shop_productfile WHERE product_id IN ({_marks(ids)}) ORDER BY product_id, position",
        ids,
    )


def list_term_keys(run: Run, taxonomy: str) -> list[Row]:
    """Every term of a taxonomy: key, term_id, parent's term_id, folded slug."""
    return run("SELECT id, term_id, parent_id, slug_folded FROM shop_term WHERE taxonomy = %s", (taxonomy,))


def _like(folded: str) -> str:
    for mark in "!%_":
        folded = folded.replace(mark, "!" + mark)
    return f"%{folded}%"


# Discounts

LISTED_DISCOUNTS = Filter("d.status <> 'archived'")
ALL_DISCOUNTS = Filter("d.id > 0")


def with_discount_id(discount_id: int) -> Filter:
    return Filter("d.id = %s", (discount_id,))


def list_discounts(run: Run, rows: Filter, order: str, limit: int, offset: int) -> list[Row]:
    """id, name, code, amount, smallest charge, type, uses, most uses, start, end, status, condition, scope,
    single?"""
    return run(
        "SELECT d.id, d.name, d.code, d.amount, d.min_charge, d.amount_type, d.use_count, d.max_uses,"
        f" {_time('d.starts_at')}, {_time('d.ends_at')}, d.status, d.requirement_condition, d.scope,"
        " d.once_per_customer FROM shop_discount d"
        f" WHERE {rows.condition} ORDER BY {order} LIMIT %s OFFSET %s",
        (*rows.values, limit, offset),
    )


def list_discount_products(run: Run, ids: Sequence[int]) -> list[Row]:
    """discount id, role, product reference; in the shop's order."""
    if not ids:
        return []
    return run(
        "SELECT discount_id, role, product_ref FROM shop_discountproduct"
        f" WHERE discount_id IN ({_marks(ids)}) ORDER BY discount_id, position",
        ids,
    )


# File download logs

ALL_DOWNLOADS = Filter("l.id > 0", (), ("download",), ranks.DOWNLOADS)


def downloaded_by(customer_id: int) -> Filter:
    return Filter("l.customer_id = %s", (customer_id,))


def list_downloads(
    run: Run, rows: Filter, order: str, limit: int, offset: int, hidden: Hidden = OPEN
) -> list[Row]:
    """id, the customer's user id, product id, product's title, status, protection, customer id, order id,
    file name when fetched, name and address of the file today (null: gone), ip, when."""
    return run(
        "SELECT l.id, COALESCE(c.user_id, 0), l.product_id, p.title, p.status, p.is_protected, l.customer_id,"
        f" l.order_id, l.file_name, f.name, f.file, {_shown('l.ip', Hideable.ADDRESSES, hidden)},"
        f" {_time('l.created_at')}"
        " FROM shop_filedownload l LEFT JOIN shop_customer c ON c.id = l.customer_id"
        " LEFT JOIN shop_product p ON p.id = l.product_id"
        " LEFT JOIN shop_productfile f ON f.id = (SELECT MIN(id) FROM shop_productfile"
        " WHERE product_id = l.product_id AND file_id = l.file_id)"
        f" WHERE {rows.condition} ORDER BY {order} LIMIT %s OFFSET %s",
        (*rows.values, limit, offset),
    )


def get_customer_id_by_email(run: Run, folded: str) -> int | None:
    """The customer with that primary or additional address."""
    found = run(
        f"SELECT id FROM shop_customer WHERE {_ADDRESS}"
        " UNION SELECT customer_id FROM shop_customeremail WHERE email_folded = %s LIMIT 1",
        (folded, folded),
    )
    return int(found[0][0]) if found else None
