"""Imports a made-up site, and looks at what the shop then holds."""

import tempfile
from pathlib import Path
from typing import Any

from django.apps import apps

from tests.intake.wordpress.sites import Site
from tillroll.intake.wordpress.importer import import_dump
from tillroll.intake.wordpress.summary import Summary


def take(site: Site | str, **options: Any) -> Summary:
    """Imports a site, or a dump's text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dump.sql"
        if isinstance(site, Site):
            site.dump(path)
        else:
            path.write_text(site)
        return import_dump(path, **options)


def get_left_out(summary: Summary) -> dict[str, tuple[int | None, str]]:
    """What was left out, with how many and why, but for tables that are never taken."""
    return {what: (how_many, why) for how_many, what, why in summary.left_out}


def get_changes(summary: Summary) -> dict[str, tuple[int, int, int]]:
    """Added, changed and removed of each kind of which something changed."""
    numbers = {name: (each.added, each.changed, each.removed) for name, each in summary.records.items()}
    return {name: change for name, change in numbers.items() if change != (0, 0, 0)}


def read_everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables of records, revisions included, in a fixed order."""
    everything = {}
    for label in ("shop", "access", "auth"):
        for model in apps.get_app_config(label).get_models(include_auto_created=True):
            if model.__name__ == "RequestLogEntry":
                continue
            rows = [
                {
                    name: bytes(value) if isinstance(value, memoryview) else value
                    for name, value in row.items()
                }
                for row in model._default_manager.order_by("pk").values()
            ]
            everything[model._meta.label] = rows
    return everything
