"""What EDD's version 2 answers, as both of Tillroll's dialects and EDD 2.6 to 3 write it: a number may be
text, nothing may be null, false, an empty text or an empty list, and PHP makes lists of some maps.
"""

from decimal import Decimal
from typing import Any

from msgspec import Struct, field

Whole = int | str | bool | None
"""A whole number in any dress; `whole` undresses it."""

Text = str | int | bool | None
"""A text, or what PHP puts where there is none; `text` makes it one."""

ZERO = Decimal(0)


def whole(value: Whole) -> int:
    """The number; 0 for none, and for what is no number that a store keeps."""
    try:
        number = int(value or 0)
    except ValueError:
        return 0
    return number if abs(number) < 2**63 else 0


def text(value: Text) -> str:
    """The text; empty for null and false."""
    return "" if value is None or isinstance(value, bool) else str(value)


class TermAnswer(Struct):
    term_id: int
    name: str
    slug: str
    term_taxonomy_id: int
    taxonomy: str
    term_group: int = 0
    description: str = ""
    parent: int = 0


class ProductInfo(Struct):
    id: Whole
    title: str
    slug: str = ""
    create_date: str = ""
    modified_date: str = ""
    status: str = "publish"
    link: str = ""
    permalink: str = ""
    content: str = ""
    excerpt: str = ""
    thumbnail: Text = ""
    category: list[TermAnswer] | bool | None = None
    tags: list[TermAnswer] | bool | None = None
    price: Text = ""
    sku: Text = None


class ProductTotals(Struct):
    sales: Whole = 0
    earnings: Decimal = ZERO


class ProductStats(Struct):
    total: ProductTotals = field(default_factory=ProductTotals)


class ProductAnswer(Struct):
    info: ProductInfo
    stats: ProductStats | None = None
    pricing: dict[str, Text | float] | list[Text | float] | None = None
    files: list[dict[str, Any]] | dict[str, dict[str, Any]] | None = None
    notes: Text = ""


class CustomerInfo(Struct):
    customer_id: Whole
    email: str
    id: Whole = None
    user_id: Whole = 0
    username: Text = ""
    display_name: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    additional_emails: dict[str, str] | list[str] | None = None
    date_created: Text = ""


class CustomerStats(Struct):
    total_purchases: Whole = 0
    total_spent: Decimal = ZERO


class CustomerAnswer(Struct):
    info: CustomerInfo
    stats: CustomerStats = field(default_factory=CustomerStats)


class SaleItem(Struct):
    id: Whole
    name: Text = ""
    object_id: Whole = 0
    quantity: Whole = 1
    price: Decimal = ZERO
    price_name: Text = ""


class SaleFee(Struct):
    amount: Decimal = ZERO
    label: Text = ""
    price_id: Whole = None
    download_id: Whole = None
    id: Text = None


class SaleAnswer(Struct):
    id: Text = field(name="ID")
    products: list[SaleItem]
    key: Text = ""
    mode: str = "live"
    status: str = "complete"
    transaction_id: Text = ""
    subtotal: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    gateway: Text = ""
    customer_id: Whole = 0
    user_id: Whole = 0
    email: Text = ""
    date: str = ""
    date_utc: str = ""
    fees: list[SaleFee] | dict[str, SaleFee] | bool | None = None
    discounts: dict[str, Decimal] | list[Decimal] | bool | None = None


class DiscountAnswer(Struct):
    id: Whole = field(name="ID")
    code: str
    name: str = ""
    amount: Decimal = ZERO
    min_price: Decimal | None = ZERO
    type: str = "percent"
    uses: Whole = 0
    max_uses: Whole = 0
    start_date: Text = ""
    exp_date: Text = ""
    status: str = "active"
    product_requirements: list[Text] | dict[str, Text] | bool | None = None
    requirement_condition: Text = ""
    global_discount: bool = True
    excluded_products: list[Text] | dict[str, Text] | bool | None = None
    single_use: bool = False


class DownloadAnswer(Struct):
    id: Whole = field(name="ID")
    product_id: Whole = 0
    product_name: Text = ""
    customer_id: Whole = 0
    payment_id: Whole = 0
    file: Text = ""
    ip: Text = ""
    date: Text = ""


class SiteAnswer(Struct):
    currency: str = ""
    currency_position: str = "before"
    decimal_separator: str = "."
    thousands_separator: str = ","
    edd_version: str = ""


class InfoAnswer(Struct):
    """`endpoints`, `hidden_fields` and `customer_id` are Tillroll's, of keys with limits."""

    site: SiteAnswer = field(default_factory=SiteAnswer)
    permissions: dict[str, bool] | list[bool] = field(default_factory=dict)
    endpoints: list[str] | None = None
    hidden_fields: list[str] = field(default_factory=list)
    customer_id: Text = None
