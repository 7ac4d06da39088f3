"""The import of a whole shop: the recorded one, and made-up ones that change."""

import gzip
import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from rich.console import Console

from tests.conformance.recordings import DUMP
from tests.intake.wordpress.sites import Site
from tests.intake.wordpress.taking import get_changes, get_left_out, read_everything, take
from tests.shops import setup_customer, setup_key, setup_order, setup_product, setup_user
from tillroll.access.keys import find_caller
from tillroll.access.models import ApiKey, User
from tillroll.intake.apply import Change
from tillroll.intake.wordpress.importer import import_dump
from tillroll.intake.wordpress.summary import MOST_SHOWN, Difference, Summary, render_summary
from tillroll.shop.models import Customer, CustomerEmail, Order, OrderItem, Product, Source

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

COUNTS = {
    "terms": 15,
    "products": 25,
    "price options": 12,
    "product files": 18,
    "bundle items": 5,
    "product terms": 38,
    "customers": 46,
    "customer emails": 56,
    "customer addresses": 0,
    "orders": 283,
    "order items": 424,
    "order adjustments": 101,
    "order transactions": 177,
    "order addresses": 256,
    "order notes": 317,
    "discounts": 13,
    "discount products": 7,
    "discount terms": 1,
    "file downloads": 152,
    "roles": 9,
    "users": 20,
    "user roles": 20,
    "user capabilities": 2,
    "API keys": 12,
}
"""What a real EDD 3.6.5 wrote down of the recorded shop."""


def render(summary: Summary) -> str:
    console = Console(width=160)
    with console.capture() as captured:
        console.print(render_summary(summary))
    return captured.get()


# The recorded shop


def test_the_recorded_shop_comes_in_whole() -> None:
    summary = import_dump(DUMP)
    assert {name: change.total for name, change in summary.records.items()} == COUNTS
    assert summary.total == sum(COUNTS.values())
    assert (summary.shop, summary.url, summary.prefix) == (
        "Harbor & Pine Plugins",
        "http://127.0.0.1:8090",
        "wp_",
    )
    assert summary.size == DUMP.stat().st_size
    assert not summary.has_replaced_demo
    assert summary.invalid_values == 0
    assert get_left_out(summary)["posts of other types"] == (10, "they are no products")
    assert get_left_out(summary)["the log of API requests"][0] is None


def test_our_figures_are_those_that_edd_worked_out_for_the_recorded_shop() -> None:
    summary = import_dump(DUMP)
    assert summary.differences == ()
    assert summary.differences_total == 0
    product = Product.objects.get(pk=14)
    assert (product.sales, round(product.earnings, 6)) == (37, Decimal("1824.796095"))
    customer = Customer.objects.get(pk=2)
    assert (customer.purchase_count, customer.purchase_value) == (7, Decimal("502.45"))


def test_the_recorded_shop_changes_nothing_the_second_time() -> None:
    import_dump(DUMP)
    before = read_everything()
    summary = import_dump(DUMP)
    assert get_changes(summary) == {}
    assert summary.total == sum(COUNTS.values())
    after = read_everything()
    for volatile in ("shop.Source", "shop.Revision"):
        before.pop(volatile)
        after.pop(volatile)
    assert after == before


# A shop that changes


def make_shop(**options: str) -> Site:
    """Two products, two customers, three orders with a refund, a user with a key."""
    site = Site(**options)
    for number in (10, 11):
        site.add_product(number, {"edd_price": "20.00"}, post_title=f"Product {number}")
    for number in (1, 2):
        site.add("edd_customers", id=number, email=f"c{number}@x.example", user_id=number)
        site.add("edd_customer_email_addresses", customer_id=number, email=f"c{number}@x.example")
    for number, customer in ((5, 1), (6, 2)):
        site.add_order(number, "20.000000000", customer_id=customer)
        site.add("edd_order_items", id=number, order_id=number, product_id=10, total="20.000000000")
        site.add("edd_order_addresses", order_id=number, city="Rome")
    site.add_order(7, "-20.000000000", type="refund", parent=6, customer_id=2)
    site.add("edd_order_items", id=7, order_id=7, parent=6, product_id=10, quantity=-1, total="-20.000000000")
    site.add_user(1, "owner", {"wp_capabilities": 'a:1:{s:13:"administrator";b:1;}'})
    site.add_user(2, "app")
    site.add_key(2, "public", "secret")
    return site


def test_a_changed_shop_changes_what_changed() -> None:
    site = make_shop()
    take(site)
    site.drop("posts", ID=11)
    site.add_product(12)
    site.rows["edd_orders"][0]["status"] = "revoked"
    site.rows["edd_order_items"][0]["status"] = "revoked"
    for table, column in (
        ("edd_orders", "id"),
        ("edd_order_items", "id"),
        ("edd_order_addresses", "order_id"),
    ):
        site.drop(table, **{column: 6})
    site.drop("usermeta", meta_value="edd_user_public_key")
    summary = take(site)
    assert get_changes(summary) == {
        "products": (1, 0, 1),
        "orders": (0, 1, 1),
        "order items": (0, 1, 1),
        "order addresses": (0, 0, 1),
        "API keys": (0, 0, 1),
    }
    assert list(Order.objects.order_by("pk").values_list("pk", "status")) == [(5, "revoked"), (7, "complete")]
    assert not ApiKey.objects.exists()
    assert get_changes(take(site)) == {}


