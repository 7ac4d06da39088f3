"""The servers that are measured: granian with one worker and two threads, on a shop's folder of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

_START_SECONDS = 60
_SERVE = (
    "import sys; from granian.constants import Interfaces; from granian.log import LogLevels;"
    "from granian.server import Server;"
    "Server(sys.argv[1], address='127.0.0.1', port=int(sys.argv[2]), interface=Interfaces.WSGI, workers=1,"
    " blocking_threads=2, websockets=False, log_level=LogLevels.warning).serve()"
)


def make_environment(home: Path) -> dict[str, str]:
    """What a server or a command needs to work on the shop in a folder, which is made ready for it."""
    (home / "static").mkdir()
    return {**os.environ, "TILLROLL_HOME": str(home), "PYTHONPATH": os.pathsep.join(("src", "."))}


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.base = f"http://127.0.0.1:{port}"

    def read_megabytes(self) -> float:
        """Resident memory of the worker, the server's only child."""
        own = self._process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        sizes = [
            int(line.split()[1])
            for child in children
            for line in Path(f"/proc/{child}/status").read_text().splitlines()
            if line.startswith("VmRSS:")
        ]
        return max(sizes, default=0) / 1024


@contextmanager
def serve(application: str, environment: dict[str, str]) -> Iterator[Server]:
    """A server of an application, from its first answer to the end of the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _SERVE, application, str(port)], env=environment)
    try:
        end = monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or monotonic() > end:
                sys.exit(f"{application} did not start.")
            sleep(0.05)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run_tillroll(arguments: tuple[str, ...], environment: dict[str, str]) -> None:
    code = "from tillroll.cli import main; main()"
    subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, check=True, stdout=subprocess.DEVNULL
    )


def read_pair(home: Path) -> str:
    """The demo's key and token, as the end of a query."""
    kept = dict(line.split("=", 1) for line in (home / "demo-credentials").read_text().split())
    return f"&key={kept['public_key']}&token={kept['token']}"
