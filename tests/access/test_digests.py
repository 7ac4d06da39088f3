"""How secrets are made, what a bearer secret looks like, and how the pepper changes."""

import re
from typing import Any

import pytest

from tillroll.access.digests import (
    Pair,
    digest_token,
    find_pepper,
    make_bearer,
    make_pair,
    pepper_id,
    read_bearer,
)

PUBLIC_KEY = "0123456789abcdef" * 2


def test_a_bearer_secret_names_its_maker_and_its_key_and_ends_with_a_checksum() -> None:
    bearer = make_bearer(PUBLIC_KEY)
    assert re.fullmatch(rf"tillroll_{PUBLIC_KEY}_[A-Za-z0-9]{{46}}", bearer)
    assert read_bearer(bearer) == PUBLIC_KEY


def test_no_two_bearer_secrets_are_alike() -> None:
    assert len({make_bearer(PUBLIC_KEY) for _ in range(50)}) == 50


@pytest.mark.parametrize("place", [9, 30, 45, 70, -1])
def test_a_mistyped_bearer_secret_is_told_by_its_checksum(place: int) -> None:
    bearer = make_bearer(PUBLIC_KEY)
    wrong = list(bearer)
    wrong[place] = "x" if wrong[place] != "x" else "y"
    assert read_bearer("".join(wrong)) is None


@pytest.mark.parametrize("text", ["", "tillroll_", "tillroll__", "x" * 90, "tillroll_\u00e9_" + "a" * 46])
def test_what_is_no_bearer_secret_is_none(text: str) -> None:
    assert read_bearer(text) is None


def test_a_pair_does_not_show_its_secrets() -> None:
    pair = make_pair()
    assert repr(pair) == f"Pair(public_key='{pair.public_key}')"
    assert str(Pair("a", "b", "c")) == "Pair(public_key='a')"


def test_an_old_pepper_is_found_by_its_name_and_a_lost_one_is_not(settings: Any) -> None:
    settings.KEY_PEPPER, settings.OLD_KEY_PEPPERS = "new", ("old", "older")
    assert find_pepper(pepper_id("older")) == "older"
    assert find_pepper(pepper_id()) == "new"
    assert find_pepper(pepper_id("lost")) is None


def test_a_digest_is_another_one_under_another_pepper(settings: Any) -> None:
    settings.KEY_PEPPER = "new"
    assert digest_token("t") == digest_token("t", "new") != digest_token("t", "old")
