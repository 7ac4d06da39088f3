"""The front page: figures against a recount, each part for those alone who may see it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from tests.asking import ask
from tests.backoffice.conftest import Login, Shop, get_text
from tests.backoffice.forms import get_self
from tests.shops import (
    setup_discount,
    setup_key,
    setup_line,
    setup_line_of_log,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    signed,
)
from tillroll.access.models import ApiKey
from tillroll.backoffice.attention import list_matters
from tillroll.backoffice.dashboard import is_empty, list_best, list_tiles
from tillroll.shop.models import Product

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 31, 10, tzinfo=UTC)


def sell(product: Product, amount: str, at: datetime, **more: Any) -> None:
    setup_order(setup_line(product, amount), customer=None, at=at, **more)


@pytest.fixture
def sold(stores: None) -> Product:
    """A shop in Paris that sold in March, February and January."""
    setup_settings(currency="EUR", timezone="Europe/Paris")
    product = setup_product(title="Ink")
    for day, amount in (
        ("2026-03-31T09:00", "30"), ("2026-03-30T21:30", "40"),  # yesterday in Paris, also in UTC
        ("2026-03-30T22:30", "5"),  # today in Paris already
        ("2026-03-01T00:00", "100"), ("2026-02-28T12:00", "60"), ("2026-01-31T12:00", "20"),
    ):  # fmt: skip
        sell(product, amount, datetime.fromisoformat(f"{day}+00:00"))
    back = setup_order(setup_line(product, "9"), at=datetime(2026, 3, 2, tzinfo=UTC))
    setup_refund(back, at=datetime(2026, 3, 3, tzinfo=UTC))
    return product


def test_each_tile_stands_beside_the_time_before(sold: Product) -> None:
    today, month, last, ever = list_tiles("EUR", NOW.date())
    assert (today.sales, today.earnings, today.change, today.is_up) == (2, "35.00 EUR", "-12 %", False)
    assert today.before == "40.00 EUR and 1 sales yesterday"
    assert (month.sales, month.earnings, month.change) == (4, "175.00 EUR", "+192 %")
    assert month.before == "60.00 EUR and 1 sales 1 to 28 February"
    assert (last.earnings, last.before) == ("60.00 EUR", "20.00 EUR and 1 sales January 2026")
    assert (ever.sales, ever.earnings, ever.before) == (
        6, "255.00 EUR", "since 2026-01-31, 85.00 EUR a month",
    )  # fmt: skip
    assert today.url == "/admin/shop/order/?since=2026-03-31&until=2026-03-31"


def test_the_page_agrees_with_the_api(sold: Product, login: Login) -> None:
    with time_machine.travel(NOW, tick=False):
        pair = setup_key()
        page = get_text(login("shop_manager"), "/admin/")
        earnings = ask("/edd-api/v2/stats/", signed(pair, type="earnings")).data["earnings"]
        sales = ask("/edd-api/v2/stats/", signed(pair, type="sales")).data["sales"]
    assert (earnings["today"], earnings["current_month"], earnings["last_month"]) == (35, 175, 60)
    assert (sales["today"], sales["current_month"]) == (2, 4)
    for words in (
        "35.00 EUR",
        "175.00 EUR",
        "60.00 EUR",
        "255.00 EUR",
        "Europe/Paris",
        "2026-03-31: 35.00 EUR",
    ):
        assert words in page


def test_the_best_products_are_those_of_the_last_month(sold: Product) -> None:
    pen = setup_product(title="Pen")
    sell(pen, "500", NOW)
    sell(setup_product(title="Old"), "999", NOW - timedelta(days=40))
    best = list_best(NOW.date(), "EUR")
    assert [(one.title, one.sold, one.earnings) for one in best] == [
        ("Pen", 1, "500.00 EUR"),
        ("Ink", 3, "75.00 EUR"),  # the first of March is more than thirty days ago
    ]
    Product.objects.filter(pk=pen.pk).delete()
    assert list_best(NOW.date(), "EUR")[0].title == f"Product {pen.pk} (gone)"


def test_everybody_sees_their_parts_alone(shop: Shop, login: Login) -> None:
    setup_line_of_log(at=timezone.now())
    parts = {
        "figures": "Earnings of the last 30 days",
        "orders": "Latest orders",
        "api": "API calls of the last 7 days",
    }
    seen = {
        role: {name for name, words in parts.items() if words in get_text(login(role), "/admin/")}
        for role in ("shop_manager", "shop_accountant", "shop_worker")
    }
    assert seen == {
        "shop_manager": {"figures", "orders", "api"},
        "shop_accountant": {"figures", "orders"},
        "shop_worker": {"orders"},
    }
    assert "1 call<" in get_text(login("shop_manager"), "/admin/")


def test_an_empty_shop_says_how_to_begin(login: Login) -> None:
    assert is_empty()
    page = get_text(login("shop_manager"), "/admin/")
    for words in ("Welcome", "Add a product", "Record an order", "Make an API key"):
        assert words in page
    assert "Earnings of the last 30 days" not in page
    worker = get_text(login("shop_worker"), "/admin/")
    assert "Add a product" in worker
    assert "Make an API key" not in worker
    setup_product()
    assert not is_empty()


def test_what_needs_attention_is_told_to_those_who_can_see_to_it(stores: None, login: Login) -> None:
    now = timezone.now()
    manager = get_self(login("shop_manager"))
    product = setup_product(price="5", files=[{"name": "a", "file": "a.zip"}])
    assert list_matters(manager, now) == []
    setup_product(price=None)
    setup_product(price="5", kind="bundle")
    setup_order(setup_line(product, "5"), at=now - timedelta(days=8), status="pending")
    setup_order(setup_line(product, "5"), at=now, status="pending")
    setup_discount(ends_at=now - timedelta(minutes=1))
    setup_discount(max_uses=1, use_count=1)
    setup_discount(ends_at=now + timedelta(days=3))
    setup_key(expires_at=now + timedelta(days=3))
    setup_key(expires_at=now + timedelta(days=30))
    assert ApiKey.objects.count() == 2
    assert [one.sentence for one in list_matters(manager, now)] == [
        "1 API key ends within two weeks.",
        "1 order waits for more than a week.",
        "1 published product has no price.",
        "1 published product has no file.",
        "2 active discounts are over or used up.",
        "1 discount ends within two weeks.",
    ]
    worker = get_self(login("shop_worker"))
    assert [one.sentence.split()[1] for one in list_matters(worker, now)] == [
        "order",
        "published",
        "published",
    ]
    assert list_matters(get_self(login("subscriber")), now) == []


def test_an_amount_below_zero_is_drawn_and_shown(stores: None, login: Login) -> None:
    now = timezone.now()
    order = setup_order(setup_line(setup_product(), "10"), at=now - timedelta(days=20))
    setup_refund(order, at=now - timedelta(days=1))
    page = get_text(login("shop_accountant"), "/admin/")
    assert "-10.00 USD" in page
    assert Decimal(order.total) == 10
