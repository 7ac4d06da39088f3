"""What of the source differs from the ledger.

A quick round asks for rows that say they were changed, or that are new. A row that was changed without a
word, by SQL or in its metadata, and one that was deleted, is found by a thorough round: it compares the sums
of all blocks of rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tillroll.intake.mirror.connection import before
from tillroll.intake.mirror.layouts import LAYOUTS, Layout, Watch
from tillroll.intake.mirror.ledger import Ledger, Line
from tillroll.intake.mirror.reader import Read, Reader
from tillroll.intake.wordpress.values import UNITS_OF

OVERLAP = 15.0
"""Minutes that a quick round looks back behind the last one: for a shop's clock that is slow, and for what
was still open then."""

_MOST_KNOWN = 1_000
"""Key rows that a quick round asks for by id; a shop with more of them has them looked through whole."""


@dataclass
class Found:
    """What is to be read anew, and what the ledger is to be told when that is done."""

    members: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    whole: set[str] = field(default_factory=set)
    tax_rates: set[int] = field(default_factory=set)
    lines: dict[Layout, dict[int, Line]] = field(default_factory=lambda: defaultdict(dict))
    gone: dict[Layout, set[int]] = field(default_factory=lambda: defaultdict(set))
    facts: dict[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.whole or self.tax_rates or any(self.members.values()))

    def add_parts(self, parts: Mapping[str, list[int] | None]) -> None:
        """What is to be read anew in any case."""
        for part, members in parts.items():
            if members is not None:
                self.members[part].update(members)
            elif part in ("catalogue", "discount"):
                self.whole.add(part)
            else:
                self.whole.add("options")

    def note(self, layout: Layout, reads: Iterable[Read]) -> None:
        self.lines[layout].update((read.line.id, read.line) for read in reads)

    def forget(self, layout: Layout, ids: set[int]) -> None:
        """The ledger is not to know some rows, so that they are found again."""
        for id_ in ids:
            self.lines[layout].pop(id_, None)
        self.gone[layout].update(ids)

    def tell(self, ledger: Ledger) -> None:
        """Enters all of it, in the ledger's open transaction."""
        for layout, ids in self.gone.items():
            ledger.remove(layout, ids)
        for layout, lines in self.lines.items():
            ledger.put(layout, lines.values())
        for name, value in self.facts.items():
            ledger.set_fact(name, value)


def watch(reader: Reader, ledger: Ledger, *, is_thorough: bool) -> Found:
    """What is not as it was; the caller reads it in the same snapshot."""
    found = Found()
    now = reader.snapshot.get_time()
    last = datetime.fromisoformat(ledger.get_fact("seen_at", now.isoformat()))
    since = before(min(now, last), OVERLAP)
    for layout in reader.tables.list_layouts():
        if layout.is_secret:
            _compare(found, ledger, layout, *_read_keys(reader, ledger, layout, is_thorough=is_thorough))
        elif is_thorough or layout.watch == Watch.SUMS:
            blocks = find_blocks(reader, ledger, layout)
            if blocks:
                _compare(
                    found,
                    ledger,
                    layout,
                    reader.read_blocks(layout, blocks),
                    ledger.list_blocks(layout, blocks),
                )
        else:
            _compare(found, ledger, layout, _read_recent(reader, ledger, layout, since))
        note_horizon(found, ledger, layout, now)
    watch_small(found, reader, ledger)
    found.facts["seen_at"] = now.isoformat()
    return found


def find_blocks(reader: Reader, ledger: Ledger, layout: Layout) -> set[int]:
    """The blocks of a layout's rows that are not as the ledger has them."""
    theirs, ours = reader.sum_blocks(layout), ledger.sum_blocks(layout)
    return {block for block in theirs.keys() | ours.keys() if theirs.get(block) != ours.get(block)}


def _read_recent(reader: Reader, ledger: Ledger, layout: Layout, since: str) -> list[Read]:
    horizon = _get_horizon(ledger, layout)
    columns = reader.tables.find(layout)
    if layout.watch == Watch.DATES and columns and "date_modified" in columns.present:
        which = f"(t.`{layout.key}` > %s OR t.date_modified >= %s)"
        return reader.read(layout, which, (horizon, since))
    return reader.read(layout, f"t.`{layout.key}` > %s", (horizon,))


