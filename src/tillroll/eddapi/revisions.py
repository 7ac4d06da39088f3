"""The revisions that an answer is made under: known without a statement while nobody writes."""

from collections.abc import Mapping
from time import monotonic
from typing import NamedTuple

from tillroll.eddapi.queries import list_revisions
from tillroll.eddapi.reading import Run
from tillroll.shop.beacon import get_beacon
from tillroll.shop.revision import Revision
from tillroll.shop.statements import get_store

LONGEST = 1.0
"""Seconds after which the database is asked all the same."""


class Revisions(NamedTuple):
    """The revision of each topic, and what the beacon showed when they were read: 0 for those that were read
    in the answer's own snapshot."""

    numbers: Mapping[str, Revision]
    beacon: int
    until: float = 0.0


_known = Revisions({}, 0)


def find_revisions(run: Run, *, is_known: bool = True) -> Revisions:
    """The revisions as they are now; `run` is asked where they are not known, or not to be taken as such."""
    global _known
    known, store = _known, get_store()
    beacon = get_beacon(store)
    shown = 0 if store.in_atomic_block else beacon.read()
    if is_known and shown and shown == known.beacon and monotonic() < known.until:
        return known
    numbers = list_revisions(run)
    if shown and shown == beacon.read():
        _known = Revisions(numbers, shown, monotonic() + LONGEST)
    return Revisions(numbers, 0)


def still_hold(found: Revisions) -> bool:
    """Whether what was read since is under the same revisions: a snapshot has its own, and without a write
    between there are no others."""
    return not found.beacon or get_beacon(get_store()).read() == found.beacon


def forget() -> None:
    """Drops what is known: for a store that was exchanged under a running process."""
    global _known
    _known = Revisions({}, 0)
