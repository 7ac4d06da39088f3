"""The units for systemd are valid, allow as little as said, and start what there is."""

import configparser
import os
import re
import shlex
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.deploy.proxies import DEPLOY
from tillroll.cli import tillroll

UNITS = ("tillroll.service", "tillroll-mirror.service")
MOST_EXPOSED = 1.5
"""Of 10, which is a unit that shuts nothing in."""


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A shipped unit, with a program that this machine has."""
    text = (DEPLOY / request.param).read_text()
    assert text.count("/opt/tillroll/bin/tillroll") == 1
    made = tmp_path / str(request.param)
    made.write_text(text.replace("/opt/tillroll/bin/tillroll", "/bin/true"))
    return made


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    if shutil.which("systemd-analyze") is None:
        reason = "There is no systemd-analyze on this machine."
        if os.environ.get("TILLROLL_TEST_REQUIRE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def read_unit(path: Path) -> dict[str, list[str]]:
    lines = [line for line in path.read_text().splitlines() if "=" in line and not line.startswith("#")]
    values: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition("=")
        values.setdefault(name, []).append(value)
    return values


def test_a_unit_is_valid(unit: Path) -> None:
    done = analyze("verify", "--man=no", str(unit))
    assert (done.returncode, done.stderr) == (0, "")


def test_a_unit_is_shut_in_as_the_documentation_says(unit: Path) -> None:
    threshold = f"--threshold={MOST_EXPOSED * 10:.0f}"
    done = analyze("security", "--offline=true", threshold, "--no-pager", str(unit))
    exposed = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert exposed, done.stderr
    assert done.returncode == 0, exposed[0]
    assert f"an exposure of {exposed[1]}" in (DEPLOY.parent / "docs/drop-in.md").read_text()


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_keeps_secrets_and_records_to_itself(name: str) -> None:
    values = read_unit(DEPLOY / name)
    assert values["User"] == ["tillroll"]
    assert values["UMask"] == ["0077"]
    assert values["StateDirectory"] == ["tillroll"]
    assert values["CapabilityBoundingSet"] == [""]
    assert values["NoNewPrivileges"] == values["MemoryDenyWriteExecute"] == ["yes"]
    assert values["ProtectSystem"] == ["strict"]
    assert values["RestrictAddressFamilies"] == ["AF_INET AF_INET6 AF_UNIX"]
    assert "TILLROLL_HOME=/var/lib/tillroll" in values["Environment"]


def test_the_mirrors_password_is_in_no_command_line_and_no_environment() -> None:
    values = read_unit(DEPLOY / "tillroll-mirror.service")
    assert values["LoadCredential"] == ["mirror-password:/etc/tillroll/mirror-password"]
    [command] = values["ExecStart"]
    assert "--password-file %d/mirror-password" in command
    assert "mysql://reader@" in command


def test_the_units_differ_in_what_they_start_alone() -> None:
    both = [read_unit(DEPLOY / name) for name in UNITS]
    differing = {name for name in {*both[0], *both[1]} if both[0].get(name) != both[1].get(name)}
    assert differing == {"Description", "ExecStart", "LoadCredential", "RestartSec"}


def test_the_server_is_started_with_options_that_it_has() -> None:
    [command] = read_unit(DEPLOY / "tillroll.service")["ExecStart"]
    program, name, *arguments = shlex.split(command)
    assert program == "/opt/tillroll/bin/tillroll"
    context = tillroll.commands[name].make_context(name, arguments)
    assert (context.params["port"], context.params["workers"]) == (8000, 2)


def test_the_mirror_is_started_with_options_that_it_has(tmp_path: Path) -> None:
    (tmp_path / "mirror-password").touch()
    [command] = read_unit(DEPLOY / "tillroll-mirror.service")["ExecStart"]
    command = command.replace("%d", str(tmp_path))
    program, name, *arguments = shlex.split(command)
    assert (program, name) == ("/opt/tillroll/bin/tillroll", "mirror")
    context = tillroll.commands[name].make_context(name, arguments)
    assert context.params["source"] == "mysql://reader@db.example/wordpress"
    assert context.params["password_file"] == tmp_path / "mirror-password"
    assert (context.params["once"], context.params["end"], context.params["afresh"]) == (False,) * 3


@pytest.mark.parametrize("name", UNITS)
def test_to_be_stopped_is_no_failure_and_a_refusal_is_tried_again(name: str) -> None:
    values = read_unit(DEPLOY / name)
    assert values["SuccessExitStatus"] == [str(128 + signal.SIGTERM)]
    assert values["Restart"] == ["on-failure"]
    assert "RestartPreventExitStatus" not in values, "A PostgreSQL that is still starting is a refusal too."


def test_the_documented_command_by_hand_has_what_the_server_has() -> None:
    [text] = re.findall(r"^systemd-run (?:.*\\\n)+.*$", (DEPLOY.parent / "docs/drop-in.md").read_text(), re.M)
    words = shlex.split(text.replace("\\\n", ""))
    values = read_unit(DEPLOY / "tillroll.service")
    for name in ("User", "UMask", "EnvironmentFile"):
        assert f"{name}={values[name][0]}" in words
    assert values["Environment"] == [words[words.index("-E") + 1]]
    program, *arguments = words[words.index("-E") + 2 :]
    assert program == shlex.split(values["ExecStart"][0])[0]
    with tillroll.make_context("tillroll", arguments) as context:
        assert tillroll.resolve_command(context, arguments)[0] == "keys"


def test_the_settings_that_come_along_are_settings() -> None:
    text = (DEPLOY / "tillroll.env").read_text()
    values = configparser.ConfigParser(delimiters="=", interpolation=None)
    values.optionxform = str  # type: ignore[assignment, method-assign]
    values.read_string("[all]\n" + text)
    source = (DEPLOY.parent / "src/tillroll/settings.py").read_text()
    names = {*values["all"], *re.findall(r"^#(TILLROLL_\w+)=", text, re.M)}
    assert {name for name in names if f'"{name}"' not in source} == set()
    from tillroll.access.addresses import is_in_networks

    proxies = tuple(values["all"]["TILLROLL_TRUSTED_PROXIES"].split(","))
    assert is_in_networks("127.0.0.1", proxies)
    assert is_in_networks("::1", proxies)
