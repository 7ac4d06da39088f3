"""The full copy, with which a mirror begins: table by table into a scratch file, then published at once.

The large tables are read in pages, each a moment of its own, so that the source holds no old state for long
and a copy that was stopped goes on where it was. So they are of different moments; the last step, in one
snapshot, compares all of them with the source once more, reads the small tables, and joins the whole.
"""

import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from django.utils import timezone

from tillroll.intake.apply import Change
from tillroll.intake.mirror.connection import Database
from tillroll.intake.mirror.gathering import Gathering
from tillroll.intake.mirror.layouts import Layout
from tillroll.intake.mirror.ledger import Ledger, remove_database
from tillroll.intake.mirror.reader import Read, Reader
from tillroll.intake.mirror.record import make_mark, publish
from tillroll.intake.mirror.rounds import refuse_unfit
from tillroll.intake.mirror.tables import Tables, Wanted, make_mapping
from tillroll.intake.mirror.unfinished import hold_back_staged
from tillroll.intake.mirror.watching import Found, find_blocks, note_horizon, watch_small
from tillroll.intake.staging import KIND_OF, Staging
from tillroll.intake.wordpress.findings import LeftOut
from tillroll.intake.wordpress.mapping import Mapping
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.publishing import publish_shop

PAGE = 5_000
"""Rows of a table that are read at once: the source holds a state for their time."""

OnProgress = Callable[[int, int, str], None]
"""Told how many rows were read, about how many there are, and what is being done."""


@dataclass(frozen=True)
class Copied:
    """What a full copy brought. `records` by the plural name of their kind."""

    shop: str
    url: str
    rows: int
    seconds: float
    records: dict[str, Change]
    left_out: tuple[LeftOut, ...]


def copy(
    database: Database, wanted: Wanted, folder: Path, *, every: float, on_progress: OnProgress
) -> Copied:
    """Makes the source's records the shop's, or goes on with a copy that was stopped. Whatever it
    raises, the shop is as it was then."""
    while True:
        try:
            return _Copy(database, wanted, folder, on_progress).run(every)
        except _Outdated:
            shutil.rmtree(folder / "copy")


def adopt_ledger(folder: Path) -> None:
    """What a copy read becomes what the mirror goes by: the copy is the store's now."""
    joined = folder / "copy" / "joined-ledger.sqlite3"
    Ledger(joined).close()  # with what a process that was killed left beside it
    remove_database(folder / "ledger.sqlite3")
    joined.replace(folder / "ledger.sqlite3")
    shutil.rmtree(folder / "copy")


class _Outdated(Exception):
    """What is left of an earlier copy is of another shop or form."""


