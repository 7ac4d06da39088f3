"""The front door: the EDD API in front, Django for all the rest."""

import gc
import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

from django.core.wsgi import get_wsgi_application

django = get_wsgi_application()

from django.conf import settings  # noqa: E402  (models can be imported only now)
from django.db import connections  # noqa: E402

import tillroll.urls  # noqa: E402, F401  (the pages are loaded before the first of them is asked for)
from tillroll.access.background import start_in_worker  # noqa: E402
from tillroll.databases import use_pool  # noqa: E402
from tillroll.eddapi import replicas  # noqa: E402
from tillroll.eddapi.app import application as eddapi  # noqa: E402
from tillroll.eddapi.request import is_api  # noqa: E402

GARBAGE_AT = 20_000
"""Objects after which the youngest are looked through: an answer leaves a hundred, and lines of the log that
wait would be looked at again and again."""


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    if is_api(environ):
        return eddapi(environ, start_response)
    prefix: str = settings.PATH_PREFIX
    if prefix and environ.get("PATH_INFO", "").startswith(prefix + "/"):
        environ["SCRIPT_NAME"] = prefix
        environ["PATH_INFO"] = environ["PATH_INFO"][len(prefix) :]
    return django(environ, start_response)


def make_worker() -> Callable[..., Iterable[bytes]]:
    """What `tillroll serve` calls in each of its workers: the application, with the jobs behind it running,
    which a worker that nobody asks anything has to do too."""
    for alias in connections:
        use_pool(connections.settings[alias], settings.DATABASE_POOL)
    start_in_worker()
    replicas.start_in_worker()
    # what is loaded by now stays: the garbage collector need not walk through it at every answer's time
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT)
    return application
