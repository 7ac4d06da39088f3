"""A mirror that dies at any of its steps, over and over, ends up as one that never did."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.intake.mirror.conftest import make_follower
from tests.intake.mirror.day import Day
from tests.intake.mirror.records import Tables, read_records, tell_differences
from tests.mariadb import Server, Shop
from tillroll.intake.mirror import copying, rounds
from tillroll.intake.mirror.connection import Snapshot
from tillroll.intake.mirror.copying import Copied
from tillroll.intake.mirror.ledger import Ledger
from tillroll.intake.mirror.rounds import Round
from tillroll.intake.staging import Staging
from tillroll.intake.wordpress import publishing
from tillroll.shop.models import Mirror

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

STEPS: tuple[tuple[Any, str], ...] = (
    (Snapshot, "run"),
    (Ledger, "write"),
    (Ledger, "set_fact"),
    (Staging, "save"),
    (Staging, "close"),
    (publishing, "apply"),
    (copying, "adopt_ledger"),
    (copying, "publish"),
    (rounds, "apply_parts"),
    (rounds, "change_mark"),
    (rounds, "note_good"),
)
"""What a copy and a round do, each of which may be the last."""


class Killed(BaseException):
    """Stands for a signal that ends a process at once."""


class Death:
    """Comes before or after a chosen step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        for owner, name in STEPS:
            monkeypatch.setattr(owner, name, self._guard(getattr(owner, name)))

    def _guard(self, step: Callable[..., Any]) -> Callable[..., Any]:
        def do(*arguments: Any, **named: Any) -> Any:
            self._come_nearer()
            done = step(*arguments, **named)
            self._come_nearer()
            return done

        return do

    def _come_nearer(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Killed


def read_afresh(server: Server, folder: Path) -> Tables:
    other = folder.with_name("other")
    other.mkdir()
    make_follower(server, other).run()
    return read_records()


def test_a_copy_that_dies_at_each_step_is_whole_in_the_end(
    server: Server, shop: Shop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copying, "PAGE", 150)
    death, day = Death(monkeypatch), Day(shop, 7)
    for step in range(1, 1_000, 7):
        death.left = step
        try:
            done = make_follower(server, folder).run()
        except Killed:
            assert Mirror.objects.exists() == bool(read_records()["shop_order"])
            day.go_on(2)
            continue
        break
    else:
        raise AssertionError("It never came to its end.")
    death.left = -1
    assert step > 100
    if isinstance(done, Copied):  # else it died when the records were there already
        assert Mirror.objects.exists()
    make_follower(server, folder).run(is_thorough=True)
    ours = read_records()
    assert tell_differences(ours, read_afresh(server, folder)) == []


def test_rounds_that_die_at_each_step_lose_nothing(
    server: Server, shop: Shop, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower = make_follower(server, folder)
    assert isinstance(follower.run(), Copied)
    death, day = Death(monkeypatch), Day(shop, 8)
    step = 0
    while True:
        step += 3
        day.go_on(4)
        death.left = step
        try:
            make_follower(server, folder).run(is_thorough=step % 2 == 0)
        except Killed:
            continue
        break
    death.left = -1
    assert step > 100
    follower = make_follower(server, folder)
    assert isinstance(follower.run(), Round)
    follower.run(is_thorough=True)
    ours = read_records()
    assert tell_differences(ours, read_afresh(server, folder)) == []
