"""What depth costs: page 10,000 of a list beside page 1, at 1,000,000 orders, the first time.

Of a list that has fewer pages it is the last one that is full."""

from collections.abc import Iterator
from statistics import median

from bench.answers import UNCACHED
from bench.client import fetch
from bench.plan import Plan
from bench.results import TIME, Row, Spread
from bench.servers import TILLROLL, serve
from bench.shops import LARGE, get_shop

DEEP = 10_000

_LISTS = [
    (f"{version} {noun.replace('-', ' ')}, {number}", f"{version}/{noun}/?number={number}", number)
    for version in ("v1", "v2")
    for noun in ("sales", "customers", "file-download-logs")
    for number in (10, 50)
]


def measure_depth(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or LARGE)
    with serve(TILLROLL, shop.set_up(**UNCACHED)) as server:
        for name, path, number in _LISTS:
            if plan.only not in name:
                continue
            url = f"{server.base}/edd-api/{path}{shop.pair}&page="
            page = min(DEEP, int(fetch(f"{url}1").headers["x-edd-total"]) // number)
            first, deep = plan.take_turns(plan.load(f"{url}1"), plan.load(f"{url}{page}"))
            yield Row(
                part="depth",
                name=name,
                unit=TIME,
                form=f"page {DEEP:,}",
                ours=Spread.of([load.milliseconds for load in deep]),
                beside="page 1",
                other=Spread.of([load.milliseconds for load in first]),
                p50=median(load.p50 for load in deep),
                p99=median(load.p99 for load in deep),
                note="" if page == DEEP else f"page {page:,}",
            )
