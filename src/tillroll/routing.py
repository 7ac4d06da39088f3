"""Which database a model is read from and written to.

In `logs` lives whatever is written at every request and must not lock the shop's records. An answer of the
API may be read from a replica: eddapi/reading.py says so here, for as long as its snapshot lasts.
"""

import threading

from django.db.models import Model

_LOGS = {
    ("access", "requestlogentry"),
    ("access", "counter"),
    ("access", "keyuse"),
    ("sessions", "session"),
}

_LOGS_APPS = {"axes", "django_tasks_database", "intake"}
"""Wrong passwords, and work behind the pages: they must not wait for the records, nor be rolled back with
them."""


class _Reading(threading.local):
    """The alias that the thread's answer is read from; None outside of one."""

    alias: str | None = None


reading = _Reading()


class Router:
    def db_for_read(self, model: type[Model], **hints: object) -> str | None:
        return "logs" if _is_log(model) else reading.alias

    def db_for_write(self, model: type[Model], **hints: object) -> str | None:
        return "logs" if _is_log(model) else None

    def allow_relation(self, one: Model, other: Model, **hints: object) -> bool | None:
        return None

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: object) -> bool:
        if app_label in _LOGS_APPS:
            return db == "logs"
        if model_name is None:
            return db == str(hints.get("database", "default"))
        return db == ("logs" if (app_label, model_name) in _LOGS else "default")


def _is_log(model: type[Model]) -> bool:
    label = model._meta.app_label
    return label in _LOGS_APPS or (label, model._meta.model_name) in _LOGS