def test_customers_may_swap_their_emails() -> None:
    site = make_shop()
    take(site)
    for rows in (site.rows["edd_customers"], site.rows["edd_customer_email_addresses"]):
        rows[0]["email"], rows[1]["email"] = rows[1]["email"], rows[0]["email"]
    summary = take(site)
    assert get_changes(summary) == {"customers": (0, 2, 0), "customer emails": (0, 2, 0)}
    assert dict(Customer.objects.values_list("pk", "email")) == {1: "c2@x.example", 2: "c1@x.example"}
    assert dict(CustomerEmail.objects.values_list("customer", "email")) == {
        1: "c2@x.example",
        2: "c1@x.example",
    }


def test_records_made_here_stay_beside_the_shops() -> None:
    site = make_shop()
    take(site)
    user = setup_user("local", role="administrator")
    key = setup_key(user=user)
    order = setup_order(setup_product(), customer=setup_customer("mine@x.example"))
    assert get_changes(take(site)) == {}
    site.rows["edd_orders"] = []
    summary = take(site)
    assert get_changes(summary) == {
        "orders": (0, 0, 3), "order items": (0, 0, 3), "order addresses": (0, 0, 2)
    }  # fmt: skip
    assert list(Order.objects.values_list("pk", flat=True)) == [order.pk]
    assert find_caller(key.public_key, key.token).caller.user_id == user.wire_id


def test_items_whose_order_is_gone_are_told_the_second_time() -> None:
    site = make_shop()
    take(site)
    site.drop("edd_orders", id=6)
    summary = take(site)
    assert get_left_out(summary)["order items"] == (1, "their order is not in the dump")
    assert not OrderItem.objects.filter(pk=6).exists()


# Which shop it is


def test_a_shop_is_known_by_its_address_whatever_its_scheme() -> None:
    take(make_shop(home="http://www.shop.example/"))
    summary = take(make_shop(home="https://shop.example"))
    assert get_changes(summary) == {"products": (0, 2, 0)}  # their addresses
    assert Source.objects.get().name == "https://shop.example"


def test_a_shop_that_moved_is_known_by_its_orders() -> None:
    take(make_shop())
    site = make_shop(home="https://moved.example")
    site.add_order(8)
    assert get_changes(take(site)) == {"products": (0, 2, 0), "orders": (1, 0, 0)}
    assert Source.objects.get().name == "https://moved.example"
    assert User.objects.get(wire_id=1).username == "owner"


def test_a_shop_without_orders_is_known_by_its_users() -> None:
    site = Site()
    site.add_user(1, "owner", user_email="owner@x.example")
    take(site)
    moved = Site(home="https://moved.example")
    moved.add_user(1, "owner", user_email="owner@x.example")
    assert get_changes(take(moved)) == {}
    assert Source.objects.get().name == "https://moved.example"


def test_another_shop_with_the_same_ids_is_another_and_refused() -> None:
    from tillroll.intake.wordpress.importer import ImportRefused

    take(make_shop())
    other = make_shop(home="https://other.example")
    for row in other.rows["edd_orders"]:
        row["payment_key"] = f"other{row['id']}"
    before = read_everything()
    with pytest.raises(ImportRefused, match="product 10 is here already and is not from this source"):
        take(other)
    assert read_everything() == before


# The summary


def test_stored_figures_that_the_orders_contradict_are_told() -> None:
    site = make_shop()
    site.rows["edd_customers"][0].update(purchase_value="50.000000000", purchase_count=3)
    site.rows["edd_customers"][1].update(purchase_value="0.004000000", purchase_count=1)
    site.add_meta(10, _edd_download_sales="1", _edd_download_earnings="20.00")
    site.add_meta(11, _edd_download_sales="0", _edd_download_earnings="0.00")
    summary = take(site)
    assert summary.differences == (
        Difference("product 10 Product 10", "1 sold, 20.00", "2 sold, 20.00"),
        Difference("customer 1 c1@x.example", "3 purchases, 50.00", "1 purchases, 20.00"),
    )
    assert summary.differences_total == 2
    text = render(summary)
    assert "Stored figures that the orders contradict: 2" in text
    assert "3 purchases, 50.00" in text


def test_only_the_first_differences_are_listed() -> None:
    site = Site()
    for number in range(1, 31):
        site.add("edd_customers", id=number, email=f"c{number}@x.example", purchase_count=9)
    summary = take(site)
    assert len(summary.differences) == MOST_SHOWN
    assert summary.differences_total == 30
    assert f"contradict: 30, the first {MOST_SHOWN}" in render(summary)


