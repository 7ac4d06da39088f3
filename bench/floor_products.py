"""The floor's products: terms, prices, files and sums of each."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from bench.floor_shop import UNITS, Row, Run, Shop, cents, group, number, plain, six
from bench.floor_statements import Asked, Chosen, take_for
from tillroll.eddapi import queries
from tillroll.eddapi.filters import Order
from tillroll.eddapi.search import BY_DATE, search

NOT_IN_KEY = re.compile(r"[^a-z0-9_\-]")

_TABLE = "shop_product p"
_BY_DATE = Order(BY_DATE)
PUBLISHED = Chosen.of(queries.list_products, _TABLE, "p.id", queries.PUBLISHED, _BY_DATE)
PRODUCT = Chosen.of(queries.list_products, _TABLE, "p.id", queries.with_product_id(1), _BY_DATE)

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


@lru_cache
def _search(text: str) -> tuple[Chosen, Sequence[object]]:
    """How a search is asked: it is put together once, as everything here."""
    rows = search(queries.PUBLISHED, text)
    return Chosen.of(queries.list_products, _TABLE, "p.id", rows, _BY_DATE), rows.values


def _find(run: Run, asked: Asked) -> list[Row]:
    if value := asked.get("product"):
        return PRODUCT.read_one(run, int(value))
    if text := asked.get("s"):
        chosen, values = _search(text)
        return chosen.read(run, asked, values)
    return PUBLISHED.read(run, asked)


def products_v1(run: Run, shop: Shop, asked: Asked) -> dict[str, object]:
    return _answer(run, shop, asked, has_sku=False)


def products_v2(run: Run, shop: Shop, asked: Asked) -> dict[str, object]:
    return _answer(run, shop, asked, has_sku=True)


def _answer(run: Run, shop: Shop, asked: Asked, *, has_sku: bool) -> dict[str, object]:
    rows = _find(run, asked)
    keys = [row[0] for row in rows]
    terms = group(run(take_for(queries.list_product_terms, len(keys)), keys))
    priced = [row[0] for row in rows if row[13]]
    options = group(run(take_for(queries.list_price_options, len(priced)), priced)) if priced else {}
    files = group(run(take_for(queries.list_product_files, len(keys)), keys))
    now = datetime.now(UTC).astimezone(shop.zone).replace(tzinfo=None)
    answer = []
    for row in rows:
        mine = options.get(row[0], []) if row[13] else None
        product: dict[str, object] = {"info": _info(row, terms.get(row[0], []), mine, has_sku=has_sku)}
        product["stats"] = _stats(row, now)
        product["pricing"] = _price(row, mine)
        if row[17] != "bundle" and row[0] in files:
            product["files"] = [_file(one) for one in files[row[0]]]
        product["notes"] = row[16]
        answer.append(product)
    return {"products": answer}


def _info(row: Row, terms: list[Row], options: list[Row] | None, *, has_sku: bool) -> dict[str, object]:
    shown = row[12] or 0
    if options:
        shown = next((one for one in options if one[1] == row[14]), options[0])[4]
    info: dict[str, object] = {
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
    }
    if has_sku:
        info["sku"] = row[15] or "-"
    return info


def _price(row: Row, options: list[Row] | None) -> dict[str, object]:
    if options is None:
        return {"amount": f"{cents(row[12] or 0) / 100:.2f}"}
    return {NOT_IN_KEY.sub("", one[2].lower()): one[3] for one in options}


def _file(row: Row) -> dict[str, object]:
    members = zip(FILE_MEMBERS, row[1:7], strict=True)
    more: dict[str, object] = json.loads(row[7])
    return {name: value for name, value in members if value is not None} | more


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
