"""A pull from the first question to the shop's records: what it brings, again and again, and when it breaks
off."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import time_machine
from rich.console import Console

from tests.histories.totals import check_all_that_is_kept
from tests.intake.remote.fake_shop import (
    INFO,
    KEY,
    TOKEN,
    Asked,
    FakeShop,
    Said,
    make_customer,
    make_product,
    make_sale,
)
from tests.shops import setup_customer, setup_product, setup_settings, setup_user
from tillroll.access.models import User
from tillroll.access.services import create_user
from tillroll.intake.remote.address import read_address
from tillroll.intake.remote.credentials import Credentials
from tillroll.intake.remote.pace import Pace
from tillroll.intake.remote.pulling import FOLDER, Wishes, pull
from tillroll.intake.remote.refused import PullRefused
from tillroll.intake.remote.summary import PullSummary, render_pull
from tillroll.intake.scratch import hold_import_lock
from tillroll.shop.models import (
    Customer,
    CustomerEmail,
    Discount,
    FileDownload,
    Order,
    OrderAdjustment,
    OrderItem,
    PriceOption,
    Product,
    Source,
    SourceKind,
)
from tillroll.shop.models.source import OWN_IDS_FROM
from tillroll.shop.services import create_customer, get_settings
from tillroll.stats.models import ShopTotal

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

Pull = Callable[..., PullSummary]


@pytest.fixture
def take(fake_shop: FakeShop, pace: Pace, home: Path) -> Pull:
    """Pulls the fake shop; nothing is left of pulls before."""
    shutil.rmtree(home / FOLDER, ignore_errors=True)

    def run(**wishes: Any) -> PullSummary:
        return pull(read_address(fake_shop.url), Credentials(KEY, TOKEN), Wishes(**wishes), pace=pace)

    return run


def get_changes(summary: PullSummary) -> dict[str, tuple[int, int, int]]:
    changes = {name: (each.added, each.changed, each.removed) for name, each in summary.records.items()}
    return {name: change for name, change in changes.items() if any(change)}


def make_item(object_id: int, product: int, price: str, **more: Any) -> dict[str, Any]:
    return {
        "object_id": str(object_id), "id": str(product), "quantity": "1", "name": "Notes",
        "price": price, "price_name": "", **more,
    }  # fmt: skip


# What it brings


def test_a_shop_comes_in(fake_shop: FakeShop, take: Pull, home: Path) -> None:
    fake_shop.sell(1, 2, 3)
    summary = take()
    assert get_changes(summary) == {
        "products": (1, 0, 0), "customers": (1, 0, 0), "customer emails": (1, 0, 0), "orders": (3, 0, 0),
        "order items": (3, 0, 0), "order transactions": (3, 0, 0),
    }  # fmt: skip
    assert not summary.is_tillroll
    assert summary.total == 12
    source = Source.objects.get()
    assert (source.kind, source.name) == (SourceKind.REMOTE, fake_shop.url)
    order = Order.objects.get(pk=2)
    assert (order.total, order.currency, order.status, order.type) == (Decimal(20), "EUR", "complete", "sale")
    assert order.created_at == datetime(2026, 1, 3, 12, tzinfo=UTC)
    assert OrderItem.objects.get(order=order).pk == 1002
    customer = Customer.objects.get()
    assert (customer.name, customer.purchase_count, customer.purchase_value) == ("Ann Lee", 3, Decimal(60))
    assert (Product.objects.get().sales, Product.objects.get().earnings) == (3, Decimal(60))
    assert ShopTotal.objects.get().sales == 3
    check_all_that_is_kept(UTC)
    assert not list((home / FOLDER).glob("*"))


def test_settings_that_the_shop_tells_are_taken(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.records["products"][0]["info"]["sku"] = "-"
    take()
    settings = get_settings()
    assert (settings.currency, settings.currency_position, settings.edd_version) == ("EUR", "after", "3.6.5")
    assert (settings.dialect, settings.default_version, settings.skus_enabled) == ("edd3", "v2", True)
    assert (settings.url, settings.name) == (fake_shop.url, fake_shop.url.removeprefix("http://"))
    assert Product.objects.get().sku == ""


def test_what_the_owner_chose_afterwards_stays(fake_shop: FakeShop, take: Pull) -> None:
    take()
    setup_settings(name="Paper", dialect="documented", default_version="v1", url="https://new.example")
    take()
    settings = get_settings()
    assert (settings.name, settings.dialect, settings.url) == ("Paper", "documented", "https://new.example")
    assert settings.default_version == "v1"


def test_a_product_of_no_list_that_was_sold_is_asked_for(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, products=[make_item(1001, 8, "5.000000000"), make_item(1002, 9, "5.000000000")])
    draft = make_product(8)
    draft["info"] |= {"status": "draft", "title": "Draft"}
    fake_shop.unlisted = [draft]
    take()
    assert dict(Product.objects.values_list("pk", "status")) == {7: "publish", 8: "draft"}
    asked = [each.query["product"] for each in fake_shop.asked if "product" in each.query]
    assert asked == ["8", "9"]


def test_a_buyer_with_a_login_brings_a_user_without_rights(fake_shop: FakeShop, take: Pull) -> None:
    create_user("ann")
    fake_shop.records["customers"] = [
        make_customer(2, "bob@x.example", user_id="31", username="bob", display_name="Bob"),
        make_customer(1, user_id="30", username="ann", display_name="Ann L."),
        make_customer(3, "gone@x.example", user_id="32", username=None, display_name=None),
    ]
    take()
    theirs = User.objects.filter(source__kind=SourceKind.REMOTE).order_by("wire_id")
    host = fake_shop.url.removeprefix("http://")
    assert [(each.wire_id, each.login, each.username, each.display_name) for each in theirs] == [
        (30, "ann", f"ann@{host}", "Ann L."),
        (31, "bob", "bob", "Bob"),
    ]
    assert {each.capabilities for each in theirs} == {""}
    assert User.objects.get(username="ann").wire_id >= OWN_IDS_FROM


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (None, []),
        (["b@x.example", "c@x.example"], ["b@x.example", "c@x.example", "ann@mail.example"]),
        ({"1": "b@x.example", "3": "c@x.example"}, ["b@x.example", "ann@mail.example", "c@x.example"]),
    ],
)
def test_further_addresses_keep_their_places(
    told: Any, shown: list[str], fake_shop: FakeShop, take: Pull
) -> None:
    fake_shop.records["customers"] = [make_customer(additional_emails=told)]
    take()
    newest_first = CustomerEmail.objects.order_by("-pk").values_list("email", flat=True)
    assert list(newest_first) == (shown or ["ann@mail.example"])


def test_discounts_and_downloads_come_in(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, discounts={"TEN": "2.000000000"}, subtotal="22.000000000")
    fake_shop.records["discounts"] = [
        {"ID": 4, "name": "Ten", "code": "TEN", "amount": 10, "min_price": "1.500000000", "type": "percent",
         "uses": "1", "max_uses": 5, "start_date": "2026-01-01 00:00:00", "exp_date": False,
         "status": "active", "product_requirements": ["7_1"], "requirement_condition": "any",
         "global_discount": False, "excluded_products": [], "single_use": True}
    ]  # fmt: skip
    fake_shop.records["file-download-logs"] = [
        {"ID": 6, "user_id": 0, "product_id": 7, "product_name": "Protected: Notes", "customer_id": 1,
         "payment_id": 1, "file": "notes.pdf", "ip": "192.0.2.1", "date": "2026-01-03 10:00:00"}
    ]  # fmt: skip
    take()
    discount = Discount.objects.get()
    assert (discount.code, discount.amount, discount.min_charge) == ("TEN", Decimal(10), Decimal("1.5"))
    assert (discount.scope, discount.once_per_customer, discount.ends_at) == ("not_global", True, None)
    assert [(each.role, each.product_ref) for each in discount.products.all()] == [("requirement", "7_1")]
    adjustment = OrderAdjustment.objects.get()
    assert (adjustment.type, adjustment.type_id, adjustment.total) == ("discount", 4, Decimal(2))
    item = OrderItem.objects.get()
    assert (item.subtotal, item.discount, item.total) == (Decimal(22), Decimal(2), Decimal(20))
    line = FileDownload.objects.get()
    assert (line.file_name, line.ip, line.order_id) == ("notes.pdf", "192.0.2.1", 1)
    assert Product.objects.get().is_protected
    assert Customer.objects.get().download_count == 1


def test_a_product_that_a_sale_calls_protected_is(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1)
    title = [make_item(1001, 7, "20.000000000", name="Protected: Notes")]
    body = json.dumps({"sales": [make_sale(1, products=title)]}).encode()
    fake_shop.trouble = lambda asked: Said(200, body) if asked.target == "v1/sales" else None
    take()
    assert Product.objects.get().is_protected


def test_price_options_are_named_by_sales_and_numbered_by_fees(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.records["products"] = [
        make_product(pricing={"singlesite": "20.00", "fivesites": "50.00"})
        | {"files": [{"index": "0", "name": "A", "file": "a.zip", "condition": "all", "size": 3}]}
    ]
    fake_shop.records["products"][0]["info"]["price"] = "<span>50.00 &euro;</span>"
    fee = {"amount": "1.000000000", "label": "Setup", "no_tax": False, "type": "fee", "price_id": "4",
           "download_id": "7", "id": "setup"}  # fmt: skip
    sold = [make_item(1001, 7, "20.000000000", price_name="Five Sites")]
    fake_shop.sell(1, products=sold, fees=[fee], total="21.00")
    fake_shop.records["sales"][0]["subtotal"] = "20.000000000"
    take()
    options = PriceOption.objects.order_by("position")
    assert [(each.price_id, each.name, each.amount_text) for each in options] == [
        (3, "singlesite", "20.00"),
        (4, "Five Sites", "50.00"),
    ]
    product = Product.objects.get()
    assert (product.default_price_id, product.price, product.has_price_options) == (4, None, True)
    item = OrderItem.objects.get()
    assert item.price_id == 4
    adjustment = OrderAdjustment.objects.get()
    assert (adjustment.item_id, adjustment.type_key, adjustment.tax) == (item.pk, "setup", Decimal(0))
    file = product.files.get()
    assert (file.name, file.thumbnail_size, file.extra) == ("A", None, {"size": 3})


def test_an_orders_tax_is_shared_out(fake_shop: FakeShop, take: Pull) -> None:
    """10 % on both items and on the fee, as the order's sums say."""
    fee = {"amount": "2.200000000", "label": "Box", "price_id": None, "download_id": None, "id": None}
    items = [make_item(1001, 7, "11.000000000"), make_item(1002, 7, "33.000000000")]
    fake_shop.sell(1, products=items, fees=[fee])
    fake_shop.records["sales"][0] |= {
        "subtotal": "40.000000000", "tax": "4.200000000", "total": "46.200000000",
    }  # fmt: skip
    take()
    assert [(each.tax, each.total) for each in OrderItem.objects.order_by("pk")] == [
        (Decimal(1), Decimal(11)),
        (Decimal(3), Decimal(33)),
    ]
    adjustment = OrderAdjustment.objects.get()
    assert (adjustment.subtotal, adjustment.tax, adjustment.total) == (2, Decimal("0.2"), Decimal("2.2"))
    assert Product.objects.get().earnings == Decimal(40)


