"""Is the process alive, and can it answer? For load balancers and supervisors.

The pages answer in front of all other middleware: a probe names the server by its number, which no list of
hosts has, and needs no session.
"""

import logging
from collections.abc import Callable
from typing import NamedTuple

from django.apps import apps
from django.db import Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from tillroll.databases import get_reason

logger = logging.getLogger(__name__)

_LAST_MIGRATION = "SELECT MAX(id) FROM django_migrations"

STORES = ("default", "logs")
"""What the shop can't do without; a replica that is away is passed by."""

_migrated: dict[str, int] = {}
"""The last migration of each store that was found whole; while it stays the last, the store is."""


class Problem(NamedTuple):
    """What is wrong with a database, in a sentence for anybody, and in full."""

    short: str
    full: str


def live(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    """200 when both databases answer and are migrated, else 503 with a sentence for each that is not.

    One small SELECT for each; what it takes to compare all migrations is done until they were whole once.
    Why a database can't be reached is for the server's log: a driver names hosts and users.
    """
    problems = [problem for alias in STORES if (problem := _find_problem(alias))]
    if problems:
        logger.error("Not ready: %s", " ".join(problem.full for problem in problems))
        shown = [problem.short for problem in problems]
        return JsonResponse({"status": "unready", "problems": shown}, status=503)
    return JsonResponse({"status": "ok", **_describe_mirror()})


def _describe_mirror() -> dict[str, object]:
    """How far a shop that follows another is behind it: no reason to be unready, since it answers on."""
    mirror = apps.get_model("shop", "Mirror").objects.first()
    if mirror is None:
        return {}
    age = max(0, int((timezone.now() - mirror.good_at).total_seconds()))
    return {"mirror": {"age": age, **({"trouble": mirror.trouble} if mirror.trouble else {})}}


PROBES = {"/healthz/live": live, "/healthz/ready": ready}


def probes(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that answers the probes."""

    def answer(request: HttpRequest) -> HttpResponse:
        page = PROBES.get(request.path_info)
        response = page(request) if page else get_response(request)
        if page:
            response.headers["Cache-Control"] = "no-store"
        return response

    return answer


def find_store_problems() -> list[str]:
    """A sentence for each database that can't be reached or lacks migrations."""
    return [problem.full for alias in STORES if (problem := _compare_migrations(alias))]


def _find_problem(alias: str) -> Problem | None:
    """As find_store_problems, but quick where the store was whole before."""
    connection = connections[alias]
    try:
        last = _get_last_migration(connection)
    except Error:
        connection.close()  # it may have been cut while nothing was asked: a new one tells
        return _compare_migrations(alias)
    if _migrated.get(alias) == last:
        return None
    problem = _compare_migrations(alias)
    if problem is None:
        _migrated[alias] = last
    return problem


def _get_last_migration(connection: BaseDatabaseWrapper) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_LAST_MIGRATION)
        row = cursor.fetchone()
    return int(row[0] or 0)


def list_missing_migrations(alias: str) -> list[str]:
    """What a database lacks, in the order in which it is to be applied. Raises Django's Error for one that
    can't be asked."""
    executor = MigrationExecutor(connections[alias])
    return [str(migration) for migration, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())]


def _compare_migrations(alias: str) -> Problem | None:
    try:
        missing = list_missing_migrations(alias)
    except Error as error:
        reason = get_reason(error)
        sentence = f"The {alias} database can't be reached"
        return Problem(f"{sentence}.", f"{sentence}: {reason}")
    if missing:
        sentence = f"The {alias} database lacks {len(missing)} migrations; run `tillroll migrate`."
        return Problem(sentence, sentence)
    return None
