"""The file download log. A line's file name stands in a table of its own, and comes before or after it."""

from collections.abc import Iterable

from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.values import EPOCH, take_time
from tillroll.shop.models import FileDownload

_LINES = (
    "id", "product_id", "file_id", "order_id", "price_id", "customer_id", "ip", "user_agent", "date_created",
)  # fmt: skip
_META = ("meta_id", "edd_logs_file_download_id", "meta_key", "meta_value")


class DownloadPart:
    def __init__(self, staging: Staging) -> None:
        self._staging = staging
        staging.database.execute(
            "CREATE TABLE IF NOT EXISTS download_name (id INTEGER PRIMARY KEY, line INTEGER, name TEXT)"
        )

    def get_tables(self) -> dict[str, Taken]:
        return {
            "edd_logs_file_downloads": Taken(_LINES, self._take_lines),
            "edd_logs_file_downloadmeta": Taken(_META, self._take_meta),
        }

    def _take_lines(self, rows: Iterable[Row]) -> None:
        self._staging.add(
            FileDownload,
            [
                (
                    id_,
                    product or 0,
                    file or 0,
                    order or 0,
                    price or 0,
                    customer or 0,
                    ip or "",
                    agent or "",
                    "",
                    take_time(created, EPOCH),
                )
                for id_, product, file, order, price, customer, ip, agent, created in rows
            ],
        )

    def _take_meta(self, rows: Iterable[Row]) -> None:
        self._staging.database.executemany(
            "REPLACE INTO download_name VALUES (?, ?, ?)",
            [(id_, line, value) for id_, line, name, value in rows if name == "file_name" and value],
        )

    def finish(self, options: ShopOptions) -> None:
        self._staging.flush()
        execute = self._staging.database.execute
        execute("CREATE INDEX download_name_of ON download_name (line, id)")
        execute(
            "UPDATE staged_shop_filedownload AS d SET file_name ="
            " (SELECT n.name FROM download_name n WHERE n.line = d.id ORDER BY n.id LIMIT 1)"
            " WHERE d.id IN (SELECT line FROM download_name)"
        )
