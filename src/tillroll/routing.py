"""What lives in the `logs` database: whatever is written at every request and must not lock the shop's
records."""

from django.db.models import Model

_LOGS = {
    ("access", "requestlogentry"),
    ("access", "counter"),
    ("access", "keyuse"),
    ("sessions", "session"),
}


class LogsRouter:
    def _database(self, model: type[Model]) -> str | None:
        return "logs" if (model._meta.app_label, model._meta.model_name) in _LOGS else None

    def db_for_read(self, model: type[Model], **hints: object) -> str | None:
        return self._database(model)

    def db_for_write(self, model: type[Model], **hints: object) -> str | None:
        return self._database(model)

    def allow_relation(self, one: Model, other: Model, **hints: object) -> bool | None:
        return None

    def allow_migrate(self, db: str, app_label: str, model_name: str | None = None, **hints: object) -> bool:
        if model_name is None:
            return db == str(hints.get("database", "default"))
        return db == ("logs" if (app_label, model_name) in _LOGS else "default")
