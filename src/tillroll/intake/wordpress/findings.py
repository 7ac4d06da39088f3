"""What an import notes on its way for the summary: what it left out and why."""

from collections import Counter
from typing import NamedTuple


class LeftOut(NamedTuple):
    """Something of the dump that is not in the shop. `how_many` is None where it was not counted."""

    how_many: int | None
    what: str
    why: str


class Findings:
    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def leave_out(self, what: str, why: str, count: int = 1) -> None:
        """Counts what is left out (or taken over with a repair) by what it is and why."""
        if count:
            self._counts[what, why] += count

    def list_left_out(self) -> list[LeftOut]:
        return [LeftOut(count, what, why) for (what, why), count in self._counts.items()]
