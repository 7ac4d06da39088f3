"""The shops that are measured: demo shops of several sizes, made once and kept.

They differ in orders and customers alone, not in products, and span the same days. Each has a key with limits
for the minute, the day and the month that nobody reaches, and logs its requests.
"""

import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bench.questions import Sample, learn
from bench.servers import Server, make_environment, read_pair, run_tillroll

SMALL, MEDIUM, LARGE = 10_000, 100_000, 1_000_000
_FOLDERS = {SMALL: "10k", MEDIUM: "100k", LARGE: "1m"}

_LIMITS = (
    "UPDATE access_apikey SET rate_minute = 1000000000, quota_day = 1000000000, quota_month = 1000000000"
)
_PRODUCTS = """
SELECT id, slug, title, status, price, created_local, has_price_options, sku,
(SELECT COUNT(*) FROM shop_productfile f WHERE f.product_id = p.id),
(SELECT COUNT(*) FROM shop_priceoption o WHERE o.product_id = p.id),
(SELECT COUNT(*) FROM shop_productterm t WHERE t.product_id = p.id)
FROM shop_product p ORDER BY id
"""
_DAYS = "SELECT SUBSTR(MIN(created_at), 1, 10), SUBSTR(MAX(created_at), 1, 10) FROM shop_order"


@dataclass(frozen=True)
class Shop:
    """A shop's folder, with its key and token as the end of a query."""

    home: Path
    orders: int
    pair: str

    @property
    def name(self) -> str:
        return f"{self.orders:,} orders"

    def set_up(self, **settings: str) -> dict[str, str]:
        """The environment of a server on it."""
        return make_environment(self.home, **settings)

    def learn(self, server: Server) -> Sample:
        """What its questions name; "today" is the last day that it sold something."""
        return learn(server.base, self.pair, date.fromisoformat(self.read_days()[1]))

    def read_days(self) -> tuple[str, str]:
        """The first and the last day (UTC) of its orders."""
        [(first, last)] = self._read(_DAYS)
        return str(first), str(last)

    def read_products(self) -> list[tuple[object, ...]]:
        """What must be the same in shops of all sizes: of each product all but what it sold."""
        return self._read(_PRODUCTS)

    def _read(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.home / "tillroll.sqlite3")) as records:
            return records.execute(query).fetchall()


def get_shop(folder: Path, orders: int) -> Shop:
    """The shop of so many orders in a folder: the one that is there, brought up to date, else a new one. Its
    request log starts empty."""
    home = folder / _FOLDERS.get(orders, str(orders))
    environment = make_environment(home)
    if not (home / "demo-credentials").exists():
        sys.stderr.write(f"Making a shop of {orders:,} orders in {home}\n")
        run_tillroll(("demo", "--orders", str(orders)), environment)
    for left in home.glob("logs.sqlite3*"):
        left.unlink()
    for database in ("default", "logs"):
        subprocess.run(
            [sys.executable, "-m", "django", "migrate", "-v0", "--database", database],
            env={**environment, "DJANGO_SETTINGS_MODULE": "tillroll.settings"},
            check=True,
        )
    with closing(sqlite3.connect(home / "tillroll.sqlite3")) as records, records:
        records.execute(_LIMITS)
    return Shop(home, orders, read_pair(home))


def require_alike(shops: Iterable[Shop]) -> None:
    """SystemExit with a sentence where shops differ in more than orders and customers."""
    first, *others = shops
    for other in others:
        if first.read_products() != other.read_products() or first.read_days() != other.read_days():
            days = " and ".join(" to ".join(shop.read_days()) for shop in (first, other))
            sys.exit(
                f"The shops in {first.home} and {other.home} differ in products or days ({days}):"
                " remove the older one, and the bench makes it anew."
            )
