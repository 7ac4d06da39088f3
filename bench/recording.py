"""Orders recorded by the service, beside a bare sqlite3 loop that inserts the same rows.

Both write an order with one item and one transaction per commit, durably (write-ahead log, full sync), by one
writer, in turn, in a process of their own. The service keeps the figures of customer and product, the totals,
counts and revisions as well. The loop writes into a copy of the same file, with the same indexes.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any

from bench.plan import Plan
from bench.results import Row, Spread
from bench.servers import make_environment
from bench.shops import SMALL, get_shop

_RECORDS, _COPY = "tillroll.sqlite3", "bare.sqlite3"
_WARM_UP = 50
"""Orders written before the clock runs, for what is read and prepared once."""


def measure_recording(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or SMALL)
    with tempfile.TemporaryDirectory(dir=plan.shops, prefix="bench-recording-") as folder:
        home = Path(folder)
        shutil.copy(shop.home / "secrets", home)
        for name in (_RECORDS, _COPY):
            _copy(shop.home / _RECORDS, home / name)
        done = subprocess.run(
            [sys.executable, "-m", "bench.recording", folder, str(plan.rounds), str(plan.seconds)],
            env={**make_environment(home), "DJANGO_SETTINGS_MODULE": "tillroll.settings"},
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    loop, service = json.loads(done.stdout)
    yield Row(
        part="recording",
        name="orders recorded",
        form=f"at {shop.name}",
        unit="orders a second",
        ours=Spread.of(service),
        beside="a bare loop",
        other=Spread.of(loop),
    )


def _copy(source: Path, target: Path) -> None:
    """A database with what is still in its write-ahead log."""
    with closing(sqlite3.connect(source)) as kept, closing(sqlite3.connect(target)) as copied:
        kept.backup(copied)


def main() -> None:
    """Writes the rates of the loop and of the service, round by round."""
    home, rounds, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    import django

    django.setup()
    service = _make_service()
    for number in range(_WARM_UP):
        service(number)
    loop = _make_loop(home / _COPY)
    for number in range(_WARM_UP):
        loop(number)
    pairs = [(_time(loop, seconds), _time(service, seconds)) for _ in range(rounds)]
    sys.stdout.write(json.dumps(list(zip(*pairs, strict=True))))


_numbers = count(_WARM_UP)


def _time(work: Callable[[int], None], seconds: float) -> float:
    """Orders a second."""
    began = perf_counter()
    done = 0
    while (passed := perf_counter() - began) < seconds:
        work(next(_numbers))
        done += 1
    return done / passed


def _make_service() -> Callable[[int], None]:
    from tillroll.shop.models import Customer, Product
    from tillroll.shop.services import Line, record_order

    customers = list(Customer.objects.order_by("id")[:50])
    product = Product.objects.filter(status="publish").order_by("-sales")[0]

    def record(number: int) -> None:
        line = Line(product, Decimal("19.99"), tax=Decimal("1.45"))
        record_order(customers[number % 50], [line], transaction_id=f"ch_{number:024}", gateway="stripe")

    return record


def _make_loop(path: Path) -> Callable[[int], None]:
    """Inserts, again and again, the rows that the service made of one order."""
    from django.db import connection

    from tillroll.shop.models import Order

    order = Order.objects.order_by("-id")[0]
    with connection.cursor() as cursor:
        rows = {}
        for table, where in (
            ("shop_order", "id"),
            ("shop_orderitem", "order_id"),
            ("shop_ordertransaction", "order_id"),
        ):
            cursor.execute(f"SELECT * FROM {table} WHERE {where} = %s", (order.pk,))
            names = [column[0] for column in cursor.description]
            rows[table] = dict(zip(names, map(_plain, cursor.fetchone()), strict=True))
            del rows[table]["id"]
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;")
    inserts = {table: _write_insert(table, tuple(row)) for table, row in rows.items()}
    order_row, *parts = rows.items()

    def record(number: int) -> None:
        database.execute("BEGIN IMMEDIATE")
        row = order_row[1] | {"payment_key": f"{number:032}", "payment_key_folded": f"{number:032}"}
        key = database.execute(inserts["shop_order"], tuple(row.values())).lastrowid
        for table, part in parts:
            database.execute(inserts[table], tuple((part | {"order_id": key}).values()))
        database.execute("COMMIT")

    return record


def _plain(value: Any) -> Any:
    return str(value) if value is not None and not isinstance(value, int | str) else value


def _write_insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


if __name__ == "__main__":
    main()
