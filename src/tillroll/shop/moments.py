"""How a moment crosses into raw SQL and back: in one form per store, written here alone.

On SQLite times are texts without a zone; an aware datetime bound as text would sort behind the bare form,
and rows at the first second of a day would fall into the day before.
"""

from datetime import UTC, datetime
from functools import lru_cache

from django.db import connections


@lru_cache(maxsize=1024)
def bind_time(moment: datetime, using: str = "default") -> datetime | str:
    """An aware moment as the store compares it; `using` names another database than the shop's."""
    if connections[using].vendor == "sqlite":
        return str(moment.astimezone(UTC).replace(tzinfo=None))
    return moment


def read_time(found: datetime | str) -> datetime:
    """A moment as a statement of either store gives it, aware."""
    moment = datetime.fromisoformat(found) if isinstance(found, str) else found
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
