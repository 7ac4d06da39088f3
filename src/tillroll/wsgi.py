"""The front door: the EDD API in front, Django for all the rest."""

import os
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tillroll.settings")

from django.core.wsgi import get_wsgi_application

django = get_wsgi_application()

from django.conf import settings  # noqa: E402  (models can be imported only now)

from tillroll.access.background import start_in_worker  # noqa: E402
from tillroll.eddapi.app import application as eddapi  # noqa: E402
from tillroll.eddapi.request import is_api  # noqa: E402


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
    start_in_worker()
    return application
