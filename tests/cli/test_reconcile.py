"""`tillroll reconcile`: what it prints, its exit codes, and that it repairs all at once."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.cli.conftest import Invoke
from tests.cli.running import Shop, refusal
from tests.shops import setup_customer, setup_order, setup_product
from tillroll.shop.models import Customer, Revision, Tally
from tillroll.shop.revision import Topic

CHANGED = (
    "customer 1: purchase_count is kept as 9 and is 1; order 1.\n"
    "count customer: value is kept as 5 and is 1; no order.\n"
)


@pytest.mark.django_db(databases=["default", "logs"])
def test_a_right_shop_is_said_to_be_right(invoke: Invoke) -> None:
    setup_order(setup_product(), customer=setup_customer())
    assert invoke("reconcile").stdout == (
        "Compared 1 customers, 1 products, 1 days, 1 days of products, 1 days of gateways, 1 days of"
        " countries, 0 days of discounts, 1 all-time total, 1 all-time totals of products,"
        " 0 terms, 3 counts, 15 blocks of lists: no difference.\n"
    )


@pytest.mark.django_db(databases=["default", "logs"])
def test_each_difference_is_a_line_and_repaired_when_asked(invoke: Invoke) -> None:
    customer = setup_customer(id=1)
    setup_order(setup_product(), customer=customer, id=1)
    Tally.objects.filter(name="customer").update(value=5)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    Customer.objects.update(purchase_count=9, modified_at=long_ago)
    before = dict(Revision.objects.exclude(topic="store").values_list("topic", "number"))

    printed = invoke("reconcile", code=1).stdout
    assert printed.startswith(CHANGED)
    assert printed.endswith("3 counts, 15 blocks of lists: 2 differ.\n")
    assert dict(Revision.objects.exclude(topic="store").values_list("topic", "number")) == before

    printed = invoke("reconcile", "--repair").stdout
    assert printed.startswith(CHANGED)
    assert printed.endswith("2 differ.\nEverything is set right.\n")
    customer.refresh_from_db()
    assert customer.purchase_count == 1
    after = dict(Revision.objects.exclude(topic="store").values_list("topic", "number"))
    bumped = {topic for topic, number in after.items() if number != before.get(topic)}
    assert bumped == {*Topic}
    assert customer.modified_at > long_ago
    assert invoke("reconcile").stdout.endswith("no difference.\n")


@pytest.mark.django_db(databases=["default", "logs"])
def test_a_repair_drops_copies_of_answers_though_no_figure_differs(invoke: Invoke) -> None:
    customer = setup_customer()
    dated = customer.modified_at
    before = dict(Revision.objects.values_list("topic", "number"))
    printed = invoke("reconcile", "--repair").stdout
    assert printed.endswith("no difference.\nAnswers that were kept are dropped.\n")
    after = dict(Revision.objects.values_list("topic", "number"))
    assert {topic for topic, number in after.items() if number != before.get(topic)} == {"store", *Topic}
    customer.refresh_from_db()
    assert customer.modified_at == dated


TABLES = (
    "daytotal",
    "shoptotal",
    "productdaytotal",
    "producttotal",
    "gatewaydaytotal",
    "countrydaytotal",
    "discountdaytotal",
)


def read_totals(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    return {name: shop.execute(f"SELECT * FROM stats_{name} ORDER BY 1, 2") for name in TABLES}  # noqa: S608 (names from above)


def test_a_shop_from_before_the_totals_gets_them_when_it_is_migrated(shop: Shop) -> None:
    assert shop.run("demo", "--orders", "60").returncode == 0
    before = read_totals(shop)
    assert all(before.values())
    for name in TABLES:
        shop.execute(f"DROP TABLE stats_{name}")
    shop.execute("DELETE FROM django_migrations WHERE app = 'stats'")
    assert "lacks 3 migrations" in refusal(shop.run("reconcile"))

    assert shop.run("migrate").returncode == 0

    assert read_totals(shop) == before
    compared = shop.run("reconcile")
    assert (compared.returncode, compared.stdout.endswith("no difference.\n")) == (0, True)
