"""The built wheel is whole: it runs where there is no checkout."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

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


def run(*command: str | Path, **environment: str | Path) -> str:
    """What a command prints, from a folder outside the checkout and without the suite's own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TILLROLL", "DJANGO", "PYTHON"))
    }
    done = subprocess.run(
        command,
        cwd="/",
        env={**kept, **environment},
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


def test_the_wheel_answers_a_request(bare: Path, home: Path) -> None:
    ask = """
from wsgiref.util import setup_testing_defaults
from tillroll.wsgi import application
environ = {"PATH_INFO": "/healthz/live"}
setup_testing_defaults(environ)
answer = application(environ, lambda status, headers: print(status))
print(b"".join(answer).decode())
"""
    assert run(bare / "python", "-c", ask, TILLROLL_HOME=home) == '200 OK\n{"status": "ok"}\n'