class _Copy:
    """The scratch file with how far the copy is, and the ledger that the mirror will go by."""

    def __init__(self, database: Database, wanted: Wanted, folder: Path, on_progress: OnProgress) -> None:
        self._database = database
        self._wanted = wanted
        self._folder = folder
        self._on_progress = on_progress
        self._rows = self._expected = 0
        self._started = perf_counter()

    def run(self, every: float) -> Copied:
        scratch = self._folder / "copy"
        scratch.mkdir(mode=0o700, exist_ok=True)
        with (
            closing(Ledger(scratch / "ledger.sqlite3")) as ledger,
            Staging(scratch / "staging.sqlite3", is_lasting=True) as staging,
        ):
            mapping = make_mapping(staging, self._wanted.shop)
            tables = self._begin(ledger)
            layouts = [layout for layout in tables.list_layouts() if layout.scratch]
            for layout in layouts:
                self._copy_table(layout, tables, ledger, staging, mapping)
        copied = self._join(scratch, layouts, every)
        adopt_ledger(self._folder)
        return copied

    def _begin(self, ledger: Ledger) -> Tables:
        """The tables as they are; a copy of other ones is begun anew."""
        with self._database.snapshot() as snapshot:
            tables = Tables(snapshot, self._wanted)
            form = {"address": str(self._database.address), "prefix": self._wanted.shop.prefix, "version": 1}
            known = ledger.get_fact("form")
            if known is None:
                ledger.set_fact("form", form)
                ledger.set_fact("schema", tables.describe())
            elif known != form or ledger.get_fact("schema") != tables.describe():
                raise _Outdated
            paged = [layout for layout in tables.list_layouts() if layout.scratch]
            self._expected = sum(Reader(snapshot, tables).count(layout) for layout in paged)
        return tables

    def _copy_table(
        self, layout: Layout, tables: Tables, ledger: Ledger, staging: Staging, mapping: Mapping
    ) -> None:
        """The rest of a table, page by page. Ledger, records and place are written in this order: what is
        read twice is the same."""
        last, is_done = ledger.get_fact(f"copied {layout.name}", [-1, False])
        self._rows += ledger.count(layout)
        before = [] if mapping.findings.list_left_out() else ledger.get_fact("left out", [])
        while not is_done:
            with self._database.snapshot() as snapshot:
                reads = Reader(snapshot, tables).read_next(layout, last, PAGE)
            is_done = len(reads) < PAGE
            last = reads[-1].line.id if reads else last
            self._take(layout, reads, mapping)
            staging.save()
            self._rows += len(reads)
            place = [last, is_done]

            def tell(ledger: Ledger, reads: list[Read] = reads, place: list[Any] = place) -> None:
                ledger.put(layout, (read.line for read in reads))
                ledger.set_fact(f"copied {layout.name}", place)
                ledger.set_fact("left out", [*before, *mapping.findings.list_left_out()])

            ledger.write(tell)
            self._on_progress(self._rows, max(self._expected, self._rows), layout.name)

    def _take(self, layout: Layout, reads: list[Read], mapping: Mapping) -> None:
        if reads:
            mapping.tables[self._wanted.get_name(layout)].take([read.row for read in reads])

    def _join(self, scratch: Path, layouts: list[Layout], every: float) -> Copied:
        """What changed since a page was read is read again; then all is joined and published. This works on
        copies of the pages, so that it can be begun again."""
        self._on_progress(self._rows, self._rows, "what changed meanwhile")
        for name in ("ledger", "staging"):
            remove_database(scratch / f"joined-{name}.sqlite3")
            shutil.copyfile(scratch / f"{name}.sqlite3", scratch / f"joined-{name}.sqlite3")
        with (
            closing(Ledger(scratch / "joined-ledger.sqlite3")) as ledger,
            Staging(scratch / "joined-staging.sqlite3") as staging,
        ):
            mapping = make_mapping(staging, self._wanted.shop)
            began = timezone.now()
            found, options = self._read_rest(layouts, ledger, staging, mapping)
            return self._publish(ledger, staging, mapping, options, found, every, began)

    def _read_rest(
        self, layouts: list[Layout], ledger: Ledger, staging: Staging, mapping: Mapping
    ) -> tuple[Found, ShopOptions]:
        found = Found()
        with self._database.snapshot() as snapshot:
            tables = Tables(snapshot, self._wanted)
            tables.check(ledger.get_fact("schema"))
            reader = Reader(snapshot, tables)
            gathering = Gathering(reader, self._wanted, mapping, found)
            options = gathering.read_options()
            refuse_unfit(options)
            now = snapshot.get_time()
            for layout in layouts:
                self._take_changes(layout, reader, ledger, staging, gathering, found)
            gathering.take_small("catalogue")
            gathering.take_small("discount", "tax")
            for layout in tables.list_layouts():
                if not layout.scratch:
                    gathering.take_all(layout)
                note_horizon(found, ledger, layout, now)
            watch_small(found, reader, ledger)
        hold_back_staged(staging, found, now)
        found.facts["seen_at"] = now.isoformat()
        return found, options

    def _take_changes(
        self,
        layout: Layout,
        reader: Reader,
        ledger: Ledger,
        staging: Staging,
        gathering: Gathering,
        found: Found,
    ) -> None:
        blocks = find_blocks(reader, ledger, layout)
        if not blocks:
            return
        known = ledger.list_blocks(layout, blocks)
        reads = [
            read for read in reader.read_blocks(layout, blocks) if known.pop(read.line.id, None) != read.line
        ]
        staging.flush()
        others = [(id_,) for id_ in (*known, *(read.line.id for read in reads))]
        for table in layout.scratch:
            staging.database.executemany(f"DELETE FROM {table} WHERE id = ?", others)  # noqa: S608 (own names)
        gathering.take_read(layout, reads)
        found.gone[layout].update(known)

    def _publish(
        self,
        ledger: Ledger,
        staging: Staging,
        mapping: Mapping,
        options: ShopOptions,
        found: Found,
        every: float,
        began: Any,
    ) -> Copied:
        self._on_progress(self._rows, self._rows, "joining")
        mark = found.facts["mark"] = make_mark()
        ledger.write(found.tell)
        changes = publish_shop(
            staging,
            mapping,
            options,
            on_step=lambda what: self._on_progress(self._rows, self._rows, what),
            on_applied=lambda source: publish(
                source, str(self._database.address), self._wanted.shop.prefix, mark, every, began
            ),
        )
        return Copied(
            shop=options.settings["name"],
            url=options.home,
            rows=self._rows,
            seconds=perf_counter() - self._started,
            records={KIND_OF[model].plural: change for model, change in changes.items()},
            left_out=(
                *(LeftOut(*each) for each in ledger.get_fact("left out", [])),
                *mapping.findings.list_left_out(),
            ),
        )
