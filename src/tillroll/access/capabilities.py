"""What a user may do, by the names that EDD gave it ([3.6] 2.3).

EDD's vendors may edit their own products, which `edit_products` says; here it takes `edit_others_products`,
since nobody owns a product.
"""

from enum import StrEnum


class Capability(StrEnum):
    VIEW_SHOP_REPORTS = "view_shop_reports"
    VIEW_SHOP_SENSITIVE_DATA = "view_shop_sensitive_data"
    MANAGE_SHOP_DISCOUNTS = "manage_shop_discounts"
    MANAGE_SHOP_SETTINGS = "manage_shop_settings"
    EXPORT_SHOP_REPORTS = "export_shop_reports"
    EDIT_PRODUCTS = "edit_others_products"
    EDIT_ORDERS = "edit_shop_payments"


KNOWN = frozenset(Capability)

_ALL = tuple(Capability)
ROLES: dict[str, tuple[str, tuple[Capability, ...]]] = {
    "administrator": ("Administrator", _ALL),
    "shop_manager": ("Shop Manager", _ALL),
    "shop_accountant": (
        "Shop Accountant",
        (Capability.VIEW_SHOP_REPORTS, Capability.EXPORT_SHOP_REPORTS, Capability.EDIT_ORDERS),
    ),
    "shop_worker": ("Shop Worker", (Capability.EDIT_PRODUCTS, Capability.EDIT_ORDERS)),
    "shop_vendor": ("Shop Vendor", ()),
    "subscriber": ("Subscriber", ()),
}
"""EDD's roles: slug -> name and capabilities."""


ENDPOINTS = ("stats", "products", "customers", "sales", "discounts", "file-download-logs", "info")
"""The API's endpoints, by the names that roles and keys allow them under."""


class Hideable(StrEnum):
    """Kinds of personal data that a role or a key may leave out; the members stay, and are empty."""

    EMAILS = "emails"
    NAMES = "names"
    ADDRESSES = "addresses"
    PAYMENTS = "payments"


HIDEABLE: dict[Hideable, str] = {
    Hideable.EMAILS: "E-mail addresses",
    Hideable.NAMES: "Names and user names",
    Hideable.ADDRESSES: "IP addresses",
    Hideable.PAYMENTS: "Purchase keys and transaction ids",
}