def _read_keys(
    reader: Reader, ledger: Ledger, layout: Layout, *, is_thorough: bool
) -> tuple[list[Read], dict[int, Line]]:
    """The rows of API keys, and the lines that they are compared with. To find them all takes the source a
    walk through its users' metadata, so a quick round asks for those that are known and for later ones."""
    known = ledger.list_all(layout)
    if is_thorough or len(known) > _MOST_KNOWN:
        return reader.read(layout, "TRUE"), known
    reads = reader.read(layout, f"t.`{layout.key}` > %s", (_get_horizon(ledger, layout),))
    return [*reads, *reader.read_ids(layout, known)], known


def _compare(
    found: Found,
    ledger: Ledger,
    layout: Layout,
    reads: Iterable[Read],
    expected: dict[int, Line] | None = None,
) -> None:
    """Notes the rows that are new or others, and of those that were `expected` the ones that are gone."""
    lines = {read.line.id: read.line for read in reads}
    known = ledger.find(layout, lines) if expected is None else expected
    members = found.members[layout.part]
    _leave_siblings(found, ledger, layout, lines.keys() - known.keys())
    for id_, line in lines.items():
        before_ = known.get(id_)
        if before_ != line:
            members.update({line.owner, before_.owner if before_ else line.owner})
            found.lines[layout][id_] = line
            if layout.is_secret:
                found.whole.add("keys")
    if expected is not None and (gone := expected.keys() - lines.keys()):
        members.update(expected[id_].owner for id_ in gone)
        found.gone[layout].update(gone)
        if layout.is_secret:
            found.whole.add("keys")


def _leave_siblings(found: Found, ledger: Ledger, layout: Layout, ids: Collection[int]) -> None:
    """A row that is new to a layout may be one of another layout of its table, whose owner loses it."""
    for sibling in LAYOUTS:
        if sibling.table == layout.table and sibling != layout and ids:
            lines = ledger.find(sibling, ids)
            found.members[sibling.part].update(line.owner for line in lines.values())
            found.gone[sibling].update(lines)


def _get_horizon(ledger: Ledger, layout: Layout) -> int:
    """The last id that was there for so long that none below it can still come."""
    horizons = ledger.get_fact(f"horizon {layout.name}", [])
    return int(horizons[0][1]) if horizons else 0


def note_horizon(found: Found, ledger: Ledger, layout: Layout, now: datetime) -> None:
    last = max([ledger.get_last_id(layout), *found.lines[layout]])
    found.facts[f"horizon {layout.name}"] = move_horizon(
        ledger.get_fact(f"horizon {layout.name}", []), now, last
    )


def move_horizon(horizons: list[list[Any]], now: datetime, last: int) -> list[list[Any]]:
    """Which ids were the last at some earlier moments: the first one long enough ago, then later ones, of
    which a few are enough."""
    settled = now - timedelta(minutes=OVERLAP)
    old = [each for each in horizons if datetime.fromisoformat(each[0]) <= settled][-1:]
    later = [each for each in horizons if settled < datetime.fromisoformat(each[0]) <= now]
    spaced = [each for place, each in enumerate(later) if place == 0 or _is_apart(later[place - 1], each)]
    if not spaced or _is_apart(spaced[-1], [now.isoformat(), last]):
        spaced.append([now.isoformat(), last])
    return old + spaced


def _is_apart(earlier: list[Any], later: list[Any]) -> bool:
    return datetime.fromisoformat(later[0]) - datetime.fromisoformat(earlier[0]) >= timedelta(minutes=1)


def watch_small(found: Found, reader: Reader, ledger: Ledger) -> None:
    """The small tables whose sums are others, and the tax rates that became others."""
    for small in reader.tables.list_small():
        total = reader.sum_small(small)
        name = f"sum {small.table}"
        if ledger.get_fact(name) != total:
            found.whole.add(small.part)
            found.facts[name] = total
    if found.whole & {"tax", "discount"}:
        rates = read_tax_rates(reader)
        known = {int(id_): units for id_, units in ledger.get_fact("tax rates", {}).items()}
        found.tax_rates = {id_ for id_ in rates.keys() | known.keys() if rates.get(id_) != known.get(id_)}
        found.facts["tax rates"] = rates
        found.whole.discard("tax")


def read_tax_rates(reader: Reader) -> dict[int, int]:
    """Units by id; older shops have them among their discounts, whose rows come first and count."""
    rates: dict[int, int] = {}
    for small in reader.tables.list_small("discount", "tax"):
        columns = reader.tables.find(small)
        if columns is None or small.table == "edd_adjustmentmeta":
            continue
        place = {name: columns.wanted.index(name) for name in columns.wanted}
        for row in reader.read_small(small):
            if small.table == "edd_tax_rates" or row[place["type"]] == "tax_rate":
                rates.setdefault(int(row[place["id"]] or 0), UNITS_OF[row[place["amount"]]])
    return rates
