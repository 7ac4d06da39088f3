"""From the start of `tillroll serve` to its first answer, at 1,000,000 orders beside 10,000."""

import sys
from collections.abc import Iterator
from time import perf_counter

from bench.client import fetch
from bench.plan import Plan
from bench.results import Row, Spread
from bench.servers import TILLROLL_COMMAND, run_server
from bench.shops import LARGE, SMALL, Shop, get_shop

_COMMAND = (sys.executable, "-c", TILLROLL_COMMAND, "serve", "--port", "{port}")


def measure_start(plan: Plan) -> Iterator[Row]:
    shops = [get_shop(plan.shops, orders) for orders in (SMALL, LARGE)]
    rounds = [[_start(shop) for shop in shops] for _ in range(plan.rounds)]
    small, large = (Spread.of(times) for times in zip(*rounds, strict=True))
    yield Row(
        part="start",
        name="start to first answer",
        form=f"at {shops[1].name}",
        unit="s",
        ours=large,
        beside=f"at {shops[0].name}",
        other=small,
    )


def _start(shop: Shop) -> float:
    began = perf_counter()
    with run_server(_COMMAND, shop.set_up()) as server:
        fetch(f"{server.base}/edd-api/v2/customers/?number=10{shop.pair}")
        return perf_counter() - began
