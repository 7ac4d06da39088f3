"""A server that nobody asks anything does its night's work all the same, in one of its workers."""

import time
from datetime import UTC, datetime, timedelta

from tests.cli.running import DEADLINE, Shop

COLUMNS = (
    "at, user_id, user_name, key_label, key_start, version, endpoint, question, status, error, address,"
    " milliseconds, size"
)


def test_a_quiet_server_prunes_its_log(shop: Shop) -> None:
    # a zone in which it is past three now, and stays so for as long as the test runs
    zone = "+12:00" if datetime.now(UTC).hour < 6 else "UTC"
    assert shop.run("settings", "set", "timezone", zone).returncode == 0
    for days in (1, 91):
        at = datetime.now(UTC) - timedelta(days=days)
        line = f"'{at:%Y-%m-%d %H:%M:%S}', 0, '', '', '', '', '', '{days}', 200, '', '', 0, 0"
        shop.execute(f"INSERT INTO access_requestlogentry ({COLUMNS}) VALUES ({line})", "logs")  # noqa: S608
    server = shop.serve("--workers", "2")
    end = time.monotonic() + DEADLINE
    left: list[tuple[str]] = []
    while left != [("1",)]:
        assert time.monotonic() < end, server.output
        time.sleep(0.05)
        left = shop.execute("SELECT question FROM access_requestlogentry", "logs")
    assert shop.execute("SELECT COUNT(*) FROM access_counter WHERE subject = 'nightly'", "logs") == [(1,)]
    assert server.stop() == 0
    assert "Traceback" not in server.output
