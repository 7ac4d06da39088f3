"""The API as it is served, but that nothing is logged, counted or limited: what gates.py compares with."""

from datetime import datetime, tzinfo

from tillroll.wsgi import make_worker  # isort: skip  (sets Django up, which the others need)

from tillroll.access.grants import Allowance
from tillroll.access.keys import Caller
from tillroll.access.log import Line, RequestLog
from tillroll.access.quota import Quotas
from tillroll.access.usage import Uses

__all__ = ["make_worker"]


def _admit(self: Quotas, caller: Caller, zone: tzinfo, now: datetime) -> Allowance:
    return ()


def _note(self: Uses, key_id: int, at: datetime, address: str) -> None:
    return


def _add(self: RequestLog, line: Line) -> None:
    return


Quotas.admit = _admit  # type: ignore[method-assign]
Uses.note = _note  # type: ignore[method-assign]
RequestLog.add = _add  # type: ignore[method-assign]
