"""How long the import of a large WordPress dump takes, beside a bare loop that inserts the same rows.

The loop has the finished rows in memory and puts them into the same tables (indexes and constraints
included) with sqlite3's executemany, in one transaction with the shop's own pragmas. Both run in turn, each
in a process of its own on a fresh shop.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import TypedDict

from bench.dump_writer import write_dump
from bench.plan import Plan
from bench.results import Row, Spread
from bench.servers import make_environment
from bench.shops import LARGE, MEDIUM

MOST_ROUNDS = 3
"""An import of a million orders takes minutes, which is long enough to be measured seldom."""


class Measured(TypedDict):
    seconds: float
    rows: int
    megabytes: float


_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA foreign_keys=ON;"
)
_NOT_RECORDS = (
    "django_",
    "auth_",
    "sqlite_",
    "shop_revision",
    "shop_tally",
    "shop_block",
    "shop_shopsettings",
    "stats_",
)


def measure_imports(plan: Plan) -> Iterator[Row]:
    orders = plan.orders or (MEDIUM if plan.is_short else LARGE)
    imports: list[Measured] = []
    loops: list[Measured] = []
    with tempfile.TemporaryDirectory(dir=plan.shops, prefix="bench-import-") as folder:
        dump, template = Path(folder, "dump.sql"), Path(folder, "template")
        counts = write_dump(dump, orders)
        megabytes = dump.stat().st_size / 1e6
        run_module(template, "django", "migrate", "-v0")
        for _ in range(min(plan.rounds, MOST_ROUNDS)):
            home, fresh = Path(folder, "imported"), Path(folder, "looped")
            for each in (home, fresh):
                shutil.rmtree(each, ignore_errors=True)
                shutil.copytree(template, each)
            imports.append(_measure(home, "import", dump))
            loops.append(_measure(fresh, "loop", home / "tillroll.sqlite3", fresh / "tillroll.sqlite3"))
    form = f"{orders:,} orders"
    yield Row(
        part="import",
        name="time",
        form=form,
        unit="s",
        ours=Spread.of([each["seconds"] for each in imports]),
        beside="a bare loop",
        other=Spread.of([each["seconds"] for each in loops]),
        note=f"{sum(counts.values()):,} rows in {megabytes:,.0f} MB become {imports[0]['rows']:,} records",
    )
    taken = Spread.of([each["megabytes"] for each in imports])
    yield Row(part="import", name="memory", form=form, unit="MB", ours=taken)


def _measure(home: Path, what: str, *paths: Path) -> Measured:
    measured: Measured = json.loads(run_module(home, "bench.imports", what, *map(str, paths)))
    return measured


def run_module(home: Path, module: str, *arguments: str, **settings: str) -> str:
    """Runs a module in a process of its own on the shop in a folder; what it prints."""
    environment = {**make_environment(home, **settings), "DJANGO_SETTINGS_MODULE": "tillroll.settings"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _import(dump: Path) -> Measured:
    import django

    django.setup()
    from tillroll.intake.wordpress.importer import import_dump

    began = perf_counter()
    summary = import_dump(dump)
    return {"seconds": perf_counter() - began, "rows": summary.total, "megabytes": get_peak()}


def _loop(source: Path, target: Path) -> Measured:
    """Rows that were read beforehand, and the time of their inserts alone."""
    with closing(sqlite3.connect(source)) as database:
        tables = [
            name
            for (name,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rowid"
            )
            if not name.startswith(_NOT_RECORDS)
        ]
        rows = {name: database.execute(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608
    with closing(sqlite3.connect(target, isolation_level=None)) as database:
        database.executescript(_PRAGMAS)
        database.execute("DELETE FROM access_role")
        began = perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for name in tables:
            if rows[name]:
                marks = ", ".join("?" * len(rows[name][0]))
                database.executemany(f"INSERT INTO {name} VALUES ({marks})", rows[name])  # noqa: S608
        database.execute("COMMIT")
        seconds = perf_counter() - began
    return {"seconds": seconds, "rows": sum(map(len, rows.values())), "megabytes": get_peak()}


def get_peak() -> float:
    """The most memory of this process, in MB. What `getrusage` tells begins with what the parent had."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """One run, in a process of its own: `import DUMP` or `loop SOURCE TARGET`."""
    what, *paths = sys.argv[1:]
    places = [Path(path) for path in paths]
    sys.stdout.write(json.dumps(_import(*places) if what == "import" else _loop(*places)))


if __name__ == "__main__":
    main()
