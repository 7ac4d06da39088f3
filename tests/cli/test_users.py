"""Users on the command line: roles decide what their keys may read, a password lets them log in."""

import os
import pty
import re
import subprocess
from contextlib import suppress
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.test import Client

from tests.asking import ask
from tests.cli.conftest import Invoke
from tests.cli.running import COMMAND, DEADLINE, Shop
from tests.shops import setup_key, setup_settings, setup_user, signed
from tillroll.access.models import ApiKey, AuditEntry, Authenticator, RecoverySheet, User
from tillroll.access.services import set_active, set_password

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "correct horse battery"


def test_a_user_is_added_with_roles_and_password(invoke: Invoke) -> None:
    roles = ("--role", "shop_accountant", "--role", "subscriber")
    given = ("--email", "ann@example.com", *roles, "--password-stdin")
    output = invoke("user", "add", "ann", *given, typed=f"{PASSWORD}\n").stdout
    assert output == "Added ann (shop_accountant, subscriber).\n"
    ann = User.objects.get(username="ann")
    assert (ann.email, ann.login, ann.display_name) == ("ann@example.com", "ann", "ann")
    assert ann.capabilities == "edit_shop_payments export_shop_reports view_shop_reports"
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
        pytest.param(("Taken", "--no-password"), "", "There is a user taken already", id="taken-in-case"),
        pytest.param(("x" * 61, "--no-password"), "", "at most 60 characters", id="long"),
        pytest.param(
            ("ann", "--service", "--password-stdin"), f"{PASSWORD}\n", "never logs in", id="service-password"
        ),
        pytest.param(("ann", "--service", "--superuser"), "", "never logs in", id="service-superuser"),
    ],
)
def test_a_user_that_cannot_be_added_is_not_added_in_part(
    invoke: Invoke, arguments: tuple[str, ...], typed: str, words: str
) -> None:
    setup_user("taken")
    assert words in invoke("user", "add", *arguments, code=2, typed=typed).stderr
    assert list(User.objects.values_list("username", flat=True)) == ["taken"]


def test_a_service_account_is_added_without_a_password_and_never_gets_one(
    invoke: Invoke, client: Client
) -> None:
    output = invoke("user", "add", "robot", "--service", "--role", "shop_manager", typed="").stdout
    assert output.splitlines() == [
        "Added robot (shop_manager).",
        "They can't log in; `tillroll keys issue robot` makes them a key.",
    ]
    robot = User.objects.get(username="robot")
    assert (robot.is_service, robot.has_usable_password(), robot.is_staff) == (True, False, False)
    stderr = invoke("user", "password", "robot", "--stdin", code=2, typed=f"{PASSWORD}\n").stderr
    assert stderr == "robot is a service account: nobody logs in with it.\n"
    assert not client.login(username="robot", password=PASSWORD)


@pytest.mark.parametrize(
    ("auto_keys", "role", "count"),
    [
        ("nobody", "shop_accountant", 0),
        ("everybody", "subscriber", 1),
        ("roles", "shop_accountant", 1),
        ("roles", "subscriber", 0),
    ],
)
def test_a_new_user_gets_the_key_that_the_shop_wants_for_them(
    invoke: Invoke, auto_keys: str, role: str, count: int
) -> None:
    setup_settings(auto_keys=auto_keys, auto_key_roles=["shop_accountant"])
    output = invoke("user", "add", "ann", "--no-password", "--role", role).stdout
    pairs = re.findall(r"^key    (\w+)\ntoken  (\w+)\nbearer (\w+)$", output, re.M)
    assert (
        len(pairs) == ApiKey.objects.filter(user__username="ann", label="Made automatically").count() == count
    )
    assert ("The shop's setting auto_keys makes a key for them:" in output) == bool(count)
    assert ("`tillroll keys issue ann` makes them a key" in output) == (not count)
    for public_key, token, _ in pairs:
        assert ask("/edd-api/v2/info/", {"key": public_key, "token": token}).status == 200


def test_a_user_that_was_refused_has_no_automatic_key_either(invoke: Invoke) -> None:
    setup_settings(auto_keys="everybody")
    invoke("user", "add", "ann", "--password-stdin", code=2, typed="short\n")
    assert (User.objects.count(), ApiKey.objects.count()) == (0, 0)


def test_a_disabled_user_is_shut_out_with_their_keys_until_they_are_enabled(
    invoke: Invoke, client: Client
) -> None:
    ann = setup_user("ann", role="shop_manager")
    set_password(ann, PASSWORD)
    pair, other = setup_key(user=ann), setup_key()
    assert client.login(username="ann", password=PASSWORD)
    assert invoke("user", "disable", "ann").stdout == (
        "ann can't log in, and their keys answer nothing; `tillroll user enable` undoes it.\n"
    )
    assert client.get("/admin/").status_code == 302  # also with the session that she had
    assert not Client().login(username="ann", password=PASSWORD)
    assert [ask("/edd-api/v2/sales/", signed(one)).status for one in (pair, other)] == [403, 200]
    assert invoke("user", "enable", "ann").stdout == "ann is let in again, with their keys.\n"
    assert ask("/edd-api/v2/sales/", signed(pair)).status == 200
    assert Client().login(username="ann", password=PASSWORD)


