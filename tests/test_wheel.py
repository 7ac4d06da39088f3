"""The built wheel is whole: it runs where there is no checkout."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import tillroll

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/tillroll"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel in it; what the wheel requires comes from this one."""
    environment = tmp_path_factory.mktemp("bare")
    run(sys.executable, "-m", "venv", "--without-pip", environment)
    python = environment / "bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(packages, "requirements.pth").write_text(f"{sysconfig.get_path('purelib')}\n", "utf-8")
    return environment / "bin"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def get_outside() -> dict[str, str]:
    """The environment without the suite's own settings."""
    suites_own = ("TILLROLL", "DJANGO", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(suites_own)}


def run(*command: str | Path, **environment: str | Path) -> str:
    """What a command prints, from a folder outside the checkout."""
    done = subprocess.run(
        command,
        cwd="/",
        env={**get_outside(), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    files = {path for path in SOURCE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert names == {f"tillroll/{path.relative_to(SOURCE).as_posix()}" for path in files}
    assert "tillroll/py.typed" in names


def test_the_wheel_asks_for_the_runtime_alone(wheel: Path) -> None:
    [metadata] = [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith("/METADATA")]
    text = zipfile.ZipFile(wheel).read(metadata).decode()
    assert f"Version: {tillroll.__version__}\n" in text
    assert "Requires-Dist: django<5.3,>=5.2\n" in text
    assert "pytest" not in text


def test_the_package_is_the_wheels_own(bare: Path) -> None:
    where = run(bare / "python", "-c", "import tillroll; print(tillroll.__file__)").strip()
    assert Path(where).is_relative_to(bare.parent)


def test_the_wheels_command_says_its_version(bare: Path) -> None:
    assert run(bare / "tillroll", "--version") == f"tillroll {tillroll.__version__}\n"


def test_the_wheel_serves_a_demo_shop(bare: Path, home: Path) -> None:
    with serve(bare / "tillroll", home) as url:
        assert get_json(f"{url}/healthz/ready") == {"status": "ok"}
        products = get_json(f"{url}/edd-api/v2/products/?number=3")
    assert list(products) == ["products", "request_speed"]
    assert len(products["products"]) == 3
    assert (home / "tillroll.sqlite3").is_file()


@contextmanager
def serve(tillroll_command: Path, home: Path) -> Iterator[str]:
    """The address of a demo shop that is served while the context lasts."""
    server = subprocess.Popen(
        [tillroll_command, "serve", "--demo", "--port", "0"],
        cwd="/",
        env={**get_outside(), "TILLROLL_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout
        found = next(
            filter(None, (re.search(r"listens at (http\S+)/ ", line) for line in server.stdout)), None
        )
        assert found, "the server ended before it said where it listens"
        wait_for(server, f"{found[1]}/healthz/live")
        yield found[1]
    finally:
        server.terminate()
        server.communicate(timeout=60)


def wait_for(server: subprocess.Popen[str], url: str) -> None:
    """Returns when the server answers; fails when it ends first."""
    for _ in range(600):
        with suppress(urllib.error.URLError):
            assert get_json(url) == {"status": "ok"}
            return
        with suppress(subprocess.TimeoutExpired):
            pytest.fail(f"the server ended with {server.wait(0.1)}")
    pytest.fail(f"{url} does not answer")


def get_json(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)
