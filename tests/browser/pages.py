"""The pages of the back office in a filled shop: what tests go through, and what the pictures show."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.cli.running import Shop


class Place(NamedTuple):
    """A page by a name that can be a file's, what it is, and its address."""

    name: str
    title: str
    path: str


_PLACES = (
    ("dashboard", "Dashboard", "/admin/"),
    ("products", "All downloads", "/admin/shop/product/"),
    ("product", "A product", "/admin/shop/product/{product}/change/"),
    ("product-edit", "Editing a product", "/admin/shop/product/{product}/edit/"),
    ("terms", "Categories", "/admin/shop/term/?taxonomy=download_category"),
    ("term", "A category", "/admin/shop/term/{term}/change/"),
    ("term-edit", "Editing a category", "/admin/shop/term/{term}/edit/"),
    ("discounts", "Discounts", "/admin/shop/discount/"),
    ("discount", "A discount", "/admin/shop/discount/{discount}/change/"),
    ("discount-edit", "Editing a discount", "/admin/shop/discount/{discount}/edit/"),
    ("orders", "Orders", "/admin/shop/order/"),
    ("order", "An order", "/admin/shop/order/{order}/change/"),
    ("order-add", "Recording an order", "/admin/shop/order/add/"),
    ("order-refund", "Giving something back", "/admin/shop/order/{order}/refund/"),
    ("customers", "Customers", "/admin/shop/customer/"),
    ("customer", "A customer", "/admin/shop/customer/{customer}/change/"),
    ("customer-edit", "Editing a customer", "/admin/shop/customer/{customer}/edit/"),
    ("customer-merge", "Merging customers", "/admin/shop/customer/{customer}/merge/"),
    ("customer-erase", "Erasing a customer", "/admin/shop/customer/{customer}/erase/"),
    ("reports", "Reports", "/admin/reports/?period=this_year&step=month"),
    ("reports-products", "Reports by product", "/admin/reports/?by=product&period=this_year"),
    ("reports-countries", "Reports by country", "/admin/reports/?by=country&period=this_year"),
    ("requests", "API requests", "/admin/access/requestlogentry/"),
    ("downloads", "File downloads", "/admin/shop/filedownload/"),
    ("download", "A file download", "/admin/shop/filedownload/{download}/change/"),
    ("changes", "Changes", "/admin/access/auditentry/"),
    ("users", "Users", "/admin/access/user/"),
    ("user", "A user", "/admin/access/user/{user}/change/"),
    ("user-add", "Adding a user", "/admin/access/user/add/"),
    ("roles", "Roles", "/admin/access/role/"),
    ("role", "A role", "/admin/access/role/{role}/change/"),
    ("keys", "API keys", "/admin/access/apikey/"),
    ("key", "An API key", "/admin/access/apikey/{key}/change/"),
    ("key-issue", "Issuing a key", "/admin/access/apikey/add/"),
    ("import", "Import", "/admin/import/"),
    ("health", "Health", "/admin/health/"),
    ("settings", "Settings", "/admin/shop/shopsettings/1/change/"),
    ("account", "My account", "/admin/account/"),
    ("password", "My password", "/admin/account/password/"),
    ("two-factor", "Two-factor login", "/admin/account/two-factor/"),
    ("own-keys", "My API keys", "/admin/my-keys/"),
)

_IDS = {
    "product": "SELECT MIN(product_id) FROM shop_priceoption",
    "term": "SELECT MIN(id) FROM shop_term",
    "discount": "SELECT MIN(id) FROM shop_discount",
    "order": "SELECT MAX(id) FROM shop_order WHERE type = 'sale' AND status = 'complete' AND total > 0",
    "customer": "SELECT id FROM shop_customer ORDER BY purchase_count DESC, id LIMIT 1",
    "download": "SELECT MIN(id) FROM shop_filedownload",
    "user": "SELECT MIN(id) FROM access_user",
    "role": "SELECT MIN(id) FROM access_role",
    "key": "SELECT MIN(id) FROM access_apikey",
}


def list_places(shop: Shop) -> Iterator[Place]:
    """Every page, with the ids of records that the shop has."""
    ids = {name: shop.execute(query)[0][0] for name, query in _IDS.items()}
    for name, title, path in _PLACES:
        yield Place(name, title, path.format(**ids))
