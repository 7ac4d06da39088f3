"""A pepper is changed without a key that stops working, and an old one dropped when nothing needs it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.cli.running import Shop, find_free_port, refusal
from tests.cli.test_serve import read

NOTHING_OLD = "No key needs an old pepper.\n"


@dataclass(frozen=True)
class Pair:
    key: str
    token: str
    bearer: str


Issue = Callable[[], Pair]


@pytest.fixture
def issue(shop: Shop) -> Issue:
    """Makes keys of somebody who may read everything."""
    assert shop.run("user", "add", "ann", "--no-password", "--role", "shop_manager").returncode == 0

    def run() -> Pair:
        text = shop.run("keys", "issue", "ann").stdout
        return Pair(*re.findall(r"^(?:key|token|bearer) +(\w+)$", text, re.M))

    return run


def read_secrets(shop: Shop) -> dict[str, str]:
    lines = (shop.home / "secrets").read_text("ascii").splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_keys_go_on_working_under_a_new_pepper_and_change_over_when_used(shop: Shop, issue: Issue) -> None:
    used, idle = issue(), issue()
    before = read_secrets(shop)
    done = shop.run("keys", "new-pepper")
    assert done.stdout.splitlines() == [
        f"{shop.home / 'secrets'} has a fresh pepper; the old one is kept behind it.",
        "Restart the servers now: until then, they don't open keys that this command makes or rotates.",
        "2 keys in force stand on old peppers, and change over when used;"
        " `tillroll keys list --old-pepper` shows which are left.",
    ]
    after = read_secrets(shop)
    assert after["OLD_KEY_PEPPERS"] == before["KEY_PEPPER"] != after["KEY_PEPPER"]
    assert after["SECRET_KEY"] == before["SECRET_KEY"]
    assert not any(secret in done.stdout + done.stderr for secret in after.values())

    server = shop.serve()
    server.wait_until_ready()
    read(f"{server.url}/edd-api/v2/sales/?key={used.key}&token={used.token}")
    assert server.stop() == 0
    listed = shop.run("keys", "list", "--old-pepper").stdout
    assert used.key in listed  # its bearer secret was not seen yet
    assert "old pepper" in listed
    assert re.search(
        r"^token +kept as a digest under pepper \w{8}$", shop.run("keys", "show", used.key).stdout, re.M
    )

    assert refusal(shop.run("keys", "drop-old-peppers")) == (
        "2 keys in force still need an old pepper (`tillroll keys list --old-pepper`);"
        " let them be used or rotate them, or give --yes to end them."
    )
    assert read_secrets(shop) == after
    for pair in (used, idle):
        assert shop.run("keys", "rotate", pair.key, "--grace", "0").returncode == 0
    assert shop.run("keys", "list", "--old-pepper").stdout == NOTHING_OLD
    assert shop.run("keys", "drop-old-peppers").stdout == "Dropped 1 old pepper; restart the servers.\n"
    assert read_secrets(shop) == {name: after[name] for name in ("SECRET_KEY", "KEY_PEPPER")}
    assert shop.run("keys", "drop-old-peppers").stdout == "There are no old peppers.\n"


def test_old_peppers_are_dropped_on_demand_and_end_the_keys_that_need_them(shop: Shop, issue: Issue) -> None:
    pair = issue()
    shop.run("keys", "new-pepper")
    fresh = issue()
    shop.run("keys", "new-pepper")
    assert refusal(shop.run("keys", "drop-old-peppers")).startswith(
        "2 keys in force still need an old pepper"
    )
    assert (
        shop.run("keys", "drop-old-peppers", "--yes").stdout
        == "Dropped 2 old peppers; restart the servers.\n"
    )
    listed = shop.run("keys", "list").stdout
    assert all(re.search(rf"{one.key} .* pepper lost", listed) for one in (pair, fresh))


def test_one_key_is_told_in_the_singular_and_none_not_at_all(shop: Shop, issue: Issue) -> None:
    assert "stand" not in shop.run("keys", "new-pepper").stdout
    issue()
    assert (
        "1 key in force stands on old peppers, and changes over when used;"
        in shop.run("keys", "new-pepper").stdout
    )
    assert refusal(shop.run("keys", "drop-old-peppers")).startswith(
        "1 key in force still needs an old pepper"
    )


def test_a_pepper_from_the_environment_is_changed_there(shop: Shop) -> None:
    before = read_secrets(shop)
    said = refusal(shop.run("keys", "new-pepper", TILLROLL_KEY_PEPPER="hush"))
    assert said == (
        "The pepper comes from the environment: put a fresh one (openssl rand -hex 32) into"
        " TILLROLL_OLD_KEY_PEPPERS of every server and restart them, then exchange it with the one in"
        " TILLROLL_KEY_PEPPER and restart them again."
    )
    assert read_secrets(shop) == before


def test_old_peppers_from_the_environment_are_dropped_there(shop: Shop) -> None:
    said = refusal(shop.run("keys", "drop-old-peppers", TILLROLL_OLD_KEY_PEPPERS="hush,hush2"))
    assert said == (
        "The old peppers come from the environment: take TILLROLL_OLD_KEY_PEPPERS away from every server"
        " and restart them."
    )
    shop.run("keys", "new-pepper")
    done = shop.run("keys", "drop-old-peppers", TILLROLL_OLD_KEY_PEPPERS="hush")
    assert done.stdout == "Dropped 1 old pepper; restart the servers.\n"
    assert done.stderr == "More come from TILLROLL_OLD_KEY_PEPPERS: take them away there.\n"


def test_a_pepper_moves_through_the_environment_as_it_is_told(shop: Shop, issue: Issue) -> None:
    first, second = {"TILLROLL_KEY_PEPPER": "one"}, {"TILLROLL_KEY_PEPPER": "two"}
    shop.environment |= first
    key = issue().key
    for environment, state in (
        (first | {"TILLROLL_OLD_KEY_PEPPERS": "two"}, "in force"),
        (second | {"TILLROLL_OLD_KEY_PEPPERS": "one"}, "in force, old pepper"),
        (second, "pepper lost"),
    ):
        listed = shop.run("keys", "list", **environment).stdout
        assert re.search(rf"{key} .*  {state} *$", listed, re.M), (environment, listed)


def test_a_demo_keeps_its_key_and_its_login_under_a_new_pepper(shop: Shop) -> None:
    assert shop.run("demo", "--orders", "20").returncode == 0
    before = (shop.home / "demo-credentials").read_text()
    shop.run("keys", "new-pepper")
    server = shop.serve(port=find_free_port())
    server.wait_until_ready()
    assert server.stop() == 0
    assert (shop.home / "demo-credentials").read_text() == before
