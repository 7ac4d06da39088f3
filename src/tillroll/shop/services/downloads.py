"""The file download log."""

from datetime import datetime

from django.db.models import F
from django.utils import timezone

from tillroll.shop import ranks
from tillroll.shop.kept import adjust_tally
from tillroll.shop.models import Customer, FileDownload
from tillroll.shop.revision import Topic, write


def record_file_download(
    *,
    product_id: int,
    file_id: int = 0,
    order_id: int = 0,
    price_id: int = 0,
    customer_id: int = 0,
    ip: str = "",
    user_agent: str = "",
    file_name: str = "",
    at: datetime | None = None,
) -> FileDownload:
    """A line of the log, counted at its customer."""
    with write(Topic.DOWNLOADS, Topic.CUSTOMERS):
        entry = FileDownload.objects.create(
            product_id=product_id,
            file_id=file_id,
            order_id=order_id,
            price_id=price_id,
            customer_id=customer_id,
            ip=ip,
            user_agent=user_agent,
            file_name=file_name,
            created_at=at or timezone.now(),
        )
        adjust_tally("download", 1)
        ranks.add_download(entry.pk)
        Customer.objects.filter(pk=customer_id).update(
            download_count=F("download_count") + 1, modified_at=timezone.now()
        )
    return entry
