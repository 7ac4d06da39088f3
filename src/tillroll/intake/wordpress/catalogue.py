"""Products and terms, from WordPress' posts, their metadata and its taxonomies.

A site's posts are many and few of them products: what matters of them waits in the scratch file until all
tables were read, since they come in any order.
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.addresses import get_permalink, get_upload_url
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.php import PhpValue, PhpValueError, as_map, as_text, unserialize
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.values import (
    EPOCH,
    UNITS_OF,
    decode_entities,
    is_true,
    parse_price,
    take_time,
    take_whole,
)
from tillroll.shop.models import BundleItem, PriceOption, Product, ProductFile, Taxonomy, Term
from tillroll.shop.text import fold, fold_case, sort_key

_POSTS = (
    "ID", "post_author", "post_date", "post_date_gmt", "post_content", "post_title", "post_excerpt",
    "post_status", "post_password", "post_name", "post_modified", "post_modified_gmt", "post_parent",
    "guid", "menu_order", "post_type", "comment_count",
)  # fmt: skip
_TYPE = _POSTS.index("post_type")
_META = ("meta_id", "post_id", "meta_key", "meta_value")
_TERMS = ("term_id", "name", "slug", "term_group")
_TAXONOMY = ("term_taxonomy_id", "term_id", "taxonomy", "description", "parent")
_RELATIONSHIPS = ("object_id", "term_taxonomy_id")

KEPT_META = frozenset(
    {
        "edd_price", "_variable_pricing", "edd_variable_prices", "_edd_default_price_id",
        "edd_download_files", "_edd_product_type", "_edd_bundled_products",
        "_edd_bundled_products_conditions", "edd_product_notes", "edd_sku", "_edd_download_sales",
        "_edd_download_earnings", "_edd_download_limit", "_thumbnail_id", "_wp_attached_file",
    }
)  # fmt: skip
_FILE_MEMBERS = ("index", "attachment_id", "thumbnail_size", "name", "file", "condition")
_LEGACY_ORDERS = "edd_payment"
_LARGEST_INT = 2**31 - 1

_OTHER_POSTS = "they are no products"
_DAMAGED = "the value is damaged"


class CataloguePart:
    def __init__(self, staging: Staging, findings: Findings) -> None:
        self._staging = staging
        self._findings = findings
        self._database = staging.database
        self._post_types: Counter[str] = Counter()
        names = ", ".join(f"{name} {'INTEGER PRIMARY KEY' if name == 'ID' else 'TEXT'}" for name in _POSTS)
        for declared in (
            f"post ({names})",
            "meta (id INTEGER PRIMARY KEY, post_id INTEGER, name TEXT, value TEXT)",
            "term (term_id INTEGER PRIMARY KEY, name TEXT, slug TEXT, term_group INTEGER)",
            "taxonomy (id INTEGER PRIMARY KEY, term_id INTEGER, name TEXT, description TEXT, parent TEXT)",
            "relationship (post_id INTEGER, term_id INTEGER)",
            "stored_product (id INTEGER PRIMARY KEY, sales INTEGER, earnings INTEGER)",
        ):
            self._database.execute(f"CREATE TABLE IF NOT EXISTS {declared}")

    def get_tables(self) -> dict[str, Taken]:
        return {
            "posts": Taken(_POSTS, self._take_posts),
            "postmeta": Taken(_META, self._take_meta),
            "terms": Taken(_TERMS, self._take_terms),
            "term_taxonomy": Taken(_TAXONOMY, self._take_taxonomy),
            "term_relationships": Taken(_RELATIONSHIPS, self._take_relationships),
        }

    def has_legacy_orders(self) -> bool:
        """Whether EDD 2 left payments among the posts."""
        return self._post_types[_LEGACY_ORDERS] > 0

    def _take_posts(self, rows: Iterable[Row]) -> None:
        posts = list(rows)
        self._post_types.update(row[_TYPE] or "" for row in posts)
        kept = [row for row in posts if row[_TYPE] in ("download", "attachment")]
        self._insert("post", len(_POSTS), kept)

    def _take_meta(self, rows: Iterable[Row]) -> None:
        self._insert("meta", 4, [row for row in rows if row[2] in KEPT_META])

    def _take_terms(self, rows: Iterable[Row]) -> None:
        self._insert("term", 4, rows)

    def _take_taxonomy(self, rows: Iterable[Row]) -> None:
        self._insert("taxonomy", 5, [row for row in rows if row[2] in Taxonomy.values])

    def _take_relationships(self, rows: Iterable[Row]) -> None:
        self._insert("relationship", 2, rows)

    def _insert(self, table: str, width: int, rows: Iterable[Row]) -> None:
        marks = ", ".join("?" * width)
        self._database.executemany(f"REPLACE INTO {table} VALUES ({marks})", rows)  # noqa: S608 (own names)

    def finish(self, options: ShopOptions) -> None:
        others = {"download", "attachment", "revision"}
        count = sum(number for kind, number in self._post_types.items() if kind not in others)
        self._findings.leave_out("posts of other types", _OTHER_POSTS, count)
        self._database.execute("CREATE INDEX meta_of ON meta (post_id, name, id)")
        self._add_terms()
        for post in self._list_products():
            self._add_product(post, self._get_metas(post["ID"]), options)
        self._staging.flush()
        self._database.execute(
            "INSERT INTO staged_shop_productterm (product_id, term_id)"
            " SELECT DISTINCT r.post_id, r.term_id FROM relationship r"
            " JOIN staged_shop_product p ON p.id = r.post_id JOIN staged_shop_term t ON t.id = r.term_id"
        )

    def _list_products(self) -> Iterator[dict[str, Any]]:
        last = 0
        while posts := self._database.execute(
            "SELECT * FROM post WHERE post_type = 'download' AND ID > ? ORDER BY ID LIMIT 100", (last,)
        ).fetchall():
            yield from (dict(zip(_POSTS, post, strict=True)) for post in posts)
            last = posts[-1][0]

    def _get_metas(self, post: int) -> dict[str, str]:
        """A post's metadata; of several rows of one name WordPress takes the first."""
        metas: dict[str, str] = {}
        for name, value in self._database.execute(
            "SELECT name, value FROM meta WHERE post_id = ? ORDER BY id", (post,)
        ):
            metas.setdefault(name, value or "")
        return metas

    def _add_terms(self) -> None:
        slugs = set()
        for id_, term, taxonomy, description, parent, name, slug, group in self._database.execute(
            "SELECT x.id, x.term_id, x.name, x.description, x.parent, t.name, t.slug, t.term_group"
            " FROM taxonomy x JOIN term t ON t.term_id = x.term_id ORDER BY x.id"
        ).fetchall():
            name, slug = (name or "")[:200], (slug or "")[:200]
            folded = fold_case(slug)
            if (taxonomy, folded) in slugs:
                self._findings.leave_out(
                    "terms' slugs", "another term has the same; they are not found by it"
                )
                folded = f"{folded}\x1f{id_}"
            slugs.add((taxonomy, folded))
            self._staging.add(
                Term,
                [
                    (
                        id_,
                        term,
                        taxonomy,
                        name,
                        slug,
                        folded,
                        sort_key(name),
                        description or "",
                        group or 0,
                        parent or 0,
                    )
                ],
            )

    def _add_product(self, post: dict[str, Any], metas: dict[str, str], options: ShopOptions) -> None:
        id_ = post["ID"]
        created_local, created = _get_times(post["post_date"], post["post_date_gmt"], options)
        modified_local, modified = _get_times(post["post_modified"], post["post_modified_gmt"], options)
        title, slug = post["post_title"] or "", (post["post_name"] or "")[:200]
        content, excerpt, status = (
            post["post_content"] or "",
            post["post_excerpt"] or "",
            post["post_status"] or "",
        )
        kind = "bundle" if metas.get("_edd_product_type") == "bundle" else "default"
        price = metas.get("edd_price")
        default_price = metas.get("_edd_default_price_id", "")
        limit = metas.get("_edd_download_limit", "")
        self._staging.add(
            Product,
            [
                (
                    id_,
                    title,
                    slug,
                    status[:20],
                    kind,
                    content,
                    excerpt,
                    1 if post["post_password"] else 0,
                    decode_entities(post["guid"] or ""),
                    get_permalink(options, id_, slug, status),
                    self._get_thumbnail(metas.get("_thumbnail_id"), options),
                    metas.get("edd_sku", ""),
                    metas.get("edd_product_notes", ""),
                    None if price is None else parse_price(price, options.decimal, options.thousands),
                    1 if is_true(metas.get("_variable_pricing")) else 0,
                    take_whole(default_price) if default_price.isdecimal() else None,
                    min(take_whole(limit), _LARGEST_INT) if limit.isdecimal() else None,
                    post["post_author"] or 0,
                    post["post_parent"] or 0,
                    max(-_LARGEST_INT, min(take_whole(post["menu_order"]), _LARGEST_INT)),
                    post["comment_count"] or 0,
                    created,
                    modified,
                    created_local,
                    modified_local,
                    fold_case(slug),
                    sort_key(title),
                    sort_key(slug),
                    fold("\n".join((title, excerpt, content))),
                )
            ],
        )
        self._add_prices(id_, self._get_map(id_, metas, "edd_variable_prices"), options)
        self._add_files(id_, self._get_map(id_, metas, "edd_download_files"))
        if kind == "bundle":
            conditions = self._get_map(id_, metas, "_edd_bundled_products_conditions")
            self._add_bundle(id_, self._get_map(id_, metas, "_edd_bundled_products"), conditions)
        if "_edd_download_sales" in metas or "_edd_download_earnings" in metas:
            self._database.execute(
                "INSERT INTO stored_product VALUES (?, ?, ?)",
                (
                    id_,
                    take_whole(metas.get("_edd_download_sales")),
                    UNITS_OF[metas.get("_edd_download_earnings")],
                ),
            )

    def _get_thumbnail(self, attachment: str | None, options: ShopOptions) -> str:
        """The address of the product's picture; "" when it has none or the picture is gone."""
        if not is_true(attachment):
            return ""
        found = self._database.execute(
            "SELECT guid FROM post WHERE ID = ? AND post_type = 'attachment'", (take_whole(attachment),)
        ).fetchone()
        if found is None:
            return ""
        file = self._get_metas(take_whole(attachment)).get("_wp_attached_file", "")
        return get_upload_url(options, file) if file else decode_entities(found[0] or "")

    def _get_map(self, product: int, metas: dict[str, str], name: str) -> dict[int | str, PhpValue]:
        try:
            return as_map(unserialize(metas.get(name, "")))
        except PhpValueError:
            self._findings.leave_out(f"{name} of product {product}", _DAMAGED)
            return {}

    def _add_prices(self, product: int, prices: dict[int | str, PhpValue], options: ShopOptions) -> None:
        place = 0
        for key, value in prices.items():
            option = as_map(value)
            if not isinstance(key, int) or not isinstance(value, dict):
                self._findings.leave_out("price options", f"{_DAMAGED} (product {product})")
                continue
            amount = as_text(option.get("amount"))
            extra = _get_extra(option, ("index", "name", "amount"))
            units = parse_price(amount, options.decimal, options.thousands)
            name = as_text(option.get("name"))
            self._staging.add(PriceOption, [(product, key, place, name, units, amount, extra)])
            place += 1

    def _add_files(self, product: int, files: dict[int | str, PhpValue]) -> None:
        place = 0
        for key, value in files.items():
            if not isinstance(value, dict):
                self._findings.leave_out("product files", f"{_DAMAGED} (product {product})")
                continue
            members = [as_text(value[name]) if name in value else None for name in _FILE_MEMBERS]
            file = key if isinstance(key, int) else 0
            self._staging.add(
                ProductFile, [(product, place, file, *members, _get_extra(value, _FILE_MEMBERS))]
            )
            place += 1

    def _add_bundle(
        self, product: int, bundled: dict[int | str, PhpValue], conditions: dict[int | str, PhpValue]
    ) -> None:
        place = 0
        for key, value in bundled.items():
            item, _, price = as_text(value).partition("_")
            if not take_whole(item):
                continue
            price_id = take_whole(price) if price.isdecimal() else None
            condition = as_text(conditions.get(key))
            self._staging.add(BundleItem, [(product, place, take_whole(item), price_id, condition)])
            place += 1


def _get_times(local: str | None, utc: str | None, options: ShopOptions) -> tuple[str, str]:
    """The shop's own reading as written, and the moment: WordPress leaves a draft's UTC time at zero."""
    written = (local or "")[:19].ljust(19, "0")
    reading = take_time(local)
    return written, take_time(utc) or (options.to_utc(reading) if reading else EPOCH)


def _get_extra(members: dict[int | str, PhpValue], known: tuple[str, ...]) -> str:
    """The members that have no column of their own, as JSON."""
    return json.dumps(_get_plain({name: value for name, value in members.items() if name not in known}))


def _get_plain(value: PhpValue) -> PhpValue:
    """What JSON can say, and PostgreSQL keep: it takes no NUL."""
    if isinstance(value, dict):
        return {str(name).replace("\0", ""): _get_plain(member) for name, member in value.items()}
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
