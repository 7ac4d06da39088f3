"""What a page notes in the audit trail: who asked, and from where, are the request's."""

from collections.abc import Iterable

from django.db.models import Model
from django.http import HttpRequest

from tillroll.access import audit
from tillroll.access.addresses import get_client_address
from tillroll.access.audit import Change
from tillroll.backoffice.rights import get_actor


def note(
    request: HttpRequest,
    action: str,
    record: Model | None = None,
    changes: Iterable[Change] = (),
    *,
    title: str = "",
) -> None:
    """Notes a change in its own transaction (see access/audit.py)."""
    audit.note(get_actor(request), action, record, changes, get_client_address(request.META), title=title)
