"""One module an endpoint, v1 and v2 side by side. Each takes a Question and gives an Answer."""

from collections.abc import Callable
from typing import NamedTuple

from tillroll.eddapi.answer import Answer, Question
from tillroll.eddapi.cache import Reads
from tillroll.eddapi.endpoints import (
    customers,
    discounts,
    file_download_logs,
    info,
    products,
    sales,
    stats,
)


class Endpoint(NamedTuple):
    """What answers, and what its answers depend on: None for those that are another each time."""

    answer: Callable[[Question], Answer]
    reads: Reads | None


ENDPOINTS = {
    "stats": Endpoint(stats.stats, stats.READS),
    "products": Endpoint(products.products, products.READS),
    "customers": Endpoint(customers.customers, customers.READS),
    "sales": Endpoint(sales.sales, sales.READS),
    "discounts": Endpoint(discounts.discounts, discounts.READS),
    "file-download-logs": Endpoint(file_download_logs.file_download_logs, file_download_logs.READS),
    "info": Endpoint(info.info, None),
}
