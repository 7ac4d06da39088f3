"""What of the source's tables is followed, and how what changes in each is found ([3.6] 7.5).

A row that is followed belongs to a part of the records: to an order, a customer, a download, a user. Small
tables are not followed by row: they come whole when their sum is another.
"""

from dataclasses import dataclass
from enum import StrEnum

from tillroll.intake.staging import KIND_OF
from tillroll.intake.wordpress.catalogue import KEPT_META
from tillroll.intake.wordpress.options import KEPT_OPTIONS
from tillroll.shop.models import (
    Customer,
    CustomerAddress,
    CustomerEmail,
    FileDownload,
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)


class Watch(StrEnum):
    """How a quick round finds what changed; a thorough one compares the sums of all rows."""

    DATES = "by date_modified and by id"
    ARRIVALS = "by id"
    SUMS = "by sums"
    KEYS = "by id, and those that are known"


@dataclass(frozen=True)
class Layout:
    """A table, or some rows of it. `owner`: the column that says which member of the part a row belongs to.
    `scratch`: where a copy keeps what it read of a row, under the row's own id."""

    name: str
    table: str
    key: str
    part: str
    owner: str
    watch: Watch = Watch.DATES
    where: str = "TRUE"
    scratch: tuple[str, ...] = ()

    @property
    def is_secret(self) -> bool:
        """Whether its rows must not be told from what the ledger keeps of them."""
        return self.watch == Watch.KEYS


def _stage(model: type) -> str:
    return f"staged_{KIND_OF[model].table}"


_OF_CUSTOMER = ("id", "customer", "customer_id", Watch.DATES, "TRUE")
_OF_ORDER = ("id", "order", "order_id", Watch.DATES, "TRUE")
_OBJECT_OF_ORDER = ("id", "order", "object_id", Watch.DATES, "t.object_type = 'order'")
_OBJECT_OF_ITEM = ("id", "item", "object_id", Watch.DATES, "t.object_type = 'order_item'")
_ORDER_META = ("meta_id", "order", "edd_order_id", Watch.ARRIVALS, "t.meta_key = 'tax_rate'")
_DOWNLOAD_META = (
    "meta_id",
    "download",
    "edd_logs_file_download_id",
    Watch.ARRIVALS,
    "t.meta_key = 'file_name'",
)
_OF_USER = ("umeta_id", "user", "user_id")
_KEY_NAMES = "'edd_user_public_key', 'edd_user_secret_key'"
_KEYS = f"(t.meta_value IN ({_KEY_NAMES}) OR t.meta_key IN ({_KEY_NAMES}))"
_NAMES = "t.meta_key IN ('{prefix}capabilities', 'first_name', 'last_name')"

LAYOUTS = (
    Layout(
        "customers", "edd_customers", "id", "customer", "id", scratch=(_stage(Customer), "stored_customer")
    ),
    Layout("emails", "edd_customer_email_addresses", *_OF_CUSTOMER, (_stage(CustomerEmail),)),
    Layout("customer addresses", "edd_customer_addresses", *_OF_CUSTOMER, (_stage(CustomerAddress),)),
    Layout("orders", "edd_orders", "id", "order", "id", scratch=(_stage(Order),)),
    Layout("order items", "edd_order_items", *_OF_ORDER, (_stage(OrderItem),)),
    Layout("order adjustments", "edd_order_adjustments", *_OBJECT_OF_ORDER, (_stage(OrderAdjustment),)),
    Layout("item adjustments", "edd_order_adjustments", *_OBJECT_OF_ITEM, (_stage(OrderAdjustment),)),
    Layout("order addresses", "edd_order_addresses", *_OF_ORDER, (_stage(OrderAddress),)),
    Layout("order transactions", "edd_order_transactions", *_OBJECT_OF_ORDER, (_stage(OrderTransaction),)),
    Layout("order notes", "edd_notes", *_OBJECT_OF_ORDER, (_stage(OrderNote),)),
    Layout("order tax rates", "edd_ordermeta", *_ORDER_META, ("order_tax",)),
    Layout(
        "downloads", "edd_logs_file_downloads", "id", "download", "id", Watch.ARRIVALS,
        scratch=(_stage(FileDownload),),
    ),
    Layout("download names", "edd_logs_file_downloadmeta", *_DOWNLOAD_META, ("download_name",)),
    Layout("users", "users", "ID", "user", "ID", Watch.SUMS),
    Layout("user names and roles", "usermeta", *_OF_USER, Watch.SUMS, _NAMES),
    Layout("API keys", "usermeta", *_OF_USER, Watch.KEYS, _KEYS),
)  # fmt: skip
"""In the order in which they are copied: who buys before what is bought, an item before its fees."""

BY_NAME = {layout.name: layout for layout in LAYOUTS}


@dataclass(frozen=True)
class Small:
    """A table that comes whole. `part`: what is read anew when it changed."""

    table: str
    part: str
    where: str = "TRUE"
    order: str = ""


def _quote(words: frozenset[str]) -> str:
    return ", ".join(f"'{word}'" for word in sorted(words))


_FIGURES = frozenset({"_edd_download_sales", "_edd_download_earnings"})
"""EDD's own figures of a product change with every sale, and are not taken over."""

_TYPES = "'download', 'attachment'"
_TAXONOMIES = "'download_category', 'download_tag'"

_OPTIONS = f"(t.option_name IN ({_quote(KEPT_OPTIONS)}) OR t.option_name = '{{prefix}}user_roles')"
_META = (
    f"t.meta_key IN ({_quote(KEPT_META - _FIGURES)}) AND t.post_id IN"  # noqa: S608 (own names)
    f" (SELECT p.ID FROM `{{prefix}}posts` p WHERE p.post_type IN ({_TYPES}))"
)
_TERMS = (
    "t.term_id IN (SELECT x.term_id FROM `{prefix}term_taxonomy` x"  # noqa: S608 (own names)
    f" WHERE x.taxonomy IN ({_TAXONOMIES}))"
)
_RELATIONSHIPS = (
    "t.term_taxonomy_id IN (SELECT x.term_taxonomy_id"  # noqa: S608 (own names)
    f" FROM `{{prefix}}term_taxonomy` x WHERE x.taxonomy IN ({_TAXONOMIES}))"
)

SMALL = (
    Small("options", "options", _OPTIONS),
    Small("sitemeta", "options", "t.meta_key = 'site_admins'", " ORDER BY t.meta_id"),
    Small("edd_adjustments", "discount", order=" ORDER BY t.id"),
    Small("edd_adjustmentmeta", "discount", order=" ORDER BY t.meta_id"),
    Small("edd_tax_rates", "tax", order=" ORDER BY t.id"),
    Small("posts", "catalogue", f"t.post_type IN ({_TYPES})", " ORDER BY t.ID"),
    Small("postmeta", "catalogue", _META, " ORDER BY t.meta_id"),
    Small("terms", "catalogue", _TERMS, " ORDER BY t.term_id"),
    Small("term_taxonomy", "catalogue", f"t.taxonomy IN ({_TAXONOMIES})", " ORDER BY t.term_taxonomy_id"),
    Small("term_relationships", "catalogue", _RELATIONSHIPS),
)
"""In the order in which a dump has them where that decides: discounts, which may be tax rates, before the
rates' own table."""