def test_the_summary_says_what_was_done() -> None:
    site = make_shop()
    site.add("posts", ID=90, post_type="page", post_title="[red]x[/red]")
    site.rows["posts"][0]["post_title"] = "[bold]Odd[/bold]"
    site.add_meta(10, _edd_download_sales="9")
    text = render(take(site))
    row = next(line for line in text.splitlines() if "orders " in line)
    assert row.split()[1::2] == ["orders", "3", "0", "0", "3"]
    assert "posts of other types" in text
    assert "they are no products" in text
    assert "product 10 [bold]Odd[/bold]" in text
    assert "records of Shop (https://shop.example)" in text
    assert "demo shop" not in text


def test_a_table_that_the_dump_does_not_hold_is_told() -> None:
    site = make_shop()
    assert not any(what.startswith("the table") for _, what, _ in take(site).left_out)
    del site.rows["edd_order_addresses"]
    summary = take(site)
    assert get_left_out(summary)["the table wp_edd_order_addresses"] == (None, "it is not in the dump")
    assert get_changes(summary) == {"order addresses": (0, 0, 2)}


def test_the_summary_tells_of_bytes_that_are_no_text() -> None:
    site = make_shop()
    sql = site.get_sql().encode().replace(b"'Rome'", b"'R\xffme'")
    path = Path(settings.TILLROLL_HOME) / "broken.sql"
    path.write_bytes(sql)
    summary = import_dump(path)
    path.unlink()
    assert summary.invalid_values == 2
    assert "2 values held bytes that are no text" in render(summary)


def test_a_demo_shop_is_replaced_with_its_credentials_and_the_summary_says_so(home: Path) -> None:
    from tillroll.intake.demo.shop import fill_demo

    fill_demo(5)
    credentials = home / "demo-credentials"
    credentials.write_text("user demo")
    summary = take(make_shop())
    assert summary.has_replaced_demo
    assert "The demo shop with its keys and logins was replaced." in render(summary)
    assert not credentials.exists()
    assert Source.objects.get().name == "https://shop.example"
    assert Order.objects.count() == 3


# The way through


def test_progress_tells_bytes_and_what_is_being_done(tmp_path: Path) -> None:
    path = make_shop().dump(tmp_path / "shop.sql")
    size = path.stat().st_size
    told: list[tuple[int, int, str]] = []
    import_dump(path, on_progress=lambda done, total, what: told.append((done, total, what)))
    assert told[0] == (size, size, "reading")
    assert {total for _, total, _ in told} == {size}
    steps = [what for _, _, what in told]
    assert steps.index("joining") < steps.index("orders") < steps.index("figures") < steps.index("comparing")


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data], ids=["packed", "plain"])
def test_a_dump_may_be_packed(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "shop.txt"
    path.write_bytes(pack(make_shop().dump(tmp_path / "shop.sql").read_bytes()))
    assert import_dump(path).records["orders"] == Change(3, 0, 0, 3)


def test_tables_may_come_in_any_order() -> None:
    take(make_shop())
    expected = read_everything()
    site = make_shop()
    summary = take(site.get_sql(sorted(site.rows, reverse=True)))
    assert get_changes(summary) == {}
    for name in ("shop.Source", "shop.Revision"):
        expected.pop(name)
    assert {name: rows for name, rows in read_everything().items() if name in expected} == expected


def test_columns_may_come_in_any_order_too() -> None:
    site = make_shop()
    others = [name for name in sorted(site.rows) if name != "edd_customers"]
    sql = (
        "CREATE TABLE `wp_edd_customers` (`name` text, `email` text, `ID` int);\n"
        "INSERT INTO `wp_edd_customers` (`email`,`id`) VALUES ('c1@x.example',1);\n"
        "INSERT INTO `wp_edd_customers` VALUES ('Two','c2@x.example',2);\n"
    )
    take(site.get_sql(others) + sql)
    found = Customer.objects.order_by("pk").values_list("pk", "email", "name")
    assert list(found) == [(1, "c1@x.example", ""), (2, "c2@x.example", "Two")]


def test_nothing_of_the_scratch_file_is_left(home: Path) -> None:
    stale = home / "import"
    stale.mkdir()
    (stale / "first.sqlite3").write_text("of an import that was killed")
    take(make_shop())
    assert not stale.exists()


def test_the_clock_is_not_asked_for_what_the_shop_knows() -> None:
    with time_machine.travel("2020-01-01"):
        take(make_shop())
    with time_machine.travel("2030-01-01"):
        assert get_changes(take(make_shop())) == {}


def test_a_home_that_is_full_ends_in_a_sentence(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    import sqlite3

    from tillroll.intake.staging import Staging
    from tillroll.intake.wordpress.importer import ImportRefused

    def fail(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Staging, "flush", fail)
    with pytest.raises(ImportRefused) as refused:
        take(make_shop())
    assert str(refused.value) == f"The scratch file in {home} can't be written: database or disk is full."
    assert shutil.disk_usage(home).total > 0
    assert not (home / "import").exists()
