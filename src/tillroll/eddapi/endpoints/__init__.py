"""One module an endpoint, v1 and v2 side by side. Each takes a Question and gives an Answer."""

from collections.abc import Callable

from tillroll.eddapi.answer import Answer, Question
from tillroll.eddapi.endpoints.customers import customers
from tillroll.eddapi.endpoints.discounts import discounts
from tillroll.eddapi.endpoints.file_download_logs import file_download_logs
from tillroll.eddapi.endpoints.info import info
from tillroll.eddapi.endpoints.products import products
from tillroll.eddapi.endpoints.sales import sales
from tillroll.eddapi.endpoints.stats import stats

ENDPOINTS: dict[str, Callable[[Question], Answer]] = {
    "stats": stats,
    "products": products,
    "customers": customers,
    "sales": sales,
    "discounts": discounts,
    "file-download-logs": file_download_logs,
    "info": info,
}
