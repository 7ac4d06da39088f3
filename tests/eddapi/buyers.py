"""Customers with an order, a refund, a file download and a buyer's key, told apart by their names."""

from dataclasses import dataclass

from tests.shops import setup_customer, setup_download, setup_order, setup_product, setup_refund
from tillroll.access.digests import Pair
from tillroll.access.services import issue_customer_key
from tillroll.shop.models import Customer, Order


@dataclass
class Buyer:
    customer: Customer
    order: Order
    refund: Order
    pair: Pair


def make_buyer(name: str) -> Buyer:
    customer = setup_customer(f"{name}@example.com", name.title())
    product = setup_product(title=f"Ware of {name}")
    order = setup_order(product, customer=customer, email=f"{name}@example.com", payment_key=f"key-of-{name}")
    refund = setup_refund(setup_order(product, customer=customer, email=f"{name}@example.com"))
    setup_download(product, customer, ip="203.0.113.1", file_name=f"file of {name}")
    _, pair = issue_customer_key(customer)
    return Buyer(customer, order, refund, pair)