# Orders of no list


def refund(id_: int, total: str, items: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    sale = make_sale(id_, products=items, **more)
    return sale | {
        "subtotal": total,
        "total": total,
        "date": "2026-02-01 12:00:00",
        "date_utc": "2026-02-01 12:00:00",
    }


def test_refunds_are_asked_for_by_id_and_find_their_sale(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(
        1,
        status="partially_refunded",
        products=[make_item(2001, 7, "15.000000000"), make_item(2002, 7, "5.000000000")],
    )
    fake_shop.sell(2, 5)
    given_back = make_item(1003, 7, "-5.000000000", quantity="-1")
    fake_shop.unlisted = [
        refund(3, "-5.000000000", [given_back]),
        make_sale(4, status="pending"),
        make_sale(6, status="refunded", products=[make_item(1016, 7, "20.000000000")]),
        refund(7, "-20.000000000", [make_item(1017, 7, "-20.000000000", quantity="-1")]),
    ]
    summary = take()
    assert dict(Order.objects.values_list("pk", "type")) == {
        1: "sale", 2: "sale", 3: "refund", 4: "sale", 5: "sale", 6: "sale", 7: "refund",
    }  # fmt: skip
    assert dict(Order.objects.filter(type="refund").values_list("pk", "parent_id")) == {3: 1, 7: 6}
    assert Order.objects.get(pk=3).number == "1-R-1"
    assert dict(OrderItem.objects.filter(order__in=(1, 6)).values_list("pk", "status")) == {
        2001: "complete", 2002: "refunded", 1016: "refunded",
    }  # fmt: skip
    assert OrderItem.objects.get(pk=1003).parent_id == 2002
    total = ShopTotal.objects.get()
    assert (total.sales, total.earnings_whole) == (3, 55)
    assert Product.objects.get().sales == 3
    assert "4 orders that are in no list were asked for by their ids." in summary.found
    asked = [int(each.query["id"]) for each in fake_shop.asked if "id" in each.query]
    assert asked[2:] == [3, 4, *range(6, 28)]  # behind the two that tell ids from numbers
    check_all_that_is_kept(UTC)


def test_ids_are_not_asked_for_where_they_are_too_many(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, 2_003)
    summary = take()
    assert [each.query["id"] for each in fake_shop.asked if "id" in each.query] == ["1", "2003"]
    assert (
        "2,001 ids that the list of sales leaves out were not asked for; --unlisted all asks."
        in summary.found
    )


def test_ids_are_not_asked_for_where_nobody_wants_them(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, 3)
    take(unlisted=False)
    assert [each.query["id"] for each in fake_shop.asked if "id" in each.query] == ["1", "3"]


def test_order_numbers_are_told_from_ids(fake_shop: FakeShop, take: Pull) -> None:
    for id_, number in ((50, "7"), (51, "8")):
        fake_shop.sell(id_, ID=number, internal=str(id_))
    summary = take()
    assert get_settings().sequential_numbers
    assert dict(Order.objects.values_list("pk", "number")) == {1050: "7", 1051: "8"}
    assert summary.found[-1].startswith("The shop shows order numbers in place of ids")


# The clock


def shift(sale: dict[str, Any], hours: int) -> None:
    local = datetime.fromisoformat(sale["date_utc"]) + timedelta(hours=hours)
    sale["date"] = local.isoformat(" ")


def test_the_zone_is_found_by_summer_and_winter(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, 2)
    fake_shop.records["sales"][0] |= {"date_utc": "2026-07-01 12:00:00"}
    shift(fake_shop.records["sales"][0], 2)
    shift(fake_shop.records["sales"][1], 1)
    summary = take()
    assert get_settings().timezone == "Europe/Berlin"
    assert summary.found[0] == (
        "Time zone Europe/Berlin: by the sales' times; --timezone names another that has the same."
    )
    assert Product.objects.get().created_at == datetime(2024, 12, 31, 23, tzinfo=UTC)
    assert Product.objects.get().created_local == "2025-01-01 00:00:00"


def test_a_winter_alone_gives_an_offset(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, 2)
    for sale in fake_shop.records["sales"]:
        shift(sale, -5)
    summary = take()
    assert get_settings().timezone == "-05:00"
    assert "too few to tell summer time" in summary.found[0]


def test_a_zone_that_is_named_counts(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1)
    summary = take(timezone="Asia/Tokyo")
    assert get_settings().timezone == "Asia/Tokyo"
    assert summary.found[0] == (
        "Time zone Asia/Tokyo: as --timezone says, though the sales' times are of another."
    )
    shift(fake_shop.records["sales"][0], 9)
    assert take().found[0] == "Time zone Asia/Tokyo: as it was here; the sales' times agree."


# Again and again


def test_a_second_pull_brings_the_shop_up_to_date(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, 2, 3)
    take()
    fake_shop.records["sales"] = [each for each in fake_shop.records["sales"] if each["ID"] != "1"]
    fake_shop.records["sales"][0] |= {"total": "30.000000000"}
    fake_shop.sell(4)
    assert get_changes(take()) == {
        "orders": (1, 1, 1), "order items": (1, 0, 1), "order transactions": (1, 1, 1),
    }  # fmt: skip
    assert list(Order.objects.order_by("pk").values_list("pk", "total")) == [
        (2, Decimal(20)),
        (3, Decimal(30)),
        (4, Decimal(20)),
    ]
    assert Customer.objects.get().purchase_value == Decimal(70)
    check_all_that_is_kept(UTC)


def test_a_second_pull_of_the_same_changes_nothing(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1, 2)
    take()
    assert get_changes(take()) == {}


def test_records_made_here_stay_out_of_the_shops_way(fake_shop: FakeShop, take: Pull) -> None:
    take()
    own = create_customer("own@here.example", "Own")
    assert own.pk >= OWN_IDS_FROM
    fake_shop.records["customers"].insert(0, make_customer(2, "new@x.example"))
    take()
    assert set(Customer.objects.values_list("pk", flat=True)) == {1, 2, own.pk}


# When it breaks off


def test_a_pull_that_broke_off_goes_on(fake_shop: FakeShop, take: Pull, home: Path) -> None:
    fake_shop.sell(*range(1, 11))

    def fail(asked: Asked) -> Said | None:
        return Said(500) if asked.endpoint == "customers" else None

    fake_shop.trouble = fail
    with pytest.raises(PullRefused) as refused:
        take(number=4)
    assert str(refused.value) == (
        f"{fake_shop.url[7:]} fails (500). What was read is kept: the same command goes on from there."
    )
    assert not Order.objects.exists()
    [folder] = (home / FOLDER).iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    fake_shop.trouble = lambda _asked: None
    fake_shop.asked.clear()
    assert take(number=4).records["orders"].total == 10
    assert fake_shop.list_asked("sales") == []
    assert not folder.exists()


@pytest.mark.parametrize(("wishes", "hours"), [({"is_fresh": True}, 1), ({}, 24)])
def test_what_is_old_is_read_again(
    wishes: dict[str, Any], hours: int, fake_shop: FakeShop, take: Pull
) -> None:
    fake_shop.sell(1)
    fake_shop.trouble = lambda asked: Said(403, b"{}") if asked.endpoint == "customers" else None
    began = datetime(2026, 11, 1, tzinfo=UTC)
    with time_machine.travel(began, tick=False), pytest.raises(PullRefused):
        take()
    fake_shop.trouble = lambda _asked: None
    fake_shop.records["sales"] = [make_sale(2)]
    with time_machine.travel(began + timedelta(hours=hours), tick=False):
        take(**wishes)
    assert list(Order.objects.values_list("pk", flat=True)) == [2]


def test_what_others_left_for_a_day_is_removed(fake_shop: FakeShop, take: Pull, home: Path) -> None:
    old = home / FOLDER / "0123"
    old.mkdir(parents=True)
    with time_machine.travel(datetime.now(UTC) + timedelta(days=2), tick=False):
        take()
    assert not old.exists()


def test_a_key_that_sees_less_is_refused(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.info = {**INFO, "permissions": {"view_shop_reports": True}}
    with pytest.raises(PullRefused) as refused:
        take()
    assert str(refused.value) == (
        f"The key does not see the whole of {fake_shop.url[7:]} (view_shop_sensitive_data,"
        " manage_shop_discounts); take an administrator's."
    )
    assert {each.endpoint for each in fake_shop.asked} == {"products", "info"}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"hidden_fields": ["emails", "names"]}, "emails are hidden from it, names are hidden from it"),
        ({"customer_id": "3"}, "it is a buyer's"),
        ({"endpoints": ["sales", "info"]}, "not customers, not discounts, not file-download-logs,"
         " not products, not stats"),
    ],
)  # fmt: skip
def test_a_limited_key_of_a_tillroll_is_refused(
    more: dict[str, Any], reason: str, fake_shop: FakeShop, take: Pull
) -> None:
    fake_shop.info = {**INFO, **more}
    with pytest.raises(PullRefused) as refused:
        take()
    assert f"({reason})" in str(refused.value)


