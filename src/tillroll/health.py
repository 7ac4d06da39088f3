"""Is the process alive, and can it answer? For load balancers and supervisors."""

from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse


def live(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    """200 when both databases answer and are migrated, else 503 with the reason."""
    problems = find_store_problems()
    if problems:
        return JsonResponse({"status": "unready", "problems": problems}, status=503)
    return JsonResponse({"status": "ok"})


def find_store_problems() -> list[str]:
    """A sentence for each database that can't be reached or lacks migrations."""
    problems = []
    for alias in connections:
        try:
            executor = MigrationExecutor(connections[alias])
            missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        except DatabaseError as error:
            problems.append(f"The {alias} database can't be reached: {str(error).strip().splitlines()[0]}")
        else:
            if missing:
                problems.append(f"The {alias} database lacks {len(missing)} migrations; run `tillroll migrate`.")
    return problems
