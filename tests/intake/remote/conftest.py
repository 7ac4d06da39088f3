"""A fake shop, and a clock that no test waits for."""

from collections.abc import Iterator

import pytest

from tests.intake.remote.fake_shop import KEY, TOKEN, FakeShop, open_fake_shop
from tillroll.intake.remote.address import read_address
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.credentials import Credentials
from tillroll.intake.remote.pace import Pace


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.time += seconds

    @property
    def waits(self) -> list[float]:
        """The longer ones: those for the rate are a fifth of a second at most."""
        return [seconds for seconds in self.slept if seconds > 0.2]


@pytest.fixture
def fake_shop() -> Iterator[FakeShop]:
    with open_fake_shop() as shop:
        yield shop


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(5, now=clock.now, sleep=clock.sleep)


@pytest.fixture
def client(fake_shop: FakeShop, pace: Pace) -> Iterator[Client]:
    """Knows the fake shop already; what was asked for that is forgotten."""
    made = Client(read_address(fake_shop.url), Credentials(KEY, TOKEN), pace)
    made.recognise()
    fake_shop.asked.clear()
    yield made
    made.close()
