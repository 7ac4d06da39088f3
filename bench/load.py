"""How many answers a second a server gives, and how long one takes: `wrk` where it is installed, else a
small load generator of our own in a process of its own (`python -m bench.load`)."""

import json
import re
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import BinaryIO
from urllib.parse import urlsplit

CONNECTIONS = 8
"""As many as keep two threads busy without queueing for long."""

GOOD = (200, 304)

PATIENCE = (1, 5, 30)
"""How many times longer a round lasts when no answer came in it: some take longer than a round."""

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

_SCRIPT = """
local asked, place = {}, 0
init = function()
  for line in io.lines("%s") do asked[#asked + 1] = wrk.format("GET", line) end
end
request = function()
  place = place %% #asked + 1
  return asked[place]
end
"""
"""For wrk: asks the lines of a file in turn; the requests are put together before the clock runs."""


class LoadError(Exception):
    """A server did not answer as it should; says what came instead."""


class NoAnswer(LoadError):
    """Nothing came within the time."""


@dataclass(frozen=True)
class Load:
    """Answers a second, the milliseconds within which half and 99 of 100 were there, and how many cores the
    load generator took for itself."""

    rate: float
    p50: float
    p99: float
    cores: float = 0.0

    @property
    def milliseconds(self) -> float:
        """Of the server's time for one answer."""
        return 1000 / self.rate


def measure(
    asked: str | Sequence[str],
    seconds: float,
    headers: Mapping[str, str] | None = None,
    connections: int = CONNECTIONS,
) -> Load:
    """Asks URLs of one server in turn, over and over, on kept connections; LoadError for an answer that is
    neither 200 nor 304."""
    urls = [asked] if isinstance(asked, str) else list(asked)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = perf_counter()
    run = _measure_with_wrk if shutil.which("wrk") else _measure_by_ourselves
    for times in PATIENCE:
        with suppress(NoAnswer):
            load = run(urls, seconds * times, headers or {}, connections)
            break
    else:
        raise NoAnswer(f"No answer came in {seconds * PATIENCE[-1]:g} s.")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    return replace(load, cores=cpu / (perf_counter() - began))


def _measure_with_wrk(
    urls: Sequence[str], seconds: float, headers: Mapping[str, str], connections: int
) -> Load:
    with tempfile.TemporaryDirectory(prefix="bench-wrk-") as folder:
        command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
        command += ["--timeout", "60s"]
        command += [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
        if len(urls) > 1:
            places, script = Path(folder, "urls"), Path(folder, "in-turn.lua")
            places.write_text("".join(f"{_get_path(url)}\n" for url in urls), "utf-8")
            script.write_text(_SCRIPT % places, "utf-8")
            command += ["-s", str(script)]
        try:
            told = subprocess.run([*command, urls[0]], capture_output=True, text=True, timeout=seconds + 20)
        except subprocess.TimeoutExpired as error:
            # its timers follow the wall clock: where that is set back, it sleeps on
            raise NoAnswer("wrk did not end in time.") from error
    return read_wrk(told.stdout)


def read_wrk(told: str) -> Load:
    """What wrk prints with `--latency`; LoadError where it tells of bad answers, or of none."""
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    bad = re.search(r"Non-2xx or 3xx responses: \d+|Socket errors: .*", told)
    if bad or rate is None:
        raise LoadError(bad[0] if bad else told.strip() or "wrk printed nothing.")
    if not float(rate[1]):
        raise NoAnswer("No answer came.")
    p50, p99 = (_read_latency(told, part) for part in ("50%", "99%"))
    return Load(float(rate[1]), p50, p99)


def _read_latency(told: str, part: str) -> float:
    found = re.search(rf"{part}\s+([\d.]+)(us|ms|s)\b", told)
    if found is None:
        raise LoadError(told.strip())
    return float(found[1]) * _UNITS[found[2]]


def _measure_by_ourselves(
    urls: Sequence[str], seconds: float, headers: Mapping[str, str], connections: int
) -> Load:
    wanted = {"urls": urls, "seconds": seconds, "headers": dict(headers), "connections": connections}
    done = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(wanted), capture_output=True, text=True, timeout=seconds + 120,
    )  # fmt: skip
    if done.returncode:
        raise LoadError(done.stderr.strip()[-300:])
    load = Load(**json.loads(done.stdout))
    if not load.rate:
        raise NoAnswer("No answer came.")
    return load


def _get_path(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


class _Client:
    """One connection that asks until the time is over; opened again where the server closes it."""

    def __init__(
        self, urls: Sequence[str], headers: Mapping[str, str], end: float, turns: "count[int]"
    ) -> None:
        parts = urlsplit(urls[0])
        self._is_secure = parts.scheme == "https"
        self._host = parts.hostname or "127.0.0.1"
        self._port = parts.port or (443 if self._is_secure else 80)
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._asks = [
            f"GET {_get_path(url)} HTTP/1.1\r\nHost: {parts.netloc}\r\n{more}\r\n".encode() for url in urls
        ]
        self._end = end
        self._turns = turns
        self.times: list[float] = []
        self.error = ""

    def run(self) -> None:
        try:
            while perf_counter() < self._end and not self.error:
                self._run_connection()
        except (OSError, ValueError) as error:
            self.error = f"{type(error).__name__}: {error}"

    def _run_connection(self) -> None:
        with self._connect() as connection, connection.makefile("rb") as answers:
            is_kept = True
            while is_kept and perf_counter() < self._end:
                began = perf_counter()
                connection.sendall(self._asks[next(self._turns) % len(self._asks)])
                status, is_kept = read_answer(answers)
                if not any(f" {good} " in status for good in GOOD):
                    self.error = status or "The server closed the connection."
                    return
                self.times.append((perf_counter() - began) * 1000)

    def _connect(self) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), timeout=30)
        if self._is_secure:
            return ssl.create_default_context().wrap_socket(connection, server_hostname=self._host)
        return connection


def read_answer(answers: BinaryIO) -> tuple[str, bool]:
    """Reads one answer whole; gives its status line, and whether the connection goes on."""
    status = answers.readline().decode("latin-1").strip()
    size, is_chunked, is_kept = 0 if " 304 " in f"{status} " else -1, False, True
    while (line := answers.readline().lower()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name == b"content-length" and size:
            size = int(value)
        elif name == b"transfer-encoding":
            is_chunked = b"chunked" in value
        elif name == b"connection":
            is_kept = b"close" not in value
    if is_chunked:
        while length := int(answers.readline().split(b";")[0], 16):
            answers.read(length + 2)
        answers.readline()
    elif size >= 0:
        answers.read(size)
    else:
        answers.read()
        is_kept = False
    return status, is_kept


def main() -> None:
    wanted = json.load(sys.stdin)
    seconds, turns = wanted["seconds"], count()
    end = perf_counter() + seconds
    clients = [_Client(wanted["urls"], wanted["headers"], end, turns) for _ in range(wanted["connections"])]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(time for client in clients for time in client.times)
    errors = [client.error for client in clients if client.error]
    if errors:
        sys.exit(errors[0])
    p50, p99 = (times[int(len(times) * part)] if times else 0.0 for part in (0.5, 0.99))
    load = Load(len(times) / seconds, p50, p99)
    sys.stdout.write(json.dumps(asdict(load)))


if __name__ == "__main__":
    main()
