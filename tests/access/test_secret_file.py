"""The secrets are made once, for their owner alone, however many processes start at the same time."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from tests.cli.running import make_environment
from tillroll.secret_file import Secrets, load_secrets

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
