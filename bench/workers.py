"""What a second worker brings: two workers beside one, the first time.

It can't bring more than the cores that the load generator leaves, so the questions are heavy for the server
and light for it; what it took, and what the workers took, stands beside each row. Nothing is pinned to a
core: one worker then uses what it can too, which is the harder comparison.
"""

from collections.abc import Iterator
from time import perf_counter

from msgspec.structs import replace

from bench.answers import UNCACHED, compare
from bench.client import fetch
from bench.load import Load, measure
from bench.plan import Plan
from bench.questions import ask, find_question
from bench.results import Row
from bench.servers import TILLROLL, Server, serve
from bench.shops import SMALL, get_shop

CONNECTIONS = 16
"""Twice the usual: two workers share them, and granian leaves to the kernel who gets which."""

_ASKED = ("v2 sales, 50", "v1 sales, 50", "v2 customers, 50")


def measure_workers(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or SMALL)
    with (
        serve(TILLROLL, shop.set_up(**UNCACHED), workers=1) as one,
        serve(TILLROLL, shop.set_up(**UNCACHED, TILLROLL_WORKERS="2"), workers=2) as two,
    ):
        sample = shop.learn(one)
        for name in _ASKED:
            asked = [ask(find_question(name), server.base, sample, shop.pair) for server in (one, two)]
            cores: list[list[float]] = [[], []]
            loads: list[list[Load]] = [[], []]
            for _ in range(plan.rounds):
                for side, server in enumerate((one, two)):
                    load, used = _measure(server, asked[side], plan.seconds)
                    loads[side].append(load)
                    cores[side].append(used)
            size = len(fetch(asked[0][0]).content)
            row = compare(name, "2 workers", "1 worker", loads[1], loads[0], size, "workers")
            yield replace(row, note=_describe(loads, cores))


def _measure(server: Server, urls: list[str], seconds: float) -> tuple[Load, float]:
    """A round, and how many cores the workers took in it."""
    before, began = server.read_seconds(), perf_counter()
    load = measure(urls, seconds, connections=CONNECTIONS)
    return load, (server.read_seconds() - before) / (perf_counter() - began)


def _describe(loads: list[list[Load]], cores: list[list[float]]) -> str:
    taken = [sum(side) / len(side) for side in cores]
    generator = [sum(load.cores for load in side) / len(side) for side in loads]
    return (
        f"cores: 1 worker {taken[0]:.2f}, 2 workers {taken[1]:.2f};"
        f" load generator {generator[0]:.2f} and {generator[1]:.2f}"
    )
