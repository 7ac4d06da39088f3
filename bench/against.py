"""Any EDD-compatible server with the same questions, so that a real EDD can be put beside Tillroll.

Few connections and short rounds are the default: it may be somebody's shop. What it refuses is said, not
measured.
"""

from collections.abc import Iterator
from datetime import date
from statistics import median

from bench.client import fetch, find_refusal
from bench.load import Load, LoadError, measure
from bench.plan import Plan
from bench.questions import QUESTIONS, Refused, ask, learn
from bench.results import Row, Spread

CONNECTIONS = 2


def measure_against(plan: Plan, base: str, credentials: str, connections: int, today: date) -> Iterator[Row]:
    """A row for each question; `credentials` are the end of its query. LoadError where none can be asked."""
    base = base.rstrip("/")
    try:
        sample = learn(base, credentials, today)
    except (Refused, OSError) as error:
        raise LoadError(str(error)) from error
    for question in plan.choose(QUESTIONS):
        urls = ask(question, base, sample, credentials)
        try:
            reply = fetch(urls[0])
            if refusal := find_refusal(reply):
                raise LoadError(f"Refused: {refusal}")
            loads = [measure(urls, plan.seconds, connections=connections) for _ in range(plan.rounds)]
        except (OSError, LoadError) as error:
            yield Row(part="against", name=question.name, form=base, note=str(error))
        else:
            yield _make_row(question.name, base, loads, len(reply.content))


def _make_row(name: str, base: str, loads: list[Load], size: int) -> Row:
    return Row(
        part="against",
        name=name,
        form=base,
        ours=Spread.of([load.rate for load in loads]),
        p50=median(load.p50 for load in loads),
        p99=median(load.p99 for load in loads),
        size=size,
    )
