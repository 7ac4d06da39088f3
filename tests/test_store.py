"""A run of the suite is what it says: its store is the one asked for, and no real shop is in reach."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections

ROOT = Path(__file__).parents[1]


@pytest.mark.django_db(databases=["default", "logs"])
@pytest.mark.parametrize("alias", ["default", "logs"])
def test_the_store_is_the_one_that_was_asked_for(alias: str) -> None:
    assert connections[alias].vendor == os.environ.get("TILLROLL_TEST_DATABASE", "sqlite")


def test_the_home_is_the_runs_own(home: Path) -> None:
    assert home == settings.TILLROLL_HOME
    assert not settings.TILLROLL_HOME.is_relative_to(ROOT)
