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
    """200 when both databases answer and are migrated, and the records are not too old to be shown; else 503
    with a sentence for each that is not so.

    One small SELECT for each; what it takes to compare all migrations is done until they were whole once.
    Why a database can't be reached is for the server's log: a driver names hosts and users.
    """
    problems = [problem for alias in STORES if (problem := _find_problem(alias))]
    mirror = None if problems else _find_mirror()
    if mirror and mirror.problem:
        problems = [mirror.problem]
    if problems:
        logger.error("Not ready: %s", " ".join(problem.full for problem in problems))
        shown = [problem.short for problem in problems]
        return JsonResponse({"status": "unready", "problems": shown}, status=503)
    return JsonResponse({"status": "ok", **({"mirror": mirror.shown} if mirror else {})})


class _MirrorState(NamedTuple):
    """What is shown of a shop that follows another, and what is wrong where its answers are refused."""

    shown: dict[str, object]
    problem: Problem | None


def _find_mirror() -> _MirrorState | None:
    """How far a shop is behind the one that it follows: no reason to be unready while it answers on."""
    mirror = apps.get_model("shop", "Mirror").objects.first()
    if mirror is None:
        return None
    shown = {"age": mirror.age, **({"trouble": mirror.trouble} if mirror.trouble else {})}
    settings = apps.get_model("shop", "ShopSettings").objects.only("mirror_max_age").first()
    longest = settings.mirror_max_age if settings else 0
    if not longest or mirror.age <= longest:
        return _MirrorState(shown, None)
    sentence = f"The records are {mirror.age} s old, and mirror_max_age is {longest}."
    return _MirrorState(shown, Problem(sentence, f"{sentence} {mirror.problem}".strip()))


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
