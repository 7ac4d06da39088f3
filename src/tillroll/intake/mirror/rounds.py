"""One round: what differs is read in one snapshot of the source, and exchanged in one transaction here.

The order of its two writes makes it safe to be killed at any moment. The ledger is told the coming mark, then
the store takes records and mark, then the ledger takes what was read: until then it knows too little, and
what it does not know is read once more.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

from django.db import models
from django.utils import timezone

from tillroll.intake.apply import Change, apply_parts
from tillroll.intake.mirror.connection import Database, SourceProblem
from tillroll.intake.mirror.gathering import Gathering
from tillroll.intake.mirror.ledger import Ledger
from tillroll.intake.mirror.reader import Reader
from tillroll.intake.mirror.record import change_mark, make_mark, note_good
from tillroll.intake.mirror.resolving import Parts, resolve
from tillroll.intake.mirror.tables import Tables, Wanted, join_schemas, make_mapping
from tillroll.intake.mirror.unfinished import hold_back
from tillroll.intake.mirror.watching import Found, watch
from tillroll.intake.staging import KIND_OF, Staging
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.shops import UNMIGRATED
from tillroll.shop.models import Mirror


@dataclass(frozen=True)
class Round:
    """What a round did. `queries` are those of the source, `changes` what became of the records here."""

    is_thorough: bool
    queries: int
    seconds: float
    changes: dict[type[models.Model], Change] = field(default_factory=dict)

    def __str__(self) -> str:
        """What changed, for the log."""
        said = []
        for model, change in self.changes.items():
            numbers = (("added", change.added), ("changed", change.changed), ("removed", change.removed))
            if counts := [f"{number:,} {what}" for what, number in numbers if number]:
                said.append(f"{KIND_OF[model].plural}: {', '.join(counts)}")
        kind = "thorough round" if self.is_thorough else "round"
        return (
            f"{'; '.join(said) or 'Nothing changed'} ({kind}, {self.queries} queries, {self.seconds:.2f} s)."
        )


def run_round(
    database: Database,
    ledger: Ledger,
    wanted: Wanted,
    mirror: Mirror,
    folder: Path,
    *,
    every: float,
    is_thorough: bool,
) -> Round:
    """Brings the records up to date with the source. Whatever it raises, nothing is changed then."""
    began, started = timezone.now(), perf_counter()
    with ExitStack() as stack:
        with database.snapshot() as snapshot:
            tables = Tables(snapshot, wanted)
            known = ledger.get_fact("schema", {})
            tables.check(known)
            reader = Reader(snapshot, tables)
            found = watch(reader, ledger, is_thorough=is_thorough)
            found.facts["schema"] = join_schemas(known, tables.describe())
            if mirror.mark != ledger.get_fact("mark"):
                found.add_parts(ledger.get_fact("pending parts", {}))
            change = None
            if found:
                change = _stage(reader, ledger, wanted, mirror, found, stack.enter_context(_scratch(folder)))
        changes = change.publish(ledger, mirror) if change else {}
        ledger.write(found.tell)
        note_good(began, every=every, is_thorough=is_thorough)
    return Round(is_thorough, snapshot.queries, perf_counter() - started, changes)


@dataclass(frozen=True)
class _Staged:
    """What a round exchanges."""

    staging: Staging
    parts: Parts
    found: Found
    options: ShopOptions

    def publish(self, ledger: Ledger, mirror: Mirror) -> dict[type[models.Model], Change]:
        mark = make_mark()
        ledger.write(lambda ledger: self._announce(ledger, mark))
        changes = apply_parts(
            self.staging,
            mirror.source,
            self.parts,
            name=self.options.home,
            settings=dict(self.options.settings) if "options" in self.found.whole else None,
            on_applied=lambda _source: change_mark(mirror.mark, mark),
        )
        self.found.facts["mark"] = mirror.mark = mark
        return changes

    def _announce(self, ledger: Ledger, mark: str) -> None:
        """What is about to be written: where the ledger is not told that it was, it is read once more."""
        ledger.set_fact("pending", mark)
        named = {part: None if some is None else sorted(some) for part, some in self.parts.items()}
        ledger.set_fact("pending parts", named)


def _stage(
    reader: Reader, ledger: Ledger, wanted: Wanted, mirror: Mirror, found: Found, staging: Staging
) -> _Staged | None:
    """Stages the records of what changed; None where that is none of the shop's records."""
    parts = resolve(found, reader, ledger, mirror.source, is_in_network=wanted.is_in_network)
    hold_back(parts, found, reader, wanted.shop.prefix)
    if not parts:
        return None
    mapping = make_mapping(staging, wanted.shop)
    gathering = Gathering(reader, wanted, mapping, found)
    options = gathering.read_options()
    refuse_unfit(options)
    gathering.take_parts(parts)
    host = urlsplit(options.home).netloc
    mapping.finish(options, gathering.list_names_taken(parts, mirror.source, host))
    return _Staged(staging, parts, found, options)


@contextmanager
def _scratch(folder: Path) -> Iterator[Staging]:
    path = folder / "round.sqlite3"
    path.unlink(missing_ok=True)
    try:
        with Staging(path) as staging:
            yield staging
    finally:
        path.unlink(missing_ok=True)


def refuse_unfit(options: ShopOptions) -> None:
    """Raises SourceProblem for a shop that can't be followed."""
    if not options.home:
        raise SourceProblem(
            f"The source does not say where the shop is: {options.prefix}options has no home."
        )
    if options.is_half_migrated:
        raise SourceProblem(UNMIGRATED.format("The source"))
