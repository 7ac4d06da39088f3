"""The secrets are made once, for their owner alone, however many processes start at the same time."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.cli.running import make_environment
from tillroll.secret_file import (
    Secrets,
    change_pepper,
    drop_old_peppers,
    holds_pepper,
    list_old_peppers,
    load_secrets,
)

RACERS = 6

RACE = """
import sys
from pathlib import Path
from tillroll.secret_file import load_secrets
print(flush=True)
sys.stdin.read()
secrets = load_secrets(Path(sys.argv[1]))
print(secrets.secret_key, secrets.key_pepper)
"""
"""Says that it is ready, and makes the secrets when its input ends."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home/secrets"


def test_fresh_secrets_are_long_and_for_their_owner_alone(path: Path) -> None:
    made = load_secrets(path)
    assert len(made.secret_key) >= 50
    assert len(made.key_pepper) == 64
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secrets"]


def test_secrets_are_made_once(path: Path) -> None:
    assert load_secrets(path) == load_secrets(path)
    assert path.read_text("ascii").count("\n") == 2


def test_two_shops_have_different_secrets(tmp_path: Path) -> None:
    one, other = (load_secrets(tmp_path / name) for name in ("one", "other"))
    assert one.secret_key != other.secret_key
    assert one.key_pepper != other.key_pepper


def test_secrets_that_are_given_need_no_file(path: Path) -> None:
    assert load_secrets(path, secret_key="a", key_pepper="b") == Secrets("a", "b")
    assert not path.exists()


def test_a_secret_that_is_given_goes_over_the_files(path: Path) -> None:
    kept = load_secrets(path)
    assert load_secrets(path, secret_key="a") == Secrets("a", kept.key_pepper)
    assert load_secrets(path, key_pepper="b") == Secrets(kept.secret_key, "b")
    assert load_secrets(path) == kept


def test_a_changed_pepper_keeps_those_before_it_newest_first(path: Path) -> None:
    first = load_secrets(path)
    assert change_pepper(path) == 1
    second = load_secrets(path)
    assert change_pepper(path) == 2
    third = load_secrets(path)
    assert len({one.key_pepper for one in (first, second, third)}) == 3
    assert third.old_key_peppers == (second.key_pepper, first.key_pepper)
    assert third.secret_key == first.secret_key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secrets"]


def test_old_peppers_of_the_file_and_of_the_environment_both_count(path: Path) -> None:
    first = load_secrets(path).key_pepper
    change_pepper(path)
    assert load_secrets(path, old_key_peppers=("a", first)).old_key_peppers == ("a", first)
    assert load_secrets(path, secret_key="s", key_pepper="p", old_key_peppers=("a",)) == Secrets(
        "s", "p", ("a",)
    )


def test_dropped_peppers_are_gone_and_the_one_in_force_stays(path: Path) -> None:
    load_secrets(path)
    assert (list_old_peppers(path), drop_old_peppers(path)) == ([], 0)
    change_pepper(path)
    kept = load_secrets(path)
    assert list_old_peppers(path) == list(kept.old_key_peppers)
    assert drop_old_peppers(path) == 1
    assert load_secrets(path) == Secrets(kept.secret_key, kept.key_pepper)


def test_a_pepper_is_known_to_be_the_file_s(path: Path) -> None:
    assert not holds_pepper(path, "a")
    assert list_old_peppers(path) == []
    kept = load_secrets(path)
    assert holds_pepper(path, kept.key_pepper)
    assert not holds_pepper(path, "a")


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "SECRET_KEY and no KEY_PEPPER"),
        ("SECRET_KEY=a\n", "KEY_PEPPER"),
        ("SECRET_KEY=\nKEY_PEPPER=b\n", "SECRET_KEY"),
    ],
)
def test_a_file_that_lost_a_secret_is_told_and_left_alone(path: Path, text: str, missing: str) -> None:
    path.parent.mkdir()
    path.write_text(text, "ascii")
    with pytest.raises(ImproperlyConfigured) as refused:
        load_secrets(path)
    assert str(refused.value) == (
        f"{path} has no {missing}; restore it from a backup (the pepper opens every API key)."
    )
    assert path.read_text("ascii") == text


def test_who_looked_before_the_first_had_written_takes_the_firsts(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_secrets(path)
    monkeypatch.setattr(Path, "exists", lambda _path: False)
    assert load_secrets(path) == first
    monkeypatch.undo()
    assert load_secrets(path) == first
    assert [each.name for each in path.parent.iterdir()] == ["secrets"]


def test_processes_that_start_at_once_agree(path: Path) -> None:
    environment = make_environment(path.parent)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(path)],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(RACERS)
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "\n"
    for racer in racers:
        assert racer.stdin
        racer.stdin.close()
        racer.stdin = None
    told = {racer.communicate(timeout=60)[0].strip() for racer in racers}
    kept = load_secrets(path)
    assert told == {f"{kept.secret_key} {kept.key_pepper}"}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["secrets"]
