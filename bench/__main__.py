"""The bench: `script/bench` alone is a short run of a few minutes, `script/bench NAME...` runs parts.

Every part compares Tillroll with something of the same run, in turn, and prints medians with the least and
the most. The goals of the parts that ran are judged at the end; a missed one ends the program with 1.
"""

import argparse
import os
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from rich.console import Console
from rich.table import Table as Drawn

from bench.against import CONNECTIONS, measure_against
from bench.answers import measure_answers
from bench.backoffice import measure_backoffice
from bench.depth import measure_depth
from bench.gates import measure_gates
from bench.goals import judge
from bench.imports import measure_imports
from bench.load import LoadError
from bench.machine import describe_machine
from bench.mirror import measure_mirror
from bench.peers.part import measure_peers
from bench.plan import Part, Plan
from bench.postgresql import measure_postgresql
from bench.recording import measure_recording
from bench.report import Table, tabulate, tabulate_verdicts
from bench.reports import measure_reports
from bench.results import Line, Row, encode, list_rows
from bench.size import measure_size
from bench.start import measure_start
from bench.streaming import measure_streaming
from bench.workers import measure_workers


class Named(NamedTuple):
    measure: Part
    about: str


PARTS = {
    "answers": Named(measure_answers, "every question beside the floor, and repeated beside constant bytes"),
    "size": Named(measure_size, "every question at 100,000 and 1,000,000 orders beside 10,000"),
    "depth": Named(measure_depth, "page 10,000 of a list beside page 1, at 1,000,000 orders"),
    "backoffice": Named(measure_backoffice, "every list of the back office, at 1,000,000 orders"),
    "streaming": Named(
        measure_streaming, "all customers at 1,000,000 orders: memory, first byte, others' time"
    ),
    "workers": Named(measure_workers, "two workers beside one"),
    "start": Named(measure_start, "start to first answer at 1,000,000 orders beside 10,000"),
    "import": Named(measure_imports, "the import of a dump of 1,000,000 orders beside a bare loop"),
    "mirror": Named(measure_mirror, "a mirror's copy of 100,000 orders beside mysqldump, and its rounds"),
    "recording": Named(measure_recording, "orders recorded by the service beside a bare loop"),
    "reports": Named(measure_reports, "pages of reports at 1,000,000 orders beside 10,000"),
    "postgresql": Named(measure_postgresql, "two questions on PostgreSQL beside bare psycopg"),
    "gates": Named(measure_gates, "with the request log and quotas beside without"),
    "peers": Named(measure_peers, "Datasette, and FastAPI with SQLAlchemy, on the same SQLite file"),
}
BROKE_OFF = "broke off"
TOKEN = "TILLROLL_BENCH_TOKEN"
SHORT = ("answers", "gates")
"""What a run without names does: what needs no large shop."""


def main() -> None:
    asked = _read_arguments()
    parts = {name: PARTS[name].measure for name in asked.parts or SHORT}
    if asked.against:
        today = datetime.now(UTC).date()
        credentials = f"&key={quote(asked.key)}&token={quote(asked.token)}"
        parts = {
            "against": lambda plan: measure_against(
                plan, asked.against, credentials, asked.connections, today
            )
        }
    how = f"{asked.rounds} rounds of {asked.seconds:g} s, the sides in turn."
    with ExitStack() as kept:
        shops = asked.shops or Path(kept.enter_context(tempfile.TemporaryDirectory(prefix="bench-shops-")))
        is_short = not asked.parts and not asked.against
        plan = Plan(shops, asked.rounds, asked.seconds, asked.only, is_short, asked.orders)
        keep = _Keeper(asked.save)
        keep(describe_machine(how))
        for name, measure in parts.items():
            try:
                for row in measure(plan):
                    sys.stderr.write(f"{name}: {row.name}, {row.form}\n")
                    keep(row)
            except LoadError as error:
                keep(Row(part=name, name=BROKE_OFF, note=str(error)))
            _print(tabulate([row for row in list_rows(keep.lines) if row.part == name]))
    rows = list_rows(keep.lines)
    verdicts = judge(rows, list(parts))
    for verdict in verdicts:
        keep(verdict)
    _print([tabulate_verdicts(verdicts)])
    is_good = all(one.outcome != "missed" for one in verdicts) and all(row.name != BROKE_OFF for row in rows)
    sys.exit(0 if is_good else 1)


class _Keeper:
    """Keeps the lines of a run, and writes each into the file at once: a long run may be broken off."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self.lines: list[Line] = []

    def __call__(self, line: Line) -> None:
        self.lines.append(line)
        if self._path:
            with self._path.open("ab") as file:
                file.write(encode(line))


def _read_arguments() -> argparse.Namespace:
    names = "\n".join(f"  {name:<10} {part.about}" for name, part in PARTS.items())
    parser = argparse.ArgumentParser(
        prog="script/bench",
        description=f"{__doc__}\nparts:\n{names}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("parts", nargs="*", metavar="NAME", help="a part")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each question on each side")
    parser.add_argument("--seconds", type=float, default=1, help="seconds of a round; wrk takes whole ones")
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="only questions whose name has these words"
    )
    parser.add_argument("--orders", type=int, default=0, help="another size, for parts that measure one shop")
    parser.add_argument(
        "--shops", type=Path, metavar="FOLDER", help="keep the shops here and take those that are there"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="append what was found as lines of JSON")
    other = parser.add_argument_group("another EDD-compatible server, with the same questions")
    other.add_argument("--against", metavar="URL", help="its address; nothing of Tillroll's is started then")
    other.add_argument("--key", default="", help="a public key there")
    other.add_argument(
        "--token", default=os.environ.get(TOKEN, ""), help=f"its token; better in the environment, as {TOKEN}"
    )
    other.add_argument("--connections", type=int, default=CONNECTIONS, help="at once; be gentle")
    asked = parser.parse_args()
    if unknown := [name for name in asked.parts if name not in PARTS]:
        parser.error(f"There is no part {unknown[0]}; there are {', '.join(PARTS)}.")
    if asked.against and not asked.against.startswith(("http://", "https://")):
        parser.error("--against takes an address that begins with http:// or https://.")
    if asked.against and not (asked.key and asked.token):
        parser.error(f"--against needs a --key, and its token in {TOKEN} (or by --token).")
    if asked.rounds < 1 or asked.seconds <= 0:
        parser.error("--rounds takes a whole number from 1 up, --seconds a number above 0.")
    if asked.shops:
        asked.shops.mkdir(parents=True, exist_ok=True)
    return asked


def _print(tables: list[Table]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 150)
    for table in (table for table in tables if table.rows):
        drawn = Drawn(title=table.title, title_justify="left")
        for place, column in enumerate(table.columns):
            is_text = not place or not column or not table.rows[0][place][:1].isdigit()
            drawn.add_column(column, justify="left" if is_text else "right")
        for cells in table.rows:
            drawn.add_row(*cells)
        console.print(drawn)


if __name__ == "__main__":
    main()
