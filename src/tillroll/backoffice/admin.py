"""Where Django looks for the pages: one module a kind of record."""

from tillroll.backoffice import (
    catalogue,
    customers,
    discounts,
    downloads,
    orders,
    people,
    requests,
    shop_settings,
)

__all__ = [
    "catalogue",
    "customers",
    "discounts",
    "downloads",
    "orders",
    "people",
    "requests",
    "shop_settings",
]
