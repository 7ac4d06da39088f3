"""The mirror of a shop in which things happen equals a fresh import of the same database, row for row."""

import os
from pathlib import Path

import pytest

from tests.intake.mirror.conftest import make_follower
from tests.intake.mirror.day import Day
from tests.intake.mirror.records import read_records, tell_differences
from tests.mariadb import Server, Shop
from tests.shops import empty_shop
from tillroll.intake.mirror.following import Follower
from tillroll.intake.wordpress.importer import import_dump
from tillroll.shop.models import Mirror
from tillroll.stats.reconcile import Reconciliation

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

SEEDS = range(int(os.environ.get("TILLROLL_TEST_SEEDS", "6")))
"""More of them are tried by TILLROLL_TEST_SEEDS."""


def import_afresh(server: Server, path: Path) -> None:
    empty_shop()
    import_dump(server.write_dump(path / "fresh.sql"))


def test_a_copy_equals_an_import_of_the_same_database(
    follower: Follower, server: Server, tmp_path: Path
) -> None:
    follower.run()
    ours = read_records()
    assert Mirror.objects.get().problem == ""
    import_afresh(server, tmp_path)
    assert tell_differences(ours, read_records()) == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_day_in_the_shop_is_followed_row_for_row(
    seed: int, server: Server, shop: Shop, folder: Path, tmp_path: Path
) -> None:
    follower = make_follower(server, folder)
    follower.run()
    day = Day(shop, seed)
    for _ in range(12):
        day.go_on(day.draw.randint(1, 25))
        follower.run(is_thorough=day.draw.random() < 0.2)
    follower.run(is_thorough=True)

    assert list(Reconciliation()) == []
    ours = read_records()
    import_afresh(server, tmp_path)
    assert tell_differences(ours, read_records()) == []
