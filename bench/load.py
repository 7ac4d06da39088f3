"""How many answers a second a server gives, and how long one takes: `wrk` where it is installed, else a
small load generator of our own in a process of its own (`python -m bench.load`)."""

import json
import re
import shutil
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlsplit

CONNECTIONS = 8
"""As many as keep two threads busy without queueing for long."""

_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}


@dataclass(frozen=True)
class Load:
    """Answers a second, and the milliseconds within which half and 99 of 100 were there."""

    rate: float
    p50: float
    p99: float


def measure(url: str, seconds: float) -> Load:
    """Asks one question over and over on a few kept connections; RuntimeError when an answer isn't 200."""
    if shutil.which("wrk"):
        return _measure_with_wrk(url, seconds)
    command = [sys.executable, "-m", "bench.load", url, str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-300:])
    return Load(**json.loads(done.stdout))


def _measure_with_wrk(url: str, seconds: float) -> Load:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency", url]
    told = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if "Non-2xx" in told or "Socket errors" in told or rate is None:
        raise RuntimeError(told.strip() or "wrk printed nothing.")
    p50, p99 = (_read_latency(told, part) for part in ("50%", "99%"))
    return Load(float(rate[1]), p50, p99)


def _read_latency(told: str, part: str) -> float:
    found = re.search(rf"{part}\s+([\d.]+)(us|ms|s)\b", told)
    if found is None:
        raise RuntimeError(told.strip())
    return float(found[1]) * _UNITS[found[2]]


class _Client:
    """One kept connection that asks until the time is over."""

    def __init__(self, url: str, end: float) -> None:
        parts = urlsplit(url)
        self._place = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._ask = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
        self._end = end
        self.times: list[float] = []
        self.error = ""

    def run(self) -> None:
        with (
            socket.create_connection(self._place, timeout=30) as connection,
            connection.makefile("rb") as answers,
        ):
            while perf_counter() < self._end:
                began = perf_counter()
                connection.sendall(self._ask)
                status = answers.readline()
                if b" 200 " not in status:
                    self.error = status.decode("latin-1").strip()
                    return
                size = 0
                while (line := answers.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        size = int(line.partition(b":")[2])
                answers.read(size)
                self.times.append((perf_counter() - began) * 1000)


def main() -> None:
    url, seconds = sys.argv[1], float(sys.argv[2])
    clients = [_Client(url, perf_counter() + seconds) for _ in range(CONNECTIONS)]
    threads = [threading.Thread(target=client.run) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(time for client in clients for time in client.times)
    errors = [client.error for client in clients if client.error]
    if errors or not times:
        sys.exit(errors[0] if errors else "No answer came.")
    load = Load(len(times) / seconds, times[len(times) // 2], times[int(len(times) * 0.99)])
    sys.stdout.write(json.dumps(load.__dict__))


if __name__ == "__main__":
    main()
