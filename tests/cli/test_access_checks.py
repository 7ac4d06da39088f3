"""What the doctor finds in keys, counters, Redis and the size of the request log."""

import socket
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as server

from tests.cli.conftest import Invoke
from tests.shops import setup_key, setup_settings, setup_user
from tillroll.access.counting import UNCOUNTED, add_counts
from tillroll.access.digests import pepper_id
from tillroll.access.models import ApiKey, KeyUse
from tillroll.access.services import KeyLimits, issue_key, revoke_key, rotate_key
from tillroll.checks import access as access_checks
from tillroll.checks.findings import Finding, State
from tillroll.shop.models import ShopSettings

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 12, 15, 30, tzinfo=UTC)
OLD = "an old pepper"


@pytest.fixture(autouse=True)
def stopped() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def make_key(**limits: Any) -> ApiKey:
    key, _ = issue_key(setup_user(role="shop_manager"), limits=KeyLimits(**limits))
    return key


# Keys


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        ({"revoked_at": NOW}, 0),
        ({"expires_at": NOW}, 0),
        ({"expires_at": NOW + timedelta(seconds=1)}, 1),
    ],
)
def test_only_keys_in_force_are_looked_at(changes: dict[str, datetime], count: int) -> None:
    make_key()
    ApiKey.objects.update(pepper_id="gone", **changes)
    [found] = access_checks.check_keys()
    if count:
        assert found.state == State.WRONG
    else:
        assert found == Finding("API keys", State.FINE, "0 in force.")


@pytest.mark.parametrize("field", ["pepper_id", "bearer_pepper_id"])
def test_a_digest_under_a_lost_pepper_is_a_fault(field: str) -> None:
    setup_key()  # has no bearer secret, which is none the worse
    ApiKey.objects.filter(pk=make_key().pk).update(**{field: "gone"})
    [found] = access_checks.check_keys()
    assert (found.about, found.state) == ("API keys", State.WRONG)
    assert found.found == "1 of 2 keys were made under another pepper and don't open."


@pytest.mark.parametrize("field", ["pepper_id", "bearer_pepper_id"])
def test_a_digest_under_an_old_pepper_is_noted(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.setattr(server, "OLD_KEY_PEPPERS", (OLD,))
    make_key()
    ApiKey.objects.filter(pk=make_key().pk).update(**{field: pepper_id(OLD)})
    assert list(access_checks.check_keys()) == [
        Finding("API keys", State.FINE, "2 in force."),
        Finding(
            "Pepper",
            State.NOTE,
            "1 of 2 keys still need an old pepper.",
            "They change over when used; `tillroll keys list --old-pepper` shows them.",
        ),
    ]


def test_lost_and_old_are_counted_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "OLD_KEY_PEPPERS", (OLD,))
    ApiKey.objects.filter(pk=make_key().pk).update(pepper_id=pepper_id(OLD), bearer_pepper_id="gone")
    ApiKey.objects.filter(pk=make_key().pk).update(pepper_id=pepper_id(OLD))
    assert [one.found for one in access_checks.check_keys()] == [
        "1 of 2 keys were made under another pepper and don't open.",
        "1 of 2 keys still need an old pepper.",
    ]


# Ending keys


def test_keys_that_end_within_a_week_are_noted() -> None:
    setup_settings(timezone="Europe/Paris")
    make_key()
    make_key(expires_at=NOW + timedelta(days=7, seconds=1))
    assert list(access_checks.check_expiring()) == []
    soon = make_key(expires_at=NOW + timedelta(days=7))
    ApiKey.objects.filter(pk=soon.pk).update(label="Phone")
    [found] = access_checks.check_expiring()
    assert (found.about, found.state) == ("Ending keys", State.NOTE)
    assert found.found == "1 key ends soon: Phone on 2026-03-19 16:30."
    for days in (1, 2, 3):
        make_key(expires_at=NOW + timedelta(days=days))
    [found] = access_checks.check_expiring()
    assert found.found.startswith("4 keys end soon: ")
    assert found.found.endswith(" on 2026-03-15 16:30 and 1 more.")


