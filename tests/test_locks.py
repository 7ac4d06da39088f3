"""The locks stand for pyproject.toml and install from any mirror: they say what may come, never from
where."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements-build.lock", "requirements.lock", "requirements-dev.lock")
PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)")
ADDRESS = re.compile(r"://|file:|--(extra-)?index-url|--find-links|--trusted-host| @ ")


def load_project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def list_entries(lock: str) -> list[str]:
    """Each requirement of a lock with its hashes, as one line."""
    return (ROOT / lock).read_text("utf-8").replace("\\\n", " ").splitlines()


def get_pins(lock: str) -> dict[str, set[Version]]:
    """The versions of each package; more than one where they depend on the interpreter."""
    pins: dict[str, set[Version]] = {}
    for entry in list_entries(lock):
        found = PIN.match(entry)
        assert found, f"{lock}: not a pin: {entry}"
        pins.setdefault(canonicalize_name(found[1]), set()).add(Version(found[2]))
    return pins


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str) -> None:
    assert not ADDRESS.search((ROOT / lock).read_text("utf-8"))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str) -> None:
    entries = list_entries(lock)
    assert entries
    for entry in entries:
        assert PIN.match(entry), entry
        assert re.search(r" --hash=sha256:[0-9a-f]{64}\b", entry), entry


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        pytest.param("requirements-build.lock", ["build"], id="build"),
        pytest.param("requirements.lock", ["runtime"], id="runtime"),
        pytest.param("requirements-dev.lock", ["runtime", "dev"], id="tools"),
    ],
)
def test_a_lock_holds_what_pyproject_asks_for(lock: str, groups: list[str]) -> None:
    project = load_project()
    asked = {"runtime": project["project"]["dependencies"], **project["dependency-groups"]}
    pins = get_pins(lock)
    for requirement in (Requirement(text) for group in groups for text in asked[group]):
        versions = pins.get(canonicalize_name(requirement.name), set())
        assert versions, f"{lock} lacks {requirement}; run script/lock"
        for version in versions:
            assert version in requirement.specifier, (
                f"{lock} pins {requirement.name} {version}; run script/lock"
            )


def test_the_tools_stand_on_the_runtime_that_is_served() -> None:
    served = get_pins("requirements.lock")
    tools = get_pins("requirements-dev.lock")
    assert {name: tools.get(name) for name in served} == served


def test_the_build_backend_is_the_locked_one() -> None:
    project = load_project()
    assert project["build-system"]["requires"] == project["dependency-groups"]["build"][:1]
