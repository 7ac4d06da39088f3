"""Reports of the back office at 1,000,000 orders beside 10,000: a page of each kind, from the request to its
last byte, in a process of its own (`python -m bench.reports ROUNDS PAGES`) without a network between."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from time import perf_counter
from urllib.parse import urlencode

from bench.plan import Plan
from bench.results import Row, Spread
from bench.shops import LARGE, SMALL, Shop, get_shop

PAGE = "ms a page"
_WARM_UP = 2


def measure_reports(plan: Plan) -> Iterator[Row]:
    small, large = (get_shop(plan.shops, orders) for orders in (SMALL, plan.orders or LARGE))
    asked = {name: url for name, url in list_pages(large).items() if plan.only in name}
    sides = [_measure(shop, asked, plan.rounds) for shop in (small, large)]
    for name in asked:
        few, many = (Spread.of(side[name]) for side in sides)
        yield Row(
            part="reports",
            name=name,
            form=f"at {large.name}",
            unit=PAGE,
            ours=many,
            beside=f"at {small.name}",
            other=few,
        )


def list_pages(shop: Shop) -> dict[str, str]:
    """Names and addresses: a year up to the shop's last day by everything, and all that it ever sold."""
    first, last = (date.fromisoformat(day) for day in shop.read_days())
    year = {"period": "range", "since": str(last - timedelta(days=364)), "until": str(last)}
    ever = {"period": "range", "since": str(first), "until": str(last), "step": "month"}
    dimensions = ("product", "category", "gateway", "discount", "country")
    asked: dict[str, dict[str, str]] = {
        "a year of days": year,
        **{f"a year by {by}": {**year, "by": by} for by in dimensions},
        "a year of a product": {**year, "by": "product", "of": "1"},
        "all months": ever,
        **{f"all by {by}": {**ever, "by": by} for by in dimensions},
    }
    return {name: f"/admin/reports/?{urlencode(question)}" for name, question in asked.items()}


def _measure(shop: Shop, asked: dict[str, str], rounds: int) -> dict[str, list[float]]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.reports", str(rounds), json.dumps(asked)],
        env={**shop.set_up(), "DJANGO_SETTINGS_MODULE": "tillroll.settings"},
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    times: dict[str, list[float]] = json.loads(done.stdout)
    return times


def main() -> None:
    """Writes the milliseconds of each page, round by round."""
    rounds, asked = int(sys.argv[1]), json.loads(sys.argv[2])
    import django

    django.setup()
    from django.test import Client

    from tillroll.access.models import User

    client = Client()
    client.force_login(User.objects.get(username="demo"))
    times: dict[str, list[float]] = {name: [] for name in asked}
    for number in range(_WARM_UP + rounds):
        for name, url in asked.items():
            began = perf_counter()
            reply = client.get(url, headers={"host": "localhost"})
            passed = (perf_counter() - began) * 1_000
            if reply.status_code != 200 or b"<table>" not in reply.content:
                sys.exit(f"{url} was answered with {reply.status_code}")
            if number >= _WARM_UP:
                times[name].append(passed)
    sys.stdout.write(json.dumps(times))


if __name__ == "__main__":
    main()
