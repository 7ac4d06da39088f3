"""How long the import of a large WordPress dump takes, against a bare loop that inserts the same rows.

The loop has the finished rows in memory and puts them into the same tables (indexes and constraints included)
with sqlite3's executemany, in one transaction with the shop's own pragmas. Both run in turn, each in a
process of its own on a fresh shop; the medians are compared.

    python -m bench.import_dump --orders 100000
"""

import argparse
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.dump_writer import write_dump

MOST_TIMES = 8.0
MOST_MEGABYTES = 300.0
"""What an import may cost: so many times the loop, and so much memory whatever the dump's size."""

_PRAGMAS = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA foreign_keys=ON;"
)
_NOT_RECORDS = ("django_", "auth_", "sqlite_", "shop_revision", "shop_tally", "shop_shopsettings")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    parser.add_argument("--run", choices=("import", "loop"), help=argparse.SUPPRESS)
    parser.add_argument("paths", nargs="*", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        measured = _import(*arguments.paths) if arguments.run == "import" else _loop(*arguments.paths)
        sys.stdout.write(json.dumps(measured))
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder, prefix="bench-import-") as folder:
        sys.exit(_compare(Path(folder), arguments.orders, arguments.runs))


def _compare(folder: Path, orders: int, runs: int) -> int:
    dump, template = folder / "dump.sql", folder / "template"
    counts = write_dump(dump, orders)
    _say(f"{sum(counts.values()):,} rows of {orders:,} orders in {dump.stat().st_size / 1e6:,.0f} MB")
    template.mkdir()
    _run(template, "-m", "django", "migrate", "-v0")
    imports: list[dict[str, float]] = []
    loops: list[dict[str, float]] = []
    for _ in range(runs):
        home = folder / "imported"
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(template, home)
        imports.append(_measure(home, "import", dump))
        fresh = folder / "looped"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(template, fresh)
        loops.append(_measure(fresh, "loop", home / "tillroll.sqlite3", fresh / "tillroll.sqlite3"))
        _say(
            f"import {imports[-1]['seconds']:6.2f} s, {imports[-1]['megabytes']:4.0f} MB"
            f"   loop {loops[-1]['seconds']:6.2f} s of {loops[-1]['rows']:,.0f} rows"
        )
    times = median(each["seconds"] for each in imports) / median(each["seconds"] for each in loops)
    memory = max(each["megabytes"] for each in imports)
    _say(f"the import takes {times:.2f} times the loop (at most {MOST_TIMES:.0f})")
    _say(f"its memory is {memory:.0f} MB (at most {MOST_MEGABYTES:.0f})")
    return 0 if times <= MOST_TIMES and memory <= MOST_MEGABYTES else 1


def _measure(home: Path, what: str, *paths: Path) -> dict[str, float]:
    told = _run(home, "-m", "bench.import_dump", "--run", what, *map(str, paths))
    measured: dict[str, float] = json.loads(told)
    return measured


def _run(home: Path, *arguments: str) -> str:
    environment = {
        **os.environ,
        "TILLROLL_HOME": str(home),
        "TILLROLL_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "tillroll.settings",
    }
    done = subprocess.run(
        [sys.executable, *arguments], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout


def _import(dump: Path) -> dict[str, float]:
    import django

    django.setup()
    from tillroll.intake.wordpress.importer import import_dump

    began = perf_counter()
    summary = import_dump(dump)
    return {"seconds": perf_counter() - began, "rows": summary.total, "megabytes": _get_peak()}


def _loop(source: Path, target: Path) -> dict[str, float]:
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
    return {"seconds": seconds, "rows": sum(map(len, rows.values())), "megabytes": _get_peak()}


def _get_peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
