"""What the request log and the quotas cost: the served API with them, and the same server without.

Both serve the same shop and are asked in turn with one key, which has limits for the minute, the day and the
month that nobody reaches. Without (ungated.py) nothing is logged, counted or limited.
"""

from collections.abc import Iterator

from bench.answers import UNCACHED, compare
from bench.client import fetch
from bench.plan import Plan
from bench.questions import QUESTIONS, ask
from bench.results import Row
from bench.servers import TILLROLL, UNGATED, serve
from bench.shops import SMALL, get_shop

_LISTS = ("v2 products, 10", "v2 customers, 10", "v2 sales, 10", "v2 sales, 50")
_FREE = ("info",)
"""It does next to nothing, so that the same work weighs more; it is shown beside, without a goal."""


def measure_gates(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or SMALL)
    with (
        serve(TILLROLL, shop.set_up(**UNCACHED)) as gated,
        serve(UNGATED, shop.set_up(**UNCACHED)) as ungated,
    ):
        sample = shop.learn(gated)
        for question in QUESTIONS:
            if question.name not in (*_LISTS, *_FREE) or plan.only not in question.name:
                continue
            full, bare = (ask(question, server.base, sample, shop.pair) for server in (gated, ungated))
            without, with_them = plan.take_turns(plan.load(bare), plan.load(full))
            form = "answers without records" if question.name in _FREE else "lists"
            size = len(fetch(full[0]).content)
            yield compare(question.name, form, "without", with_them, without, size, "gates")
