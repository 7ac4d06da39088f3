"""The pages of the back office, one module a kind of record; to load them puts them into its site."""

from tillroll.backoffice import (
    catalogue,
    changes,
    customers,
    discounts,
    downloads,
    keys,
    orders,
    own_keys,
    reports,
    requests,
    roles,
    shop_settings,
    users,
)

__all__ = [
    "catalogue",
    "changes",
    "customers",
    "discounts",
    "downloads",
    "keys",
    "orders",
    "own_keys",
    "reports",
    "requests",
    "roles",
    "shop_settings",
    "users",
]
