"""`tillroll import wordpress FILE`: a dump of a WordPress shop with EDD 3 becomes this shop's records, all
or nothing.

The dump is read and mapped into a scratch file, which holds no lock; only the last step writes to the shop,
in one transaction. A dump that is not a whole, current shop is refused before that step.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DatabaseError

from tillroll.intake.apply import ApplyError
from tillroll.intake.scratch import ImportBusy, hold_import_lock
from tillroll.intake.staging import KIND_OF, Staging
from tillroll.intake.wordpress.differences import find_differences
from tillroll.intake.wordpress.dump import DumpError, DumpReader
from tillroll.intake.wordpress.findings import LeftOut
from tillroll.intake.wordpress.mapping import Mapping, Pass
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.publishing import publish_shop
from tillroll.intake.wordpress.shops import UNMIGRATED, Shop, ShopChoiceError, choose_shop, find_shops
from tillroll.intake.wordpress.summary import Summary
from tillroll.shop.models import Source, SourceKind
from tillroll.shop.revision import StoreBusy

OnProgress = Callable[[int, int, str], None]
"""Told the bytes of the file that were read, all that there are, and what is being done."""

OnRows = Callable[[int], None]
"""Told how many rows more were read."""


def _ignore(*_: object) -> None:
    """Told, and does nothing."""


class ImportRefused(Exception):
    """The dump can't be taken over; one sentence says why. The shop is as it was."""


@dataclass(frozen=True)
class _Reading:
    staging: Staging
    mapping: Mapping
    shop: Shop
    tables: list[str]
    invalid_values: int


def import_dump(
    path: Path,
    *,
    prefix: str | None = None,
    on_progress: OnProgress = _ignore,
    on_rows: OnRows = _ignore,
) -> Summary:
    """Takes over the shop in a dump, or brings it up to date; `prefix` chooses one of several.

    Raises ImportRefused for whatever does not work out; nothing is changed then.
    """
    began = perf_counter()
    try:
        with _open_scratch_folder() as folder, ExitStack() as stack:
            reading = _read(path, folder, stack, prefix, on_progress, on_rows)
            return _import(path, reading, on_progress, began)
    except (DumpError, ShopChoiceError, ApplyError, ImportBusy, StoreBusy) as error:
        raise ImportRefused(str(error)) from error
    except ValidationError as error:
        raise ImportRefused(f"The shop's settings can't be taken over: {' '.join(error.messages)}") from error
    except sqlite3.Error as error:
        raise ImportRefused(
            f"The scratch file in {settings.TILLROLL_HOME} can't be written: {error}."
        ) from error
    except DatabaseError as error:
        raise ImportRefused(f"The records can't be written: {str(error).splitlines()[0]}.") from error


def _import(path: Path, reading: _Reading, on_progress: OnProgress, began: float) -> Summary:
    size = path.stat().st_size
    mapping = reading.mapping
    on_progress(size, size, "joining")
    options = _check(path, reading)
    has_demo = Source.objects.filter(kind=SourceKind.DEMO).exists()
    changes = publish_shop(
        reading.staging, mapping, options, on_step=lambda what: on_progress(size, size, what)
    )
    (Path(settings.TILLROLL_HOME) / "demo-credentials").unlink(missing_ok=True)
    on_progress(size, size, "comparing")
    differences, total = find_differences(reading.staging.path)
    return Summary(
        shop=options.settings["name"],
        url=options.home,
        prefix=reading.shop.prefix,
        records={KIND_OF[model].plural: change for model, change in changes.items()},
        left_out=(*mapping.findings.list_left_out(), *_list_other_tables(reading)),
        differences=differences,
        differences_total=total,
        has_replaced_demo=has_demo,
        invalid_values=reading.invalid_values,
        seconds=perf_counter() - began,
        size=size,
    )


@contextmanager
def _open_scratch_folder() -> Iterator[Path]:
    """A folder on the shop's own disk, gone afterwards; what an import that was killed left there goes
    too."""
    with hold_import_lock() as home:
        folder = home / "import"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _read(
    path: Path,
    folder: Path,
    stack: ExitStack,
    prefix: str | None,
    on_progress: OnProgress,
    on_rows: OnRows,
) -> _Reading:
    """One pass as a rule; a second one where the first did not know the shop in time."""
    shop: Shop | None = None
    for attempt in ("first", "second"):
        staging = stack.enter_context(Staging(folder / f"{attempt}.sqlite3"))
        reading = Pass(staging, prefix=prefix, shop=shop)
        reader = DumpReader(
            path, wants=reading.wants, on_progress=lambda done, size: on_progress(done, size, "reading")
        )
        for table, rows in reader:
            reading.take(table, rows)
            on_rows(len(rows))
        shop = choose_shop(str(path), find_shops(reader.tables_seen), prefix)
        if reading.mapping is not None and not reading.missed(shop, reader.tables_seen):
            return _Reading(staging, reading.mapping, shop, reader.tables_seen, reader.invalid_values)
        staging.database.close()
        staging.path.unlink()
    raise AssertionError("The second pass knows the shop.")


def _check(path: Path, reading: _Reading) -> ShopOptions:
    """The options of a shop that can be taken over; refuses one that would lose records."""
    missing = [
        name for name in ("postmeta", "terms", "term_taxonomy", "term_relationships", "edd_order_items",
                          "edd_order_adjustments", "edd_customers", "edd_adjustments")
        if f"{reading.shop.prefix}{name}" not in reading.tables
    ]  # fmt: skip
    if missing:
        names = ", ".join(f"{reading.shop.prefix}{name}" for name in missing)
        raise ImportRefused(f"{path} is not the whole shop: {names} missing. Dump the shop's whole database.")
    if not reading.mapping.options.has_home():
        raise ImportRefused(
            f"{path} does not say where the shop is: {reading.shop.prefix}options has no home."
        )
    options = reading.mapping.read_options()
    reading.staging.flush()
    has_orders = reading.staging.database.execute("SELECT 1 FROM staged_shop_order LIMIT 1").fetchone()
    is_old = options.edd_version.split(".")[0] in ("1", "2")
    if options.is_half_migrated or (
        is_old and not has_orders and reading.mapping.catalogue.has_legacy_orders()
    ):
        raise ImportRefused(UNMIGRATED.format(path))
    return options


_OTHER_TABLES = {
    "edd_logs_api_requests": (
        "the log of API requests",
        "it holds keys and tokens in clear; Tillroll keeps its own",
    ),
    "edd_logs_emails": ("the log of e-mails", "Tillroll did not send them"),
    "edd_logs": ("the log of gateway errors", "it is the old shop's own"),
    "edd_sessions": ("carts and sessions", "they are the old shop's own"),
    "comments": ("comments and reviews", "the API does not show them"),
}

_OFTEN_MISSING = ("edd_tax_rates", "sitemeta")
"""EDD before 3.6 has no table of tax rates, and only a network has one of itself."""


def _list_other_tables(reading: _Reading) -> Iterator[LeftOut]:
    seen = set(reading.tables)
    for name, (what, why) in _OTHER_TABLES.items():
        if f"{reading.shop.prefix}{name}" in seen:
            yield LeftOut(None, what, why)
    for table in sorted(reading.mapping.tables.keys() - seen):
        if not table.endswith(_OFTEN_MISSING):
            yield LeftOut(None, f"the table {table}", "it is not in the dump")
