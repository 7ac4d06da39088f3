"""The scripts are what a newcomer runs first: they start anywhere, and say in a sentence what is missing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPTS = [*sorted((ROOT / "script").iterdir()), ROOT / ".ci/run"]
NOBODY_ANSWERS = "postgresql://127.0.0.1:1/postgres"


def run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a script from a foreign folder, in an environment that holds a PATH and what is given."""
    return subprocess.run(
        [script, *arguments],
        cwd="/",
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def make_command(folder: Path, name: str, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/bash\n{text}\n", "utf-8")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_executable_and_stops_at_the_first_error(script: Path) -> None:
    assert os.access(script, os.X_OK)
    lines = script.read_text("utf-8").splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_sound_bash(script: Path) -> None:
    checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.fixture
def bare_system(tmp_path: Path) -> Path:
    """A PATH with a Python that can't make environments, no apt-get, and a user who is not root."""
    commands = tmp_path / "bin"
    make_command(commands, "python3", f'[[ "$*" != *ensurepip* ]] || exit 1\nexec "{sys.executable}" "$@"')
    make_command(commands, "id", "echo 1000")
    for name in ("bash", "cat", "cksum", "dirname", "env", "grep"):
        found = shutil.which(name)
        assert found
        (commands / name).symlink_to(found)
    return commands


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What script/setup reads, without an environment."""
    shutil.copytree(ROOT / "script", tmp_path / "clone/script")
    for file in (ROOT / "pyproject.toml", *ROOT.glob("requirements*.lock")):
        shutil.copy(file, tmp_path / "clone")
    return tmp_path / "clone"


def test_setup_without_venv_says_what_to_install(bare_system: Path, checkout: Path) -> None:
    done = run(checkout / "script/setup", PATH=str(bare_system))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert done.returncode == 2
    assert done.stderr == (
        "Tillroll needs Python 3.11 or newer with its venv and ensurepip modules, and found none.\n"
        f"On Debian or Ubuntu, as root: apt-get install {version}\n"
        "Then run this again.\n"
    )
    assert not (checkout / ".venv").exists()


def test_setup_without_python_asks_for_both_packages(bare_system: Path, checkout: Path) -> None:
    (bare_system / "python3").unlink()
    done = run(checkout / "script/setup", PATH=str(bare_system))
    assert done.returncode == 2
    assert "apt-get install python3 python3-venv\n" in done.stderr


def test_setup_takes_no_python_that_is_too_old(bare_system: Path, checkout: Path) -> None:
    make_command(bare_system, "python3", "exit 1")
    assert run(checkout / "script/setup", PATH=str(bare_system)).returncode == 2


def test_setup_as_root_installs_what_is_missing(bare_system: Path, checkout: Path) -> None:
    make_command(bare_system, "id", "echo 0")
    make_command(bare_system, "apt-get", f'echo "$@" >>"{bare_system}/asked"')
    done = run(checkout / "script/setup", PATH=str(bare_system))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert (bare_system / "asked").read_text("utf-8") == f"update -qq\ninstall -qq -y {version}\n"
    assert done.returncode == 2  # this apt-get installs nothing


def test_setup_does_nothing_when_nothing_changed(bare_system: Path, checkout: Path) -> None:
    """The second time costs no pip: the environment's Python would fail here."""
    make_command(checkout / ".venv/bin", "python", f'echo "$@" >>"{bare_system}/asked"')
    make_command(checkout / ".venv/bin", "tillroll", "exit 1")
    (checkout / ".venv/bin/pip").write_text(f"#!{checkout}/.venv/bin/python\n", "utf-8")
    assert run(checkout / "script/setup", PATH=str(bare_system)).returncode == 0
    first = (bare_system / "asked").read_text("utf-8")
    assert first.count("--require-hashes") == 2
    assert run(checkout / "script/setup", PATH=str(bare_system)).returncode == 0
    assert (bare_system / "asked").read_text("utf-8") == first
    with (checkout / "requirements.lock").open("a") as lock:
        lock.write("\n")
    assert run(checkout / "script/setup", PATH=str(bare_system)).returncode == 0
    assert (bare_system / "asked").read_text("utf-8").count("--require-hashes") == 4


def test_setup_with_tools_serves_without_them_too(bare_system: Path, checkout: Path) -> None:
    make_command(checkout / ".venv/bin", "python", f'echo "$@" >>"{bare_system}/asked"')
    make_command(checkout / ".venv/bin", "tillroll", "exit 1")
    (checkout / ".venv/bin/pip").write_text(f"#!{checkout}/.venv/bin/python\n", "utf-8")
    assert run(checkout / "script/setup", "--dev", PATH=str(bare_system)).returncode == 0
    first = (bare_system / "asked").read_text("utf-8")
    assert "requirements-dev.lock" in first
    assert run(checkout / "script/setup", PATH=str(bare_system)).returncode == 0
    assert (bare_system / "asked").read_text("utf-8") == first


@pytest.fixture
def small_suite(checkout: Path) -> Path:
    """A checkout whose environment is this one and whose suite is one test that says what it was given."""
    make_command(checkout / "script", "setup", "exit 0")
    make_command(checkout / ".venv/bin", "python", f'exec "{sys.executable}" "$@"')
    (checkout / "pyproject.toml").unlink()
    (checkout / "tests").mkdir()
    (checkout / "tests/test_one.py").write_text(
        "import os\n\ndef test_one():\n"
        "    print('GIVEN', os.environ['TILLROLL_TEST_DATABASE'], os.environ.get('TILLROLL_TEST_REQUIRE'))\n"
        "    assert 'FAIL' not in os.environ\n",
        "utf-8",
    )
    return checkout


def run_suite(suite: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(suite / "script/test", "-n", "0", "-s", "tests", "-p", "no:django", **environment)


def test_a_missing_postgresql_is_a_skip_with_its_reason(small_suite: Path) -> None:
    done = run_suite(small_suite, TILLROLL_TEST_POSTGRES_URL=NOBODY_ANSWERS)
    assert done.returncode == 0
    assert "GIVEN sqlite None" in done.stdout
    assert "GIVEN postgresql" not in done.stdout
    assert "== SKIPPED the suite on PostgreSQL: " in done.stdout
    assert "onnection refused" in done.stdout


def test_a_missing_postgresql_fails_continuous_integration(small_suite: Path) -> None:
    done = run_suite(small_suite, TILLROLL_TEST_POSTGRES_URL=NOBODY_ANSWERS, CI="true")
    assert done.returncode == 1
    assert "GIVEN sqlite 1" in done.stdout


def test_a_failing_test_fails_the_run(small_suite: Path) -> None:
    done = run_suite(small_suite, TILLROLL_TEST_POSTGRES_URL=NOBODY_ANSWERS, FAIL="1")
    assert done.returncode == 1
    assert "1 failed" in done.stdout