def test_a_key_that_another_took_over_from_is_noted_only_while_it_is_used() -> None:
    old = make_key()
    successor, _ = rotate_key(old, grace=timedelta(days=3))
    use = KeyUse.objects.create(key_id=old.pk, at=NOW - timedelta(hours=1))
    assert list(access_checks.check_expiring()) == []
    use.at = NOW + timedelta(hours=1)
    use.save()
    assert len(list(access_checks.check_expiring())) == 1
    use.delete()
    revoke_key(successor)
    assert len(list(access_checks.check_expiring())) == 1


def test_a_zone_that_is_wrong_is_left_to_its_own_check() -> None:
    setup_settings(name="Mine")
    ShopSettings.objects.update(timezone="Mars")
    make_key(expires_at=NOW + timedelta(days=1))
    add_counts({(UNCOUNTED, "2026-03"): 5})
    assert [*access_checks.check_expiring(), *access_checks.check_uncounted()] == []


# Redis


class _Answers(socketserver.StreamRequestHandler):
    """Speaks as much of Redis' protocol as a greeting needs."""

    def handle(self) -> None:
        while head := self.rfile.readline():
            words = []
            for _ in range(int(head[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2].decode())
            told = {"HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n", "PING": b"+PONG\r\n"}
            self.wfile.write(told.get(words[0], b"+OK\r\n"))


def test_a_redis_that_answers_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Answers) as redis:
        threading.Thread(target=redis.serve_forever, daemon=True).start()
        place = f"127.0.0.1:{redis.server_address[1]}"
        monkeypatch.setattr(server, "REDIS_URL", f"redis://{place}/0")
        assert list(access_checks.check_redis()) == [Finding("Redis", State.FINE, f"It answers at {place}.")]
        redis.shutdown()


def test_a_redis_that_is_away_is_a_fault_and_its_password_is_not_shown(
    invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:  # nobody listens on it
        taken.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        monkeypatch.setattr(server, "REDIS_URL", f"redis://user:hush@{place}/0")
        [found] = access_checks.check_redis()
        assert found.state == State.WRONG
        assert found.found == f"It can't be used at {place} (ConnectionError): limits a minute are not kept."
        assert "TILLROLL_REDIS_URL" in found.advice
        output = invoke("doctor", code=1).output
    assert place in output
    assert "hush" not in output


def test_without_redis_there_is_nothing_to_find() -> None:
    assert list(access_checks.check_redis()) == []


# Counters and the log


def test_requests_that_passed_uncounted_this_month_are_noted() -> None:
    add_counts({(UNCOUNTED, "2026-02"): 9})
    assert list(access_checks.check_uncounted()) == []
    add_counts({(UNCOUNTED, "2026-03"): 5})
    [found] = access_checks.check_uncounted()
    assert (found.about, found.state) == ("Quotas", State.NOTE)
    assert found.found == "5 requests passed this month although their limits could not be counted."


@pytest.mark.parametrize(
    ("megabytes", "limit", "state", "text"),
    [
        (3, 1000, State.FINE, "3 of 1,000 MB."),
        (1100, 1000, State.FINE, "1,100 of 1,000 MB."),
        (1101, 1000, State.NOTE, "1,101 MB; 1,000 are allowed."),
        (5000, 0, State.FINE, "5,000 MB, without a limit."),
    ],
)
def test_a_request_log_far_above_its_size_is_noted(
    monkeypatch: pytest.MonkeyPatch, megabytes: int, limit: int, state: State, text: str
) -> None:
    setup_settings(log_keep_megabytes=limit)
    monkeypatch.setattr(access_checks, "_measure_logs", lambda: megabytes * 1_000_000)
    [found] = access_checks.check_log_size()
    assert (found.about, found.state, found.found) == ("Request log", state, text)
    assert ("tillroll logs prune" in found.advice) == (state == State.NOTE)


def test_the_size_is_read_from_the_store() -> None:
    assert 0 < access_checks._measure_logs() < 10_000_000


def test_a_key_is_named_by_its_beginning_where_it_has_no_label() -> None:
    key = make_key(expires_at=NOW + timedelta(days=1))
    [found] = access_checks.check_expiring()
    assert f"{key.public_key[:6]}…" in found.found
    assert key.public_key not in found.found
