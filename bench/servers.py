"""The servers that are measured: granian with one worker and two threads, on a shop's folder of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from time import monotonic, sleep

_START_SECONDS = 60
_SERVE = (
    "import sys; from granian.constants import Interfaces; from granian.log import LogLevels;"
    "from granian.server import Server;"
    "Server(sys.argv[1], address='127.0.0.1', port=int(sys.argv[2]), interface=Interfaces.WSGI,"
    " workers=int(sys.argv[3]), blocking_threads=int(sys.argv[4]), websockets=False,"
    " log_level=LogLevels.warning, factory=sys.argv[1].endswith(':make_worker')).serve()"
)
_TICKS = os.sysconf("SC_CLK_TCK")

TILLROLL = "tillroll.wsgi:make_worker"
FLOOR = "bench.floor:application"
KNOWING_FLOOR = "bench.floor:knowing_application"
CONSTANT = "bench.constant:application"
UNGATED = "bench.ungated:make_worker"


def make_environment(home: Path, **settings: str) -> dict[str, str]:
    """What a server or a command needs to work on the shop in a folder, which is made ready for it."""
    (home / "static").mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TILLROLL_")}
    return {**kept, "TILLROLL_HOME": str(home), "PYTHONPATH": os.pathsep.join(("src", ".")), **settings}


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.base = f"http://127.0.0.1:{port}"

    def _list_workers(self) -> list[str]:
        """The server's children; where it has none it works itself."""
        own = self._process.pid
        return Path(f"/proc/{own}/task/{own}/children").read_text().split() or [str(own)]

    def read_megabytes(self) -> float:
        """Resident memory of the largest worker."""
        sizes = [
            int(line.split()[1])
            for worker in self._list_workers()
            for line in Path(f"/proc/{worker}/status").read_text().splitlines()
            if line.startswith("VmRSS:")
        ]
        return max(sizes, default=0) / 1024

    def read_seconds(self) -> float:
        """Processor time that the workers have taken so far."""
        spent = 0
        for worker in self._list_workers():
            fields = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()
            spent += int(fields[11]) + int(fields[12])
        return spent / _TICKS


def serve(
    application: str, environment: dict[str, str], *, workers: int = 1, threads: int = 2
) -> AbstractContextManager[Server]:
    """A server of a WSGI application, from its first answer to the end of the block."""
    command = [sys.executable, "-c", _SERVE, application, "{port}", str(workers), str(threads)]
    return run_server(command, environment)


@contextmanager
def run_server(command: Sequence[str], environment: dict[str, str]) -> Iterator[Server]:
    """A server that a command starts, on the port that it finds for "{port}"; SystemExit where it does not
    listen in time."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [word.replace("{port}", str(port)) for word in command]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    try:
        end = monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or monotonic() > end:
                sys.exit(f"This server did not start: {' '.join(words)}")
            sleep(0.005)
        yield Server(process, port)
    finally:
        process.terminate()
        process.wait(60)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run_tillroll(arguments: Sequence[str], environment: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, "-c", TILLROLL_COMMAND, *arguments],
        env=environment, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


TILLROLL_COMMAND = "from tillroll.cli import main; main()"


def read_pair(home: Path) -> str:
    """The demo's key and token, as the end of a query."""
    kept = dict(line.split("=", 1) for line in (home / "demo-credentials").read_text().split())
    return f"&key={kept['public_key']}&token={kept['token']}"
