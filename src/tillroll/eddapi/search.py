"""Finding and ordering products: `s`, `category`, `tag`, `term_relation`, `orderby` ([3.6] 3.1)."""

import re
from collections.abc import Sequence
from urllib.parse import quote

from tillroll.access.capabilities import Capability
from tillroll.eddapi import queries
from tillroll.eddapi.answer import Question
from tillroll.eddapi.filters import Filter, Order, order_by
from tillroll.eddapi.reading import Run
from tillroll.shop.models import Taxonomy
from tillroll.shop.text import fold, fold_case

_WORDS = re.compile(r'"[^"]*(?:"|$)|[^\s",+]+')
_LETTER = re.compile(r"[A-Za-z\-]")
_OCTET = re.compile(r"%[0-9a-f]{2}", re.IGNORECASE)

MOST_WORDS = 9
"""A search of more words is one phrase, as in WordPress."""

LONGEST = 1_600
"""Bytes; a longer text is no search at all, as in WordPress, and costs nobody's time."""

# fmt: off
STOP_WORDS = frozenset((
    "about", "an", "are", "as", "at", "be", "by", "com", "for", "from", "how", "in", "is", "it",
    "of", "on", "or", "that", "the", "this", "to", "was", "what", "when", "where", "who", "will",
    "with", "www",
))
# fmt: on
"""Words that a search ignores beside others."""

BY_DATE = "p.created_local DESC, p.id DESC"

_NEEDS_SENSITIVE = ("sales", "earnings")


def search(rows: Filter, text: str) -> Filter:
    """Products whose title, excerpt or content has every word; a word behind a dash must not be there.

    As in WordPress, a search leaves out what a password protects, and backslashes don't count.
    """
    if not text or len(text.encode()) > LONGEST:
        return rows
    rows = queries.unprotected(rows)
    text = text.replace("\\", "").strip()
    if not text:
        return rows
    words = [word for found in _WORDS.findall(text) if (word := _clean_word(found))]
    if not words or len(words) > MOST_WORDS:
        words = [text]
    for word in words:
        if word.startswith("-") and len(word) > 1:
            rows = queries.lacking(rows, fold(word[1:]))
        else:
            rows = queries.containing(rows, fold(word))
    return rows


def _clean_word(word: str) -> str:
    if word.startswith('"'):
        return word.strip("\"'")
    if _LETTER.fullmatch(word) or word.lower() in STOP_WORDS:
        return ""
    return word


def filter_terms(question: Question, rows: Filter) -> Filter:
    """By categories (with those below them) and tags, joined by `term_relation`: OR unless another is named.

    A single numeric tag stands alone: the categories then don't count.
    """
    parameters = question.asked.parameters
    categories, tags = _read_terms(question, "category"), _read_terms(question, "tag")
    if categories is None and tags is None:
        return rows
    is_lone_id = tags is not None and len(tags) == 1 and tags[0].isdigit()
    clauses: list[list[int]] = []
    if categories is not None and not is_lone_id:
        clauses += _find_clauses(question.run, Taxonomy.CATEGORY, categories)
    if tags is not None:
        clauses += _find_clauses(question.run, Taxonomy.TAG, tags)
    relation = parameters.text("term_relation") or "OR"
    return queries.with_terms(rows, clauses or [[]], every=relation.upper() != "OR")


def _read_terms(question: Question, name: str) -> list[str] | None:
    """The terms named; None where there is no filter. Percent-encoded octets are dropped from slugs, as
    WordPress does."""
    many = question.asked.parameters.lists.get(name)
    raw = ",".join(many) if many else question.text(name)
    kept = _OCTET.sub("", raw).strip()
    if not kept:
        return None
    return [word for part in kept.split(",") if (word := part.strip())]


def _find_clauses(run: Run, taxonomy: Taxonomy, words: Sequence[str]) -> list[list[int]]:
    """For each word the keys of its term and of all terms below it."""
    by_id: dict[int, int] = {}
    by_slug: dict[str, int] = {}
    below: dict[int, list[int]] = {}
    for key, term_id, parent, slug in queries.list_term_keys(run, taxonomy):
        by_id[term_id] = key
        by_slug[slug] = term_id
        below.setdefault(parent, []).append(term_id)
    clauses = []
    for word in words:
        term_id = int(word[:18]) if word.isascii() and word.isdigit() else _find_slug(by_slug, word)
        clause: list[int] = []
        waiting = [term_id] if term_id in by_id else []
        while waiting:
            found = waiting.pop()
            if by_id[found] not in clause:
                clause.append(by_id[found])
                waiting += [child for child in below.get(found, ()) if found]
        clauses.append(clause)
    return clauses


def _find_slug(by_slug: dict[str, int], word: str) -> int:
    folded = fold_case(word)
    return by_slug.get(folded) or by_slug.get(fold_case(quote(word)), 0)


def order_products(question: Question, rows: Filter) -> tuple[Filter, Order]:
    """The order, and the rows that have what they are ordered by. Unknown names order by date."""
    is_ascending = question.text("order").upper() == "ASC"
    direction = "ASC" if is_ascending else "DESC"
    words = question.text("orderby").split()
    names = list(dict.fromkeys(name if name == "ID" else name.lower() for name in words))
    if names in (["sales"], ["earnings"]) and not question.caller.can(Capability.VIEW_SHOP_SENSITIVE_DATA):
        names = []
    if names == ["price"]:
        rows = queries.with_a_price(rows)
    elif len(names) > 1:
        names = [name for name in names if name not in ("price", *_NEEDS_SENSITIVE)]
    columns = [
        queries.PRODUCT_ORDERS[name.lower()] for name in names if name.lower() in queries.PRODUCT_ORDERS
    ]
    if columns == [queries.PRODUCT_ORDERS["id"]]:
        return rows, order_by("p.id", is_ascending=is_ascending)
    if columns in ([], [queries.PRODUCT_ORDERS["date"]]):
        return rows, order_by("p.created_local", "p.id", is_ascending=is_ascending)
    return rows, Order(", ".join([f"{column} {direction}" for column in columns] + [BY_DATE]))