def test_who_is_disabled_already_or_not_there_is_told(invoke: Invoke) -> None:
    setup_user("ann")
    assert invoke("user", "enable", "ann", code=2).stderr == "ann is enabled already.\n"
    invoke("user", "disable", "ann")
    assert invoke("user", "disable", "ann", code=2).stderr == "ann is disabled already.\n"
    for command in ("disable", "enable"):
        assert invoke("user", command, "bob", code=2).stderr.startswith("No user is called bob")


def test_a_role_is_taken_and_another_given(invoke: Invoke) -> None:
    ann = setup_user("ann", role="administrator")
    invoke("user", "role", "ann", "shop_accountant")
    ann.refresh_from_db()
    assert [held.role_id for held in ann.user_roles.all()] == ["shop_accountant"]
    assert ann.capabilities == "edit_shop_payments export_shop_reports view_shop_reports"


def test_an_unknown_role_changes_nothing(invoke: Invoke) -> None:
    ann = setup_user("ann", role="shop_accountant")
    stderr = invoke("user", "role", "ann", "shop_manager", "boss", code=2).stderr
    assert stderr.startswith("There is no role boss; the roles are administrator, shop_accountant, ")
    ann.refresh_from_db()
    assert ann.capabilities == "edit_shop_payments export_shop_reports view_shop_reports"


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
    setup_key(user=setup_user("program", is_service=True))
    set_active(setup_user("gone", role="shop_manager"), False)
    output = invoke("user", "list").stdout
    rows = {line.split()[0]: line.split() for line in output.splitlines()[2:] if line}
    assert list(rows) == ["ann", "root", "robot", "program", "gone"]
    assert rows["ann"] == ["ann", "1", "ann@example.com", "shop_manager", "no", "0"]
    assert rows["root"] == ["root", "3", "superuser", "0"]
    assert rows["robot"] == ["robot", "4", "no", "1"]
    assert rows["program"] == ["program", "5", "service", "account", "1"]
    assert rows["gone"] == ["gone", "6", "shop_manager", "disabled", "0"]
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


def test_a_user_is_invited_by_a_link(invoke: Invoke, client: Client, settings: Any) -> None:
    setup_user("ann", role="shop_manager")
    output = invoke("user", "invite", "ann", "--url", "https://shop.example/").stdout
    url, _, sentence = output.strip().partition("\n\n")
    assert sentence == "Whoever opens it chooses the password of ann: once, within 168 hours."
    assert url.startswith("https://shop.example/admin/welcome/?link=")
    client.get(url.removeprefix("https://shop.example"))
    assert client.post("/admin/welcome/", {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert client.login(username="ann", password=PASSWORD)
    settings.PUBLIC_URL, settings.PATH_PREFIX = "https://home.example", "/shop"
    output = invoke("user", "invite", "ann").stdout
    assert output.startswith("https://home.example/shop/admin/welcome/?link=")
    assert "within 24 hours." in output
    actions = AuditEntry.objects.filter(actor_name="(command line)").values_list("action", "title")
    assert [*actions] == [("made an invitation", "ann"), ("made a reset link", "ann")]


def test_nobody_is_invited_who_can_not_log_in(invoke: Invoke) -> None:
    setup_user("robot", is_service=True)
    setup_user("demo", is_demo=True)
    set_active(setup_user("gone"), False)
    for name, why in (("robot", "a service account"), ("demo", "the demo"), ("gone", "disabled")):
        refused = invoke("user", "invite", name, code=2)
        assert f"{name} is {why}: nobody chooses a password for it." in refused.stderr


def test_a_lock_is_released_by_name_or_by_address(invoke: Invoke) -> None:
    for name, address, count in (("ann", "203.0.113.9", 4), ("ben", "203.0.113.9", 1), ("ann", "::1", 2)):
        AccessAttempt.objects.create(
            username=name, ip_address=address, user_agent="", failures_since_start=count
        )
    assert invoke("user", "unlock", "ann", "--address", "::1").stdout == (
        "Forgot 2 wrong passwords at ann from ::1.\n"
    )
    assert invoke("user", "unlock", "--address", "203.0.113.9").stdout == (
        "Forgot 5 wrong passwords from 203.0.113.9.\n"
    )
    refused = invoke("user", "unlock", "ann", code=2)
    assert "There were no wrong passwords at ann lately." in refused.stderr
    assert "Give a user's NAME or --address." in invoke("user", "unlock", code=2).stderr


def test_a_second_factor_is_reset(invoke: Invoke) -> None:
    ann = setup_user("ann", role="shop_manager")
    Authenticator.objects.create(user=ann, name="app", sealed_key="")
    RecoverySheet.objects.create(user=ann, name="codes", sealed_digests="")
    output = invoke("user", "reset-two-factor", "ann").stdout
    assert output == (
        "ann logs in with the password alone; app and recovery codes are gone, sessions ended.\n"
    )
    assert (Authenticator.objects.count(), RecoverySheet.objects.count()) == (0, 0)
    assert AuditEntry.objects.get().action == "reset two-factor login"
    assert "ann has no second factor." in invoke("user", "reset-two-factor", "ann", code=2).stderr
