"""Products with their prices, files and terms, as the API tells them."""

import json
import re
from collections.abc import Mapping
from datetime import tzinfo
from html import unescape
from typing import Any

from tillroll.intake.remote.answers import ProductAnswer, SiteAnswer, TermAnswer, text, whole
from tillroll.intake.remote.options import Option, list_options
from tillroll.intake.remote.rows import make_row
from tillroll.intake.remote.zone import to_utc
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.values import EPOCH, UNITS_OF, parse_price
from tillroll.shop.models import PriceOption, Product, ProductFile, ProductTerm, Term
from tillroll.shop.text import fold, fold_case, sort_key

_TAG = re.compile(r"<[^>]*>")
_FILE_MEMBERS = ("index", "attachment_id", "thumbnail_size", "name", "file", "condition")
_NO_SKU = "-"


class CataloguePart:
    """`protected` are products whose content the shop does not show to everybody."""

    def __init__(
        self, staging: Staging, findings: Findings, site: SiteAnswer, zone: tzinfo, protected: set[int]
    ) -> None:
        self._staging = staging
        self._findings = findings
        self._site = site
        self._zone = zone
        self._protected = protected
        self._terms: dict[int, tuple[str, str]] = {}
        self._options: dict[int, dict[str, int]] = {}
        self.shows_skus = False
        staging.database.execute(
            "CREATE TABLE stored_product (id INTEGER PRIMARY KEY, sales INTEGER, earnings INTEGER)"
        )

    def find_price_id(self, product: int, name: str) -> int | None:
        """The id under which an option of a product was staged."""
        return self._options.get(product, {}).get(name)

    def take(self, product: ProductAnswer, named: Mapping[str, int | None]) -> None:
        """Stages a product; `named` are the names of its options that sales tell."""
        info = product.info
        id_ = whole(info.id)
        pricing = _read_pricing(product)
        options = list_options(pricing, named)
        sku = text(info.sku)
        self.shows_skus |= info.sku is not None
        title, slug = info.title, info.slug[:200]
        self._staging.add(
            Product,
            [
                make_row(
                    Product,
                    id=id_,
                    title=title,
                    slug=slug,
                    status=info.status,
                    kind="default",
                    content=info.content,
                    excerpt=info.excerpt,
                    is_protected=int(id_ in self._protected),
                    link=info.link,
                    permalink=info.permalink,
                    thumbnail=text(info.thumbnail),
                    sku="" if sku == _NO_SKU else sku,
                    notes=text(product.notes),
                    price=UNITS_OF[next(iter(pricing.values()))] if options is None else None,
                    has_price_options=int(options is not None),
                    default_price_id=self._find_default(options or [], text(info.price)),
                    created_at=to_utc(info.create_date, self._zone) or EPOCH,
                    modified_at=to_utc(info.modified_date, self._zone) or EPOCH,
                    created_local=info.create_date[:19].ljust(19, "0"),
                    modified_local=info.modified_date[:19].ljust(19, "0"),
                    slug_folded=fold_case(slug),
                    title_key=sort_key(title),
                    slug_key=sort_key(slug),
                    search_text=fold("\n".join((title, info.excerpt, info.content))),
                )
            ],
        )
        self._add_options(id_, options or [])
        self._add_files(id_, product)
        for terms in (info.category, info.tags):
            for term in terms if isinstance(terms, list) else ():
                self._add_term(id_, term)
        if product.stats:
            total = product.stats.total
            self._staging.database.execute(
                "REPLACE INTO stored_product VALUES (?, ?, ?)",
                (id_, whole(total.sales), UNITS_OF[str(total.earnings)]),
            )

    def _add_options(self, product: int, options: list[Option]) -> None:
        self._options[product] = {option.name: option.price_id for option in options}
        rows = [
            make_row(
                PriceOption,
                product_id=product,
                price_id=option.price_id,
                position=place,
                name=option.name,
                amount=self._read_amount(option.amount),
                amount_text=option.amount,
            )
            for place, option in enumerate(options)
        ]
        self._staging.add(PriceOption, rows)

    def _read_amount(self, amount: str) -> int:
        return parse_price(amount, self._site.decimal_separator, self._site.thousands_separator)

    def _find_default(self, options: list[Option], price: str) -> int | None:
        """The option whose price is the one in front; None where that is the first, as for a product that
        names none."""
        shown = self._read_amount(re.sub(r"[^0-9.,\- ]", "", unescape(_TAG.sub("", price))))
        fitting = [option for option in options if self._read_amount(option.amount) == shown]
        return fitting[0].price_id if fitting and fitting[0] != options[0] else None

    def _add_files(self, product: int, answer: ProductAnswer) -> None:
        files = answer.files.values() if isinstance(answer.files, dict) else answer.files or ()
        rows = []
        for place, file in enumerate(files):
            known = {name: _as_text(file[name]) for name in _FILE_MEMBERS if name in file}
            extra = {name: value for name, value in file.items() if name not in _FILE_MEMBERS}
            rows.append(
                make_row(
                    ProductFile, product_id=product, position=place, file_id=place + 1, **known,
                    extra=json.dumps(_drop_nul(extra)),
                )
            )  # fmt: skip
        self._staging.add(ProductFile, rows)

    def _add_term(self, product: int, term: TermAnswer) -> None:
        if term.term_taxonomy_id not in self._terms:
            folded = fold_case(term.slug[:200])
            if (term.taxonomy, folded) in self._terms.values():
                self._findings.leave_out(
                    "terms' slugs", "another term has the same; they are not found by it"
                )
                folded = f"{folded}\x1f{term.term_taxonomy_id}"
            self._terms[term.term_taxonomy_id] = (term.taxonomy, folded)
            row = make_row(
                Term,
                id=term.term_taxonomy_id,
                term_id=term.term_id,
                taxonomy=term.taxonomy,
                name=term.name,
                slug=term.slug,
                slug_folded=folded,
                name_key=sort_key(term.name),
                description=term.description,
                term_group=term.term_group,
                parent_id=term.parent,
            )
            self._staging.add(Term, [row])
        self._staging.add(
            ProductTerm, [make_row(ProductTerm, product_id=product, term_id=term.term_taxonomy_id)]
        )


def _read_pricing(product: ProductAnswer) -> dict[str, str]:
    """Keys and amounts as written; PHP makes a list of keys that are 0, 1 and so on."""
    if isinstance(product.pricing, list):
        return {str(place): _as_text(amount) for place, amount in enumerate(product.pricing)}
    return {name: _as_text(amount) for name, amount in (product.pricing or {}).items()}


def _as_text(value: Any) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)


def _drop_nul(value: Any) -> Any:
    """Without the character NUL, which PostgreSQL keeps in no JSON."""
    if isinstance(value, dict):
        return {_drop_nul(name): _drop_nul(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_drop_nul(member) for member in value]
    return value.replace("\0", "") if isinstance(value, str) else value
