"""Where in a list a page begins, and which part of a list is of a span of time: found by what the list's
blocks hold (shop/ranks.py), so that the rows before are neither read nor counted.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tillroll.eddapi import queries
from tillroll.eddapi.filters import Filter, Stretch
from tillroll.eddapi.reading import Run
from tillroll.shop.ranks import BITS, LEVELS

SHORT_WAY = 500
"""Rows that are sooner passed by than looked up."""

MOST_CUTS = 20
"""Blocks that a span may cut through. Where ids follow time there are two a level; where they don't, the
index on times serves better."""

_ALL = 2**62 >> BITS
_TOP = LEVELS[-1]


def begin_at(run: Run, table: str, column: str, rows: Filter, offset: int) -> Filter | None:
    """The list from the row at an offset on, by its id; None past its end."""
    near, rest = rows, offset
    if rows.name and offset > SHORT_WAY:
        stretches = rows.stretches or tuple(
            Stretch(_TOP, *row) for row in queries.list_blocks(run, rows.name, _TOP, 0, _ALL)
        )
        place = _find_place(run, rows.name, stretches, offset)
        if place is None:
            return None
        top, rest = place
        near = rows.up_to(column, top)
    first = queries.get_id_at(run, table, column, near, rest)
    return None if first is None else rows.up_to(column, first)


def _find_place(run: Run, name: str, stretches: tuple[Stretch, ...], offset: int) -> tuple[int, int] | None:
    """The last id of the block in which the row at an offset is, and the row's place in there."""
    blocks: Sequence[Stretch] = stretches
    while True:
        for found in blocks:
            if offset < found.members:
                break
            offset -= found.members
        else:
            return None
        if found.level == 1:
            return _get_parts(found.block)[1], offset
        parts = queries.list_blocks(run, name, found.level - 1, *_get_parts(found.block))
        blocks = [Stretch(found.level - 1, *part) for part in parts]


def _get_parts(block: int) -> tuple[int, int]:
    """The first and the last of what a block is made of: blocks of the level below, or ids."""
    return block << BITS, (block + 1 << BITS) - 1


def find_created(run: Run, rows: Filter, start: datetime, end: datetime) -> Filter:
    """The customers of a list that came in a span; of the whole list, it is known where they are and how
    many."""
    if rows.name:
        survey = _Survey(run, rows, start, end)
        if survey.look(_TOP, 0, _ALL):
            return survey.get_list()
    return queries.created_between(rows, start, end)


class _Survey:
    """Looks for the stretches of a span, from the largest blocks down to those that it cuts through."""

    def __init__(self, run: Run, rows: Filter, start: datetime, end: datetime) -> None:
        self._run = run
        self._rows = rows
        self._span = start, end
        self._stretches: list[Stretch] = []
        self._cuts = 0

    def look(self, level: int, first: int, last: int) -> bool:
        """Gathers what some blocks hold of the span; False where it cuts through too many."""
        blocks = queries.list_dated_blocks(self._run, self._rows.name, level, first, last, *self._span)
        for block, members, is_inside in blocks:
            if not is_inside:
                self._cuts += 1
                if self._cuts > MOST_CUTS:
                    return False
                if level > 1:
                    if not self.look(level - 1, *_get_parts(block)):
                        return False
                    continue
                members = queries.count_block(
                    self._run, "shop_customer c", "c.id", self._within(block, block)
                )
            if members:
                self._stretches.append(Stretch(level, block, members))
        return True

    def get_list(self) -> Filter:
        if not self._stretches:
            return queries.NOTHING
        newest, oldest = self._stretches[0], self._stretches[-1]
        found = self._within(
            oldest.block << BITS * (oldest.level - 1), (newest.block + 1 << BITS * (newest.level - 1)) - 1
        )
        return replace(
            found,
            name=self._rows.name,
            stretches=tuple(self._stretches),
            is_counted=True,
            total=sum(each.members for each in self._stretches),
        )

    def _within(self, first: int, last: int) -> Filter:
        """The members of the span in blocks of the first level."""
        return queries.created_within(first << BITS, (last + 1 << BITS) - 1, *self._span)
