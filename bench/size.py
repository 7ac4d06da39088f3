"""What more orders cost: every question, the first time, at 100,000 and 1,000,000 orders beside 10,000."""

from collections.abc import Iterator
from contextlib import ExitStack
from statistics import median

from bench.answers import UNCACHED
from bench.client import fetch, find_refusal
from bench.plan import Plan
from bench.questions import QUESTIONS, SIZED, ask
from bench.results import TIME, Row, Spread
from bench.servers import TILLROLL, serve
from bench.shops import LARGE, MEDIUM, SMALL, get_shop, require_alike


def measure_size(plan: Plan) -> Iterator[Row]:
    shops = [get_shop(plan.shops, orders) for orders in (SMALL, MEDIUM, LARGE)]
    require_alike(shops)
    with ExitStack() as servers:
        running = [servers.enter_context(serve(TILLROLL, shop.set_up(**UNCACHED))) for shop in shops]
        samples = [shop.learn(server) for shop, server in zip(shops, running, strict=True)]
        for question in plan.choose((*QUESTIONS, *SIZED)):
            asked = [
                ask(question, server.base, sample, shop.pair)
                for shop, server, sample in zip(shops, running, samples, strict=True)
            ]
            replies = [fetch(urls[0]) for urls in asked]
            if refusal := next(filter(None, map(find_refusal, replies)), ""):
                yield Row(part="size", name=question.name, form=f"at {shops[-1].name}", note=refusal)
                continue
            small, *larger = plan.take_turns(*(plan.load(urls) for urls in asked))
            for shop, loads, reply in zip(shops[1:], larger, replies[1:], strict=True):
                yield Row(
                    part="size",
                    name=question.name,
                    form=f"at {shop.name}",
                    unit=TIME,
                    ours=Spread.of([load.milliseconds for load in loads]),
                    beside=f"at {shops[0].name}",
                    other=Spread.of([load.milliseconds for load in small]),
                    p50=median(load.p50 for load in loads),
                    p99=median(load.p99 for load in loads),
                    size=len(reply.content),
                )
        for shop, server in zip(shops, running, strict=True):
            used = Spread.of([server.read_megabytes()])
            yield Row(part="size", name=shop.name, form="a worker's memory", unit="MB", ours=used)
