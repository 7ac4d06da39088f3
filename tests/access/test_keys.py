"""How a pair is made, what is kept of it, and how it is recognized again."""

import hmac
import re
from typing import Any

import pytest
from django.conf import settings as live_settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from tests.shops import get_key, setup_key, setup_user
from tillroll.access.digests import digest_token, make_pair, make_token, pepper_id
from tillroll.access.keys import Caller, UnknownKey, WrongToken, find_caller, find_key
from tillroll.access.models import ApiKey
from tillroll.access.services import issue_key, revoke_key

HEX_32 = re.compile("[0-9a-f]{32}")

pytestmark = pytest.mark.django_db


def test_a_token_is_made_as_edds_clients_make_it() -> None:
    assert make_token("a1b2", "c3d4") == "22c14f311a60486b36f79f3bc962be66"


def test_of_a_token_its_hmac_under_the_pepper_is_kept(settings: Any) -> None:
    settings.KEY_PEPPER = "the pepper"
    assert digest_token("the token") == "9adceb8f27a413c6355464bbc4f8a9afcbb826b20495b30ab512f2a1fea0101e"
    assert pepper_id() == "c12d6499"
    settings.KEY_PEPPER = "another"
    assert digest_token("the token") != "9adceb8f27a413c6355464bbc4f8a9afcbb826b20495b30ab512f2a1fea0101e"
    assert pepper_id() != "c12d6499"


def test_the_peppers_name_does_not_give_it_away() -> None:
    assert re.fullmatch("[0-9a-f]{8}", pepper_id())
    assert pepper_id() not in live_settings.KEY_PEPPER


def test_a_fresh_pair_has_edds_form_and_is_never_the_same() -> None:
    pairs = [make_pair() for _ in range(50)]
    words = {word for pair in pairs for word in (pair.public_key, pair.token)}
    assert len(words) == 100
    assert all(HEX_32.fullmatch(word) for word in words)


def test_an_issued_key_keeps_neither_token_nor_secret() -> None:
    key, pair = issue_key(setup_user(role="shop_worker"), label="Till app")
    kept = ApiKey.objects.filter(pk=key.pk).values().get()
    assert kept["public_key"] == pair.public_key
    assert kept["token_digest"] == digest_token(pair.token)
    assert (kept["pepper_id"], kept["label"], kept["revoked_at"]) == (pepper_id(), "Till app", None)
    assert pair.token not in str(kept)


def test_a_right_pair_names_its_holder_with_their_rights() -> None:
    user = setup_user("ann", role="shop_accountant", wire_id=70)
    pair = setup_key(user=user, label="Till app")
    assert find_caller(pair.public_key, pair.token).caller == Caller(
        user_id=70,
        user_name="ann",
        key_id=get_key(pair).pk,
        key_label="Till app",
        capabilities=frozenset({"view_shop_reports", "export_shop_reports", "edit_shop_payments"}),
        meter=get_key(pair).pk,
    )


def test_a_wrong_token_is_refused_and_names_the_holder_for_the_log() -> None:
    user = setup_user("ann", role="administrator")
    pair = setup_key(user=user)
    with pytest.raises(WrongToken) as refused:
        find_caller(pair.public_key, "0" * 32)
    assert refused.value.caller.user_name == "ann"


@pytest.mark.parametrize("token", ["", "0", "\u00e9", "\ud800", "\x00", "0" * 10_000])
def test_no_token_is_a_fault(token: str) -> None:
    pair = setup_key()
    with pytest.raises(WrongToken):
        find_caller(pair.public_key, token)


@pytest.mark.parametrize("name", ["unknown", "upper", "empty", "spaced", "pattern"])
def test_another_key_is_unknown(name: str) -> None:
    pair = setup_key(public_key="ab" * 16)
    other = {
        "unknown": "cd" * 16,
        "upper": "AB" * 16,
        "empty": "",
        "spaced": "ab" * 16 + " ",
        "pattern": "%",
    }[name]
    with pytest.raises(UnknownKey):
        find_caller(other, pair.token)
    assert find_key(other) is None


def test_a_revoked_key_is_unknown_at_once() -> None:
    pair = setup_key()
    revoke_key(get_key(pair))
    with pytest.raises(UnknownKey):
        find_caller(pair.public_key, pair.token)
    assert find_key("0" * 32) is None


def test_the_log_learns_who_held_a_revoked_key() -> None:
    pair = setup_key()
    revoke_key(get_key(pair))
    key = find_key(pair.public_key)
    assert key is not None
    assert key.caller.key_id == get_key(pair).pk


def test_under_another_pepper_no_token_is_right(settings: Any) -> None:
    pair = setup_key()
    settings.KEY_PEPPER = "another"
    with pytest.raises(WrongToken):
        find_caller(pair.public_key, pair.token)


def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []

    def compare(one: str, other: str) -> bool:
        compared.append((one, other))
        return compare_digest(one, other)

    compare_digest = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", compare)
    pair = setup_key()
    find_caller(pair.public_key, pair.token)
    with pytest.raises(WrongToken):
        find_caller(pair.public_key, "0" * 32)
    kept = get_key(pair).token_digest
    assert compared == [(kept, kept), (kept, digest_token("0" * 32))]


def test_a_public_key_is_there_once() -> None:
    pair = setup_key()
    with pytest.raises(IntegrityError), transaction.atomic():
        setup_key(public_key=pair.public_key)


@pytest.mark.parametrize("missing", ["public_key", "token_digest", "pepper_id"])
def test_a_key_that_is_not_whole_can_not_be_kept(missing: str) -> None:
    whole = {"public_key": "a", "token_digest": "b", "pepper_id": "c"}
    user = setup_user()
    with pytest.raises(IntegrityError), transaction.atomic():
        ApiKey.objects.create(user=user, created_at=timezone.now(), **{**whole, missing: ""})
