"""The API against its floor: `script/bench`.

Both run on granian with one worker and two threads, over the same demo shop in an SQLite file, and are asked
in turn. The floor (floor.py) is a bare WSGI application with the same statements through sqlite3 and the
same JSON through msgspec. Before anything is measured, the answers of both must be equal but for
request_speed.
"""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.request import urlopen

from rich.console import Console
from rich.table import Table

from bench.load import Load, measure
from bench.servers import make_environment, read_pair, run_tillroll, serve

QUESTIONS = {
    "products": "/edd-api/v2/products/?number=10",
    "v1 customers, 10": "/edd-api/v1/customers/?number=10",
    "v2 customers, 10": "/edd-api/v2/customers/?number=10",
    "v1 sales, 10": "/edd-api/v1/sales/?number=10",
    "v1 sales, 50": "/edd-api/v1/sales/?number=50",
    "v2 sales, 10": "/edd-api/v2/sales/?number=10",
    "v2 sales, 50": "/edd-api/v2/sales/?number=50",
    "discounts": "/edd-api/v2/discounts/?number=10",
    "file download logs": "/edd-api/v2/file-download-logs/?number=10",
    "stats": "/edd-api/v2/stats/?format=json",
    "info": "/edd-api/v2/info/?format=json",
}
GOALS = {"v2 customers, 10": 0.60, "v2 sales, 50": 0.70}
"""Shares of the floor that must be reached."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=10_000, help="orders of the demo shop")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of each question on each server")
    parser.add_argument("--seconds", type=float, default=2, help="seconds of a round")
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="only questions whose name has these words"
    )
    asked = parser.parse_args()
    console = Console(width=110)
    with tempfile.TemporaryDirectory() as home, ExitStack() as servers:
        environment = make_environment(Path(home))
        run_tillroll(("demo", "--orders", str(asked.orders)), environment)
        began = perf_counter()
        ours = servers.enter_context(serve("tillroll.wsgi:application", environment))
        started = perf_counter() - began
        floor = servers.enter_context(serve("bench.floor:application", environment))
        pair = read_pair(Path(home))
        chosen = {name: url for name, url in QUESTIONS.items() if asked.only in name}
        for url in chosen.values():
            _compare(ours.base + url + pair, floor.base + url + pair)
        table = Table(title=f"{asked.orders:,} orders, {asked.rounds} rounds of {asked.seconds:g} s, in turn")
        for heading in ("question", "floor/s", "Tillroll/s", "ratio", "p50 ms", "p99 ms"):
            table.add_column(heading, justify="left" if heading == "question" else "right")
        failed = []
        for name, url in chosen.items():
            rounds = [
                (
                    measure(floor.base + url + pair, asked.seconds),
                    measure(ours.base + url + pair, asked.seconds),
                )
                for _ in range(asked.rounds)
            ]
            ratio = _add_row(table, name, rounds)
            if ratio < GOALS.get(name, 0):
                failed.append(f"{name}: {ratio:.2f} of the floor; the goal is {GOALS[name]:.2f}.")
        console.print(table)
        console.print(
            f"Start to first answer {started:.1f} s; the worker's memory {ours.read_megabytes():.0f} MB."
        )
    for line in failed:
        console.print(line)
    sys.exit(1 if failed else 0)


def _add_row(table: Table, name: str, rounds: list[tuple[Load, Load]]) -> float:
    """Medians with the least and the most; the ratio is that of the medians."""
    floor, ours = ([pair[side].rate for pair in rounds] for side in (0, 1))
    ratio = median(ours) / median(floor)
    table.add_row(
        name,
        f"{median(floor):,.0f} ({min(floor):,.0f}-{max(floor):,.0f})",
        f"{median(ours):,.0f} ({min(ours):,.0f}-{max(ours):,.0f})",
        f"{ratio:.2f}",
        f"{median(pair[1].p50 for pair in rounds):.1f}",
        f"{median(pair[1].p99 for pair in rounds):.1f}",
    )
    return ratio


def _compare(ours: str, floor: str) -> None:
    """The floor must do the same work: its answers are ours."""
    answers = []
    for url in (ours, floor):
        with urlopen(url, timeout=30) as answer:
            data = json.load(answer)
        data.pop("request_speed")
        answers.append(data)
    if answers[0] != answers[1]:
        sys.exit(f"The floor answers something else: {ours.partition('&key')[0]}")


if __name__ == "__main__":
    main()
