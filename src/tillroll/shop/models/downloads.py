"""Which file was fetched, by whom, and from where."""

from django.db import models

from tillroll.shop.models.source import SourcedModel


class FileDownload(SourcedModel):
    """A line of the file download log. Product, order and customer may be gone since."""

    product_id = models.BigIntegerField(default=0)
    file_id = models.BigIntegerField(default=0)
    order_id = models.BigIntegerField(default=0)
    price_id = models.BigIntegerField(default=0)
    customer_id = models.BigIntegerField(default=0)
    ip = models.CharField(max_length=60, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    file_name = models.TextField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = (
            models.Index(fields=("customer_id", "id"), name="download_customer_idx"),
            models.Index(fields=("product_id", "id"), name="download_product_idx"),
            models.Index(fields=("order_id",), name="download_order_idx"),
            models.Index(fields=("created_at",), name="download_created_idx"),
        )

    def __str__(self) -> str:
        return self.file_name or f"{self.product_id}"
