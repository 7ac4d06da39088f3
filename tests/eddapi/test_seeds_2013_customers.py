"""Every customers sample of the 2013 reference, from a shop with those customers."""

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

NOW = datetime(2013, 3, 8, 20, 0, tzinfo=UTC)
CREDENTIALS = f"key={PAIR.public_key}&token={PAIR.token}"


@pytest.fixture(scope="module", autouse=True)
def page(kept_shop: None) -> None:
    with time_machine.travel(NOW, tick=False):
        setup_settings(timezone="America/Chicago")
        owner = setup_user("pippin", wire_id=1, role="administrator", display_name="Pippin Williamson")
        setup_key(user=owner, public_key=PAIR.public_key, token=PAIR.token)
        product = setup_product()
        pippin = setup_customer(
            "pippin@pippinsplugins.com",
            "Pippin Williamson",
            user_id=1,
            created_at=datetime(2013, 1, 1, tzinfo=UTC),
        )
        for amount in ("59.68", *["18"] * 60):
            setup_order(product, amount=amount, customer=pippin)
        for _ in range(31):
            setup_download(product, pippin)
        setup_customer("asda@test.com", "As Da", created_at=datetime(2013, 2, 11, 6, tzinfo=UTC))
        # the last second of 10 February in Chicago
        late = datetime(2013, 2, 11, 5, 59, 59, tzinfo=UTC)
        johnson = setup_customer("johnson@test.com", created_at=late)
        for _ in range(2):
            setup_order(product, amount="10", customer=johnson)


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def test_customers_are_shown_as_on_the_page() -> None:
    answer = ask("/edd-api/customers/", f"{CREDENTIALS}&number=25").data
    assert_shows(answer, load_sample("2013/customers"), is_whole=False)
    assert len(answer["customers"]) == 3


@pytest.mark.parametrize("customer", ["1", "pippin@pippinsplugins.com"])
def test_a_customer_is_shown_as_on_the_page(customer: str) -> None:
    sample = load_sample("2013/customer")
    sample["customers"][0]["stats"]["total_spent"] = "1139.68"  # [CONTRACT] text, as in the page's list
    assert_shows(ask("/edd-api/customers/", f"{CREDENTIALS}&customer={customer}").data, sample)


def test_the_pages_made_up_address_is_nobodys() -> None:
    answer = ask("/edd-api/customers/", f"{CREDENTIALS}&customer=email@domain.com").data
    assert answer["error"] == "Customer email@domain.com not found!"


def test_the_2016_pages_date_range_finds_the_customers_of_those_local_days() -> None:
    question = f"{CREDENTIALS}&date=range&startdate=20130201&enddate=20130210"
    answer = ask("/edd-api/customers/", question).data
    assert [customer["info"]["email"] for customer in answer["customers"]] == ["johnson@test.com"]
