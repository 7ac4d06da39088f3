"""Keys issued, limited, rotated and revoked; automatic, own and buyers' keys; roles."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.shops import (
    get_key,
    set_source_of_key,
    setup_customer,
    setup_key,
    setup_settings,
    setup_source,
    setup_user,
)
from tillroll.access.digests import digest_token, read_bearer
from tillroll.access.keys import SecretKind, UnknownKey, WrongToken, find_caller
from tillroll.access.models import ApiKey, Role, User
from tillroll.access.services import (
    KeyLimits,
    create_service_account,
    delete_role,
    issue_automatic_key,
    issue_customer_key,
    issue_key,
    issue_own_key,
    revoke_keys,
    rotate_key,
    save_role,
    set_active,
    set_key_limits,
    set_password,
)
from tillroll.shop.models import Revision
from tillroll.shop.revision import Topic

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
LIMITS = KeyLimits(NOW, "203.0.113.0/24", ("sales", "info"), ("names", "emails"), 10, 100, 1000)


def refused(action: Any, *arguments: Any, **more: Any) -> dict[str, list[str]] | list[str]:
    """What a service says is wrong."""
    with pytest.raises(ValidationError) as error:
        action(*arguments, **more)
    if hasattr(error.value, "error_dict"):
        return error.value.message_dict
    return list(error.value.messages)


# Keys


def test_a_key_is_issued_with_its_limits_and_opens_with_both_secrets() -> None:
    key, pair = issue_key(setup_user(role="administrator"), label="Till", limits=LIMITS)
    kept = ApiKey.objects.get(pk=key.pk)
    assert (kept.networks, kept.endpoints, kept.hidden_fields) == (
        "203.0.113.0/24",
        "sales info",
        "emails names",
    )
    assert (kept.expires_at, kept.rate_minute, kept.quota_day, kept.quota_month) == (NOW, 10, 100, 1000)
    assert (kept.token_digest, kept.bearer_digest) == (digest_token(pair.token), digest_token(pair.bearer))
    assert read_bearer(pair.bearer) == pair.public_key == kept.public_key
    assert kept.meter == kept.pk
    place = {"now": NOW - timedelta(days=1), "address": "203.0.113.1"}
    token = find_caller(pair.public_key, pair.token, **place)  # type: ignore[arg-type]
    bearer = find_caller(pair.public_key, pair.bearer, kind=SecretKind.BEARER, **place)  # type: ignore[arg-type]
    assert token == bearer


@pytest.mark.parametrize("kind", list(SecretKind))
def test_one_secret_does_not_pass_for_the_other(kind: SecretKind) -> None:
    _, pair = issue_key(setup_user())
    other = pair.bearer if kind is SecretKind.TOKEN else pair.token
    with pytest.raises(WrongToken):
        find_caller(pair.public_key, other, kind=kind)


def test_an_imported_key_has_no_bearer_secret_that_nothing_would_open() -> None:
    pair = setup_key()
    ApiKey.objects.update(bearer_digest="", bearer_pepper_id="")
    for secret in ("", pair.bearer):
        with pytest.raises(WrongToken):
            find_caller(pair.public_key, secret, kind=SecretKind.BEARER)


@pytest.mark.parametrize(
    ("limits", "field", "text"),
    [
        (
            KeyLimits(networks="203.0.113.0/24 example.org"),
            "networks",
            "example.org is no IP address or network; one looks like 203.0.113.7 or 203.0.113.0/24.",
        ),
        (
            KeyLimits(endpoints=("sales", "nothing")),
            "endpoints",
            "There is no endpoint nothing; there are stats, products, customers, sales, discounts,"
            " file-download-logs, info.",
        ),
        (
            KeyLimits(hidden_fields=("shoes",)),
            "hidden_fields",
            "There is no kind of data shoes; there are emails, names, addresses, payments.",
        ),
        (KeyLimits(quota_day=0), "quota_day", "A limit is at least 1; leave it empty for none."),
        (KeyLimits(rate_minute=-5), "rate_minute", "A limit is at least 1; leave it empty for none."),
    ],
)
def test_a_wrong_limit_ends_in_a_sentence_and_nothing_is_made(
    limits: KeyLimits, field: str, text: str
) -> None:
    assert refused(issue_key, setup_user(), limits=limits) == {field: [text]}
    assert not ApiKey.objects.exists()


def test_a_label_has_its_length() -> None:
    assert refused(issue_key, setup_user(), label="x" * 101) == {
        "label": ["A label has at most 100 characters."]
    }


def test_limits_are_changed_and_emptied() -> None:
    key, _ = issue_key(setup_user(), limits=LIMITS)
    set_key_limits(key, label="New", limits=KeyLimits(quota_day=5))
    kept = ApiKey.objects.get(pk=key.pk)
    assert (kept.label, kept.networks, kept.endpoints, kept.hidden_fields, kept.expires_at) == (
        "New",
        "",
        "",
        "",
        None,
    )
    assert (kept.rate_minute, kept.quota_day, kept.quota_month) == (None, 5, None)


def test_every_write_raises_the_revision() -> None:
    def number() -> int:
        return Revision.objects.get(topic=Topic.ACCESS).number

    user = setup_user()
    key, _ = issue_key(user)
    seen = [number()]
    for action in (
        lambda: set_key_limits(key, label="", limits=KeyLimits()),
        lambda: rotate_key(key),
        lambda: revoke_keys(user),
        lambda: set_active(user, False),
        lambda: save_role("clerk"),
        lambda: delete_role(Role.objects.get(slug="clerk")),
    ):
        action()
        seen.append(number())
    assert seen == sorted(set(seen))


def test_a_rotation_hands_on_holder_limits_and_counters() -> None:
    with time_machine.travel(NOW - timedelta(days=30), tick=False):
        customer = setup_customer()
        key, pair = issue_key(setup_user(), label="Till", customer_id=customer.pk, limits=LIMITS)
        successor, fresh = rotate_key(key, grace=timedelta(days=1))
        third, _ = rotate_key(successor)
    assert {pair.public_key, pair.token, pair.bearer}.isdisjoint(
        {fresh.public_key, fresh.token, fresh.bearer}
    )
    for one in (successor, third):
        assert (one.user_id, one.label, one.customer_id, one.meter) == (
            key.user_id,
            "Till",
            customer.pk,
            key.pk,
        )
        assert (one.networks, one.quota_month) == ("203.0.113.0/24", 1000)
    key.refresh_from_db()
    successor.refresh_from_db()
    assert key.expires_at == NOW - timedelta(days=29)
    assert successor.expires_at == NOW - timedelta(days=23)
    assert third.expires_at == NOW


def test_a_grace_never_lengthens_a_keys_life() -> None:
    with time_machine.travel(NOW - timedelta(hours=1), tick=False):
        key, _ = issue_key(setup_user(), limits=KeyLimits(expires_at=NOW))
        rotate_key(key, grace=timedelta(days=7))
    key.refresh_from_db()
    assert key.expires_at == NOW


def test_a_rotated_key_can_not_be_given_a_longer_life() -> None:
    with time_machine.travel(NOW, tick=False):
        key, pair = issue_key(setup_user())
        rotate_key(key, grace=timedelta(0))
        for later in (None, NOW + timedelta(days=1)):
            said = refused(set_key_limits, key, label="", limits=KeyLimits(expires_at=later))
            assert said == {
                "expires_at": ["This key was rotated: it ends on 2026-03-04 at 12:00 UTC at the latest."]
            }
        set_key_limits(key, label="", limits=KeyLimits(expires_at=NOW - timedelta(days=1)))
        with pytest.raises(UnknownKey):
            find_caller(pair.public_key, pair.token)


def test_limits_of_a_role_write_no_user() -> None:
    for _ in range(5):
        setup_user(role="subscriber")
    with CaptureQueriesContext(connection) as asked:
        save_role("subscriber", quota_day=5)
    assert [one["sql"] for one in asked if "access_user" in one["sql"]] == []


def test_rights_of_many_users_take_as_many_statements_as_those_of_few() -> None:
    counts = []
    for number in (2, 20):
        for _ in range(number):
            setup_user(role="shop_worker", grants=["manage_shop_discounts"])
        capabilities = ["view_shop_reports"] if number == 2 else []
        with CaptureQueriesContext(connection) as asked:
            save_role("shop_worker", capabilities=capabilities)
        counts.append(len(asked))
        held = {user.capabilities for user in User.objects.filter(role_slugs="shop_worker")}
        assert held == {" ".join(sorted(["manage_shop_discounts", *capabilities]))}
    assert counts[0] == counts[1]


def test_a_key_that_has_ended_is_not_rotated() -> None:
    user = setup_user()
    key, _ = issue_key(user)
    revoke_keys(user)
    assert refused(rotate_key, key) == ["This key has ended; issue a new one."]


def test_an_imported_key_is_rotated_into_one_of_our_own() -> None:
    pair = setup_key()
    set_source_of_key(pair)
    successor, _ = rotate_key(get_key(pair))
    assert successor.source_id is None
    assert successor.meter == get_key(pair).pk


def test_all_keys_of_a_user_end_at_once_and_no_others() -> None:
    user = setup_user()
    pairs = [setup_key(user=user) for _ in range(3)]
    other = setup_key()
    assert revoke_keys(user) == 3
    assert revoke_keys(user) == 0
    for pair in pairs:
        with pytest.raises(UnknownKey):
            find_caller(pair.public_key, pair.token)
    find_caller(other.public_key, other.token)


# Whose


def test_a_buyers_key_is_held_by_their_user_or_by_an_account_of_their_own() -> None:
    user = setup_user("jane")
    known, guest = setup_customer(user_id=user.wire_id), setup_customer(name="Gus Guest")
    key, _ = issue_customer_key(known)
    assert (key.user_id, key.customer_id) == (user.wire_id, known.pk)
    first, second = issue_customer_key(guest)[0], issue_customer_key(guest)[0]
    assert first.user_id == second.user_id
    holder = User.objects.get(wire_id=first.user_id)
    assert (holder.username, holder.display_name, holder.is_service) == (
        f"customer-{guest.pk}",
        "Gus Guest",
        True,
    )
    assert not holder.has_usable_password()
    guest.refresh_from_db()
    assert guest.user_id == 0


def test_a_service_account_gets_no_password() -> None:
    account = create_service_account("robot", roles=["shop_accountant"])
    assert (account.is_service, account.is_staff, account.has_usable_password()) == (True, False, False)
    assert refused(set_password, account, "correct horse battery") == [
        "robot is a service account: nobody logs in with it."
    ]


def test_users_make_their_own_keys_where_the_shop_allows_it() -> None:
    clerk, buyer, nobody = setup_user(role="shop_accountant"), setup_user(), setup_user()
    customer = setup_customer(user_id=buyer.wire_id)
    assert refused(issue_own_key, clerk) == ["This shop does not let users make their own API keys."]
    setup_settings(user_keys_allowed=True)
    assert issue_own_key(clerk)[0].customer_id is None
    assert issue_own_key(buyer)[0].customer_id == customer.pk
    assert refused(issue_own_key, nobody) == [
        "Your account has no rights in the API and no purchases: a key would see nothing."
    ]


def test_staff_who_also_buy_get_a_key_for_their_rights() -> None:
    setup_settings(user_keys_allowed=True)
    clerk = setup_user(role="shop_accountant")
    setup_customer(user_id=clerk.wire_id)
    assert issue_own_key(clerk)[0].customer_id is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, [False, False]),
        ({"auto_keys": "everybody"}, [True, True]),
        ({"auto_keys": "roles", "auto_key_roles": ["shop_vendor"]}, [False, True]),
        ({"auto_keys": "roles", "auto_key_roles": []}, [False, False]),
        ({"auto_keys": "nobody", "auto_key_roles": ["shop_vendor"]}, [False, False]),
    ],
)
def test_a_new_user_gets_a_key_where_the_shop_says_so(settings: dict[str, Any], expected: list[bool]) -> None:
    setup_settings(**settings)
    users = [setup_user(role="subscriber"), setup_user(role="shop_vendor")]
    assert [issue_automatic_key(user) is not None for user in users] == expected
    assert ApiKey.objects.count() == sum(expected)


# Roles


def test_a_role_is_made_and_changed_bit_by_bit() -> None:
    role = save_role("till_clerk", capabilities=["view_shop_reports"], rate_minute=10)
    assert (role.name, role.capabilities, role.rate_minute) == ("Till Clerk", ["view_shop_reports"], 10)
    save_role("till_clerk", endpoints=["stats"], hidden_fields=["emails"])
    save_role("till_clerk", name="Clerk", rate_minute=None, quota_day=7)
    kept = Role.objects.get(slug="till_clerk")
    assert (kept.name, kept.capabilities, kept.endpoints, kept.hidden_fields) == (
        "Clerk",
        ["view_shop_reports"],
        "stats",
        "emails",
    )
    assert (kept.rate_minute, kept.quota_day, kept.quota_month) == (None, 7, None)


def test_a_changed_role_changes_its_users_rights() -> None:
    user, other = setup_user(role="shop_worker"), setup_user(role="subscriber")
    save_role("shop_worker", capabilities=["view_shop_reports"])
    user.refresh_from_db()
    other.refresh_from_db()
    assert (user.capabilities, other.capabilities) == ("view_shop_reports", "")


@pytest.mark.parametrize(
    ("slug", "more", "field"),
    [
        ("Shop Clerk", {}, "slug"),
        ("", {}, "slug"),
        ("clerk", {"capabilities": ["fly"]}, "capabilities"),
        ("clerk", {"endpoints": ["fly"]}, "endpoints"),
        ("clerk", {"hidden_fields": ["fly"]}, "hidden_fields"),
        ("clerk", {"quota_day": 0}, "quota_day"),
        ("clerk", {"name": ""}, "name"),
    ],
)
def test_a_wrong_role_is_refused_by_field(slug: str, more: dict[str, Any], field: str) -> None:
    said = refused(save_role, slug, **more)
    assert isinstance(said, dict)
    assert list(said) == [field]
    assert Role.objects.count() == 6


def test_an_imported_roles_capabilities_are_its_shops_and_its_limits_ours() -> None:
    Role.objects.filter(slug="shop_worker").update(source=setup_source())
    said = refused(save_role, "shop_worker", capabilities=["view_shop_reports"])
    assert said == {"capabilities": ["Shop Worker comes from another shop: change there what it may do."]}
    own = ["edit_shop_payments", "edit_others_products"]
    assert save_role("shop_worker", capabilities=own, quota_day=5).quota_day == 5


def test_roles_that_are_needed_stay() -> None:
    save_role("clerk")
    user = setup_user(role="clerk")
    clerk = Role.objects.get(slug="clerk")
    assert refused(delete_role, clerk) == ["1 user has the role Clerk; give them another one first."]
    user.delete()
    delete_role(clerk)
    assert not Role.objects.filter(slug="clerk").exists()
    assert refused(delete_role, Role.objects.get(slug="subscriber")) == [
        "Subscriber is one of EDD's roles, which clients and imports rely on."
    ]
