"""What all tests share: a home of their own, the store that TILLROLL_TEST_DATABASE names, a stopped clock, a
client."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings
from django.db.models.signals import post_migrate

_HOME = Path(tempfile.mkdtemp(prefix="tillroll-tests-"))
(_HOME / "static").mkdir()  # or whitenoise warns that it isn't there
os.environ["TILLROLL_HOME"] = str(_HOME)
for _name in (
    "TILLROLL_DATABASE_URL",
    "TILLROLL_LOGS_URL",
    "TILLROLL_PATH_PREFIX",
    "TILLROLL_TRUSTED_PROXIES",
    "TILLROLL_REDIS_URL",
    "TILLROLL_WORKERS",
    "TILLROLL_FAILED_TRIES",
    "TILLROLL_OLD_KEY_PEPPERS",
):
    os.environ.pop(_name, None)
os.environ["TILLROLL_CACHE_MEGABYTES"] = "0"  # tests change records behind the services' back

STORE = os.environ.get("TILLROLL_TEST_DATABASE", "sqlite")
if STORE == "postgresql":
    _URL = os.environ.get("TILLROLL_TEST_POSTGRES_URL", "postgresql://127.0.0.1:5432/postgres")
    os.environ["TILLROLL_DATABASE_URL"] = os.environ["TILLROLL_LOGS_URL"] = _URL
elif STORE != "sqlite":
    pytest.exit(f"TILLROLL_TEST_DATABASE is {STORE!r}; it is sqlite or postgresql.", 2)


# Named for this moment alone: pytest-django, and each process that xdist starts, would otherwise load the
# settings before this file has said which store and home they are to find. Conftests below may import models.
os.environ["DJANGO_SETTINGS_MODULE"] = "tillroll.settings"
django.setup()
del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_configure() -> None:
    # a conftest below may have loaded the command, which names the settings: the processes that xdist starts
    # would load them before this file
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)
    post_migrate.connect(restore_roles)
    for alias in ("default", "logs"):
        name = f"test_tillroll_{alias}_{os.getpid()}"
        test = settings.DATABASES[alias].setdefault("TEST", {})
        test["NAME"] = name if STORE == "postgresql" else str(_HOME / f"{name}.sqlite3")
        test["DEPENDENCIES"] = []
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


def restore_roles(using: str, **_: object) -> None:
    """EDD's roles come with a migration; a test that commits ends with a `flush`, and would leave the next
    one without."""
    from tests.shops import setup_roles
    from tillroll.access.models import Role

    if using == "default" and not Role.objects.exists():
        setup_roles()


@pytest.fixture(scope="session")
def django_db_modify_db_settings_xdist_suffix() -> None:
    """The process's own number is in the names already."""


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """The API keeps settings and keys by their revisions, which a test's rollback takes back, and counts in
    the worker's memory."""
    from tillroll.access import keys, policy
    from tillroll.access.limiter import limiter
    from tillroll.access.log import request_log
    from tillroll.access.quota import quotas
    from tillroll.access.throttle import key_throttle
    from tillroll.access.usage import uses
    from tillroll.eddapi import revisions, shop
    from tillroll.eddapi.cache import cache
    from tillroll.eddapi.recognition import recognition

    def forget() -> None:
        for kept in (shop, keys, policy, limiter, quotas, key_throttle, uses, cache, recognition, revisions):
            kept.forget()
        request_log._waiting.clear()

    forget()
    yield
    forget()


@pytest.fixture(scope="session", autouse=True)
def no_background() -> Iterator[None]:
    """Lines of the request log and counts are written when a test asks for it, never by a thread."""
    from tillroll.access.background import Background

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Background, "_start", lambda _background: None)
        yield


@pytest.fixture(scope="module")
def kept_shop(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """An empty shop that a module-scoped fixture may fill: really committed, and removed behind the module's
    tests. What a test itself writes is rolled back."""
    from tests.shops import empty_shop

    with django_db_blocker.unblock():
        empty_shop()
        yield
        empty_shop()


@pytest.fixture
def home() -> Path:
    """TILLROLL_HOME of this run."""
    return _HOME
