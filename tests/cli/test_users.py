"""Users on the command line: roles decide what their keys may read, a password lets them log in."""

import os
import pty
import subprocess
from contextlib import suppress

import pytest
from django.test import Client

from tests.cli.conftest import Invoke
from tests.cli.running import COMMAND, DEADLINE, Shop
from tests.shops import setup_key, setup_user
from tillroll.access.models import User

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "correct horse battery"


def test_a_user_is_added_with_roles_and_password(invoke: Invoke) -> None:
    roles = ("--role", "shop_accountant", "--role", "subscriber")
    given = ("--email", "ann@example.com", *roles, "--password-stdin")
    output = invoke("user", "add", "ann", *given, typed=f"{PASSWORD}\n").stdout
    assert output == "Added ann (shop_accountant, subscriber).\n"
    ann = User.objects.get(username="ann")
    assert (ann.email, ann.login, ann.display_name) == ("ann@example.com", "ann", "ann")
    assert ann.capabilities == "export_shop_reports view_shop_reports"
    assert (ann.is_staff, ann.is_superuser, ann.is_demo) == (True, False, False)
    assert ann.check_password(PASSWORD)


def test_a_superuser_can_log_in_to_the_back_office(invoke: Invoke, client: Client) -> None:
    invoke("user", "add", "root", "--superuser", "--password-stdin", typed=f"{PASSWORD}\n")
    assert client.login(username="root", password=PASSWORD)
    assert client.get("/admin/").status_code == 200


def test_a_user_without_a_password_cannot_log_in(invoke: Invoke) -> None:
    output = invoke("user", "add", "robot", "--no-password").stdout
    assert output.splitlines() == [
        "Added robot, without a role.",
        "They can't log in; `tillroll keys issue robot` makes them a key.",
    ]
    robot = User.objects.get(username="robot")
    assert (robot.has_usable_password(), robot.is_staff) == (False, False)


@pytest.mark.parametrize(
    ("arguments", "typed", "words"),
    [
        pytest.param(("ann", "--password-stdin"), "short\n", "This password is too short", id="short"),
        pytest.param(("ann", "--password-stdin"), "password123\n", "too common", id="common"),
        pytest.param(("ann", "--password-stdin"), "\n", "Standard input holds no password.", id="empty"),
        pytest.param(("ann", "--password-stdin"), "", "Standard input holds no password.", id="nothing"),
        pytest.param(
            ("ann", "--password-stdin", "--no-password"), f"{PASSWORD}\n", "not both", id="contradiction"
        ),
        pytest.param(
            ("ann", "--no-password", "--role", "boss"), "", "There is no role boss; the roles are", id="role"
        ),
        pytest.param(("a b/c", "--no-password"), "", "username: Enter a valid username", id="name"),
        pytest.param(
            ("ann", "--no-password", "--email", "nowhere"),
            "",
            "email: Enter a valid email address.",
            id="email",
        ),
        pytest.param(("taken", "--no-password"), "", "There is a user taken already", id="taken"),
    ],
)
def test_a_user_that_cannot_be_added_is_not_added_in_part(
    invoke: Invoke, arguments: tuple[str, ...], typed: str, words: str
) -> None:
    setup_user("taken")
    assert words in invoke("user", "add", *arguments, code=2, typed=typed).stderr
    assert list(User.objects.values_list("username", flat=True)) == ["taken"]


def test_a_role_is_taken_and_another_given(invoke: Invoke) -> None:
    ann = setup_user("ann", role="administrator")
    invoke("user", "role", "ann", "shop_accountant")
    ann.refresh_from_db()
    assert [held.role_id for held in ann.user_roles.all()] == ["shop_accountant"]
    assert ann.capabilities == "export_shop_reports view_shop_reports"


def test_an_unknown_role_changes_nothing(invoke: Invoke) -> None:
    ann = setup_user("ann", role="shop_accountant")
    stderr = invoke("user", "role", "ann", "shop_manager", "boss", code=2).stderr
    assert stderr.startswith("There is no role boss; the roles are administrator, shop_accountant, ")
    ann.refresh_from_db()
    assert ann.capabilities == "export_shop_reports view_shop_reports"


def test_a_role_for_nobody_is_refused(invoke: Invoke) -> None:
    assert invoke("user", "role", "nobody", "subscriber", code=2).stderr.startswith(
        "No user is called nobody"
    )


def test_a_password_is_set_and_lets_them_in(invoke: Invoke, client: Client) -> None:
    setup_user("ann", role="shop_manager")
    invoke("user", "password", "ann", "--stdin", typed=f"{PASSWORD}\nignored\n")
    assert client.login(username="ann", password=PASSWORD)


def test_a_bad_password_leaves_the_old_one(invoke: Invoke) -> None:
    setup_user("ann", password=PASSWORD)
    assert "too short" in invoke("user", "password", "ann", "--stdin", code=2, typed="abc\n").stderr
    assert User.objects.get().check_password(PASSWORD)


def test_without_a_terminal_a_password_has_to_come_by_stdin(invoke: Invoke) -> None:
    setup_user("ann")
    assert "--stdin" in invoke("user", "password", "ann", code=2).stderr
    assert not User.objects.get().has_usable_password()


def test_the_list_shows_who_runs_the_shop_and_all_on_demand(invoke: Invoke) -> None:
    setup_user("ann", role="shop_manager", email="ann@example.com")
    setup_user("buyer", role="subscriber")
    setup_user("root", is_superuser=True, password=PASSWORD)
    setup_key(user=setup_user("robot"))
    output = invoke("user", "list").stdout
    assert [line.split()[0] for line in output.splitlines() if line][2:] == ["ann", "root", "robot"]
    rows = {line.split()[0]: line.split() for line in output.splitlines() if line}
    assert rows["ann"] == ["ann", "1", "ann@example.com", "shop_manager", "no", "0"]
    assert rows["root"] == ["root", "3", "superuser", "0"]
    assert rows["robot"] == ["robot", "4", "no", "1"]
    assert "buyer" in invoke("user", "list", "--all").stdout


def test_a_shop_without_users_says_how_to_make_one(invoke: Invoke) -> None:
    assert "`tillroll user add NAME --superuser` makes one" in invoke("user", "list").stdout


def test_a_terminal_is_asked_twice_for_a_password_and_does_not_show_it(shop: Shop) -> None:
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "user", "add", "ann"], env=shop.environment, stdin=end, stdout=end, stderr=end
    )
    os.close(end)
    shown = b""
    for prompt in (b"Password: ", b"Repeat for confirmation: "):
        while not shown.endswith(prompt):
            shown += os.read(terminal, 1024)
        os.write(terminal, f"{PASSWORD}\n".encode())
    with suppress(OSError):  # what reading a terminal ends with when its other side is closed
        while piece := os.read(terminal, 1024):
            shown += piece
    os.close(terminal)
    assert process.wait(DEADLINE) == 0
    assert shown.endswith(b"Added ann, without a role.\r\n")
    assert PASSWORD.encode() not in shown
    assert shop.execute("SELECT is_staff FROM access_user WHERE password LIKE 'pbkdf2%'") == [(True,)]
