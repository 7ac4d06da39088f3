"""What is sealed opens under its own pepper, and under no other."""

from typing import Any

import pytest

from tillroll.access.sealing import SealBroken, is_current, seal, unseal


def test_a_secret_comes_back_and_is_not_in_what_is_kept() -> None:
    kept = seal(b"twenty bytes of salt")
    assert unseal(kept) == b"twenty bytes of salt"
    assert "twenty" not in kept
    assert seal(b"twenty bytes of salt") != kept


def test_an_old_pepper_goes_on_opening_what_it_closed(settings: Any) -> None:
    kept = seal(b"secret")
    assert is_current(kept)
    settings.OLD_KEY_PEPPERS = (settings.KEY_PEPPER,)
    settings.KEY_PEPPER = "another"
    assert unseal(kept) == b"secret"
    assert not is_current(kept)
    settings.OLD_KEY_PEPPERS = ()
    with pytest.raises(SealBroken, match="is lost"):
        unseal(kept)


def test_what_was_changed_does_not_open() -> None:
    kept = seal(b"secret")
    with pytest.raises(SealBroken, match="was changed"):
        unseal(kept[:-4] + "AAA=")
