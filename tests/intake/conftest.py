"""A store for tests that write as an import does: it commits, with another file beside the shop's own."""

from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker


@pytest.fixture(scope="module")
def _cleared_store(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Leaves the store to other files as a fresh one: EDD's roles alone, ids from 1."""
    from tests.shops import empty_shop

    yield
    with django_db_blocker.unblock():
        empty_shop()


@pytest.fixture
def _django_db_helper(_cleared_store: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Takes the place of pytest-django's, which holds a transaction around a test: SQLite attaches no file
    within one. Emptying tables by DELETE is ten times as fast as its way where there are few rows."""
    with django_db_blocker.unblock():
        yield
        _delete_everything()


def _delete_everything() -> None:
    from django.apps import apps
    from django.db import connection, router, transaction

    from tests.shops import setup_roles

    with transaction.atomic(), connection.cursor() as cursor:
        for app in ("shop", "access", "stats"):
            for model in apps.get_app_config(app).get_models(include_auto_created=True):
                if router.db_for_write(model) == "default":
                    cursor.execute(f"DELETE FROM {model._meta.db_table}")  # noqa: S608 (the project's own names)
        setup_roles()
