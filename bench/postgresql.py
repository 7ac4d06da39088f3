"""Tillroll on PostgreSQL beside its floor there (floor_postgresql.py), four threads each, the first time.

The shop is made in two databases of its own, which are dropped afterwards, on the server of
TILLROLL_TEST_POSTGRES_URL or else the one of this machine. Where none answers, that is said in a row.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from bench.answers import UNCACHED, compare, require_same
from bench.client import fetch
from bench.plan import Plan
from bench.questions import ask, find_question, learn
from bench.results import Row
from bench.servers import TILLROLL, make_environment, read_pair, run_tillroll, serve
from bench.shops import SMALL

BESIDE = "bare psycopg"

_SERVER = os.environ.get("TILLROLL_TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")
_FLOOR = "bench.floor_postgresql:application"
_THREADS = 4
_ASKED = ("v2 customers, 10", "v2 sales, 50")


def measure_postgresql(plan: Plan) -> Iterator[Row]:
    try:
        psycopg.connect(_SERVER, connect_timeout=5).close()
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[0]
        for name in _ASKED:
            yield Row(part="postgresql", name=name, beside=BESIDE, note=f"No PostgreSQL: {reason}")
        return
    with _make_databases() as (records, logs), tempfile.TemporaryDirectory(prefix="bench-pg-") as folder:
        home = Path(folder)
        environment = make_environment(
            home, TILLROLL_DATABASE_URL=records, TILLROLL_LOGS_URL=logs, **UNCACHED
        )
        run_tillroll(("demo", "--orders", str(plan.orders or SMALL)), environment)
        with (
            serve(TILLROLL, environment, threads=_THREADS) as ours,
            serve(_FLOOR, environment, threads=_THREADS) as floor,
        ):
            pair = read_pair(home)
            sample = learn(ours.base, pair, datetime.now(UTC).date())
            for name in _ASKED:
                if plan.only not in name:
                    continue
                urls = ask(find_question(name), "", sample, pair)
                full = fetch(ours.base + urls[0])
                for url in {urls[0], urls[-1]}:
                    require_same(fetch(ours.base + url), fetch(floor.base + url), url)
                bare, loads = plan.take_turns(
                    *(plan.load([server.base + url for url in urls]) for server in (floor, ours))
                )
                yield compare(
                    name, f"{_THREADS} threads", BESIDE, loads, bare, len(full.content), "postgresql"
                )


@contextmanager
def _make_databases() -> Iterator[list[str]]:
    """The addresses of two empty databases, which are gone at the end."""
    names = [f"tillroll_bench_{os.getpid()}{end}" for end in ("", "_logs")]
    with psycopg.connect(_SERVER, autocommit=True) as server:
        try:
            for name in names:
                server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            yield [urlsplit(_SERVER)._replace(path=f"/{name}").geturl() for name in names]
        finally:
            for name in names:
                drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
                server.execute(drop.format(sql.Identifier(name)))
