"""Shops that a module's tests share: really committed, and removed behind them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.shops import empty_shop


@pytest.fixture(scope="module")
def kept_shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """An empty shop that a module-scoped fixture may fill; what a test itself writes is rolled back."""
    with django_db_blocker.unblock():
        empty_shop()
        yield
        empty_shop()
