"""The floor's products: terms, prices, files and sums of each."""

import json
import re
from datetime import UTC, datetime, timedelta

from bench.floor_shop import UNITS, Row, Run, Shop, cents, group, marks, number, plain, six

NOT_IN_KEY = re.compile(r"[^a-z0-9_\-]")

PRODUCTS = """
SELECT p.id, p.slug, p.title, p.created_local, p.modified_local, p.status, p.link, p.permalink, p.content,
p.excerpt, p.thumbnail, p.is_protected, p.price, p.has_price_options, p.default_price_id, p.sku, p.notes,
p.kind, p.sales, p.earnings_whole, p.earnings_rest
FROM shop_product p WHERE p.status = 'publish' ORDER BY p.created_local DESC, p.id DESC LIMIT ? OFFSET ?
"""

TERMS = """
SELECT x.product_id, t.term_id, t.name, t.slug, t.term_group, t.id, t.taxonomy, t.description, t.parent_id,
t.count FROM shop_productterm x JOIN shop_term t ON t.id = x.term_id
WHERE x.product_id IN ({}) ORDER BY t.name_key, t.id
"""

OPTIONS = """
SELECT product_id, price_id, name, amount_text, amount FROM shop_priceoption
WHERE product_id IN ({}) ORDER BY product_id, position
"""

FILES = """
SELECT product_id, "index", attachment_id, thumbnail_size, name, file, condition, CAST(extra AS TEXT)
FROM shop_productfile WHERE product_id IN ({}) ORDER BY product_id, position
"""

TERM_MEMBERS = (
    "term_id",
    "name",
    "slug",
    "term_group",
    "term_taxonomy_id",
    "taxonomy",
    "description",
    "parent",
    "count",
)
FILE_MEMBERS = ("index", "attachment_id", "thumbnail_size", "name", "file", "condition")


def answer(run: Run, shop: Shop, asked: dict[str, str]) -> dict[str, object]:
    size = int(asked.get("number", 10))
    rows = run(PRODUCTS, (size, 0))
    if len(rows) == size:
        run("SELECT SUM(value) FROM shop_tally WHERE name IN ('product:publish')")
    keys = [row[0] for row in rows]
    terms = group(run(TERMS.format(marks(keys)), keys))
    priced = [row[0] for row in rows if row[13]]
    options = group(run(OPTIONS.format(marks(priced)), priced)) if priced else {}
    files = group(run(FILES.format(marks(keys)), keys))
    now = datetime.now(UTC).astimezone(shop.zone).replace(tzinfo=None)
    return {
        "products": [
            _product(
                row, terms.get(row[0], []), options.get(row[0], []) if row[13] else None, files, now, shop
            )
            for row in rows
        ]
    }


def _product(
    row: Row,
    terms: list[Row],
    options: list[Row] | None,
    files: dict[int, list[Row]],
    now: datetime,
    shop: Shop,
) -> dict[str, object]:
    shown = row[12] or 0
    if options:
        shown = next((one for one in options if one[1] == row[14]), options[0])[4]
    product: dict[str, object] = {
        "info": {
            "id": row[0],
            "slug": row[1],
            "title": row[2],
            "create_date": row[3],
            "modified_date": row[4],
            "status": row[5],
            "link": row[6],
            "permalink": row[7],
            "content": row[8],
            "excerpt": row[9],
            "thumbnail": row[10] or False,
            "category": _terms(terms, "download_category"),
            "tags": _terms(terms, "download_tag"),
            "price": _dollars(shown),
            "sku": row[15] or "-",
        },
        "stats": _stats(row, now),
        "pricing": {"amount": f"{cents(row[12] or 0) / 100:.2f}"}
        if options is None
        else {NOT_IN_KEY.sub("", one[2].lower()): one[3] for one in options},
    }
    if row[17] != "bundle" and row[0] in files:
        product["files"] = [
            {name: value for name, value in zip(FILE_MEMBERS, one[1:7], strict=True) if value is not None}
            | json.loads(one[7])
            for one in files[row[0]]
        ]
    product["notes"] = row[16]
    return product


def _terms(terms: list[Row], taxonomy: str) -> object:
    return [
        dict(zip(TERM_MEMBERS, term[1:], strict=True)) | {"filter": "raw"}
        for term in terms
        if term[6] == taxonomy
    ] or False


def _dollars(units: int) -> str:
    return f"${cents(units) / 100:,.2f}"


def _stats(row: Row, now: datetime) -> dict[str, object]:
    sales, earned = row[18], row[19] * UNITS + row[20]
    months = (now - datetime.fromisoformat(row[3])) // timedelta(days=30)
    return {
        "total": {"sales": str(sales), "earnings": plain(earned)},
        "monthly_average": {
            "sales": _average(sales * UNITS, months),
            "earnings": _average(earned, months),
        },
    }


def _average(units: int, months: int) -> float:
    if months < 1:
        return number(units)
    total = float(six(units)) if units % UNITS else units // UNITS
    average = total / months
    return int(average) if average == int(average) else average
