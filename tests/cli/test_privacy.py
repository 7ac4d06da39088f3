"""A customer's data by command: who is meant, what is written, and that erasing has to be meant."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke
from tests.shops import setup_customer, setup_order, setup_source
from tillroll.shop.models import Customer

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def test_data_is_written_to_standard_output_or_a_file(invoke: Invoke, tmp_path: Path) -> None:
    ann = setup_customer("ann@example.com", "Änn", additional_emails=("ann@work.example",))
    setup_order(customer=ann)
    for name in (str(ann.pk), "ANN@example.com", "ann@work.example"):
        data = json.loads(invoke("privacy", "export", name).stdout)
        assert (data["customer"]["name"], len(data["orders"])) == ("Änn", 1)
    target = tmp_path / "ann.json"
    result = invoke("privacy", "export", str(ann.pk), str(target))
    assert result.stderr == f"Wrote the data of customer {ann.pk} to {target}.\n"
    assert json.loads(target.read_text("utf-8"))["customer"]["email"] == "ann@example.com"


def test_erasing_has_to_be_meant(invoke: Invoke) -> None:
    ann = setup_customer("ann@example.com", "Ann")
    assert invoke("privacy", "erase", "ann@example.com", code=2).stderr == (
        f"This takes customer {ann.pk} out of all records for good; add --yes if that is meant.\n"
    )
    ann.refresh_from_db()
    assert ann.name == "Ann"
    setup_order(customer=ann)
    result = invoke("privacy", "erase", "ann@example.com", "--yes")
    assert result.stdout == (
        f"Erased customer {ann.pk}: 1 orders, 0 addresses, 1 e-mail addresses, 0 transactions, 0 notes,"
        " 0 file downloads, 0 keys, 0 lines of the request log.\n"
    )
    assert result.stderr == ""
    ann.refresh_from_db()
    assert ann.name == "(erased)"


def test_an_imported_customer_is_erased_with_a_warning(invoke: Invoke) -> None:
    ann = setup_customer("ann@example.com")
    Customer.objects.update(source=setup_source())
    assert "the next import brings the data back" in invoke("privacy", "erase", str(ann.pk), "--yes").stderr


@pytest.mark.parametrize("name", ["999", "nobody@example.com", "Ann", "9" * 30])
def test_somebody_unknown_is_refused(invoke: Invoke, name: str) -> None:
    setup_customer("ann@example.com", "Ann")
    for command in (("export", name), ("erase", name, "--yes")):
        assert invoke("privacy", *command, code=2).stderr == (
            f"There is no customer {name}; give an id or an e-mail address.\n"
        )


def test_an_address_of_several_is_refused(invoke: Invoke) -> None:
    setup_customer("ann@example.com")
    setup_customer("ben@example.com", additional_emails=("ann@example.com",))
    assert invoke("privacy", "export", "ann@example.com", code=2).stderr == (
        "Several customers have the address ann@example.com; give the id of one.\n"
    )
