"""Every sample of the 2016 page about version 2 of customers, from a shop with those customers."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import time_machine

from tests.asking import ask
from tests.eddapi.samples import PAIR, assert_shows, load_sample
from tests.shops import (
    setup_customer,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    setup_user,
)

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2016, 5, 28, 20, 0, tzinfo=UTC)
CREDENTIALS = f"key={PAIR.public_key}&token={PAIR.token}"


@pytest.fixture(scope="module", autouse=True)
def page(kept_shop: None) -> None:
    with time_machine.travel(NOW, tick=False):
        setup_settings(dialect="documented")
        owner = setup_user("jose", wire_id=1, role="administrator", display_name="Jose")
        setup_key(user=owner, public_key=PAIR.public_key, token=PAIR.token)
        setup_user("bob", wire_id=2, display_name="bob")
        product = setup_product()
        jose = setup_customer(
            "jose@example.com",
            "Jose Espinoza",
            user_id=1,
            created_at=datetime(2016, 5, 17, 14, 8, 57, tzinfo=UTC),
        )
        bob = setup_customer(
            "bob@example.com",
            user_id=2,
            additional_emails=("robert.joiner@example.com",),
            created_at=datetime(2016, 5, 17, 14, 17, 15, tzinfo=UTC),
        )
        matthew = setup_customer(
            "matthew@example.com",
            "Matthew Dixon",
            created_at=datetime(2016, 5, 28, 0, 9, 40, tzinfo=UTC),
        )
        for amount in ("10", "10", "10", "10", "10", "20"):
            setup_order(product, amount=amount, customer=jose)
        setup_order(product, amount="0", customer=bob)
        setup_order(product, amount="20", customer=matthew)
        for _ in range(2):
            setup_download(product, jose)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def test_customers_are_shown_as_on_the_page() -> None:
    answer = ask("/edd-api/v2/customers/", f"{CREDENTIALS}&number=25").data
    assert_shows(answer, load_sample("2016/customers"))


@pytest.mark.parametrize("customer", ["1", "jose@example.com"])
def test_a_customer_is_shown_as_on_the_page(customer: str) -> None:
    answer = ask("/edd-api/v2/customers/", f"{CREDENTIALS}&customer={customer}").data
    assert_shows(answer, load_sample("2016/customer"))


def test_the_pages_made_up_address_is_nobodys() -> None:
    answer = ask("/edd-api/v2/customers/", f"{CREDENTIALS}&customer=jose@domain.com").data
    assert answer["error"] == "Customer not found!"


@pytest.mark.parametrize("path", ["/edd-api/customers/", "/edd-api/v2/customers/"])
def test_date_today_finds_who_was_created_today(path: str) -> None:
    answer = ask(path, f"{CREDENTIALS}&date=today").data
    assert [customer["info"]["customer_id"] for customer in answer["customers"]] == ["3"]


@pytest.mark.parametrize("path", ["/edd-api/customers/", "/edd-api/v2/customers/"])
def test_the_pages_date_range_is_long_before_the_shop(path: str) -> None:
    answer = ask(path, f"{CREDENTIALS}&date=range&startdate=20130201&enddate=20130210").data
    assert list(answer) == ["error", "request_speed"]
    assert answer["error"] == "No customers found!"
