"""What the floor answers: the capability that a question needs, and the function that answers it."""

from collections.abc import Callable

from bench import floor_lists, floor_products, floor_stats
from bench.floor_shop import Run, Shop
from bench.floor_statements import Asked

Answerer = Callable[[Run, Shop, Asked], dict[str, object]]

_REPORTS, _SENSITIVE = "view_shop_reports", "view_shop_sensitive_data"

ANSWERS: dict[str, tuple[str, Answerer]] = {
    "/edd-api/v1/products/": (_REPORTS, floor_products.products_v1),
    "/edd-api/v2/products/": (_REPORTS, floor_products.products_v2),
    "/edd-api/v1/customers/": (_SENSITIVE, floor_lists.customers_v1),
    "/edd-api/v2/customers/": (_SENSITIVE, floor_lists.customers_v2),
    "/edd-api/v1/sales/": (_REPORTS, floor_lists.sales_v1),
    "/edd-api/v2/sales/": (_REPORTS, floor_lists.sales_v2),
    "/edd-api/v2/stats/": (_REPORTS, floor_stats.answer),
    "/edd-api/v2/discounts/": ("manage_shop_discounts", floor_lists.discounts),
    "/edd-api/v2/file-download-logs/": (_SENSITIVE, floor_lists.downloads),
    "/edd-api/v2/info/": (_REPORTS, floor_lists.info),
}
