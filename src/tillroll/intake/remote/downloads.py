"""The lines of the file download log."""

from tillroll.intake.remote.answers import DownloadAnswer, text, whole
from tillroll.intake.remote.rows import make_row
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.values import EPOCH, take_time
from tillroll.shop.models import FileDownload


def take_download(staging: Staging, line: DownloadAnswer) -> None:
    """Stages a line of the log."""
    row = make_row(
        FileDownload,
        id=whole(line.id),
        product_id=max(whole(line.product_id), 0),
        order_id=max(whole(line.payment_id), 0),
        customer_id=max(whole(line.customer_id), 0),
        ip=text(line.ip),
        file_name=text(line.file),
        created_at=take_time(text(line.date), EPOCH),
    )
    staging.add(FileDownload, [row])
