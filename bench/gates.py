"""What the request log and the quotas cost: the served API with them, and the same server without.

Both serve the same shop in an SQLite file and are asked in turn with one key, which has limits for the
minute, the day and the month that nobody reaches. Without (ungated.py) nothing is logged, counted or limited.

    python -m bench.gates
"""

import argparse
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.load import measure
from bench.servers import make_environment, read_pair, run_tillroll, serve

QUESTIONS = {
    "v2 customers, 10": "/edd-api/v2/customers/?number=10",
    "v2 sales, 10": "/edd-api/v2/sales/?number=10",
    "v2 sales, 50": "/edd-api/v2/sales/?number=50",
    "products": "/edd-api/v2/products/?number=10",
    "info": "/edd-api/v2/info/?format=json",
}
LEAST_SHARE = 0.85
"""Of the throughput without log and quotas, on lists; `info` does next to nothing and is shown beside."""

_FREE = ("info",)
_LIMIT = "UPDATE access_apikey SET rate_minute = 1000000000, quota_day = 1000000000, quota_month = 1000000000"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--orders", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each question on each server")
    parser.add_argument("--seconds", type=float, default=2, help="seconds of a round")
    asked = parser.parse_args()
    console = Console(width=110)
    failed = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        home = Path(folder)
        environment = make_environment(home)
        run_tillroll(("demo", "--orders", str(asked.orders)), environment)
        with closing(sqlite3.connect(home / "tillroll.sqlite3")) as shop, shop:
            shop.execute(_LIMIT)
        gated = servers.enter_context(serve("tillroll.wsgi:application", environment))
        ungated = servers.enter_context(serve("bench.ungated:application", environment))
        pair = read_pair(home)
        table = Table(title=f"{asked.orders:,} orders, {asked.rounds} rounds of {asked.seconds:g} s, in turn")
        for heading in ("question", "without/s", "with log and quotas/s", "share", "shares of the rounds"):
            table.add_column(heading, justify="left" if heading == "question" else "right")
        for name, url in QUESTIONS.items():
            shares, rates = [], []
            for _ in range(asked.rounds):
                bare = measure(ungated.base + url + pair, asked.seconds).rate
                full = measure(gated.base + url + pair, asked.seconds).rate
                shares.append(full / bare)
                rates.append((bare, full))
            share = median(shares)
            table.add_row(
                name,
                *(f"{median(one[side] for one in rates):,.0f}" for side in (0, 1)),
                f"{share:.2f}",
                f"{min(shares):.2f}-{max(shares):.2f}",
            )
            if share < LEAST_SHARE and name not in _FREE:
                failed.append(f"{name}: {share:.2f}; the goal is {LEAST_SHARE:.2f}.")
        console.print(table)
    for line in failed:
        console.print(line)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
