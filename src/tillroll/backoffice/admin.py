"""Where Django looks for the pages: one module a kind of record."""

from tillroll.backoffice import (
    catalogue,
    customers,
    discounts,
    downloads,
    keys,
    orders,
    own_keys,
    requests,
    roles,
    shop_settings,
    users,
)

__all__ = [
    "catalogue",
    "customers",
    "discounts",
    "downloads",
    "keys",
    "orders",
    "own_keys",
    "requests",
    "roles",
    "shop_settings",
    "users",
]
