"""When a key was last used and how often, and digests that are renewed under the pepper in force."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError

from tests.asking import ask
from tests.shops import bearing, get_key, setup_key, signed
from tillroll.access.digests import digest_token, pepper_id
from tillroll.access.keys import SecretKind
from tillroll.access.models import ApiKey, KeyUse
from tillroll.access.quota import quotas
from tillroll.access.services import rotate_key
from tillroll.access.usage import Usage, list_usage, uses

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
INFO = "/edd-api/v2/info/"


def test_the_last_use_and_the_calls_of_a_key_are_told() -> None:
    pair, other = setup_key(), setup_key()
    with time_machine.travel(NOW, tick=False) as clock:
        ask(INFO, signed(pair), address="203.0.113.1")
        clock.shift(timedelta(minutes=1))
        ask(INFO, signed(pair), address="203.0.113.2")
        quotas.flush(NOW, UTC)
    uses.flush()
    keys = [get_key(pair), get_key(other)]
    assert list_usage(keys, NOW, UTC) == {
        keys[0].pk: Usage(NOW + timedelta(minutes=1), "203.0.113.2", 2, 2),
        keys[1].pk: Usage(None, "", 0, 0),
    }
    tomorrow = list_usage(keys, NOW + timedelta(days=1), UTC)
    assert (tomorrow[keys[0].pk].this_month, tomorrow[keys[0].pk].today) == (2, 0)


def test_a_refused_attempt_is_no_use() -> None:
    pair = setup_key()
    ask(INFO, {"key": pair.public_key, "token": "wrong"})
    uses.flush()
    assert not KeyUse.objects.exists()


def test_a_successor_goes_on_with_the_counters() -> None:
    pair = setup_key()
    ask(INFO, signed(pair))
    successor, fresh = rotate_key(get_key(pair))
    ask(INFO, signed(fresh))
    ask(INFO, signed(pair))
    from django.utils import timezone

    now = timezone.now()
    quotas.flush(now, UTC)
    usage = list_usage([get_key(pair), successor], now, UTC)
    assert [one.this_month for one in usage.values()] == [3, 3]


def test_a_page_of_keys_takes_three_statements(django_assert_num_queries: Any) -> None:
    for number in (2, 20):
        keys = [get_key(setup_key()) for _ in range(number)]
        with django_assert_num_queries(3, using="logs"):
            list_usage(keys, NOW, UTC)


def test_what_can_not_be_written_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    uses.note(1, NOW, "")
    with monkeypatch.context() as patch:
        patch.setattr(
            KeyUse.objects, "bulk_create", lambda *_, **__: (_ for _ in ()).throw(OperationalError("gone"))
        )
        with pytest.raises(OperationalError):
            uses.flush()
    uses.note(2, NOW, "")
    uses.flush()
    assert sorted(KeyUse.objects.values_list("key_id", flat=True)) == [1, 2]


# Peppers


@pytest.mark.parametrize("kind", list(SecretKind))
def test_a_key_under_an_old_pepper_opens_and_is_renewed(kind: SecretKind, settings: Any) -> None:
    settings.KEY_PEPPER = "old"
    pair = setup_key()
    settings.KEY_PEPPER, settings.OLD_KEY_PEPPERS = "new", ("old",)
    asked: dict[str, Any] = {"headers": bearing(pair)} if kind is SecretKind.BEARER else {}
    query = {} if asked else signed(pair)
    assert ask(INFO, query, **asked).status == 200
    uses.flush()
    key = get_key(pair)
    kept = {
        SecretKind.TOKEN: (key.token_digest, key.pepper_id),
        SecretKind.BEARER: (key.bearer_digest, key.bearer_pepper_id),
    }
    secret = pair.bearer if kind is SecretKind.BEARER else pair.token
    assert kept.pop(kind) == (digest_token(secret), pepper_id())
    [left] = kept.values()
    assert left[1] == pepper_id("old")
    settings.OLD_KEY_PEPPERS = ()
    assert ask(INFO, query, **asked).status == 200


def test_without_its_pepper_a_key_is_dead(settings: Any) -> None:
    settings.KEY_PEPPER = "old"
    pair = setup_key()
    settings.KEY_PEPPER = "new"
    assert ask(INFO, signed(pair)).status == 403
    uses.flush()
    assert ApiKey.objects.get().pepper_id == pepper_id("old")


def test_a_key_under_the_pepper_in_force_is_left_alone(django_assert_num_queries: Any) -> None:
    pair = setup_key()
    ask(INFO, signed(pair))
    with django_assert_num_queries(0):
        uses.flush()
