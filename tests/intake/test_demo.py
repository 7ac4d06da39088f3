"""The demo shop is whole and believable: its records obey the rules of a real shop's, and a seed gives one
shop."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db.models import Count, F, Max, Min, Q, Sum
from pytest_django import DjangoDbBlocker

from tests.asking import ask
from tillroll.access.capabilities import ROLES
from tillroll.access.models import User
from tillroll.intake.demo import Counts, ensure_access, fill_demo
from tillroll.intake.demo.catalogue import WARES
from tillroll.intake.demo.offers import OFFERS
from tillroll.intake.demo.shop import stage_demo
from tillroll.intake.staging import KINDS, Staging
from tillroll.shop.fields import divide_units, to_units
from tillroll.shop.models import (
    BundleItem,
    Customer,
    CustomerEmail,
    Discount,
    FileDownload,
    Order,
    OrderAdjustment,
    OrderItem,
    OrderTransaction,
    Product,
    ProductFile,
    Source,
    Tally,
    Term,
)
from tillroll.shop.services import get_settings

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)
ORDERS = 2_000
GROSS = {"complete", "refunded", "partially_refunded", "revoked", "on_hold"}
NET = GROSS - {"refunded"}


@pytest.fixture(scope="module")
def counts(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Counts]:
    """One demo shop for the whole file, which only reads it."""
    from tests.shops import empty_shop

    with django_db_blocker.unblock(), time_machine.travel(NOW, tick=False):
        empty_shop()
        yield fill_demo(ORDERS, seed=7)
        empty_shop()


@pytest.fixture
def _django_db_helper(counts: Counts) -> None:
    """Takes the place of what holds a transaction around each test, or empties the store after it."""


# What is there


def test_it_has_as_many_sales_as_asked_for_and_counts_itself_rightly(counts: Counts) -> None:
    assert counts == Counts(
        products=Product.objects.count(),
        customers=Customer.objects.count(),
        orders=ORDERS,
        refunds=Order.objects.filter(type="refund").count(),
        downloads=FileDownload.objects.count(),
    )
    assert Order.objects.filter(type="sale").count() == ORDERS
    assert (counts.products, counts.refunds > 20, counts.downloads > ORDERS) == (17, True, True)


def test_every_form_of_a_product_is_there() -> None:
    assert set(Product.objects.values_list("status", flat=True)) == {"publish", "draft", "private"}
    assert Product.objects.filter(kind="bundle").count() == 2
    assert Product.objects.filter(price=0, status="publish").count() == 1
    assert Product.objects.exclude(sku="").exclude(notes="").exclude(download_limit=None).exists() is False
    assert Product.objects.filter(download_limit=10).exists()
    assert Product.objects.filter(has_price_options=True).count() >= 4
    assert set(ProductFile.objects.values_list("condition", flat=True)) == {"all", "1", "2", "4"}
    assert BundleItem.objects.exclude(price_id=None).exists()
    children = Term.objects.exclude(parent_id=0)
    assert children.count() == 3
    assert all(Term.objects.filter(term_id=child.parent_id).exists() for child in children)
    assert set(Term.objects.values_list("taxonomy", flat=True)) == {"download_category", "download_tag"}
    assert Product.objects.annotate(terms=Count("product_terms")).filter(terms=0).count() == 0


def test_products_are_as_old_as_they_say_on_the_shop_s_clock() -> None:
    for ware in WARES:
        product = Product.objects.get(pk=ware.id)
        assert (NOW - product.created_at).days in (ware.age - 1, ware.age)
        assert product.created_at <= product.modified_at < NOW
    handbook = Product.objects.get(slug="small-shop-handbook")
    assert handbook.created_at == datetime(2022, 11, 28, 10, 56, tzinfo=UTC)
    assert handbook.created_local == "2022-11-28 05:56:00"


def test_every_kind_of_order_is_there() -> None:
    statuses = Counter(Order.objects.filter(type="sale").values_list("status", flat=True))
    assert set(statuses) >= {"complete", "refunded", "partially_refunded", "failed", "abandoned", "revoked"}
    assert 0.8 < statuses["complete"] / ORDERS < 0.95
    assert set(Order.objects.values_list("currency", flat=True)) == {"USD", "EUR"}
    rates = set(Order.objects.filter(currency="EUR").values_list("rate", flat=True))
    assert len(rates) > 10
    assert all(Decimal("0.9") <= rate < Decimal("0.96") for rate in rates)
    assert set(Order.objects.filter(currency="USD").values_list("rate", flat=True)) == {Decimal(1)}
    assert set(OrderAdjustment.objects.values_list("type", flat=True)) == {"discount", "fee", "credit"}
    assert OrderAdjustment.objects.exclude(item=None).exists()
    assert Order.objects.filter(tax__gt=Decimal(0)).exists()
    assert Order.objects.filter(total=Decimal(0), status="complete", gateway="manual").exists()
    assert OrderItem.objects.filter(quantity__gt=1).exists()


def test_some_buy_once_and_some_again_and_again() -> None:
    bought = Counter(Order.objects.filter(type="sale").values_list("customer_id", flat=True))
    assert 0.4 < sum(count == 1 for count in bought.values()) / len(bought) < 0.75
    assert max(bought.values()) >= 6
    guests = Customer.objects.filter(user_id=0).count() / Customer.objects.count()
    assert 0.5 < guests < 0.66
    assert 0.03 < CustomerEmail.objects.filter(type="secondary").count() / Customer.objects.count() < 0.1


def test_it_sells_more_each_year_less_at_weekends_and_much_in_november() -> None:
    made = list(Order.objects.filter(type="sale").values_list("created_at", flat=True))
    years = [
        sum(NOW - timedelta(days=365 * (n + 1)) < at <= NOW - timedelta(days=365 * n) for at in made)
        for n in (2, 1, 0)
    ]
    assert years[0] * 1.2 < years[1]
    assert years[1] * 1.2 < years[2]
    weekend = sum(at.weekday() >= 5 for at in made) / 2
    assert weekend < sum(at.weekday() < 5 for at in made) / 5 * 0.75
    months = Counter(at.strftime("%Y-%m") for at in made)
    assert months["2025-11"] > months["2025-07"] * 1.5


def test_it_goes_up_to_now_and_not_beyond() -> None:
    ends = Order.objects.aggregate(
        first=Min("created_at"),
        last=Max("created_at"),
        completed=Max("completed_at"),
        modified=Max("modified_at"),
    )
    assert NOW - timedelta(days=1096) < ends["first"] < NOW - timedelta(days=1060)
    assert NOW - timedelta(days=2) < ends["last"] <= ends["completed"] <= ends["modified"] <= NOW
    assert FileDownload.objects.aggregate(last=Max("created_at"))["last"] <= NOW


def test_ids_rise_with_time() -> None:
    for model in (Order, FileDownload, Customer):
        rows = list(model._default_manager.order_by("pk").values_list("pk", "created_at"))
        assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
        assert [row[1] for row in rows] == sorted(row[1] for row in rows)


# Amounts


def test_every_line_adds_up() -> None:
    for item in OrderItem.objects.select_related("order"):
        assert item.total == item.subtotal - item.discount + item.tax
        if item.order.type == "sale":
            assert item.subtotal == item.amount * item.quantity
            assert 0 <= item.discount <= item.subtotal
        assert item.amount >= 0
        assert item.amount == round(item.amount, 2)


def test_every_order_adds_up() -> None:
    lines: dict[int, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for item in OrderItem.objects.all():
        for name in ("subtotal", "discount", "tax"):
            lines[item.order_id][name] += getattr(item, name)
    for adjustment in OrderAdjustment.objects.all():
        assert adjustment.total == adjustment.subtotal + adjustment.tax
        sums = lines[adjustment.order_id]
        if adjustment.type == "discount":
            sums["code"] += adjustment.total
        else:
            sums["fees"] += adjustment.subtotal
            sums["tax"] += adjustment.tax
    for order in Order.objects.all():
        sums = lines[order.pk]
        assert order.subtotal == sums["subtotal"]
        assert order.discount == sums["discount"] == sums["code"]
        assert order.tax == sums["tax"]
        assert order.total == order.subtotal - order.discount + order.tax + sums["fees"]
        assert order.total >= 0 or order.type == "refund"


def test_amounts_in_shop_currency_are_divided_by_the_rate() -> None:
    for model in (Order, OrderItem, OrderAdjustment):
        for row in model._default_manager.all():
            rate = to_units(row.rate)
            assert to_units(row.shop_total) == divide_units(to_units(row.total), rate)
            assert to_units(row.shop_tax) == divide_units(to_units(row.tax), rate)


def test_what_was_paid_has_a_transaction_of_its_total_and_nothing_else_has() -> None:
    paid = dict(OrderTransaction.objects.values_list("order_id", "total"))
    expected = Order.objects.filter(type="sale", status__in=GROSS).exclude(total=Decimal(0))
    assert paid == dict(expected.values_list("pk", "total"))
    assert not Order.objects.filter(type="sale", status__in=GROSS, completed_at=None).exists()
    assert not Order.objects.exclude(status__in=GROSS).exclude(completed_at=None).exists()


def test_tax_is_that_of_the_buyer_s_country() -> None:
    rates = {
        (order.addresses.get().country, order.tax_rate)
        for order in Order.objects.filter(type="sale").exclude(total=Decimal(0)).prefetch_related("addresses")
    }
    assert dict(rates) == {
        "US": None, "CA": None, "IN": None, "JP": None, "GB": 20, "DE": 19, "FR": 20, "AU": 10, "NL": 21,
        "ES": 21, "SE": 25,
    }  # fmt: skip
    assert len(rates) == 11


# Figures


def test_customers_figures_are_those_of_a_plain_recomputation() -> None:
    count: Counter[int] = Counter()
    value: dict[int, Decimal] = defaultdict(Decimal)
    for order in Order.objects.all():
        assert order.customer_id
        if order.status in GROSS:
            value[order.customer_id] += order.shop_total
        if order.type == "sale" and order.status in NET:
            count[order.customer_id] += 1
    fetched = Counter(FileDownload.objects.values_list("customer_id", flat=True))
    for customer in Customer.objects.all():
        kept = (customer.purchase_count, customer.purchase_value, customer.download_count)
        assert kept == (count[customer.pk], value[customer.pk], fetched[customer.pk])


def test_products_figures_are_those_of_a_plain_recomputation() -> None:
    sales: Counter[int] = Counter()
    earnings: dict[int, Decimal] = defaultdict(Decimal)
    fees: dict[int | None, Decimal] = defaultdict(Decimal)
    for fee in OrderAdjustment.objects.exclude(item=None).exclude(type="discount"):
        fees[fee.item_id] += fee.shop_total - fee.shop_tax
    items = {item.pk: item for item in OrderItem.objects.select_related("order")}
    for item in items.values():
        if item.order.status not in GROSS or item.status not in (
            "complete",
            "refunded",
            "partially_refunded",
        ):
            continue
        assert item.product_id
        earnings[item.product_id] += item.shop_total - item.shop_tax
        if item.order.type == "sale":
            sales[item.product_id] += item.quantity
            if item.status != "refunded":
                earnings[item.product_id] += fees[item.pk]
        else:
            assert item.parent_id
            original = items[item.parent_id]
            if original.status == "refunded":
                sales[item.product_id] += item.quantity
    for product in Product.objects.all():
        assert (product.sales, product.earnings) == (sales[product.pk], earnings[product.pk])
    assert sum(sales.values()) > ORDERS


def test_kept_counts_are_the_records_own() -> None:
    tallies = dict(Tally.objects.values_list("name", "value"))
    assert tallies["customer"] == Customer.objects.count()
    assert tallies["product:publish"] == 15
    assert tallies["order:refund:complete"] == Order.objects.filter(type="refund").count()
    for term in Term.objects.all():
        assert term.count == term.product_terms.filter(product__status="publish").count()


# Refunds ([3.6] 7.4)


def refunds() -> list[Order]:
    return list(
        Order.objects.filter(type="refund").select_related("parent").prefetch_related("items", "adjustments")
    )


def test_a_refund_belongs_to_a_sale_of_the_same_buyer() -> None:
    keys = Counter(Order.objects.values_list("payment_key", flat=True))
    assert set(keys.values()) == {1}
    for refund in refunds():
        sale = refund.parent
        assert sale
        assert (sale.type, refund.status, refund.number) == ("sale", "complete", f"{sale.pk}-R-1")
        for name in ("customer_id", "user_id", "email", "gateway", "mode", "currency", "rate", "tax_rate"):
            assert getattr(refund, name) == getattr(sale, name)
        assert (
            sale.created_at + timedelta(hours=1) <= refund.created_at <= sale.created_at + timedelta(days=25)
        )
        assert sale.modified_at == refund.created_at


def test_a_refund_takes_back_lines_with_their_signs_turned() -> None:
    for refund in refunds():
        assert refund.discount == 0
        assert refund.total < 0
        for item in refund.items.all():
            original = OrderItem.objects.get(pk=item.parent_id or 0)
            assert original.order_id == refund.parent_id
            same = ("product_id", "price_id", "amount", "rate")
            assert [getattr(item, name) for name in same] == [getattr(original, name) for name in same]
            assert (item.quantity, item.discount, item.status) == (-original.quantity, 0, "complete")
            assert 0 <= -item.total <= original.total
            assert 0 <= -item.tax <= original.tax
            whole = -item.total == original.total
            assert original.status == ("refunded" if whole else "partially_refunded")


def test_a_whole_refund_leaves_nothing_and_a_part_leaves_something() -> None:
    found: Counter[str] = Counter()
    for refund in refunds():
        sale = refund.parent
        assert sale
        found[sale.status] += 1
        if sale.status == "refunded":
            assert refund.total == -sale.total
            assert refund.tax == -sale.tax
            assert refund.items.count() == sale.items.count()
            assert {item.status for item in sale.items.all()} == {"refunded"}
            charges = sale.adjustments.exclude(type="discount")
            assert {fee.parent_id: fee.total for fee in refund.adjustments.all()} == {
                fee.pk: -fee.total for fee in charges
            }
        else:
            assert sale.status == "partially_refunded"
            assert 0 < -refund.total < sale.total
            assert not refund.adjustments.exists()
    assert found["refunded"] > found["partially_refunded"] > 5
    assert Order.objects.filter(status__in=("refunded", "partially_refunded")).count() == sum(found.values())


# Discounts, files, users


def test_a_code_was_used_as_often_as_paid_orders_have_it() -> None:
    used = Counter(
        OrderAdjustment.objects.filter(type="discount", order__status__in=GROSS).values_list(
            "type_id", flat=True
        )
    )
    for discount in Discount.objects.all():
        assert discount.use_count == used[discount.pk]
        assert discount.max_uses == 0 or discount.use_count <= discount.max_uses
    assert used[1] > 20
    assert {"active", "expired", "inactive"} == set(Discount.objects.values_list("status", flat=True))


def test_a_code_was_used_only_where_and_when_it_holds() -> None:
    offers = {offer.id: offer for offer in OFFERS}
    for use in OrderAdjustment.objects.filter(type="discount").select_related("order"):
        assert use.type_id
        offer, order = offers[use.type_id], use.order
        discount = Discount.objects.get(pk=use.type_id)
        assert use.description == discount.code
        assert discount.starts_at is None or discount.starts_at <= order.created_at
        assert discount.ends_at is None or order.created_at <= discount.ends_at
        refs = [{str(item.product_id), f"{item.product_id}_{item.price_id}"} for item in order.items.all()]
        met = [any(ref in names for names in refs) for ref in offer.requires]
        assert not met or (all(met) if offer.condition == "all" else any(met))
        for item in order.items.all():
            excluded = {str(item.product_id), f"{item.product_id}_{item.price_id}"} & set(offer.excludes)
            assert not (excluded and item.discount)
        if offer.is_once:
            assert (
                order.pk
                == Order.objects.filter(customer_id=order.customer_id or 0).aggregate(first=Min("pk"))[
                    "first"
                ]
            )


def test_files_were_fetched_by_their_buyers_after_the_sale() -> None:
    orders = {order.pk: order for order in Order.objects.prefetch_related("items")}
    inside = defaultdict(list)
    for part in BundleItem.objects.all():
        inside[part.bundle_id].append((part.product_id, part.price_id))
    files = {(file.product_id, file.position): file for file in ProductFile.objects.all()}
    for fetch in FileDownload.objects.all():
        order = orders[fetch.order_id]
        assert order.customer_id == fetch.customer_id
        assert order.status in ("complete", "refunded", "partially_refunded")
        assert fetch.created_at > order.created_at
        file = files[fetch.product_id, fetch.file_id]
        assert fetch.file_name == file.name
        bought = [(item.product_id, item.price_id) for item in order.items.all()]
        bought += [part for product, _ in bought if product for part in inside[product]]
        prices = [price for product, price in bought if product == fetch.product_id]
        assert prices
        assert file.condition == "all" or int(file.condition or -1) in prices


def test_every_login_of_a_customer_is_a_subscriber_and_staff_have_their_roles() -> None:
    subscribers = User.objects.filter(user_roles__role_id="subscriber")
    assert {user.wire_id for user in subscribers} == set(
        Customer.objects.exclude(user_id=0).values_list("user_id", flat=True)
    )
    for user in User.objects.filter(is_demo=False):
        rights = {name for role in user.user_roles.all() for name in ROLES[role.role_id][1]}
        assert user.capabilities.split() == sorted(rights)
        assert not user.has_usable_password()
        assert (user.is_staff, user.is_superuser) == (False, False)
    staff = User.objects.filter(is_demo=False).exclude(user_roles__role_id="subscriber")
    held = {role.role_id for user in staff for role in user.user_roles.all()}
    assert held == {"administrator", "shop_manager", "shop_accountant", "shop_worker"}


def test_every_record_is_the_demo_s_own() -> None:
    source = Source.objects.get()
    for kind in KINDS:
        foreign = kind.model._default_manager.exclude(source=source)
        if kind.model.__name__ == "Role":
            assert foreign.count() == len(ROLES)
        else:
            assert not foreign.filter(
                Q(user__is_demo=False) if kind.model.__name__ == "UserRole" else Q()
            ).exists()


def test_nobody_can_be_reached_by_mail_or_by_address() -> None:
    for email in CustomerEmail.objects.values_list("email", flat=True):
        assert email.endswith((".example", "@example.com", "@example.org", "@example.net"))
    for ip in {
        *Order.objects.values_list("ip", flat=True),
        *FileDownload.objects.values_list("ip", flat=True),
    }:
        assert ip.startswith(("192.0.2.", "198.51.100.", "203.0.113."))


def test_the_shop_is_set_up_for_what_it_shows() -> None:
    shop = get_settings()
    assert (shop.name, shop.url, shop.timezone) == (
        "Paper Lantern",
        "https://shop.example",
        "America/New_York",
    )
    assert (shop.currency, shop.skus_enabled, shop.taxes_enabled) == ("USD", True, True)
    assert shop.dialect == "documented"


@pytest.mark.parametrize(
    "question",
    ["products", "sales", "customers", "discounts", "file-download-logs", "stats", "info"],
)
def test_the_api_answers_on_it(question: str) -> None:
    access = ensure_access()
    assert access
    reply = ask(f"/edd-api/v2/{question}/", {"key": access.public_key, "token": access.token})
    assert reply.status == 200
    assert "error" not in reply.data
    total = Order.objects.filter(type="sale", status__in=NET).count()
    if question == "sales":
        assert reply.headers["x-edd-total"] == str(total)
        newest = Order.objects.filter(type="sale", status__in=NET).latest("pk")
        assert reply.data["sales"][0]["ID"] == str(newest.pk)


# The same again


def stage(folder: Path, orders: int, seed: int, now: datetime = NOW) -> list[list[Any]]:
    """All rows of a shop that is made up but not written."""
    path = folder / f"{orders}-{seed}-{now:%H%M%S}-{len(list(folder.iterdir()))}.sqlite3"
    with Staging(path) as staging:
        stage_demo(staging, orders, seed, int(now.timestamp()), lambda _done, _label: None)
        staging.close()
    with closing(sqlite3.connect(path)) as database:
        return [database.execute(f"SELECT * FROM staged_{kind.table}").fetchall() for kind in KINDS]  # noqa: S608 (own names)


def test_a_seed_gives_the_same_shop_and_another_seed_another(tmp_path: Path) -> None:
    first = stage(tmp_path, 300, 1)
    assert stage(tmp_path, 300, 1) == first
    other = stage(tmp_path, 300, 2)
    assert other != first
    names = [kind.table for kind in KINDS]
    for table in ("shop_product", "shop_term", "shop_productfile"):
        assert other[names.index(table)] == first[names.index(table)]


@pytest.mark.parametrize("orders", [1, 2, 50])
@pytest.mark.parametrize(
    "now", [NOW, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC)], ids=str
)
def test_a_small_shop_has_exactly_the_sales_asked_for(tmp_path: Path, orders: int, now: datetime) -> None:
    rows = stage(tmp_path, orders, 3, now)
    kind = next(kind for kind in KINDS if kind.model is Order)
    types = [row[kind.columns.index("type")] for row in rows[KINDS.index(kind)]]
    times = [row[kind.columns.index("created_at")] for row in rows[KINDS.index(kind)]]
    assert types.count("sale") == orders
    assert max(times) <= f"{now:%Y-%m-%d %H:%M:%S}"


def test_the_sum_of_a_shop_does_not_depend_on_the_way_it_is_added() -> None:
    """SQLite and PostgreSQL keep whole units: the sum of rows is the sum of the parts."""
    gross = Order.objects.filter(status__in=GROSS).aggregate(total=Sum(F("shop_total")))["total"]
    parts = sum((customer.purchase_value for customer in Customer.objects.all()), Decimal(0))
    assert Decimal(gross) == parts
