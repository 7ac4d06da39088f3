"""Limits as a client meets them: headers, 429 in EDD's form, `info`, addresses, and the end of a key."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from tests.asking import ask
from tests.shops import basic, bearing, get_key, set_source_of_key, setup_key, setup_settings, signed
from tillroll.access import leases
from tillroll.access.log import request_log
from tillroll.access.models import RequestLogEntry
from tillroll.access.services import rotate_key, save_role

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

INFO = "/edd-api/v2/info/"
SALES = "/edd-api/v2/sales/"
NOW = datetime(2026, 3, 4, 12, 0, 0, tzinfo=UTC)


def test_an_unlimited_key_has_no_limit_headers() -> None:
    headers = ask(SALES, signed(setup_key())).headers
    assert "ratelimit" not in headers
    assert "ratelimit-policy" not in headers


def test_limits_and_what_is_left_are_in_the_headers() -> None:
    pair = setup_key(rate_minute=60, quota_day=1000, quota_month=9000)
    with time_machine.travel(NOW, tick=False):
        headers = ask(SALES, signed(pair)).headers
    assert headers["ratelimit-policy"] == (
        '"minute";q=60;w=60, "day";q=1000;w=86400, "month";q=9000;w=2678400'
    )
    left = headers["ratelimit"].split(", ")
    assert left[0].startswith('"minute";r=59;t=')
    assert left[1:] == ['"day";r=999;t=43200', f'"month";r=8999;t={27 * 86400 + 43200}']


@pytest.mark.parametrize(
    ("limit", "window"), [("rate_minute", "minute"), ("quota_day", "day"), ("quota_month", "month")]
)
@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_past_a_limit_is_429_in_edds_form(limit: str, window: str, fmt: str) -> None:
    limits: dict[str, Any] = {limit: 2}
    pair = setup_key(**limits)
    statuses = [ask(SALES, signed(pair, format=fmt)).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    reply = ask(SALES, signed(pair, format=fmt))
    text = f"Your limit of 2 requests a {window} is used up; try again later!"
    if fmt == "json":
        assert reply.data == {"error": text}
    else:
        assert f"<edd><error>{text}</error></edd>" in reply.content.decode()
    assert int(reply.headers["retry-after"]) >= 1
    assert f'"{window}";r=0;t=' in reply.headers["ratelimit"]
    assert "request_speed" not in reply.content.decode()


def test_every_form_of_credentials_counts_for_one_key() -> None:
    pair = setup_key(quota_day=4)
    assert ask(SALES, signed(pair)).status == 200
    assert ask(SALES, headers=basic(pair)).status == 200
    assert ask(SALES, headers=bearing(pair)).status == 200
    assert ask(SALES, method="POST", form=signed(pair)).status == 200
    assert ask(SALES, headers=bearing(pair)).status == 429


def test_what_a_gate_refuses_before_does_not_count() -> None:
    pair = setup_key(quota_day=1)
    assert ask("/edd-api/v9/sales/", signed(pair)).status == 404
    assert ask("/edd-api/v2/nothing/", signed(pair)).status == 400
    assert ask(SALES, {"key": pair.public_key, "token": "wrong"}).status == 403
    assert ask(SALES, method="OPTIONS").status == 204
    assert ask(SALES, signed(pair)).status == 200
    assert ask(SALES, signed(pair)).status == 429


def test_what_a_missing_right_silences_counts() -> None:
    pair = setup_key(role="subscriber", quota_day=1)
    assert list(ask(SALES, signed(pair)).data) == ["request_speed"]
    assert ask(SALES, signed(pair)).status == 429


def test_public_products_count_for_nobody() -> None:
    pair = setup_key(quota_day=1)
    for _ in range(3):
        assert ask("/edd-api/v2/products/", {"key": pair.public_key}).status == 200
    assert ask("/edd-api/v2/products/", signed(pair)).status == 200
    assert ask("/edd-api/v2/products/", signed(pair)).status == 429


def test_the_limits_of_a_role_are_each_keys_own() -> None:
    save_role("clerk", capabilities=["view_shop_reports"], quota_day=2)
    first, second = setup_key(role="clerk"), setup_key(role="clerk")
    assert [ask(SALES, signed(first)).status for _ in range(3)] == [200, 200, 429]
    assert ask(SALES, signed(second)).status == 200
    save_role("clerk", quota_day=3)
    assert [ask(SALES, signed(first)).status for _ in range(2)] == [200, 429]


def test_a_keys_own_limit_stands_in_place_of_its_roles() -> None:
    save_role("clerk", capabilities=["view_shop_reports"], quota_day=1)
    pair = setup_key(role="clerk", quota_day=3)
    assert [ask(SALES, signed(pair)).status for _ in range(4)] == [200, 200, 200, 429]


def test_old_and_new_pair_share_what_is_left() -> None:
    pair = setup_key(quota_day=3)
    _, fresh = rotate_key(get_key(pair))
    assert [ask(SALES, signed(one)).status for one in (pair, fresh, pair, fresh, pair)] == [
        200, 200, 200, 429, 429,
    ]  # fmt: skip


def test_a_day_begins_with_the_shops() -> None:
    setup_settings(timezone="America/New_York")
    pair = setup_key(quota_day=1)
    with time_machine.travel(datetime(2026, 3, 4, 4, 59, 58, tzinfo=UTC), tick=False) as clock:
        assert ask(SALES, signed(pair)).status == 200
        reply = ask(SALES, signed(pair))
        assert (reply.status, reply.headers["retry-after"]) == (429, "2")
        clock.shift(timedelta(seconds=2))
        assert ask(SALES, signed(pair)).status == 200


def test_a_refused_request_is_in_the_log() -> None:
    pair = setup_key(quota_day=1, label="Till app")
    ask(SALES, signed(pair))
    ask(SALES, signed(pair))
    request_log.flush()
    line = RequestLogEntry.objects.latest("id")
    assert (line.status, line.key_label) == (429, "Till app")
    assert line.error == "Your limit of 1 requests a day is used up; try again later!"


def test_counters_that_are_away_let_the_request_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(leases, "take", fail)
    pair = setup_key(quota_day=1)
    assert [ask(SALES, signed(pair)).status for _ in range(3)] == [200, 200, 200]


# info


def test_info_says_the_limits_and_what_is_left() -> None:
    pair = setup_key(role="shop_accountant", rate_minute=60, quota_day=100, endpoints="sales info")
    with time_machine.travel(NOW, tick=False):
        ask(SALES, signed(pair))
        info = ask(INFO, signed(pair)).data["info"]
    assert info["permissions"] == {"view_shop_reports": True}
    assert info["endpoints"] == ["sales", "info"]
    assert {name: (one["limit"], one["remaining"]) for name, one in info["limits"].items()} == {
        "minute": (60, 58),
        "day": (100, 98),
    }
    assert info["limits"]["day"]["reset"] == 43_200


def test_an_imported_key_sees_edds_info_until_it_is_limited() -> None:
    pair = setup_key()
    set_source_of_key(pair)
    assert list(ask(INFO, signed(pair)).data["info"]) == ["permissions", "site"]
    from tillroll.access.services import KeyLimits, set_key_limits

    set_key_limits(get_key(pair), label="", limits=KeyLimits(quota_month=10))
    info = ask(INFO, signed(pair)).data["info"]
    assert info["limits"]["month"]["limit"] == 10


# Addresses, and the end of a key


@pytest.mark.parametrize(
    ("networks", "address", "is_allowed"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("203.0.113.0/24 2001:db8::/32", "203.0.113.200", True),
        ("203.0.113.0/24 2001:db8::/32", "2001:db8::1", True),
        ("203.0.113.0/24 2001:db8::/32", "::ffff:203.0.113.5", True),
        ("203.0.113.0/24", "198.51.100.1", False),
        ("203.0.113.0/24", "", False),
        ("", "198.51.100.1", True),
    ],
)
def test_a_key_counts_from_its_addresses_alone(networks: str, address: str, is_allowed: bool) -> None:
    pair = setup_key(networks=networks)
    for query, headers in ((signed(pair), {}), ({}, bearing(pair))):
        for path in (SALES, "/edd-api/v2/products/"):
            reply = ask(path, query, headers=headers, address=address)
            assert reply.status == (200 if is_allowed else 403)
            if not is_allowed:
                assert reply.data == {"error": "This key may not be used from your address!"}


def test_a_wrong_token_from_a_wrong_address_does_not_learn_that_the_key_is_right() -> None:
    pair = setup_key(networks="203.0.113.7")
    reply = ask(SALES, {"key": pair.public_key, "token": "wrong"}, address="198.51.100.1")
    assert reply.data == {"error": "Your request could not be authenticated!"}


def test_behind_a_trusted_proxy_the_clients_address_counts(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    pair = setup_key(networks="203.0.113.7")
    forwarded = {"X-Forwarded-For": "203.0.113.7"}
    assert ask(SALES, signed(pair), headers=forwarded, address="10.0.0.1").status == 200
    assert ask(SALES, signed(pair), headers=forwarded, address="10.0.0.2").status == 403


def test_a_key_ends_at_its_time() -> None:
    pair = setup_key(expires_at=NOW)
    with time_machine.travel(NOW - timedelta(seconds=1), tick=False) as clock:
        assert ask(SALES, signed(pair)).status == 200
        clock.shift(timedelta(seconds=1))
        reply = ask(SALES, signed(pair))
        assert (reply.status, reply.data) == (403, {"error": "Invalid API key!"})


def test_after_a_rotation_the_old_pair_answers_until_the_grace_is_over() -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        pair = setup_key()
        _, fresh = rotate_key(get_key(pair), grace=timedelta(hours=1))
        assert ask(SALES, signed(fresh)).status == 200
        clock.shift(timedelta(minutes=59, seconds=59))
        assert ask(SALES, signed(pair)).status == 200
        assert ask(SALES, headers=bearing(pair)).status == 200
        clock.shift(timedelta(seconds=1))
        assert ask(SALES, signed(pair)).status == 403
        assert ask(SALES, headers=bearing(pair)).status == 403
        assert ask(SALES, signed(fresh)).status == 200
