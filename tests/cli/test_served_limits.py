"""A quota over several worker processes: never more than the limit, hardly less, also after a restart."""

import signal

from tests.cli.asking_served import ask_many, issue
from tests.cli.running import Shop

LIMIT = 1_000
ASKED = 10_000


def set_limit(shop: Shop, name: str, limit: int) -> None:
    shop.execute(f"UPDATE access_apikey SET {name} = {limit}")  # noqa: S608 (the test's own words)
    shop.execute("UPDATE shop_revision SET number = number + 1 WHERE topic = 'access'")


def test_two_workers_together_keep_a_days_quota(shop: Shop) -> None:
    pair = issue(shop)
    set_limit(shop, "quota_day", LIMIT)
    server = shop.serve("--workers", "2")
    server.wait_until_ready()
    statuses = ask_many(server, pair, ASKED)
    assert set(statuses) == {200, 429}
    assert statuses.total() == ASKED
    assert LIMIT <= statuses[200] <= LIMIT + 10
    assert server.stop() == 0
    [(used,)] = shop.execute(
        "SELECT used FROM access_counter WHERE subject LIKE 'key:%' AND length(period) = 10", "logs"
    )
    assert used == LIMIT


def test_a_restart_does_not_give_a_quota_anew_and_loses_none_of_it(shop: Shop) -> None:
    pair = issue(shop)
    set_limit(shop, "quota_month", LIMIT)
    first = shop.serve("--workers", "2")
    first.wait_until_ready()
    assert ask_many(first, pair, 400) == {200: 400}
    assert first.stop() == 0
    second = shop.serve()
    second.wait_until_ready()
    assert ask_many(second, pair, LIMIT) == {200: LIMIT - 400, 429: 400}
    assert second.stop(signal.SIGTERM) == 0


def test_a_key_without_limits_is_counted(shop: Shop) -> None:
    pair = issue(shop)
    server = shop.serve("--workers", "2")
    server.wait_until_ready()
    assert ask_many(server, pair, 300) == {200: 300}
    assert server.stop() == 0
    counts = shop.execute("SELECT used FROM access_counter WHERE subject LIKE 'key:%'", "logs")
    assert counts == [(300,), (300,)]
