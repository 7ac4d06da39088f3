"""The back office's pages at 1,000,000 orders, timed inside a worker (backoffice_pages.py)."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator

from bench.load import LoadError
from bench.plan import Plan
from bench.results import Row, Spread
from bench.shops import LARGE, get_shop

_OK = 200
_MOVED = 302
"""A page that the list's last one stands for."""


def measure_backoffice(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or LARGE)
    command = [sys.executable, "-m", "bench.backoffice_pages", str(plan.rounds)]
    with subprocess.Popen(command, env=shop.set_up(), stdout=subprocess.PIPE, text=True) as process:
        yield from read_rows(process.stdout or (), plan.only)
    if process.returncode:
        raise LoadError(f"The pages were not measured: the program ended with {process.returncode}.")


def read_rows(lines: Iterable[str], only: str = "") -> Iterator[Row]:
    """A row a page. Errors: LoadError for a page that is not there."""
    for line in lines:
        found = json.loads(line)
        if found["status"] not in (_OK, _MOVED):
            raise LoadError(f"{found['page']} answered {found['status']}.")
        if only in found["page"]:
            note = f"{found['queries']} queries"
            yield Row(
                part="backoffice", name=found["page"], unit="ms", ours=Spread.of(found["ms"]), note=note
            )
