"""When the demo shop sells: more each year, less at weekends and in summer, much in November."""

import math
import time
from collections.abc import Iterator
from random import Random

DAYS = 3 * 365
"""How far back the shop goes."""

DAY = 86_400
_WEEK = (1.0, 1.12, 1.15, 1.08, 0.98, 0.66, 0.62)
_YEAR = (1.05, 0.98, 1.0, 0.96, 0.93, 0.85, 0.78, 0.82, 1.02, 1.06, 1.3, 1.18)
"""By month; January first."""

_HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 7, 9, 10, 10, 9, 10, 10, 10, 9, 8, 8, 8, 7, 6, 5, 3)


def to_text(moment: int) -> str:
    """A moment as records are staged with it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(moment))


def make_moments(dice: Random, orders: int, now: int) -> Iterator[int]:
    """The seconds (since 1970, UTC) of so many sales, in order, none after `now`."""
    last_day = now // DAY
    weights = [_weigh(day, last_day, dice) for day in range(last_day - DAYS, last_day + 1)]
    today = now % DAY
    weights[-1] *= sum(_HOURS[: today // 3600 + 1]) / sum(_HOURS)
    whole = math.fsum(weights)
    hours = range(24)
    sold, reached = 0, 0.0
    for day, weight in enumerate(weights, last_day - DAYS):
        reached += weight
        due = round(orders * reached / whole)
        count, sold = max(0, due - sold), max(due, sold)
        if day < last_day:
            drawn = [
                hour * 3600 + int(dice.random() * 3600)
                for hour in dice.choices(hours, weights=_HOURS, k=count)
            ]
        else:
            drawn = [int(dice.random() * (today + 1)) for _ in range(count)]
        for second in sorted(drawn):
            yield day * DAY + second


def _weigh(day: int, last_day: int, dice: Random) -> float:
    """How much a day (since 1970) sells, next to others."""
    age = (last_day - day) / 365
    month = int((day % 365.2425) / 30.4369) % 12
    weight = _WEEK[(day + 3) % 7] * _YEAR[month] * math.exp(-0.45 * age) * dice.uniform(0.8, 1.2)
    return weight * (2.6 if month == 10 and 22 <= (day % 365.2425) % 30.4369 <= 28 else 1.0)
