"""Keys listed and shown: what each may do, how it was used and whether it is in force, without a secret."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as server
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from tests.cli.conftest import Invoke
from tests.shops import get_key, setup_customer, setup_key, setup_settings, setup_user
from tillroll.access.counting import add_counts, name_key
from tillroll.access.digests import digest_token, pepper_id
from tillroll.access.models import ApiKey, KeyUse
from tillroll.access.services import (
    KeyLimits,
    issue_customer_key,
    issue_key,
    revoke_key,
    rotate_key,
    save_role,
    set_active,
)

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)
OLD = "an old pepper"


@pytest.fixture(autouse=True)
def stopped() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


def read_rows(output: str) -> dict[str, list[str]]:
    """The cells of a table by its first column, which has no empty cells in its middle here."""
    return {line.split()[0]: re.split(r" {2,}", line.strip()) for line in output.splitlines()[2:] if line}


def note_use(key: ApiKey, calls: int, at: datetime = NOW, address: str = "203.0.113.7") -> None:
    KeyUse.objects.create(key_id=key.pk, at=at, address=address)
    add_counts({(name_key(key.meter), "2026-03"): calls, (name_key(key.meter), "2026-03-12"): 2})


def test_the_list_says_who_holds_a_key_what_it_reads_its_limits_and_its_use(invoke: Invoke) -> None:
    setup_settings(timezone="Europe/Paris")
    save_role("shop_accountant", rate_minute=30)
    ann = setup_user("ann", role="shop_accountant")
    key, _ = issue_key(
        ann, label="Phone", limits=KeyLimits(networks="10.0.0.0/8", endpoints=("sales",), quota_day=50)
    )
    note_use(key, 7)
    output = invoke("keys", "list").stdout
    assert re.split(r" {2,}", output.splitlines()[0].strip()) == [
        "Key", "Holder", "Label", "Reads", "Limits", "Last use", "This month", "State",
    ]  # fmt: skip
    assert read_rows(output)[key.public_key] == [
        key.public_key, "ann", "Phone", "sales and stats",
        "30 a minute, 50 a day; sales alone; from 10.0.0.0/8", "2026-03-12 16:30", "7", "in force",
    ]  # fmt: skip


def test_a_buyer_s_key_is_listed_with_its_customer(invoke: Invoke) -> None:
    customer = setup_customer("ann@example.com")
    key, _ = issue_customer_key(customer)
    assert read_rows(invoke("keys", "list").stdout)[key.public_key] == [
        key.public_key, f"customer-{customer.pk}", f"customer {customer.pk} only", "never", "0", "in force",
    ]  # fmt: skip


def test_a_key_of_somebody_without_rights_reads_public_products(invoke: Invoke) -> None:
    pair = setup_key(role="subscriber")
    assert "public products" in read_rows(invoke("keys", "list").stdout)[pair.public_key]


def test_what_has_ended_is_listed_on_demand(invoke: Invoke) -> None:
    ann = setup_user("ann", role="shop_manager")
    kept, revoked, over, old = (issue_key(ann)[0] for _ in range(4))
    revoke_key(revoked)
    ApiKey.objects.filter(pk=over.pk).update(expires_at=NOW)
    successor, _ = rotate_key(old)
    result = invoke("keys", "list")
    assert list(read_rows(result.stdout)) == [kept.public_key, old.public_key, successor.public_key]
    assert result.stderr == "2 more have ended; --all shows them.\n"
    result = invoke("keys", "list", "--all")
    assert {key: cells[-1] for key, cells in read_rows(result.stdout).items()} == {
        kept.public_key: "in force",
        revoked.public_key: "revoked 2026-03-12 15:30",
        over.public_key: "ended 2026-03-12 15:30",
        old.public_key: "in force until 2026-03-19 15:30",
        successor.public_key: "in force",
    }
    assert result.stderr == ""


def test_a_shop_whose_keys_have_all_ended_says_so(invoke: Invoke) -> None:
    revoke_key(get_key(setup_key()))
    result = invoke("keys", "list")
    assert result.stdout == "No key is in force; `tillroll keys issue USER` makes one.\n"
    assert result.stderr == "1 more has ended; --all shows them.\n"


def test_a_shop_without_keys_says_how_to_make_one(invoke: Invoke) -> None:
    result = invoke("keys", "list")
    assert (result.stdout, result.stderr) == (
        "There are no keys; `tillroll keys issue USER` makes one.\n", ""
    )  # fmt: skip
    assert json.loads(invoke("keys", "list", "--json").stdout) == []


def test_the_keys_of_one_user_are_listed_alone(invoke: Invoke) -> None:
    mine, _ = setup_key(user=setup_user("ann")), setup_key(user=setup_user("bob"))
    assert list(read_rows(invoke("keys", "list", "--user", "ann").stdout)) == [mine.public_key]
    stderr = invoke("keys", "list", "--user", "nobody", code=2).stderr
    assert stderr == "No user is called nobody; `tillroll user list` shows them.\n"


def test_a_disabled_holder_and_a_lost_pepper_are_told(invoke: Invoke) -> None:
    off, lost, half = (issue_key(setup_user(role="shop_manager"))[0] for _ in range(3))
    set_active(off.user, False)
    ApiKey.objects.filter(pk=lost.pk).update(pepper_id="gone", bearer_pepper_id="gone")
    ApiKey.objects.filter(pk=half.pk).update(bearer_pepper_id="gone")
    rows = read_rows(invoke("keys", "list").stdout)
    assert [rows[key.public_key][-1] for key in (off, lost, half)] == [
        "holder disabled", "pepper lost", "in force, one pepper lost",
    ]  # fmt: skip


def test_keys_that_need_an_old_pepper_are_listed(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLD_KEY_PEPPERS", (OLD,))
    fresh, by_token, by_bearer = (issue_key(setup_user(role="shop_manager"))[0] for _ in range(3))
    ApiKey.objects.filter(pk=by_token.pk).update(pepper_id=pepper_id(OLD))
    ApiKey.objects.filter(pk=by_bearer.pk).update(bearer_pepper_id=pepper_id(OLD))
    rows = read_rows(invoke("keys", "list", "--old-pepper").stdout)
    assert {key: cells[-1] for key, cells in rows.items()} == {
        by_token.public_key: "in force, old pepper",
        by_bearer.public_key: "in force, old pepper",
    }
    assert read_rows(invoke("keys", "list").stdout)[fresh.public_key][-1] == "in force"
    ApiKey.objects.exclude(pk=fresh.pk).delete()
    assert invoke("keys", "list", "--old-pepper").stdout == "No key needs an old pepper.\n"


def test_the_json_has_every_member_with_times_in_utc(invoke: Invoke) -> None:
    setup_settings(timezone="Europe/Paris")
    ann = setup_user("ann", role="shop_accountant")
    end = datetime(2026, 12, 31, 23, tzinfo=UTC)
    key, _ = issue_key(
        ann,
        label="Büro",
        limits=KeyLimits(end, "10.0.0.0/8", ("sales", "info"), ("emails",), rate_minute=60, quota_month=9),
    )
    note_use(key, 7)
    output = invoke("keys", "list", "--json").stdout
    assert "Büro" in output
    assert json.loads(output) == [
        {
            "key": key.public_key,
            "line": key.pk,
            "holder": "ann",
            "label": "Büro",
            "customer_id": None,
            "capabilities": ["edit_shop_payments", "export_shop_reports", "view_shop_reports"],
            "endpoints": ["sales", "info"],
            "hidden_fields": ["emails"],
            "limits": {"minute": 60, "day": None, "month": 9},
            "networks": ["10.0.0.0/8"],
            "created_at": "2026-03-12T15:30:00Z",
            "expires_at": "2026-12-31T23:00:00Z",
            "revoked_at": None,
            "last_used_at": "2026-03-12T15:30:00Z",
            "last_address": "203.0.113.7",
            "calls_today": 2,
            "calls_this_month": 7,
            "state": "in force until 2027-01-01 00:00",
        }
    ]


def test_the_calls_of_another_month_are_listed_and_a_line_of_rotations_shares_them(invoke: Invoke) -> None:
    old, other = (issue_key(setup_user(role="shop_manager"))[0] for _ in range(2))
    add_counts({(name_key(old.pk), "2026-02"): 40, (name_key(old.pk), "2026-03"): 3})
    successor, _ = rotate_key(old)
    output = invoke("keys", "list", "--month", "2026-02").stdout
    assert "  2026-02  " in output.splitlines()[0]
    assert {key: cells[-2] for key, cells in read_rows(output).items()} == {
        old.public_key: "40", successor.public_key: "40", other.public_key: "0",
    }  # fmt: skip
    told = json.loads(invoke("keys", "list", "--month", "2026-02", "--json").stdout)
    assert [(one["line"], one["calls_in_month"], one["calls_this_month"]) for one in told] == [
        (old.pk, 40, 3), (other.pk, 0, 0), (old.pk, 40, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("month", ["2026-13", "2026", "last", "2026-1"])
def test_what_is_no_month_is_refused(invoke: Invoke, month: str) -> None:
    stderr = invoke("keys", "list", "--month", month, code=2).stderr
    assert stderr == f"{month} is no month; one looks like 2026-10.\n"


def test_a_buyer_s_key_has_no_capabilities_in_the_json(invoke: Invoke) -> None:
    ann = setup_user("ann", role="administrator")
    customer = setup_customer("ann@example.com", user_id=ann.wire_id)
    issue_customer_key(customer)
    [told] = json.loads(invoke("keys", "list", "--json").stdout)
    assert (told["holder"], told["customer_id"], told["capabilities"]) == ("ann", customer.pk, [])


def test_everything_about_a_key_is_shown_but_its_digests(invoke: Invoke) -> None:
    save_role("shop_accountant", rate_minute=30)
    ann = setup_user("ann", role="shop_accountant")
    key, pair = issue_key(ann, label="Phone", limits=KeyLimits(endpoints=("sales",), quota_day=50))
    note_use(key, 7, NOW - timedelta(hours=1))
    output = invoke("keys", "show", key.public_key[:4]).stdout
    assert output.splitlines() == [
        f"key        {key.public_key}",
        "state      in force",
        "label      Phone",
        "holder     ann (shop_accountant)",
        "reads      sales and stats",
        "endpoints  sales",
        "hides      nothing",
        "addresses  any",
        "a minute   30 (by role)",
        "a day      50 (its own)",
        "a month    no limit",
        "made       2026-03-12 15:30",
        "ends       never",
        "last use   2026-03-12 14:30 from 203.0.113.7",
        "calls      2 today, 7 this month",
        f"token      kept as a digest under pepper {pepper_id()}",
        f"bearer     kept as a digest under pepper {pepper_id()}",
    ]
    assert not any(
        secret in output
        for secret in (pair.token, pair.bearer, digest_token(pair.token), digest_token(pair.bearer))
    )


def test_a_key_from_elsewhere_is_shown_without_a_bearer_secret_and_with_its_old_pepper(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = setup_key(user=setup_user("ann"))
    ApiKey.objects.update(pepper_id=pepper_id(OLD), bearer_digest="", bearer_pepper_id="")
    lines = invoke("keys", "show", pair.public_key).stdout.splitlines()
    assert lines[1] == "state      pepper lost"
    assert lines[3] == "holder     ann (no role)"
    assert lines[-2:] == [
        f"token      kept as a digest under {pepper_id(OLD)}, a pepper that is lost",
        "bearer     none",
    ]
    monkeypatch.setattr(server, "OLD_KEY_PEPPERS", (OLD,))
    lines = invoke("keys", "show", pair.public_key).stdout.splitlines()
    assert lines[1] == "state      in force, old pepper"
    assert lines[-2] == f"token      kept as a digest under {pepper_id(OLD)}, an old pepper"


def test_a_key_that_is_not_there_is_not_shown(invoke: Invoke) -> None:
    stderr = invoke("keys", "show", "ffff", code=2).stderr
    assert stderr == "No key begins with ffff; `tillroll keys list --all` shows them.\n"


def test_a_list_takes_the_same_statements_whatever_its_length(invoke: Invoke) -> None:
    def count() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as shop, CaptureQueriesContext(connections["logs"]) as logs:
            invoke("keys", "list", "--all")
        return len(shop), len(logs)

    note_use(get_key(setup_key()), 1)
    few = count()
    for _ in range(20):
        key, _ = issue_key(setup_user(role="shop_manager"), limits=KeyLimits(expires_at=NOW))
        note_use(key, 1)
    assert count() == few
