"""A store for tests that write as an import does: it commits, with another file beside the shop's own."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker


@pytest.fixture
def _django_db_helper(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Takes the place of pytest-django's: SQLite attaches no file within the transaction that it would hold
    around a test, and its way of emptying all tables takes four times as long and takes EDD's roles too."""
    from tests.shops import empty_shop

    with django_db_blocker.unblock():
        yield
        empty_shop()