def test_one_import_runs_at_a_time(take: Pull) -> None:
    with hold_import_lock(), pytest.raises(PullRefused, match=r"^Another import is running; try again when"):
        take()


def test_records_that_are_here_already_are_not_written_over(fake_shop: FakeShop, take: Pull) -> None:
    setup_customer("own@here.example", id=1)
    setup_product(id=3)
    with pytest.raises(PullRefused, match=r"^The customer 1 is here already and is not from this source"):
        take()
    assert Customer.objects.get().email == "own@here.example"
    assert not Source.objects.exists()


# The summary


def test_the_summary_says_what_the_api_does_not_tell(fake_shop: FakeShop, take: Pull) -> None:
    fake_shop.sell(1)
    fake_shop.records["customers"][0]["stats"] |= {"total_purchases": 1, "total_spent": 18.5}
    fake_shop.trouble = lambda asked: (
        Said(200, b'{"sales": {"totals": 5}}') if asked.query.get("type") == "sales" else None
    )
    summary = take(unlisted=False)
    console = Console(width=160)
    with console.capture() as captured:
        console.print(render_pull(summary))
    text = captured.get()
    assert "What the API does not tell" in text
    assert "refunded, unfinished and failed orders" in text
    assert "The shop counts 5 sales, but lists 1; those are here." in text
    assert "customer 1 ann@mail.example" in text
    assert "1 purchases, 18.50" in text
    assert f"records of {fake_shop.url} (a WordPress with EDD) by {len(fake_shop.asked)} requests" in text
    assert KEY not in text
    assert TOKEN not in text


def test_own_users_keep_their_rights(fake_shop: FakeShop, take: Pull) -> None:
    own = setup_user(role="shop_manager")
    take()
    assert "view_shop_reports" in User.objects.get(pk=own.pk).capabilities
