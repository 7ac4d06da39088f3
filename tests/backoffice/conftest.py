"""A shop with one record of each kind, and people who look at it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from tests.shops import (
    setup_address,
    setup_customer,
    setup_discount,
    setup_download,
    setup_fee,
    setup_key,
    setup_line,
    setup_note,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_term,
    setup_user,
)
from tillroll.access import audit
from tillroll.access.models import ApiKey, AuditEntry, RequestLogEntry, User
from tillroll.shop.models import Customer, Discount, FileDownload, Order, Product, Term
from tillroll.shop.services import add_email

NOON = datetime(2026, 3, 4, 12, 30, 15, tzinfo=UTC)
TOKEN = "ca11ab1eca11ab1eca11ab1eca11ab1e"


@dataclass(frozen=True)
class Shop:
    """One record of each kind."""

    product: Product
    bundle: Product
    term: Term
    customer: Customer
    order: Order
    refund: Order
    discount: Discount
    download: FileDownload
    key: ApiKey
    entry: RequestLogEntry
    holder: User
    email: int
    """The id of the customer's further e-mail address."""
    change: AuditEntry


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> None:
    """Both databases, as every page needs them; a test's own mark asks for them."""
    request.getfixturevalue("db")


@pytest.fixture
def shop(stores: None) -> Shop:
    setup_settings(name="Paper Lantern", currency="USD", timezone="Europe/Paris")
    term = setup_term("Plug-ins")
    product = setup_product(
        title="Inkwell Forms",
        price="1234.5",
        prices=[("One site", "1234.50"), ("Many", "2000")],
        files=[{"name": "Manual", "file": "https://files.example/secret-manual.zip", "condition": "all"}],
        terms=[term],
        notes="Mind the licence",
        content="The long description",
        created_local="2026-01-02 03:04:05",
    )
    bundle = setup_product(title="Everything", kind="bundle", status="draft")
    bundle.bundle_items.create(position=0, product=product)
    holder = setup_user("holder", role="shop_accountant", email="holder@example.com")
    customer = setup_customer("jane@example.com", "Jane Doe", user_id=holder.wire_id)
    order = setup_order(
        setup_line(product, "1234.5", tax="98.76"),
        customer=customer,
        at=NOON,
        fees=[setup_fee()],
        payment_key="0123456789abcdef",
        ip="203.0.113.9",
    )
    setup_note(order, "Called about the invoice")
    setup_address(order, name="Jane Doe", address="Under the Bridge 1", city="Lyon", country="FR")
    order.transactions.create(transaction_id="tx-1", gateway="manual", created_at=NOON)
    refund = setup_refund(order, at=NOON)
    setup_key(user=holder, label="Till app", token=TOKEN)
    key = ApiKey.objects.get(label="Till app")
    entry = RequestLogEntry.objects.create(
        at=NOON, status=403, version="v2", endpoint="sales", question="number=5", key_start="abcdef",
        address="198.51.100.7", milliseconds=1.25, size=835, error="Invalid API key!",
    )  # fmt: skip
    return Shop(
        product,
        bundle,
        term,
        customer,
        order,
        refund,
        setup_discount("SPRING", amount="15", requirements=[str(product.pk)]),
        setup_download(product, customer, order_id=order.pk, ip="203.0.113.10", file_name="Manual"),
        key,
        entry,
        holder,
        add_email(customer, "jane@home.example").pk,
        audit.note(holder, "changed", product, [audit.Change("title", "Ink", "Inkwell Forms")], "192.0.2.1"),
    )


Login = Callable[..., Client]


@pytest.fixture
def login(stores: None) -> Login:
    """Somebody of a role (or `superuser`, `demo`, `nobody`) at their browser; `address` is where from."""

    def make(role: str, **extra: Any) -> Client:
        client = Client(**extra)
        if role == "anonymous":
            return client
        user = setup_user(
            role=None if role in ("superuser", "nobody") else "shop_manager" if role == "demo" else role,
            is_superuser=role == "superuser",
            is_demo=role == "demo",
        )
        user.is_staff = True
        user.save()
        client.force_login(user)
        return client

    return make


def get_text(client: Client, url: str, **query: Any) -> str:
    """A page that must be there."""
    reply = client.get(url, query)
    assert reply.status_code == 200, (url, reply.status_code)
    return str(reply.getvalue().decode())


def get_status(client: Client, url: str) -> int:
    """How a page answers; a streamed one is read to its end."""
    reply = client.get(url)
    reply.getvalue()
    return int(reply.status_code)
