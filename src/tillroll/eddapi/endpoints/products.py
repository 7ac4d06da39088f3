"""/products: what the shop sells. Public; sums, files and notes need rights ([2013], [3.6] 3.1, [CONTRACT]
Products)."""

import json
from datetime import datetime, timedelta
from functools import partial

from tillroll.access.capabilities import Capability
from tillroll.eddapi import queries
from tillroll.eddapi.amounts import Number, number, plain, six
from tillroll.eddapi.answer import Answer, Listing, Question, answer_list, failed
from tillroll.eddapi.cache import TIMELESS, Moment, Reads, Uncached
from tillroll.eddapi.prices import format_price, get_pricing, get_shown_price
from tillroll.eddapi.reading import Row, Run
from tillroll.eddapi.request import PAGING, read_id, read_modified_after, read_page
from tillroll.eddapi.search import BY_DATE, filter_terms, order_products, search
from tillroll.shop.fields import UNITS
from tillroll.shop.models import Taxonomy
from tillroll.shop.revision import Topic
from tillroll.shop.zone import to_local

MONTH = timedelta(days=30)
"""A month of `monthly_average` ([3.6] 3.1)."""

Groups = dict[int, list[Row]]
Turns = list[datetime]
"""When an average will be another one, for each product with figures."""


def _get_moment(question: Question) -> Moment:
    """Averages are by months on the shop's clock: another answer when that is put forward or back."""
    if "rand" in question.text("orderby").lower().split():
        raise Uncached
    if not question.caller.can(Capability.VIEW_SHOP_REPORTS):
        return TIMELESS
    return Moment(str(to_local(question.now, question.shop.zone).utcoffset()), 0)


READS = Reads(
    (Topic.CATALOGUE,),
    (
        *PAGING,
        "modified_after",
        "product",
        "s",
        "category",
        "tag",
        "term_relation",
        "orderby",
        "order",
    ),
    _get_moment,
)


def products(question: Question) -> Answer:
    page = read_page(question.asked.parameters)
    since = read_modified_after(question.asked.parameters)
    if product_id := read_id(question.text("product")):
        return _answer_one(question, product_id)
    rows = filter_terms(question, search(queries.PUBLISHED, question.text("s")))
    rows, order = order_products(question, rows)
    turns: Turns = []
    answer = answer_list(
        question,
        page,
        Listing(
            "products",
            "shop_product p",
            "p.id",
            rows,
            queries.list_products,
            partial(_render, question, turns),
            {"products": []},
            order,
            "p.modified_at",
            since,
        ),
    )
    answer.until = min(turns, default=None)
    return answer


def _answer_one(question: Question, product_id: int) -> Answer:
    """By id; what is not published is only for those who may see sensitive data ([CONTRACT] Rights)."""
    found = queries.list_products(question.run, queries.with_product_id(product_id), BY_DATE, 1, 0)
    if not found or (
        found[0][5] != "publish" and not question.caller.can(Capability.VIEW_SHOP_SENSITIVE_DATA)
    ):
        return failed(f"Product {product_id} not found!")
    turns: Turns = []
    shown = _render(question, turns, question.run, found)
    return Answer({"products": shown}, until=min(turns, default=None))


def _group(rows: list[Row]) -> Groups:
    groups: Groups = {}
    for row in rows:
        groups.setdefault(row[0], []).append(row)
    return groups


def _render(question: Question, turns: Turns, run: Run, rows: list[Row]) -> list[object]:
    sees_sums = question.caller.can(Capability.VIEW_SHOP_REPORTS)
    sees_all = question.caller.can(Capability.VIEW_SHOP_SENSITIVE_DATA)
    keys = [row[0] for row in rows]
    terms = _group(queries.list_product_terms(run, keys))
    options = _group(queries.list_price_options(run, [row[0] for row in rows if row[13]]))
    files = _group(queries.list_product_files(run, keys)) if sees_all else {}
    now = to_local(question.now, question.shop.zone).replace(tzinfo=None)
    answer: list[object] = []
    for row in rows:
        mine = options.get(row[0], []) if row[13] else None
        product: dict[str, object] = {"info": _info(question, row, terms.get(row[0], []), mine, sees_all)}
        if sees_sums:
            months, turn = _count_months(row[3], now)
            turns.append(question.now + (turn - now))
            product["stats"] = _stats(row, months, is_documented=question.shop.is_documented)
        if pricing := get_pricing(row[12], mine, question.shop.decimals):
            product["pricing"] = pricing
        if sees_all:
            if row[17] != "bundle" and row[0] in files:
                product["files"] = [_file(each) for each in files[row[0]]]
            product["notes"] = row[16]
        answer.append(product)
    return answer


def _info(
    question: Question, row: Row, terms: list[Row], options: list[Row] | None, sees_all: bool
) -> object:
    key, slug, title, created, modified, status, link, permalink, content, excerpt, thumbnail, protected = (
        row[:12]
    )
    is_open = sees_all or not protected
    info: dict[str, object] = {
        "id": key,
        "slug": slug,
        "title": title,
        "create_date": created,
        "modified_date": modified,
        "status": status,
        "link": link,
        "permalink": permalink,
        "content": content if is_open else "",
        "excerpt": excerpt if is_open else "",
        "thumbnail": thumbnail or False,
        "category": _terms(terms, Taxonomy.CATEGORY),
        "tags": _terms(terms, Taxonomy.TAG),
        "price": format_price(get_shown_price(row[12], options, row[14]), question.shop),
    }
    if not question.is_v1 and question.shop.settings.skus_enabled:
        info["sku"] = "-" if row[15] in ("", "0") else row[15]
    return info


def _terms(terms: list[Row], taxonomy: Taxonomy) -> object:
    """Term objects by name, or false when there are none."""
    return [
        {
            "term_id": term_id,
            "name": name,
            "slug": slug,
            "term_group": group,
            "term_taxonomy_id": key,
            "taxonomy": kind,
            "description": description,
            "parent": parent,
            "count": count,
            "filter": "raw",
        }
        for _, term_id, name, slug, group, key, kind, description, parent, count in terms
        if kind == taxonomy
    ] or False


def _count_months(created: str, now: datetime) -> tuple[int, datetime]:
    """Whole months of 30 days between a product's making and now, and when it is another number; all on the
    shop's clock."""
    made = datetime.fromisoformat(created)
    months = abs(now - made) // MONTH
    return months, made + (months + 1) * MONTH if made <= now else made - months * MONTH


def _stats(row: Row, months: int, *, is_documented: bool) -> object:
    sales, earned = row[18], row[19] * UNITS + row[20]
    return {
        "total": {
            "sales": str(sales) if sales >= 0 else 0,
            "earnings": (plain(earned) if is_documented else six(earned)) if earned >= 0 else 0,
        },
        "monthly_average": {
            "sales": _average(max(sales, 0) * UNITS, months),
            "earnings": _average(max(earned, 0), months),
        },
    }


def _average(units: int, months: int) -> Number:
    """A total by whole months of 30 days; within the first one the total itself, always a number."""
    total = float(six(units)) if units % UNITS else units // UNITS
    if months < 1:
        return number(units)
    average = total / months
    return int(average) if average == int(average) else average


def _file(row: Row) -> object:
    """A file's members as the shop stored them; those that it never had are absent."""
    members = dict(
        zip(("index", "attachment_id", "thumbnail_size", "name", "file", "condition"), row[1:7], strict=True)
    )
    return {name: value for name, value in members.items() if value is not None} | json.loads(row[7])
