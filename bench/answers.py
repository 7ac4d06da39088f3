"""Every question in three ways: the first time beside the floor (F), and repeated and unchanged (304) beside
a server of constant bytes (S).

The first time is measured without the response cache, so that nothing helps that the floor does not have.
Before anything is measured, the answers of the floor must be Tillroll's but for request_speed (and, in
`info`, what is left of the key's limits).
"""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.client import Reply, fetch, find_refusal
from bench.constant import Recording, get_key, record, save
from bench.goals import FIRST, REPEATED, UNCHANGED
from bench.load import Load
from bench.plan import Plan
from bench.questions import QUESTIONS, ask
from bench.results import Row, Spread
from bench.servers import CONSTANT, FLOOR, KNOWING_FLOOR, TILLROLL, Server, serve
from bench.shops import SMALL, get_shop

UNCACHED = {"TILLROLL_CACHE_MEGABYTES": "0"}

_KNOWING = "F without key and revisions"
"""Tillroll has no statement for these either: its workers know by other means that nothing was written, and
whom they let in."""

_BESIDE_KNOWING = ("v2 customers, 10", "v2 sales, 50")

_OWN = re.compile(
    rb',?"request_speed":[^,}]+|<request_speed>[^<]*</request_speed>|"limits":\{(?:[^{}]|\{[^{}]*\})*\},'
)
"""What differs from one answer to the next: its speed, and what `info` tells of the key's limits."""


def measure_answers(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or SMALL)
    with ExitStack() as servers, TemporaryDirectory(prefix="bench-answers-") as folder:
        floor = servers.enter_context(serve(FLOOR, shop.set_up()))
        knowing = servers.enter_context(serve(KNOWING_FLOOR, shop.set_up()))
        uncached = servers.enter_context(serve(TILLROLL, shop.set_up(**UNCACHED)))
        cached = servers.enter_context(serve(TILLROLL, shop.set_up()))
        sample = shop.learn(uncached)
        asked = {each.name: ask(each, "", sample, shop.pair) for each in plan.choose(QUESTIONS)}
        for urls in asked.values():
            for url in {urls[0], urls[-1]}:
                ours = fetch(uncached.base + url)
                for each in (floor, knowing):
                    require_same(ours, fetch(each.base + url), url)
        replies = {name: look(cached, urls[0]) for name, urls in asked.items()}
        recordings = {
            get_key(asked[name][0]): Recording(record(full), record(unchanged) if unchanged else None)
            for name, (full, unchanged) in replies.items()
        }
        save(recordings, Path(folder, "answers"))
        constant = servers.enter_context(
            serve(CONSTANT, shop.set_up(BENCH_ANSWERS=str(Path(folder, "answers"))))
        )
        for name, urls in asked.items():
            full, unchanged = replies[name]
            has_it = {"If-None-Match": full.headers["etag"]} if unchanged else None
            sides = [
                plan.load([floor.base + url for url in urls]),
                plan.load([uncached.base + url for url in urls]),
                plan.load(constant.base + urls[0]),
                plan.load(cached.base + urls[0]),
            ]
            if has_it:
                sides += [plan.load(each.base + urls[0], has_it) for each in (constant, cached)]
            if name in _BESIDE_KNOWING:
                sides.append(plan.load([knowing.base + url for url in urls]))
            loads = plan.take_turns(*sides)
            size = len(full.content)
            yield compare(name, FIRST, "F", loads[1], loads[0], size)
            if name in _BESIDE_KNOWING:
                yield compare(f"{name}, {_KNOWING}", FIRST, "F", loads[1], loads[-1], size)
            yield compare(name, REPEATED, "S", loads[3], loads[2], size)
            if has_it:
                yield compare(name, UNCHANGED, "S", loads[5], loads[4], None)
            else:
                yield Row(part="answers", name=name, form=UNCHANGED, note="Its answer has no ETag.")
        for name, server in (
            ("floor", floor), ("Tillroll without its cache", uncached), ("Tillroll with its cache", cached),
        ):  # fmt: skip
            used = Spread.of([server.read_megabytes()])
            yield Row(part="answers", name=name, form="a worker's memory", unit="MB", ours=used)


def compare(
    name: str,
    form: str,
    beside: str,
    ours: list[Load],
    other: list[Load],
    size: int | None,
    part: str = "answers",
) -> Row:
    """Rates of ours beside the other's."""
    return Row(
        part=part,
        name=name,
        form=form,
        ours=Spread.of([load.rate for load in ours]),
        beside=beside,
        other=Spread.of([load.rate for load in other]),
        p50=median(load.p50 for load in ours),
        p99=median(load.p99 for load in ours),
        size=size,
    )


def look(server: Server, url: str) -> tuple[Reply, Reply | None]:
    """The answer to a question, and the 304 to one who has it; None where the server has no such thing.
    SystemExit for an answer that is refused."""
    full = fetch(server.base + url)
    if refusal := find_refusal(full):
        sys.exit(f"{url.partition('&key')[0]} is refused: {refusal}")
    if "etag" not in full.headers:
        return full, None
    unchanged = fetch(server.base + url, {"If-None-Match": full.headers["etag"]})
    return full, unchanged if unchanged.status == 304 else None


def require_same(ours: Reply, theirs: Reply, url: str) -> None:
    """SystemExit where the floor's answer is not ours but for what differs each time."""
    refusal = find_refusal(ours)
    if refusal or _OWN.sub(b"", ours.content) != _OWN.sub(b"", theirs.content):
        sys.exit(f"The floor answers something else to {url.partition('&key')[0]} {refusal}")
