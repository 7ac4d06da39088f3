"""How a moment crosses into raw SQL: in one form per store, written here alone.

On SQLite times are texts without a zone; an aware datetime bound as text would sort behind the bare form,
and rows at the first second of a day would fall into the day before.
"""

from datetime import UTC, datetime

from django.db import connections


def bind_time(moment: datetime, using: str = "default") -> datetime | str:
    """An aware moment as the store compares it; `using` names another database than the shop's."""
    if connections[using].vendor == "sqlite":
        return str(moment.astimezone(UTC).replace(tzinfo=None))
    return moment
