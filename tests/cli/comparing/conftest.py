"""The recorded shop, imported once a file."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def imported_shop(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    # imported here: what xdist starts must not find the settings' name before it has a home of its own
    from tests.conformance.recordings import DUMP
    from tests.shops import empty_shop
    from tillroll.intake.wordpress.importer import import_dump

    with django_db_blocker.unblock():
        import_dump(DUMP)
        yield
        empty_shop()
