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

WRONG_PASSWORDS = "axes"
"""An app all of whose tables are in `logs`."""


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
        if model_name is None:
            at_home = "logs" if app_label == WRONG_PASSWORDS else "default"
            return db == str(hints.get("database", at_home))
        return db == ("logs" if _belongs_to_logs(app_label, model_name) else "default")


def _is_log(model: type[Model]) -> bool:
    return _belongs_to_logs(model._meta.app_label, model._meta.model_name)


def _belongs_to_logs(app_label: str, model_name: str | None) -> bool:
    return app_label == WRONG_PASSWORDS or (app_label, model_name) in _LOGS
