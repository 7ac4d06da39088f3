"""Every write to the shop's records: one transaction with the kept figures, the revisions and the hooks."""

from tillroll.shop.locale import get_zone
from tillroll.shop.services.catalogue import add_term, delete_term, save_product, save_term
from tillroll.shop.services.customers import (
    add_email,
    change_customer,
    check_address,
    create_customer,
    on_customer_created,
    remove_email,
)
from tillroll.shop.services.discounts import save_discount
from tillroll.shop.services.downloads import record_file_download
from tillroll.shop.services.merging import Merged, merge_customers, on_customers_merged
from tillroll.shop.services.mirror import SOURCE_SETTINGS, get_mirror, refuse_mirrored
from tillroll.shop.services.orders import (
    Fee,
    Line,
    add_note,
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
    "Merged",
    "RefundRefused",
    "add_email",
    "add_note",
    "add_term",
    "change_customer",
    "change_order_status",
    "change_settings",
    "check_address",
    "create_customer",
    "delete_term",
    "get_mirror",
    "get_settings",
    "get_zone",
    "merge_customers",
    "on_customer_created",
    "on_customers_merged",
    "on_order_changed",
    "on_zone_changed",
    "record_file_download",
    "record_order",
    "refund_order",
    "refuse_mirrored",
    "remove_email",
    "save_discount",
    "save_product",
    "save_term",
    "take_settings",
]
