"""Files are swapped all or none, and none is ever missing."""

from pathlib import Path

import pytest

from tillroll.checks.restores import find_left_over
from tillroll.cli.swap import put_back, swap_files


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"old {name}")
        (tmp_path / "new" / name).write_text(f"new {name}")
    (tmp_path / "new/three").write_text("new three")
    return tmp_path


def swaps(home: Path) -> dict[Path, Path]:
    return {home / name: home / "new" / name for name in ("one", "two", "three")}


def read(home: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted(home.iterdir()) if path.is_file()}


def test_new_files_take_the_place_of_old_ones(home: Path) -> None:
    with swap_files(home, swaps(home)):
        assert [path.name for path in find_left_over(home)] == ["one.before-restore", "two.before-restore"]
        assert (home / "one").read_text() == "new one"
    assert read(home) == {"one": "new one", "two": "new two", "three": "new three"}


def test_what_fails_afterwards_brings_the_old_files_back(home: Path) -> None:
    def fail() -> None:
        (home / "three-wal").write_text("")
        raise RuntimeError

    with pytest.raises(RuntimeError), swap_files(home, swaps(home)):
        fail()
    assert read(home) == {"one": "old one", "two": "old two"}


def test_a_new_file_that_is_missing_brings_the_old_files_back(home: Path) -> None:
    (home / "new/two").unlink()
    with pytest.raises(FileNotFoundError), swap_files(home, swaps(home)):
        pass
    assert read(home) == {"one": "old one", "two": "old two"}


def test_putting_back_where_nothing_was_left_changes_nothing(home: Path) -> None:
    put_back(home)
    assert read(home) == {"one": "old one", "two": "old two"}
