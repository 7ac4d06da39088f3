"""The records of a shop, one module a noun."""

from tillroll.shop.models.catalogue import (
    BundleItem,
    PriceOption,
    Product,
    ProductFile,
    ProductTerm,
    Taxonomy,
    Term,
)
from tillroll.shop.models.customers import Customer, CustomerAddress, CustomerEmail
from tillroll.shop.models.discounts import Discount, DiscountProduct, DiscountTerm
from tillroll.shop.models.downloads import FileDownload
from tillroll.shop.models.orders import (
    Order,
    OrderAddress,
    OrderAdjustment,
    OrderItem,
    OrderNote,
    OrderTransaction,
)
from tillroll.shop.models.settings import AutoKeys, Dialect, ShopSettings
from tillroll.shop.models.source import Mirror, Source, SourceKind
from tillroll.shop.models.tally import Block, Revision, Tally

__all__ = [
    "AutoKeys",
    "Block",
    "BundleItem",
    "Customer",
    "CustomerAddress",
    "CustomerEmail",
    "Dialect",
    "Discount",
    "DiscountProduct",
    "DiscountTerm",
    "FileDownload",
    "Mirror",
    "Order",
    "OrderAddress",
    "OrderAdjustment",
    "OrderItem",
    "OrderNote",
    "OrderTransaction",
    "PriceOption",
    "Product",
    "ProductFile",
    "ProductTerm",
    "Revision",
    "ShopSettings",
    "Source",
    "SourceKind",
    "Tally",
    "Taxonomy",
    "Term",
]
