"""The command as a process of its own, on a shop of its own: what a test of a server, a lock or a signal
needs."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

COMMAND = (sys.executable, "-c", "from tillroll.cli import main; main()")
DEADLINE = 60
"""Seconds after which something that should have happened has failed: far more than a loaded machine
needs."""


@dataclass
class Server:
    """A running `tillroll serve`, with what it has printed so far."""

    process: "subprocess.Popen[str]"
    port: int
    printed: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "".join(self.printed)

    def read(self) -> None:
        assert self.process.stdout
        with self.process.stdout as pipe:
            for line in pipe:
                self.printed.append(line)

    def wait_until_ready(self) -> None:
        """Returns when it answers; fails when it ends before."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            assert self.process.poll() is None, f"It ended: {self.output}"
            try:
                with urllib.request.urlopen(f"{self.url}/healthz/ready", timeout=5) as reply:
                    if reply.status == 200:
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"It does not answer: {self.output}")

    def wait_for(self, text: str) -> None:
        """Returns when it has printed a text."""
        end = time.monotonic() + DEADLINE
        while text not in self.output:
            assert time.monotonic() < end, f"It did not say so: {self.output}"
            time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Sends a signal and waits; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        if self.reader:
            self.reader.join(DEADLINE)
        return code


@dataclass
class Shop:
    """A folder with its databases, and what the command needs to find them."""

    home: Path
    environment: dict[str, str]
    servers: list[Server] = field(default_factory=list)

    def run(self, *arguments: str, typed: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*COMMAND, *arguments],
            env={**self.environment, **environment},
            input=typed,
            capture_output=True,
            text=True,
            timeout=DEADLINE * 2,
            check=False,
        )

    def serve(
        self, *arguments: str, port: int = 0, command: Sequence[str] = COMMAND, **environment: str
    ) -> Server:
        """Starts a server; `wait_until_ready` says when it answers."""
        chosen = port or find_free_port()
        process = subprocess.Popen(
            [*command, "serve", "--port", str(chosen), *arguments],
            env={**self.environment, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        server = Server(process, chosen)
        server.reader = threading.Thread(target=server.read, daemon=True)
        server.reader.start()
        self.servers.append(server)
        return server

    def execute(self, statement: str, alias: str = "default") -> list[tuple[Any, ...]]:
        """Runs one statement on a database of the shop, without the command; the rows of a question."""
        url = self.environment.get({"default": "TILLROLL_DATABASE_URL", "logs": "TILLROLL_LOGS_URL"}[alias])
        if url:
            with psycopg.connect(url, autocommit=True) as connection:
                cursor = connection.execute(statement.encode())
                return cursor.fetchall() if cursor.description else []
        place = self.home / {"default": "tillroll.sqlite3", "logs": "logs.sqlite3"}[alias]
        with closing(sqlite3.connect(place, isolation_level=None)) as database:
            return database.execute(statement).fetchall()

    def close(self) -> None:
        for server in self.servers:
            if server.process.poll() is None:
                server.process.terminate()
        for server in self.servers:
            try:
                server.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                server.process.kill()
                server.process.wait()


def make_environment(home: Path, **more: str) -> dict[str, str]:
    """Nothing of the caller's own shop, and no colours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TILLROLL_")}
    return {**kept, "TILLROLL_HOME": str(home), "PYTHONPATH": os.pathsep.join(sys.path), **more}


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refusal(done: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence of a command that refused."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
