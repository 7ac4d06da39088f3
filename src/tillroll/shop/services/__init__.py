"""Every write to the shop's records: one transaction with the kept figures, the revisions and the hooks."""

from tillroll.shop.locale import get_zone
from tillroll.shop.services.catalogue import add_term, save_product
from tillroll.shop.services.customers import add_email, create_customer, on_customer_created
from tillroll.shop.services.discounts import save_discount
from tillroll.shop.services.downloads import record_file_download
from tillroll.shop.services.mirror import SOURCE_SETTINGS, get_mirror, refuse_mirrored
from tillroll.shop.services.orders import (
    Fee,
    Line,
    change_order_status,
    on_order_changed,
    record_order,
)
from tillroll.shop.services.refunds import RefundRefused, refund_order
from tillroll.shop.services.settings import change_settings, get_settings, on_zone_changed, take_settings

__all__ = [
    "SOURCE_SETTINGS",
    "Fee",
    "Line",
    "RefundRefused",
    "add_email",
    "add_term",
    "change_order_status",
    "change_settings",
    "create_customer",
    "get_mirror",
    "get_settings",
    "get_zone",
    "on_customer_created",
    "on_order_changed",
    "on_zone_changed",
    "record_file_download",
    "record_order",
    "refund_order",
    "refuse_mirrored",
    "save_discount",
    "save_product",
    "take_settings",
]
