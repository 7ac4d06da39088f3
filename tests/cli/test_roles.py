"""Roles on the command line: what they allow is changed, made and removed, and counts at once."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.asking import ask
from tests.cli.conftest import Invoke
from tests.shops import setup_key, setup_source, setup_user, signed
from tillroll.access.capabilities import ROLES
from tillroll.access.models import Role
from tillroll.access.services import save_role

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

ACCOUNTANTS = "edit_shop_payments, export_shop_reports, view_shop_reports"


def test_the_list_shows_edd_s_roles_and_those_made_here_with_their_users(invoke: Invoke) -> None:
    for _ in range(2):
        setup_user(role="shop_accountant")
    save_role(
        "partner", name="Partners", capabilities=("view_shop_reports",), endpoints=("sales", "stats"),
        hidden_fields=("names", "emails"), rate_minute=30, quota_month=9000,
    )  # fmt: skip
    lines = invoke("roles", "list").stdout.splitlines()
    rows = [re.split(r" {2,}", line.strip()) for line in lines]
    assert rows[0] == ["Role", "Name", "Capabilities", "Limits", "Users"]
    assert [row[0] for row in rows[2:]] == [*ROLES, "partner"]
    told = {row[0]: row[1:] for row in rows[2:]}
    assert told["shop_accountant"] == ["Shop Accountant", ACCOUNTANTS, "2"]
    assert told["subscriber"] == ["Subscriber", "0"]
    assert told["partner"] == [
        "Partners", "view_shop_reports",
        "30 a minute, 9000 a month; stats, sales alone; no emails, names", "0",
    ]  # fmt: skip


def test_the_list_takes_the_same_statements_whatever_its_length(invoke: Invoke) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as sent:
            invoke("roles", "list")
        return len(sent)

    few = count()
    for number in range(20):
        save_role(f"role-{number}")
        setup_user(role=f"role-{number}")
    assert count() == few


def test_a_role_is_shown_whole(invoke: Invoke) -> None:
    save_role("shop_accountant", hidden_fields=("emails",), quota_day=500)
    setup_user("bob", role="shop_accountant")
    setup_user("ann", role="shop_accountant")
    assert invoke("roles", "show", "shop_accountant").stdout.splitlines() == [
        "role          shop_accountant",
        "name          Shop Accountant",
        f"capabilities  {ACCOUNTANTS}",
        "endpoints     stats, products, customers, sales, discounts, file-download-logs, info",
        "hides         emails",
        "two-factor    as each likes",
        "a minute      no limit",
        "a day         500",
        "a month       no limit",
        "users         ann, bob",
        "comes from    this shop",
    ]


def test_of_many_users_twenty_are_named(invoke: Invoke) -> None:
    for number in range(23):
        setup_user(f"u{number:02}", role="subscriber")
    lines = invoke("roles", "show", "subscriber").stdout.splitlines()
    assert lines[2] == "capabilities  none"
    assert lines[9].startswith("users         u00, u01, ")
    assert lines[9].endswith(", u19 and 3 more")


def test_a_role_is_made_with_what_it_allows_and_given_to_a_user(invoke: Invoke) -> None:
    output = invoke(
        "roles", "set", "partner", "--name", "Partners", "--capability", "view_shop_reports",
        "--endpoint", "stats", "--hide", "emails", "--per-minute", "30", "--per-day", "500",
        "--per-month", "9",
    ).stdout  # fmt: skip
    assert output == "Made partner; `tillroll user role NAME partner` gives it to a user.\n"
    role = Role.objects.get(slug="partner")
    assert (role.name, role.capabilities, role.endpoints) == ("Partners", ["view_shop_reports"], "stats")
    assert (role.hidden_fields, role.rate_minute, role.quota_day, role.quota_month) == ("emails", 30, 500, 9)
    pair = setup_key(user=setup_user("ann"))
    assert invoke("user", "role", "ann", "partner").stdout == "ann is now partner.\n"
    assert "stats" in ask("/edd-api/v2/stats/", signed(pair)).data
    refused = ask("/edd-api/v2/sales/", signed(pair))
    assert (list(refused.data), refused.headers["x-edd-missing-capability"]) == (
        ["request_speed"],
        "endpoint:sales",
    )


def test_a_role_without_a_name_is_called_by_its_slug(invoke: Invoke) -> None:
    invoke("roles", "set", "night-watch")
    assert Role.objects.get(slug="night-watch").name == "Night Watch"


def test_only_what_is_named_changes_and_none_empties(invoke: Invoke) -> None:
    save_role(
        "partner", capabilities=("view_shop_reports",), endpoints=("sales",), rate_minute=30, quota_day=5
    )
    output = invoke("roles", "set", "partner", "--per-day", "none", "--endpoint", "none").stdout
    assert output == "Changed partner; it counts from the next request on.\n"
    role = Role.objects.get(slug="partner")
    assert (role.capabilities, role.endpoints, role.rate_minute, role.quota_day) == (
        ["view_shop_reports"], "", 30, None,
    )  # fmt: skip


def test_a_capability_that_is_taken_counts_from_the_next_request_on(invoke: Invoke) -> None:
    pair = setup_key(role="shop_accountant")
    assert "stats" in ask("/edd-api/v2/stats/", signed(pair)).data
    invoke("roles", "set", "shop_accountant", "--capability", "none")
    refused = ask("/edd-api/v2/stats/", signed(pair))
    assert refused.headers["x-edd-missing-capability"] == "view_shop_reports"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("partner",), "Nothing would change; `tillroll roles set --help` says what can be set."),
        (
            ("partner", "--capability", "fly"),
            "capabilities: There is no capability fly; there are edit_others_products, edit_shop_payments,"
            " export_shop_reports, manage_shop_discounts, manage_shop_settings, view_shop_reports,"
            " view_shop_sensitive_data.",
        ),
        (
            ("partner", "--endpoint", "orders"),
            "endpoints: There is no endpoint orders; there are stats, products, customers, sales, discounts,"
            " file-download-logs, info.",
        ),
        (
            ("partner", "--hide", "phones"),
            "hidden_fields: There is no kind of data phones; there are emails, names, addresses, payments.",
        ),
        (("partner", "--name", ""), "name: This field cannot be blank."),
        (
            ("partner", "--name", "x" * 201),
            "name: Ensure this value has at most 200 characters (it has 201).",
        ),
        (
            ("partner", "--per-month", "many"),
            "Invalid value for '--per-month': many is no number of requests: 1 to 2147483647, or `none`;"
            " see `tillroll roles set --help`.",
        ),
        (
            ("partner", "--capability", "none", "--capability", "view_shop_reports"),
            "--capability takes `none` alone, or values without it.",
        ),
        (
            ("Big Boss",),
            "slug: 'Big Boss' is no name for a role: small letters, digits, _ and - are taken.",
        ),
    ],
)
def test_what_does_not_fit_changes_no_role(invoke: Invoke, arguments: tuple[str, ...], sentence: str) -> None:
    save_role("partner", name="Partners")
    before = list(Role.objects.order_by("pk").values())
    assert invoke("roles", "set", *arguments, code=2).stderr == f"{sentence}\n"
    assert list(Role.objects.order_by("pk").values()) == before


def test_the_capabilities_of_an_imported_role_are_its_shop_s(invoke: Invoke) -> None:
    Role.objects.filter(slug="shop_worker").update(source=setup_source(name="https://old.example"))
    stderr = invoke("roles", "set", "shop_worker", "--capability", "view_shop_reports", code=2).stderr
    assert stderr == "capabilities: Shop Worker comes from another shop: change there what it may do.\n"
    invoke("roles", "set", "shop_worker", "--per-day", "5")
    assert Role.objects.get(slug="shop_worker").quota_day == 5
    lines = invoke("roles", "show", "shop_worker").stdout.splitlines()
    assert lines[-1] == "comes from    https://old.example"


def test_a_role_that_nobody_has_is_deleted(invoke: Invoke) -> None:
    save_role("partner")
    assert invoke("roles", "delete", "partner").stdout == "Deleted partner.\n"
    assert set(Role.objects.values_list("slug", flat=True)) == set(ROLES)


def test_a_role_in_use_edd_s_and_an_unknown_one_are_not_deleted(invoke: Invoke) -> None:
    save_role("partner", name="Partners")
    setup_user(role="partner")
    said = [invoke("roles", "delete", slug, code=2).stderr for slug in ("partner", "subscriber", "boss")]
    assert said == [
        "1 user has the role Partners; give them another one first.\n",
        "Subscriber is one of EDD's roles, which clients and imports rely on.\n",
        "There is no role boss; the roles are administrator, partner, shop_accountant, shop_manager,"
        " shop_vendor, shop_worker, subscriber.\n",
    ]
    assert Role.objects.count() == 7


def test_an_unknown_role_is_not_shown(invoke: Invoke) -> None:
    assert invoke("roles", "show", "boss", code=2).stderr.startswith("There is no role boss; the roles are ")


def test_a_role_demands_a_second_factor_and_no_longer(invoke: Invoke) -> None:
    ann = setup_user("ann", role="shop_manager")
    for option, said, demanded in (
        ("--two-factor", "demanded", True),
        ("--no-two-factor", "as each likes", False),
    ):
        assert invoke("roles", "set", "shop_manager", option).stdout.startswith("Changed shop_manager")
        assert f"two-factor    {said}\n" in invoke("roles", "show", "shop_manager").stdout
        ann.refresh_from_db()
        assert ann.requires_two_factor is demanded
