"""`tillroll reconcile --source`: days, products and customers as the source's rows give them."""

import pytest
from click.testing import CliRunner
from pytest_django.fixtures import Settings

from tests.intake.mirror.day import Day
from tests.mariadb import Server, Shop
from tillroll.cli import tillroll
from tillroll.intake.mirror.following import Follower
from tillroll.shop.models import Mirror

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def reconcile(server: Server, settings: Settings, *options: str, code: int) -> str:
    with server.make_reader() as reader:
        settings.MIRROR_PASSWORD = reader.password
        done = CliRunner().invoke(tillroll, ["reconcile", "--source", *(options or (str(reader.address),))])
    assert done.exit_code == code, done.output
    return done.output


def test_a_mirror_agrees_with_its_source(
    follower: Follower, server: Server, shop: Shop, settings: Settings
) -> None:
    follower.run()
    day = Day(shop, 11)
    day.go_on(150)
    follower.run(is_thorough=True)
    said = reconcile(server, settings, code=0)
    assert said.startswith("Compared ")
    assert said.endswith("no difference.\n")


def test_what_differs_is_named(follower: Follower, server: Server, shop: Shop, settings: Settings) -> None:
    follower.run()
    customer = shop.insert(
        "edd_customers", email="new@shop.example", name="New", date_created="2026-05-06 12:00:00"
    )
    order = shop.insert(
        "edd_orders",
        type="sale",
        status="complete",
        customer_id=45,
        total="12.5",
        tax="2.5",
        date_created="2026-05-06 12:00:00",
    )
    shop.insert("edd_order_items", order_id=order, product_id=11, status="complete", total="10", tax="2.5")
    said = reconcile(server, settings, code=1).splitlines()
    assert customer > 45
    assert {
        "number of customers: records is 46 here and 47 in the source.",
        "number of orders: records is 283 here and 284 in the source.",
        "number of order items: records is 424 here and 425 in the source.",
        "day 2026-05-06: sales is 0 here and 1 in the source.",
        "day 2026-05-06: earnings is 0 here and 12.5 in the source.",
        "day 2026-05-06: tax is 0 here and 2.5 in the source.",
    } <= set(said)
    assert [line.partition(" is ")[0] for line in said if line.startswith(("product", "customer"))] == [
        "product 11: sales",
        "product 11: earnings",
        "product 11: tax",
        "customer 45: purchases",
        "customer 45: value",
    ]
    assert said[-1].endswith(": 11 differ.")
    follower.run()
    assert reconcile(server, settings, code=0).endswith("no difference.\n")


def test_a_shop_of_its_own_has_no_source(server: Server, settings: Settings) -> None:
    assert reconcile(server, settings, code=2) == (
        "This shop follows no other, so that there is no source to compare it with.\n"
    )


def test_a_source_that_is_away_is_a_sentence(follower: Follower, server: Server, settings: Settings) -> None:
    follower.run()
    Mirror.objects.update(address="mysql://reader@127.0.0.1:1/wordpress")
    assert reconcile(server, settings, "mysql://reader@127.0.0.1:1/wordpress", code=2).startswith(
        "The source can't be reached at 127.0.0.1:1: "
    )


def test_options_of_a_source_want_a_source() -> None:
    done = CliRunner().invoke(tillroll, ["reconcile", "--tls", "off"])
    assert (done.exit_code, done.output) == (
        2,
        "A password file and TLS are for a comparison with a source; name it by --source.\n",
    )
