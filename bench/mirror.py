"""How long a mirror's copy and its rounds take, on a MariaDB that is filled for it.

The copy stands beside mysqldump's own copy of the same tables, in turn. The tables are those of the recorded
shop, emptied, with indexes as EDD makes them. It needs a server as the tests do.
"""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TypedDict

from bench.dump_writer import TABLES, write_dump
from bench.imports import MOST_ROUNDS, get_peak, run_module
from bench.plan import Plan as BenchPlan
from bench.results import Row, Spread
from bench.shops import MEDIUM
from tests.conformance.recordings import DUMP
from tests.mariadb import Server, make_server

LARGE = 100_000
CHANGED = 1_000

_INSERT = re.compile(r"INSERT INTO `(\w+)` VALUES")
_COLUMNS = {table.name: ", ".join(f"`{name}`" for name in table.columns.split()) for table in TABLES}


class Measured(TypedDict):
    """Seconds, statements of the source (0 for a copy), and the most memory in MB."""

    seconds: float
    queries: int
    megabytes: float


def measure_mirror(plan: BenchPlan) -> Iterator[Row]:
    orders = plan.orders or (MEDIUM if plan.is_short else LARGE)
    form = f"{orders:,} orders"
    with (
        make_server() as server,
        tempfile.TemporaryDirectory(dir=plan.shops, prefix="bench-mirror-") as folder,
    ):
        _fill(server, Path(folder, "dump.sql"), orders)
        home, template = Path(folder, "home"), Path(folder, "template")
        run_module(template, "django", "migrate", "-v0")
        copies: list[Measured] = []
        dumps: list[float] = []
        for _ in range(min(plan.rounds, MOST_ROUNDS)):
            dumps.append(_time_dump(server))
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(template, home)
            copies.append(_measure(home, server, "round"))
        yield Row(
            part="mirror", name="copy", form=form, unit="s", ours=_spread(copies), beside="mysqldump",
            other=Spread.of(dumps),
        )  # fmt: skip
        taken = Spread.of([each["megabytes"] for each in copies])
        yield Row(part="mirror", name="memory of the copy", form=form, unit="MB", ours=taken)
        quiet = [_measure(home, server, "round") for _ in range(plan.rounds)]
        yield Row(part="mirror", name="round without news", form=form, unit="s", ours=_spread(quiet))
        asked = Spread.of([float(each["queries"]) for each in quiet])
        yield Row(part="mirror", name="statements of such a round", form=form, unit="", ours=asked)
        changed = []
        for number in range(plan.rounds):
            server.run(_write_change(orders, number), database=server.database)
            changed.append(_measure(home, server, "round"))
        name = f"round with {CHANGED:,} changed orders"
        yield Row(part="mirror", name=name, form=form, unit="s", ours=_spread(changed))
        thorough = [_measure(home, server, "thorough") for _ in range(plan.rounds)]
        yield Row(
            part="mirror", name="thorough round without news", form=form, unit="s", ours=_spread(thorough)
        )


def _spread(measured: list[Measured]) -> Spread:
    return Spread.of([each["seconds"] for each in measured])


def _write_change(orders: int, number: int) -> str:
    """As EDD changes a status: of the order and of its items, here of orders all over the table."""
    apart = max(1, orders // CHANGED)
    which = f"MOD({{}}, {apart}) = {number % apart}"
    status = f"status = 'revoked', date_modified = UTC_TIMESTAMP() + INTERVAL {number} SECOND"
    return (
        f"UPDATE wp_edd_orders SET {status} WHERE {which.format('id')};"  # noqa: S608 (own names)
        f"UPDATE wp_edd_order_items SET {status} WHERE {which.format('order_id')};"
    )


def _fill(server: Server, dump: Path, orders: int) -> None:
    """The recorded shop's tables, empty, then the rows of a made-up dump."""
    server.load(DUMP)
    names = server.run("SHOW TABLES", database=server.database).split()[1:]
    server.run("".join(f"TRUNCATE TABLE `{name}`;" for name in names), database=server.database)
    write_dump(dump, orders)
    statements = ["SET sql_mode = '', unique_checks = 0, autocommit = 0;\n"]
    is_skipped = False
    with dump.open(encoding="utf-8") as lines:
        for line in lines:
            is_skipped = is_skipped or line.startswith(("DROP TABLE", "CREATE TABLE"))
            if not is_skipped and not line.startswith(("LOCK", "UNLOCK")):
                found = _INSERT.match(line)
                name = found[1] if found else ""
                begun = f"INSERT INTO `{name}` ({_COLUMNS[name]}) VALUES" if found else ""
                statements.append(begun + line[found.end() if found else 0 :])
            if is_skipped and line.rstrip().endswith(";"):
                is_skipped = False
    statements.append("COMMIT;\n")
    server.run("".join(statements), database=server.database)


def _time_dump(server: Server) -> float:
    began = perf_counter()
    server.dump("--single-transaction")
    return perf_counter() - began


def _measure(home: Path, server: Server, what: str) -> Measured:
    address = server.get_address()
    measured: Measured = json.loads(
        run_module(home, "bench.mirror", what, str(address), TILLROLL_MIRROR_PASSWORD=address.password)
    )
    return measured


def main() -> None:
    """One round, or the copy with which all begins, in a process of its own: `round` or `thorough` and the
    source's address."""
    import django

    django.setup()
    from django.conf import settings

    from tillroll.intake.mirror.address import Tls, parse_address
    from tillroll.intake.mirror.following import Follower, Plan, hold_folder
    from tillroll.intake.mirror.rounds import Round

    what, text = sys.argv[1:]
    address = replace(parse_address(text), password=settings.MIRROR_PASSWORD or "", tls=Tls.OFF)
    with hold_folder() as folder:
        follower = Follower(Plan(address, None, 15, 3_600), folder, lambda _done, _total, _what: None)
        done = follower.run(is_thorough=what == "thorough")
    queries = done.queries if isinstance(done, Round) else 0
    measured: Measured = {"seconds": done.seconds, "queries": queries, "megabytes": get_peak()}
    sys.stdout.write(json.dumps(measured))


if __name__ == "__main__":
    main()
