"""Users: what their roles and their own grants let them do, and the ids under which the wire knows them."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ValidationError

from tests.shops import get_key, setup_customer, setup_key, setup_source, setup_user
from tillroll.access.capabilities import KNOWN, ROLES
from tillroll.access.models import Role, User
from tillroll.access.services import (
    add_user,
    create_service_account,
    create_user,
    find_namesake,
    issue_key,
    refresh_capabilities,
    revoke_key,
    set_password,
    set_roles,
)
from tillroll.shop.models import Revision, SourceKind

pytestmark = pytest.mark.django_db

ORDERS = "edit_shop_payments"
REPORTS, SENSITIVE, DISCOUNTS = "view_shop_reports", "view_shop_sensitive_data", "manage_shop_discounts"


def held(user: User) -> set[str]:
    user.refresh_from_db()
    return set(user.capabilities.split())


# Rights


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("administrator", set(KNOWN)),
        ("shop_manager", set(KNOWN)),
        ("shop_accountant", {REPORTS, "export_shop_reports", ORDERS}),
        ("shop_worker", {"edit_others_products", ORDERS}),
        ("shop_vendor", set()),
        ("subscriber", set()),
    ],
)
def test_a_new_shop_has_edds_roles(role: str, expected: set[str]) -> None:
    assert set(Role.objects.values_list("slug", flat=True)) == set(ROLES)
    assert held(create_user("ann", roles=[role])) == expected


def test_a_user_without_a_role_may_do_nothing() -> None:
    assert held(create_user("ann")) == set()


def test_roles_add_up() -> None:
    Role.objects.create(slug="reader", name="Reader", capabilities=[SENSITIVE])
    assert held(create_user("ann", roles=["shop_accountant", "reader"])) == {
        REPORTS,
        SENSITIVE,
        "export_shop_reports",
        ORDERS,
    }


def test_a_users_own_grants_and_denials_go_over_their_roles() -> None:
    user = setup_user(role="shop_accountant", grants=[SENSITIVE], denials=[REPORTS])
    assert held(user) == {SENSITIVE, "export_shop_reports", ORDERS}


def test_a_denial_goes_over_every_role() -> None:
    user = setup_user(role="administrator", denials=[SENSITIVE])
    set_roles(user, ["administrator", "shop_manager"])
    assert held(user) == set(KNOWN) - {SENSITIVE}


def test_capabilities_that_the_shop_does_not_know_are_left_out() -> None:
    Role.objects.create(slug="editor", name="Editor", capabilities=["edit_posts", DISCOUNTS])
    user = setup_user(role="editor", grants=["fly"])
    assert held(user) == {DISCOUNTS}


def test_new_roles_replace_the_old_ones() -> None:
    user = setup_user(role="administrator")
    set_roles(user, ["subscriber"])
    assert held(user) == set()
    assert [each.role_id for each in user.user_roles.all()] == ["subscriber"]


def test_an_unknown_role_leaves_everything_as_it_was() -> None:
    user = setup_user(role="shop_accountant")
    with pytest.raises(Role.DoesNotExist):
        set_roles(user, ["subscriber", "nonsense"])
    assert [each.role_id for each in user.user_roles.all()] == ["shop_accountant"]
    assert held(user) == {REPORTS, "export_shop_reports", ORDERS}


def test_a_role_that_changed_counts_once_it_is_refreshed() -> None:
    user = setup_user(role="subscriber")
    Role.objects.filter(slug="subscriber").update(capabilities=[DISCOUNTS])
    refresh_capabilities([user])
    assert held(user) == {DISCOUNTS}


# Wire ids


def test_the_first_user_of_a_new_shop_is_number_one() -> None:
    assert [create_user(name).wire_id for name in ("ann", "bob")] == [1, 2]


def test_a_wire_id_that_was_brought_along_is_kept() -> None:
    assert setup_user("ann", wire_id=7).wire_id == 7
    assert create_user("bob").wire_id == 8


def test_a_wire_id_is_not_djangos_key() -> None:
    create_user("ann")
    user = setup_user("bob", wire_id=500)
    assert user.pk != user.wire_id
    assert setup_key(user=user)
    assert [key.user_id for key in user.api_keys.all()] == [500]


def test_own_users_of_a_shop_from_elsewhere_begin_at_a_thousand_million() -> None:
    setup_user("ann", wire_id=1)
    setup_source(SourceKind.WORDPRESS)
    assert [create_user(name).wire_id for name in ("bob", "cat")] == [1_000_000_000, 1_000_000_001]


def test_users_who_came_along_later_do_not_move_the_own_ones() -> None:
    setup_source(SourceKind.WORDPRESS)
    create_user("bob")
    setup_user("ann", wire_id=77)
    assert create_user("cat").wire_id == 1_000_000_001


def test_a_demo_shop_is_not_from_elsewhere() -> None:
    setup_source(SourceKind.DEMO)
    assert create_user("ann").wire_id == 1


def test_a_superuser_gets_a_wire_id_too() -> None:
    setup_source(SourceKind.WORDPRESS)
    user = User.objects.create_superuser("root", password="x")
    assert (user.wire_id, user.login, user.display_name) == (1_000_000_000, "root", "root")


def test_the_wire_shows_a_users_login_and_name() -> None:
    user = create_user("ann", display_name="Ann Lee")
    assert (user.login, user.display_name, str(user)) == ("ann", "Ann Lee", "Ann Lee")


# Passwords


def test_a_password_lets_its_user_into_the_back_office() -> None:
    user = create_user("ann")
    assert not user.has_usable_password()
    set_password(user, "correct horse battery")
    user.refresh_from_db()
    assert user.check_password("correct horse battery")
    assert user.is_staff


@pytest.mark.parametrize("password", ["short", "password", "ann-of-the-shop"])
def test_a_weak_password_changes_nothing(password: str) -> None:
    user = create_user("ann-of-the-shop")
    with pytest.raises(ValidationError):
        set_password(user, password)
    user.refresh_from_db()
    assert not user.has_usable_password()
    assert not user.is_staff


# Revisions


def change_roles(user: User) -> None:
    set_roles(user, ["shop_manager"])


def change_password(user: User) -> None:
    set_password(user, "correct horse battery")


def take_key(user: User) -> None:
    issue_key(user)


def lose_key(user: User) -> None:
    revoke_key(get_key(setup_key(user=user)))


@pytest.mark.parametrize("change", [change_roles, change_password, take_key, lose_key])
def test_every_change_of_access_bumps_its_revision(change: Callable[[User], None]) -> None:
    user = create_user("ann")
    before = Revision.objects.get(topic="access").number
    change(user)
    assert Revision.objects.get(topic="access").number > before
    assert set(Revision.objects.exclude(topic="store").values_list("topic", flat=True)) == {"access"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("taken", "There is an account taken already."),
        ("Taken", "There is an account taken already."),
        ("\uff54aken", "There is an account taken already."),
        ("", "This field cannot be blank."),
        ("a b", "Enter a valid username."),
        ("x" * 61, "A name has at most 60 characters."),
    ],
)
def test_a_service_account_has_a_name_of_its_own(name: str, words: str) -> None:
    create_user("taken")
    with pytest.raises(ValidationError) as refused:
        create_service_account(name)
    assert words in refused.value.message_dict["username"][0]
    assert User.objects.count() == 1


def test_all_that_is_wrong_with_a_new_user_is_said_at_once() -> None:
    create_user("ann")
    with pytest.raises(ValidationError) as refused:
        add_user("Ann", email="nowhere", display_name="x" * 251, password="short")
    assert {name: texts[0] for name, texts in refused.value.message_dict.items()} == {
        "username": "There is an account ann already.",
        "email": "Enter a valid email address.",
        "display_name": "Ensure this value has at most 250 characters (it has 251).",
        "password": "This password is too short. It must contain at least 8 characters.",
    }
    assert User.objects.count() == 1


def test_a_user_who_can_not_have_a_password_is_not_added_in_part() -> None:
    with pytest.raises(ValidationError, match="nobody logs in with it"):
        add_user("robot", password="correct horse battery", is_service=True)
    assert User.objects.count() == 0


@pytest.mark.parametrize("name", ["ann", "ANN", "Ann"])
def test_a_namesake_is_found_in_any_case(name: str) -> None:
    user = create_user("Ann")
    setup_user("Annie")
    assert find_namesake(name) == user


@pytest.mark.parametrize("name", ["an_", "an%", "anne", ""])
def test_somebody_else_is_no_namesake(name: str) -> None:
    create_user("ann")
    assert find_namesake(name) is None


def test_a_new_user_is_never_taken_for_a_customer_whose_user_is_gone() -> None:
    gone = setup_user()
    setup_customer(user_id=gone.wire_id + 5)
    gone.delete()
    assert setup_user().wire_id == gone.wire_id + 6
