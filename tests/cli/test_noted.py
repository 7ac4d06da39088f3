"""Commands by which a person changes something are in the audit trail, without secrets; others are not."""

import getpass

import pytest

from tests.cli.conftest import Invoke
from tests.shops import setup_customer, setup_user
from tillroll.access.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db(databases=["default", "logs"])


def read() -> list[tuple[str, str]]:
    return list(AuditEntry.objects.order_by("pk").values_list("action", "title"))


def test_what_is_changed_by_a_command_is_noted_by_its_words(invoke: Invoke) -> None:
    invoke("user", "add", "ann", "--role", "shop_worker", "--password-stdin", typed="open-sesame-42\n")
    invoke("user", "role", "ann", "shop_accountant", "shop_worker")
    output = invoke("keys", "issue", "ann", "--label", "Till").stdout
    key = ApiKey.objects.get()
    invoke("keys", "revoke", key.public_key)
    invoke("settings", "set", "name", "Paper Lantern")
    invoke("roles", "set", "shop_vendor", "--per-day", "5")
    assert read() == [
        ("ran", "tillroll user add ann"),
        ("ran", "tillroll user role ann shop_accountant shop_worker"),
        ("ran", "tillroll keys issue ann"),
        ("ran", f"tillroll keys revoke {key.public_key[:6]}…"),
        ("ran", "tillroll settings set name Paper Lantern"),
        ("ran", "tillroll roles set shop_vendor"),
    ]
    assert set(AuditEntry.objects.values_list("actor_name", flat=True)) == {
        f"{getpass.getuser()} (command line)"
    }
    told = str(list(AuditEntry.objects.values()))
    assert "open-sesame-42" not in told
    assert key.public_key not in told
    assert key.public_key in output


def test_what_changes_nothing_is_not_noted(invoke: Invoke) -> None:
    setup_user("ann", role="shop_worker")
    invoke("user", "list")
    invoke("settings", "list")
    invoke("settings", "set", "currency_position", "nowhere", code=2)
    invoke("user", "role", "nobody", "shop_worker", code=2)
    assert read() == []


def test_an_erasure_names_nobody(invoke: Invoke) -> None:
    customer = setup_customer("jane@example.com", "Jane Doe")
    invoke("privacy", "erase", "jane@example.com", "--yes")
    assert read() == [("erased", f"customer {customer.pk}")]
