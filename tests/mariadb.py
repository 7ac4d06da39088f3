"""A MariaDB database of a test's own, as WordPress would have it.

At TILLROLL_TEST_MARIADB_URL (mysql://user:password@host:port), or where the client programs find it.
"""

# ruff: noqa: S608 (the statements are made of the tests' own names)

import gzip
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql
import pytest

from tillroll.intake.mirror.address import Address, Tls


@dataclass(frozen=True)
class Server:
    """A database, and how the server's client programs are called."""

    database: str
    options: tuple[str, ...]

    def run(self, sql: str | bytes, *, database: str = "") -> str:
        """Runs statements; gives what the client program prints."""
        return self._call("mariadb", *self.options, "--batch", database, text=sql)

    def dump(self, *options: str) -> bytes:
        return self._call("mariadb-dump", *self.options, *options, self.database).encode(
            "utf-8", "surrogateescape"
        )

    def load(self, path: Path) -> None:
        """Fills the database from a dump."""
        self.run(gzip.decompress(path.read_bytes()), database=self.database)

    def write_dump(self, path: Path) -> Path:
        path.write_bytes(self.dump("--single-transaction"))
        return path

    def get_address(self, user: str = "", password: str = "") -> Address:
        """How a mirror reaches it, as the tests' own account or as another."""
        url = urlsplit(os.environ.get("TILLROLL_TEST_MARIADB_URL", ""))
        socket = "" if url.hostname else self.run("SELECT @@socket").split("\n")[1]
        return Address(
            user or unquote(url.username or "") or self.run("SELECT USER()").split("\n")[1].split("@")[0],
            url.hostname or "localhost",
            url.port or 3306,
            self.database,
            socket,
            password or ("" if user else unquote(url.password or "")),
            Tls.OFF,
        )

    @contextmanager
    def make_reader(self) -> Iterator["Reader"]:
        """A user who may read the database and do nothing else."""
        reader = Reader(self, f"reader_{uuid.uuid4().hex[:12]}")
        self.run(
            f"CREATE USER '{reader.name}'@'%' IDENTIFIED BY '{reader.password}';"
            f"GRANT SELECT ON `{self.database}`.* TO '{reader.name}'@'%'"
        )
        try:
            yield reader
        finally:
            self.run(f"DROP USER '{reader.name}'@'%'")

    def connect(self) -> "Shop":
        """A connection as WordPress has one."""
        connection = pymysql.connect(
            **self.get_address().get_options(),
            charset="utf8mb4",
            autocommit=True,
            init_command="SET sql_mode = ''",
        )
        return Shop(connection)

    @staticmethod
    def _call(program: str, *arguments: str, text: str | bytes = "") -> str:
        found = shutil.which(program) or shutil.which(program.replace("mariadb-dump", "mysqldump"))
        if found is None:
            raise FileNotFoundError(f"{program} is not installed")
        done = subprocess.run(
            [found, *filter(None, arguments)],
            input=text.encode() if isinstance(text, str) else text,
            capture_output=True,
            check=True,
            timeout=120,
        )
        return done.stdout.decode("utf-8", "surrogateescape")


@dataclass
class Reader:
    """A user of the server, with SELECT on one database alone."""

    server: Server
    name: str
    password: str = "first pass%40word"

    @property
    def address(self) -> Address:
        return self.server.get_address(self.name, self.password)

    def change_password(self, password: str) -> None:
        self.server.run(f"SET PASSWORD FOR '{self.name}'@'%' = PASSWORD('{password}')")
        self.drop_connections()

    def drop_connections(self) -> None:
        """As a server that is restarted, or that tires of an idle client."""
        rows = self.server.run(f"SELECT id FROM information_schema.processlist WHERE user = '{self.name}'")
        for number in rows.split("\n")[1:]:
            if number:
                self.server.run(f"KILL {number}")


class Shop:
    """A WordPress at work: statements by SQL, as the plugin makes them."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def run(self, sql: str, *values: object) -> int:
        """Runs a statement; the id that an INSERT was given."""
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return int(cursor.lastrowid or 0)

    def select(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return list(cursor.fetchall())

    def insert(self, table: str, **columns: object) -> int:
        names = ", ".join(f"`{name}`" for name in columns)
        marks = ", ".join(["%s"] * len(columns))
        return self.run(f"INSERT INTO wp_{table} ({names}) VALUES ({marks})", *columns.values())

    def pick(self, draw: Any, sql: str) -> Any:
        """One row of a SELECT by chance; None where there is none."""
        rows: Sequence[tuple[Any, ...]] = self.select(sql)
        return draw.choice(rows) if rows else None


@contextmanager
def make_server() -> Iterator[Server]:
    """A new database; a skip where no server answers, or a failure where one must."""
    url = urlsplit(os.environ.get("TILLROLL_TEST_MARIADB_URL", ""))
    options = {
        "host": url.hostname,
        "port": url.port,
        "user": url.username,
        "password": unquote(url.password or ""),
    }
    given = tuple(f"--{name}={value}" for name, value in options.items() if value)
    one = Server(f"tillroll_test_{uuid.uuid4().hex[:12]}", given)
    try:
        one.run(f"CREATE DATABASE {one.database} CHARACTER SET utf8mb4")
    except (OSError, subprocess.CalledProcessError) as error:
        said = getattr(error, "stderr", b"").decode(errors="replace").strip() or str(error)
        if os.environ.get("TILLROLL_TEST_REQUIRE") == "1":
            pytest.fail(f"no MariaDB answers: {said}")
        pytest.skip(f"no MariaDB answers: {said}")
    try:
        yield one
    finally:
        one.run(f"DROP DATABASE IF EXISTS {one.database}")
