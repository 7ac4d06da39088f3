"""One pass over a dump: each table's rows go to the part of the mapping that knows them.

The first of EDD's tables tells the prefix. Where that guess was wrong, or a wanted table stood before it,
`missed` says so, and the caller reads once more, knowing the shop.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from tillroll.intake.staging import Staging
from tillroll.intake.wordpress.catalogue import CataloguePart
from tillroll.intake.wordpress.customers import CustomerPart
from tillroll.intake.wordpress.discounts import DiscountPart
from tillroll.intake.wordpress.downloads import DownloadPart
from tillroll.intake.wordpress.dump import DumpError, Table
from tillroll.intake.wordpress.findings import Findings
from tillroll.intake.wordpress.options import OptionPart, ShopOptions
from tillroll.intake.wordpress.orders import OrderPart
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.shops import Shop
from tillroll.intake.wordpress.tables import Taken
from tillroll.intake.wordpress.users import UserPart
from tillroll.intake.wordpress.values import pick

_OF_EDD = re.compile(r"(.*?)edd_(?:adjustment|customer|logs_file|note|order|tax_rate)\w*\Z", re.DOTALL)
_SITE_NUMBER = re.compile(r"[1-9][0-9]*_\Z")


class Mapping:
    """The parts of the mapping of one shop, filling a scratch file."""

    def __init__(self, staging: Staging, prefix: str, users_prefix: str) -> None:
        self.staging = staging
        self.findings = findings = Findings()
        self.options = OptionPart(findings)
        self.catalogue = CataloguePart(staging, findings)
        self.customers = CustomerPart(staging, findings)
        self.orders = OrderPart(staging, findings)
        self.discounts = DiscountPart(staging, findings, self.orders.take_tax_rates)
        self.downloads = DownloadPart(staging)
        self.users = UserPart(staging, findings, prefix)
        self._prefix, self._users_prefix = prefix, users_prefix
        self._own = {"options": Taken(OptionPart.COLUMNS, self.options.take)}
        for part in (self.catalogue, self.customers, self.orders, self.discounts, self.downloads):
            self._own |= part.get_tables()
        self._shared = self.users.get_tables()
        self.tables = {f"{prefix}{name}": taken for name, taken in self._own.items()}
        self.tables |= {f"{users_prefix}{name}": taken for name, taken in self._shared.items()}

    def name_tables(self, prefix: str, users_prefix: str) -> set[str]:
        """The tables that a shop with these prefixes may have."""
        return {f"{prefix}{name}" for name in self._own} | {f"{users_prefix}{name}" for name in self._shared}

    def read_options(self) -> ShopOptions:
        site = self._prefix.removeprefix(self._users_prefix).rstrip("_")
        return self.options.read(self._prefix, site)

    def finish(self, options: ShopOptions, names_taken: Iterable[str]) -> None:
        """Joins what needs several tables. `names_taken`: user names that others have here."""
        for part in (self.catalogue, self.customers, self.orders, self.discounts, self.downloads):
            part.finish(options)
        is_in_network = self._prefix != self._users_prefix
        self.users.finish(options, is_in_network=is_in_network, names_taken=names_taken)


class Pass:
    """What a reading of the dump is given to; `shop` where it is known already."""

    def __init__(self, staging: Staging, *, prefix: str | None = None, shop: Shop | None = None) -> None:
        self._staging = staging
        self._taken: set[str] = set()
        self._pickers = lru_cache(maxsize=256)(pick)
        self.mapping: Mapping | None = None
        if shop is not None:
            self.mapping = Mapping(staging, shop.prefix, shop.users_prefix or shop.prefix)
        elif prefix is not None:
            self._guess(prefix)

    def _guess(self, prefix: str) -> None:
        self.mapping = Mapping(self._staging, prefix, _SITE_NUMBER.sub("", prefix))

    def wants(self, table: str) -> bool:
        """For the dump's reader: whether the table's rows are to be read."""
        if self.mapping is None:
            found = _OF_EDD.match(table)
            if found is None:
                return False
            self._guess(found[1])
        wanted = self.mapping is not None and table in self.mapping.tables
        if wanted:
            self._taken.add(table)
        return wanted

    def take(self, table: Table, rows: list[Row]) -> None:
        if self.mapping is not None and rows:
            taken = self.mapping.tables[table.name]
            try:
                picker = self._pickers(table.columns, taken.columns)
            except KeyError as error:
                raise DumpError(f"The table {table.name} has no column {error.args[0]}.") from None
            taken.take(picker(rows))

    def missed(self, shop: Shop, tables_seen: Iterable[str]) -> bool:
        """Whether other tables were taken than those of the shop."""
        if self.mapping is None:
            return True
        wanted = self.mapping.name_tables(shop.prefix, shop.users_prefix or shop.prefix)
        return self._taken != wanted.intersection(tables_seen)
