"""A PostgreSQL of a test's own with a standby that streams from it, in a folder, on unix sockets alone."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

DEADLINE = 60
PROGRAMS = ("initdb", "pg_ctl", "pg_basebackup")
SETTINGS = """
listen_addresses = ''
fsync = off
wal_level = replica
max_wal_senders = 4
max_connections = 40
shared_buffers = 16MB
wal_receiver_status_interval = 1s
"""


class Server:
    """One server, by the folder of its data and the port that names its socket."""

    def __init__(self, folder: Path, name: str, port: int) -> None:
        self.data = folder / name
        self.url = f"postgresql://tillroll@/postgres?host={folder}&port={port}"
        self._folder = folder
        self._port = port

    def execute(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def start(self) -> None:
        log = f"--log={self.data}.log"
        options = f"-p {self._port} -k {self._folder}"
        _run("pg_ctl", "start", "--wait", log, f"--pgdata={self.data}", f"--options={options}")

    def stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            _run("pg_ctl", "stop", "--wait", "--mode=immediate", f"--pgdata={self.data}")

    def promote(self) -> None:
        _run("pg_ctl", "promote", "--wait", f"--pgdata={self.data}")


class Pair:
    """A primary and its standby."""

    def __init__(self, folder: Path) -> None:
        self.primary = Server(folder, "primary", 5501)
        self.standby = Server(folder, "standby", 5502)

    def wait_until_level(self) -> None:
        """Returns when the standby has replayed all that the primary has written."""
        [(end,)] = self.primary.execute("SELECT pg_current_wal_flush_lsn()::text")
        deadline = time.monotonic() + DEADLINE
        while self.standby.execute(f"SELECT pg_last_wal_replay_lsn() >= '{end}'") != [(True,)]:
            assert time.monotonic() < deadline, "The standby does not follow."
            time.sleep(0.02)


@contextmanager
def start_pair() -> Iterator[Pair]:
    """A primary with its standby; skips the test where PostgreSQL's programs are missing."""
    missing = [name for name in PROGRAMS if _find(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} can't be found."
        if os.environ.get("TILLROLL_TEST_REQUIRE") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="tillroll-pg-", dir="/tmp"))  # a socket's path is short
    if os.getuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
    pair = Pair(folder)
    primary, standby = pair.primary, pair.standby
    try:
        locale = ("--encoding=UTF8", "--locale=C", "--username=tillroll", "--auth=trust", "--no-sync")
        _run("initdb", *locale, f"--pgdata={primary.data}")
        with (primary.data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        primary.start()
        source = f"--dbname=user=tillroll host={folder} port=5501"
        _run("pg_basebackup", source, "--write-recovery-conf", "--checkpoint=fast", "--no-sync", "-D",
             str(standby.data))  # fmt: skip
        standby.start()
        yield pair
    finally:
        standby.stop()
        primary.stop()
        shutil.rmtree(folder)


def _find(name: str) -> str | None:
    versions = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))  # where Debian has them
    return str(versions[-1]) if versions else shutil.which(name)


def _run(name: str, *arguments: str) -> None:
    program = _find(name)
    assert program
    command = [program, *arguments]
    if os.getuid() == 0:  # whom PostgreSQL refuses
        command = ["runuser", "-u", "postgres", "--", *command]
    log = Path(tempfile.gettempdir()) / f"tillroll-pg-{os.getpid()}.log"
    with log.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=output, cwd="/", timeout=DEADLINE, check=False)
    said = log.read_text()
    log.unlink()
    assert done.returncode == 0, said
