"""A WordPress with EDD 3 for tests: tables of rows that say what a test is about, and dumps of them.

What a test leaves out has a plain default. Values are texts or numbers; None is NULL.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tests.intake.wordpress.dumps import FOOTER, HEADER

NEVER = "0000-00-00 00:00:00"
AT = "2025-03-04 05:06:07"

_DATES: dict[str, Any] = {"date_created": AT, "date_modified": AT, "uuid": ""}
_ADDRESS = dict.fromkeys(("name", "address", "address2", "city", "region", "postal_code", "country"), "")
_ZERO = "0.000000000"
_RATE = "1.00000"

TABLES: dict[str, dict[str, Any]] = {
    "options": {"option_id": 0, "option_name": "", "option_value": "", "autoload": "yes"},
    "posts": {
        "ID": 0,
        "post_author": 1,
        "post_date": AT,
        "post_date_gmt": AT,
        "post_content": "",
        "post_title": "",
        "post_excerpt": "",
        "post_status": "publish",
        "comment_status": "closed",
        "post_password": "",
        "post_name": "",
        "post_modified": AT,
        "post_modified_gmt": AT,
        "post_parent": 0,
        "guid": "",
        "menu_order": 0,
        "post_type": "download",
        "comment_count": 0,
    },
    "postmeta": {"meta_id": 0, "post_id": 0, "meta_key": "", "meta_value": ""},
    "terms": {"term_id": 0, "name": "", "slug": "", "term_group": 0},
    "term_taxonomy": {
        "term_taxonomy_id": 0,
        "term_id": 0,
        "taxonomy": "download_category",
        "description": "",
        "parent": 0,
        "count": 0,
    },
    "term_relationships": {"object_id": 0, "term_taxonomy_id": 0, "term_order": 0},
    "users": {
        "ID": 0,
        "user_login": "",
        "user_pass": "$P$never",
        "user_nicename": "",
        "user_email": "",
        "user_url": "",
        "user_registered": AT,
        "display_name": "",
    },
    "usermeta": {"umeta_id": 0, "user_id": 0, "meta_key": "", "meta_value": ""},
    "edd_orders": {
        "id": 0,
        "parent": 0,
        "order_number": "",
        "status": "complete",
        "type": "sale",
        "user_id": 0,
        "customer_id": 0,
        "email": "",
        "ip": "",
        "gateway": "manual",
        "mode": "live",
        "currency": "USD",
        "payment_key": "",
        "tax_rate_id": None,
        "subtotal": _ZERO,
        "discount": _ZERO,
        "tax": _ZERO,
        "total": _ZERO,
        "rate": _RATE,
        "date_created": AT,
        "date_modified": AT,
        "date_completed": None,
        "date_refundable": None,
        "uuid": "",
    },
    "edd_order_items": {
        "id": 0,
        "parent": 0,
        "order_id": 0,
        "product_id": 0,
        "product_name": "",
        "price_id": None,
        "cart_index": 0,
        "type": "download",
        "status": "complete",
        "quantity": 1,
        "amount": _ZERO,
        "subtotal": _ZERO,
        "discount": _ZERO,
        "tax": _ZERO,
        "total": _ZERO,
        "rate": _RATE,
        **_DATES,
    },
    "edd_order_adjustments": {
        "id": 0,
        "parent": 0,
        "object_id": 0,
        "object_type": "order",
        "type_id": None,
        "type": "fee",
        "type_key": None,
        "description": "",
        "subtotal": _ZERO,
        "tax": _ZERO,
        "total": _ZERO,
        "rate": _RATE,
        **_DATES,
    },
    "edd_order_addresses": {"id": 0, "order_id": 0, "type": "billing", **_ADDRESS, **_DATES},
    "edd_order_transactions": {
        "id": 0,
        "object_id": 0,
        "object_type": "order",
        "transaction_id": "",
        "gateway": "stripe",
        "status": "complete",
        "total": _ZERO,
        "rate": _RATE,
        **_DATES,
    },
    "edd_ordermeta": {"meta_id": 0, "edd_order_id": 0, "meta_key": "", "meta_value": ""},
    "edd_customers": {
        "id": 0,
        "user_id": 0,
        "email": "",
        "name": "",
        "status": "active",
        "purchase_value": _ZERO,
        "purchase_count": 0,
        **_DATES,
    },
    "edd_customer_email_addresses": {
        "id": 0,
        "customer_id": 0,
        "type": "secondary",
        "status": "active",
        "email": "",
        **_DATES,
    },
    "edd_customer_addresses": {
        "id": 0,
        "customer_id": 0,
        "is_primary": 0,
        "type": "billing",
        "status": "active",
        **_ADDRESS,
        **_DATES,
    },
    "edd_adjustments": {
        "id": 0,
        "parent": 0,
        "name": "",
        "code": "",
        "status": "active",
        "type": "discount",
        "scope": "global",
        "amount_type": "percent",
        "amount": _ZERO,
        "description": "",
        "max_uses": 0,
        "use_count": 0,
        "once_per_customer": 0,
        "min_charge_amount": _ZERO,
        "start_date": None,
        "end_date": None,
        **_DATES,
    },
    "edd_adjustmentmeta": {"meta_id": 0, "edd_adjustment_id": 0, "meta_key": "", "meta_value": ""},
    "edd_notes": {"id": 0, "object_id": 0, "object_type": "order", "user_id": 0, "content": "", **_DATES},
    "edd_logs_file_downloads": {
        "id": 0,
        "product_id": 0,
        "file_id": 0,
        "order_id": 0,
        "price_id": 0,
        "customer_id": 0,
        "ip": "",
        "user_agent": "",
        **_DATES,
    },
    "edd_logs_file_downloadmeta": {
        "meta_id": 0,
        "edd_logs_file_download_id": 0,
        "meta_key": "file_name",
        "meta_value": "",
    },
    "edd_tax_rates": {"id": 0, "country": "", "state": "", "amount": _ZERO, "status": "active"},
    "sitemeta": {"meta_id": 0, "site_id": 1, "meta_key": "", "meta_value": ""},
}
"""The columns of each table with what a row has where a test says nothing, in the order of the table."""

_OPTIONAL = ("sitemeta", "edd_tax_rates")
_OF_USERS = ("users", "usermeta", "sitemeta")

ADMINISTRATOR = (
    'a:2:{s:13:"administrator";a:2:{s:4:"name";s:13:"Administrator";s:12:"capabilities";'
    'a:3:{s:17:"view_shop_reports";b:1;s:24:"view_shop_sensitive_data";b:1;s:11:"edit_themes";b:1;}}'
    's:15:"shop_accountant";a:2:{s:4:"name";s:15:"Shop Accountant";s:12:"capabilities";'
    'a:2:{s:17:"view_shop_reports";b:1;s:19:"export_shop_reports";b:0;}}}'
)
"""The roles of the shop: administrator and shop_accountant."""


class Site:
    """A shop to be dumped. `add` makes rows; `dump` writes them as mysqldump does."""

    def __init__(self, prefix: str = "wp_", *, home: str = "https://shop.example", users: str = "") -> None:
        self.prefix = prefix
        self.users_prefix = users or prefix
        self.rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES if name not in _OPTIONAL}
        self.set_options(
            home=home,
            siteurl=home,
            blogname="Shop",
            permalink_structure="/%postname%/",
            edd_version="3.6.5",
            edd_settings="a:0:{}",
            timezone_string="America/New_York",
            **{f"{prefix}user_roles": ADMINISTRATOR},
        )

    def add(self, table: str, **values: Any) -> dict[str, Any]:
        """A row, numbered by its place where its first column is not given."""
        rows = self.rows.setdefault(table, [])
        unknown = values.keys() - TABLES[table].keys()
        assert not unknown, unknown
        first = next(iter(TABLES[table]))
        row = {**TABLES[table], first: len(rows) + 1, **values}
        rows.append(row)
        return row

    def set_options(self, **options: str | None) -> None:
        """Options by name; None takes one away."""
        kept = [row for row in self.rows["options"] if row["option_name"] not in options]
        self.rows["options"] = kept
        for name, value in options.items():
            if value is not None:
                self.add("options", option_name=name, option_value=value)

    def add_product(self, id: int, meta: Mapping[str, str | int] | None = None, **values: Any) -> None:
        """A product with its metadata."""
        self.add("posts", ID=id, **values)
        self.add_meta(id, **{name: str(value) for name, value in (meta or {}).items()})

    def add_meta(self, post: int, **meta: str) -> None:
        for name, value in meta.items():
            self.add("postmeta", post_id=post, meta_key=name, meta_value=value)

    def add_user(self, id: int, login: str, meta: Mapping[str, str] | None = None, **values: Any) -> None:
        self.add("users", ID=id, user_login=login, **values)
        for name, value in (meta or {}).items():
            self.add("usermeta", user_id=id, meta_key=name, meta_value=value)

    def add_key(self, user: int, public: str, secret: str) -> None:
        """A key pair in EDD's form: key and value change places."""
        self.add("usermeta", user_id=user, meta_key=public, meta_value="edd_user_public_key")
        self.add("usermeta", user_id=user, meta_key=secret, meta_value="edd_user_secret_key")

    def add_order(self, id: int, total: str = "0.000000000", **values: Any) -> None:
        """An order with a purchase key of its own."""
        self.add("edd_orders", id=id, total=total, **{"payment_key": f"key{id}", **values})

    def drop(self, table: str, **values: Any) -> None:
        """Takes away the rows that have all these values."""
        self.rows[table] = [
            row for row in self.rows[table] if not all(row[name] == value for name, value in values.items())
        ]

    def get_sql(self, tables: Iterable[str] | None = None) -> str:
        """The tables' statements, in the order of their names if none is given."""
        return "".join(self._get_table(name) for name in (sorted(self.rows) if tables is None else tables))

    def dump(self, path: Path, tables: Iterable[str] | None = None) -> Path:
        path.write_text(HEADER + self.get_sql(tables) + FOOTER)
        return path

    def _get_table(self, name: str) -> str:
        columns = TABLES[name]
        full = f"{self.users_prefix if name in _OF_USERS else self.prefix}{name}"
        declared = ",\n".join(f"  `{column}` text" for column in columns)
        sql = f"CREATE TABLE `{full}` (\n{declared}\n);\n"
        if rows := self.rows.get(name):
            values = ",\n".join(f"({','.join(map(_quote, row.values()))})" for row in rows)
            sql += f"INSERT INTO `{full}` VALUES\n{values};\n"
        return sql


def _quote(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    escaped = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\0", "\\0")
    return f"'{escaped}'"


def join(*sites: Site) -> str:
    """One dump of several sites; tables of users that they share are written once, of the first."""
    sql = HEADER
    done: set[str] = set()
    for site in sites:
        names = [name for name in sorted(site.rows) if name not in _OF_USERS or site.users_prefix not in done]
        sql += site.get_sql(names)
        done.add(site.users_prefix)
    return sql + FOOTER
