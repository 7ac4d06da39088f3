"""Customers, users with roles and capabilities, and API keys."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from tests.intake.wordpress.sites import NEVER, Site, join
from tests.intake.wordpress.taking import get_left_out, take
from tests.shops import setup_user
from tillroll.access.digests import pepper_id
from tillroll.access.keys import UnknownKey, WrongToken, find_caller
from tillroll.access.models import ApiKey, Role, User, UserCapability, UserRole
from tillroll.shop.models import Customer, CustomerAddress, CustomerEmail

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PUBLIC, SECRET = "1" * 32, "2" * 32
ROLE = {"wp_capabilities": 'a:1:{s:13:"administrator";b:1;}'}


def get_token(public: str = PUBLIC, secret: str = SECRET) -> str:
    return hashlib.md5((secret + public).encode(), usedforsecurity=False).hexdigest()


# Customers


def test_a_customer_keeps_their_columns_and_none_of_the_stored_figures() -> None:
    site = Site()
    site.add(
        "edd_customers",
        id=3,
        user_id=8,
        email="Zoë@X.example",
        name="Zoë  Lead",
        status="disabled",
        purchase_value="999.000000000",
        purchase_count=9,
        date_created="2025-01-02 03:04:05",
    )
    site.add_order(5, "20.000000000", customer_id=3)
    site.add_order(6, "7.000000000", customer_id=3, status="pending")
    site.add("edd_logs_file_downloads", customer_id=3)
    take(site)
    customer = Customer.objects.get()
    assert (customer.pk, customer.user_id, customer.name, customer.status) == (3, 8, "Zoë  Lead", "disabled")
    assert (customer.email, customer.email_folded) == ("Zoë@X.example", "zoë@x.example")
    assert customer.created_at == datetime(2025, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert (customer.purchase_count, customer.purchase_value) == (1, Decimal(20))
    assert customer.download_count == 1


def test_all_addresses_of_a_customer_come_along() -> None:
    site = Site()
    site.add("edd_customers", id=3, email="a@x.example")
    site.add("edd_customer_email_addresses", customer_id=3, type="primary", email="a@x.example")
    site.add("edd_customer_email_addresses", customer_id=3, email="B@X.example", status="inactive")
    site.add("edd_customer_email_addresses", customer_id=4, email="c@x.example")
    site.add("edd_customer_addresses", customer_id=3, is_primary=1, name="Home", city="Rome", country="IT")
    site.add("edd_customer_addresses", customer_id=4)
    summary = take(site)
    emails = CustomerEmail.objects.order_by("pk")
    assert list(emails.values_list("customer_id", "type", "status", "email", "email_folded")) == [
        (3, "primary", "active", "a@x.example", "a@x.example"),
        (3, "secondary", "inactive", "B@X.example", "b@x.example"),
    ]
    address = CustomerAddress.objects.get()
    assert (address.customer_id, address.is_primary, address.name) == (3, True, "Home")
    assert (address.city, address.country) == ("Rome", "IT")
    assert get_left_out(summary)["customer emails"] == (1, "their customer is not in the dump")
    assert get_left_out(summary)["customer addresses"] == (1, "their customer is not in the dump")


def test_customers_that_share_an_email_both_come_along() -> None:
    site = Site()
    for number, email in enumerate(["a@x.example", "A@x.example", "", ""], 1):
        site.add("edd_customers", id=number, email=email)
    summary = take(site)
    assert list(Customer.objects.order_by("pk").values_list("email", "email_folded")) == [
        ("a@x.example", "a@x.example"),
        ("A@x.example", ""),
        ("", ""),
        ("", ""),
    ]
    assert get_left_out(summary)["customers' e-mails"][0] == 1


# Users


def test_a_user_keeps_id_and_names_and_can_not_log_in() -> None:
    site = Site()
    site.add_user(
        1,
        "owner",
        {"first_name": "María", "last_name": "Quiñones", "nickname": "mq", **ROLE},
        user_email="Owner@X.example",
        display_name="María Q.",
        user_registered="2024-12-01 10:00:00",
    )
    take(site)
    user = User.objects.get()
    assert (user.wire_id, user.username, user.login, user.display_name) == (1, "owner", "owner", "María Q.")
    assert (user.first_name, user.last_name, user.email) == ("María", "Quiñones", "Owner@X.example")
    assert user.date_joined == datetime(2024, 12, 1, 10, tzinfo=UTC)
    assert user.is_active
    assert (user.is_staff, user.is_superuser, user.is_demo) == (False, False, False)
    assert not user.has_usable_password()
    assert not user.check_password("never")


@pytest.mark.parametrize(
    ("entries", "held", "roles", "grants"),
    [
        (
            'a:1:{s:13:"administrator";b:1;}',
            "view_shop_reports view_shop_sensitive_data",
            ["administrator"],
            [],
        ),
        ('a:1:{s:15:"shop_accountant";b:1;}', "view_shop_reports", ["shop_accountant"], []),
        ('a:1:{s:13:"administrator";b:0;}', "", [], []),
        ('a:1:{s:6:"ghosts";b:1;}', "", [], []),
        (
            'a:2:{s:15:"shop_accountant";b:1;s:21:"manage_shop_discounts";b:1;}',
            "manage_shop_discounts view_shop_reports",
            ["shop_accountant"],
            [("manage_shop_discounts", True)],
        ),
        (
            'a:2:{s:13:"administrator";b:1;s:24:"view_shop_sensitive_data";b:0;}',
            "view_shop_reports",
            ["administrator"],
            [("view_shop_sensitive_data", False)],
        ),
        (
            'a:2:{s:24:"view_shop_sensitive_data";s:1:"0";s:13:"administrator";s:1:"1";}',
            "view_shop_reports",
            ["administrator"],
            [("view_shop_sensitive_data", False)],
        ),
        ('a:1:{s:11:"edit_themes";b:1;}', "", [], []),
        ("a:0:{}", "", [], []),
        ('a:1:{s:99:"broken";}', "", [], []),
        ("", "", [], []),
    ],
)
def test_capabilities_are_those_of_the_roles_overlaid_by_the_users_own(
    entries: str, held: str, roles: list[str], grants: list[tuple[str, bool]]
) -> None:
    site = Site()
    site.add_user(4, "al", {"wp_capabilities": entries})
    take(site)
    assert User.objects.get().capabilities == held
    assert [str(role) for role in UserRole.objects.values_list("role_id", flat=True)] == roles
    assert list(UserCapability.objects.values_list("capability", "is_granted")) == grants


def test_roles_keep_the_capabilities_that_the_api_knows_and_the_others_stay() -> None:
    take(Site())
    assert Role.objects.get(slug="administrator").capabilities == [
        "view_shop_reports",
        "view_shop_sensitive_data",
    ]
    assert Role.objects.get(slug="shop_accountant").capabilities == ["view_shop_reports"]
    assert Role.objects.get(slug="shop_manager").capabilities  # EDD's own, which this shop has not


def test_a_user_name_that_is_taken_here_is_told_apart_by_the_host() -> None:
    local = setup_user("maria", role="administrator")
    site = Site()
    site.add_user(1, "maria", ROLE)
    site.add_user(2, "maria")
    take(site)
    take(site)
    names = dict(User.objects.order_by("wire_id").values_list("wire_id", "username"))
    assert [names[1], names[2]] == ["maria@shop.example", "maria@shop.example/2"]
    assert User.objects.get(wire_id=1).login == "maria"
    assert User.objects.get(pk=local.pk).username == "maria"
    assert User.objects.count() == 3


def test_users_without_a_login_or_a_date_come_along() -> None:
    site = Site()
    site.add_user(1, "", user_registered=NEVER)
    take(site)
    user = User.objects.get()
    assert (user.username, user.login) == ("@shop.example", "")
    assert user.date_joined == datetime(1970, 1, 1, tzinfo=UTC)


def test_of_a_networks_users_only_those_of_the_site_come_along() -> None:
    main, second = Site("wp_"), Site("wp_2_", home="https://two.example", users="wp_")
    main.add_user(1, "root", ROLE)
    main.add_user(2, "member", {"wp_2_capabilities": 'a:1:{s:15:"shop_accountant";b:1;}'})
    main.add_user(3, "buyer")
    main.add_user(4, "stranger")
    main.add("sitemeta", meta_key="site_admins", meta_value='a:2:{i:0;s:4:"root";i:1;s:5:"buyer";}')
    second.add("edd_customers", id=1, user_id=3, email="buyer@x.example")
    summary = take(join(main, second), prefix="wp_2_")
    held = dict(User.objects.order_by("wire_id").values_list("login", "capabilities"))
    every = "edit_others_products edit_shop_payments export_shop_reports manage_shop_discounts"
    more = "manage_shop_settings view_shop_reports view_shop_sensitive_data"
    assert held == {"member": "view_shop_reports", "buyer": f"{every} {more}"}
    assert get_left_out(summary)["users"] == (2, "they are of the network's other sites")
    assert summary.url == "https://two.example"


# API keys


def test_a_key_goes_on_with_the_token_it_had() -> None:
    site = Site()
    site.add_user(7, "app", ROLE, user_registered="2024-12-01 10:00:00")
    site.add_key(7, PUBLIC, SECRET)
    take(site)
    caller = find_caller(PUBLIC, get_token()).caller
    assert (caller.user_id, caller.user_name) == (7, "app")
    assert caller.capabilities == {"view_shop_reports", "view_shop_sensitive_data"}
    with pytest.raises(WrongToken):
        find_caller(PUBLIC, get_token(secret="x"))
    with pytest.raises(UnknownKey):
        find_caller(SECRET, get_token())
    key = ApiKey.objects.get()
    assert (key.pepper_id, key.label, key.revoked_at) == (pepper_id(), "", None)
    assert key.created_at == datetime(2024, 12, 1, 10, tzinfo=UTC)


def test_neither_secret_nor_token_is_anywhere_in_the_home(monkeypatch: pytest.MonkeyPatch) -> None:
    from tillroll.intake.wordpress import importer

    site = Site()
    site.add_user(7, "app", ROLE)
    site.add_key(7, PUBLIC, SECRET)
    seen: list[bytes] = []
    home = Path(settings.TILLROLL_HOME)

    def look(*_: object) -> tuple[tuple[()], int]:
        seen.extend(path.read_bytes() for path in home.rglob("*") if path.is_file())
        return (), 0

    monkeypatch.setattr(importer, "find_differences", look)
    take(site)
    assert any(PUBLIC.encode() in data for data in seen)
    for hidden in (SECRET, get_token(), "$P$never"):
        assert not any(hidden.encode() in data for data in seen)


def test_keys_from_before_edd_2_4_count_where_there_are_no_others() -> None:
    site = Site()
    for user in (7, 8):
        site.add_user(
            user,
            f"app{user}",
            {"edd_user_public_key": f"old{user}", "edd_user_secret_key": f"hush{user}"},
        )
    site.add_key(8, PUBLIC, SECRET)
    take(site)
    assert find_caller("old7", get_token("old7", "hush7")).caller.user_id == 7
    assert find_caller(PUBLIC, get_token()).caller.user_id == 8
    assert ApiKey.objects.count() == 2


def test_all_keys_of_a_user_count_with_the_first_secret_as_they_do_in_edd() -> None:
    site = Site()
    site.add_user(7, "app")
    site.add("usermeta", umeta_id=40, user_id=7, meta_key="b" * 32, meta_value="edd_user_public_key")
    site.add("usermeta", umeta_id=30, user_id=7, meta_key="a" * 32, meta_value="edd_user_public_key")
    site.add("usermeta", umeta_id=41, user_id=7, meta_key="late", meta_value="edd_user_secret_key")
    site.add("usermeta", umeta_id=31, user_id=7, meta_key="first", meta_value="edd_user_secret_key")
    summary = take(site)
    assert find_caller("a" * 32, get_token("a" * 32, "first")).caller.user_id == 7
    assert find_caller("b" * 32, get_token("b" * 32, "first")).caller.user_id == 7
    assert get_left_out(summary)["further API keys"][0] == 1


def test_keys_that_nobody_can_use_are_left_out_with_the_reason() -> None:
    site = Site()
    site.add_user(7, "app")
    site.add_user(8, "other")
    site.add_user(9, "third")
    site.add("usermeta", user_id=7, meta_key=PUBLIC, meta_value="edd_user_public_key")
    site.add_key(99, "9" * 32, SECRET)
    site.add_key(8, "8" * 65, SECRET)
    site.add_key(9, "3" * 32, SECRET)
    site.add("usermeta", user_id=8, meta_key="3" * 32, meta_value="edd_user_public_key")
    summary = take(site)
    assert list(ApiKey.objects.values_list("user_id", "public_key")) == [(8, "3" * 32)]
    why = {why: how_many for how_many, what, why in summary.left_out if what == "API keys"}
    assert why == {
        "they have no secret key, so the shop refuses them too": 1,
        "their user is not taken over": 1,
        "they are empty, too long, or another user's too": 2,
    }
