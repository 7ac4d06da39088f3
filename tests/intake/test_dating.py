"""What a later import adds, changes or removes changed at the moment of the import, and so did what it
belongs to."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import models

from tillroll.intake.apply import apply
from tillroll.intake.staging import KIND_OF, Staging
from tillroll.shop.models import (
    Customer,
    CustomerEmail,
    Discount,
    DiscountProduct,
    FileDownload,
    Order,
    OrderAdjustment,
    OrderItem,
    OrderTransaction,
    PriceOption,
    Product,
    SourceKind,
)

pytestmark = pytest.mark.django_db

THEN = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)

Rows = dict[type[models.Model], list[dict[str, Any]]]


def make_shop() -> Rows:
    """Two of everything, modified at the source at THEN."""
    shop: Rows = {}
    for key in (1, 2):
        address, sale = f"{key}@b.example", {"status": "complete", "type": "sale", "currency": "USD"}
        records: dict[type[models.Model], dict[str, Any]] = {
            Product: {"status": "publish", "created_local": "x", "modified_local": "x"},
            PriceOption: {"product_id": key, "price_id": 1},
            Customer: {"email": address, "email_folded": address},
            CustomerEmail: {"customer_id": key, "email": address, "email_folded": address},
            Order: {"customer_id": key, "shop_total": 5, **sale},
            OrderItem: {"order_id": key, "product_id": key, "quantity": 1, "status": "complete"},
            OrderAdjustment: {"order_id": key, "type": "fee"},
            OrderTransaction: {"order_id": key, "transaction_id": f"t{key}"},
            Discount: {"code": f"CODE{key}", "code_folded": f"code{key}"},
            DiscountProduct: {"discount_id": key, "role": "requirement", "position": 0, "product_ref": "1"},
            FileDownload: {"customer_id": key, "product_id": key},
        }
        for model, members in records.items():
            shop.setdefault(model, []).append({"id": key, **members})
    return shop


def bring(folder: Path, shop: Rows) -> None:
    path = folder / "staged.sqlite3"
    path.unlink(missing_ok=True)
    with Staging(path) as staging:
        for model, rows in shop.items():
            staging.add(model, [_complete(model, row) for row in rows])
        apply(staging, SourceKind.WORDPRESS, "https://old.example")


def _complete(model: type[models.Model], row: dict[str, Any]) -> list[Any]:
    fields = {field.column: field for field in model._meta.concrete_fields}
    return [row.get(name, _get_default(fields[name])) for name in KIND_OF[model].columns]


def _get_default(field: Any) -> Any:
    if isinstance(field, models.DateTimeField):
        return None if field.null else "2024-01-01 00:00:00"
    if field.null:
        return None
    if field.column == "rate":
        return 10**9
    default = field.get_default()
    if isinstance(field, models.JSONField):
        return "{}"
    return (
        int(default)
        if isinstance(field, models.IntegerField | models.BooleanField) and default
        else (0 if isinstance(field, models.IntegerField | models.BooleanField) else default)
    )


def list_dated() -> set[str]:
    return {
        f"{model.__name__} {key}"
        for model in (Product, Customer, Order, Discount)
        for key in model._default_manager.filter(modified_at=NOW).values_list("pk", flat=True)
    }


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with time_machine.travel(datetime(2025, 1, 1, tzinfo=UTC), tick=False):
        bring(tmp_path, make_shop())
    with time_machine.travel(NOW, tick=False):
        yield tmp_path


def test_the_first_import_keeps_the_sources_own_times(folder: Path) -> None:
    for model in (Product, Customer, Order, Discount):
        assert set(model._default_manager.values_list("modified_at", flat=True)) == {THEN}


def test_an_import_of_the_same_changes_nothing(folder: Path) -> None:
    bring(folder, make_shop())
    assert list_dated() == set()


def change(model: type[models.Model], **members: Any) -> Callable[[Rows], None]:
    return lambda shop: shop[model][0].update(members)


def drop(model: type[models.Model]) -> Callable[[Rows], None]:
    def edit(shop: Rows) -> None:
        del shop[model][0]

    return edit


def add(model: type[models.Model], **members: Any) -> Callable[[Rows], None]:
    return lambda shop: shop[model].append({"id": 9, **members})


@pytest.mark.parametrize(
    ("edit", "dated"),
    [
        pytest.param(change(Product, title="New"), {"Product 1"}, id="product"),
        pytest.param(change(PriceOption, name="New"), {"Product 1"}, id="price"),
        pytest.param(change(Customer, name="New"), {"Customer 1"}, id="customer"),
        pytest.param(change(CustomerEmail, email="n@b.example"), {"Customer 1"}, id="address"),
        pytest.param(
            add(CustomerEmail, customer_id=2, email="n", email_folded="n"), {"Customer 2"}, id="new address"
        ),
        pytest.param(drop(CustomerEmail), {"Customer 1"}, id="lost address"),
        pytest.param(change(Order, ip="1.2.3.4"), {"Order 1"}, id="order"),
        pytest.param(change(OrderItem, product_name="New"), {"Order 1"}, id="item"),
        pytest.param(change(OrderItem, order_id=2), {"Order 1", "Order 2"}, id="item of another order"),
        pytest.param(drop(OrderAdjustment), {"Order 1"}, id="lost fee"),
        pytest.param(change(OrderTransaction, transaction_id="n"), {"Order 1"}, id="payment"),
        pytest.param(change(Discount, name="New"), {"Discount 1"}, id="discount"),
        pytest.param(change(DiscountProduct, product_ref="2"), {"Discount 1"}, id="requirement"),
        pytest.param(change(Order, shop_total=6), {"Order 1", "Customer 1"}, id="what a customer spent"),
        pytest.param(change(OrderItem, quantity=2), {"Order 1", "Product 1"}, id="what was sold"),
        pytest.param(add(FileDownload, customer_id=2), {"Customer 2"}, id="file download"),
        pytest.param(
            add(Order, customer_id=2, status="complete", type="sale", currency="USD"),
            {"Order 9", "Customer 2"},
            id="new order",
        ),
        pytest.param(change(Order, modified_at="2025-02-02 00:00:00"), set(), id="the source's time alone"),
    ],
)
def test_a_later_import_dates_what_it_changes(
    folder: Path, edit: Callable[[Rows], None], dated: set[str]
) -> None:
    shop = make_shop()
    edit(shop)
    bring(folder, shop)
    assert list_dated() == dated
