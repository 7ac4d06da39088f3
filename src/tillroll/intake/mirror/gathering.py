"""The rows of what is exchanged, from one moment of the source into the mapping that dumps go through too."""

from collections.abc import Iterable

from tillroll.access.models import User
from tillroll.intake.mirror.layouts import BY_NAME, Layout, Small
from tillroll.intake.mirror.reader import Read, Reader
from tillroll.intake.mirror.resolving import Parts
from tillroll.intake.mirror.tables import Wanted
from tillroll.intake.mirror.watching import Found
from tillroll.intake.wordpress.mapping import Mapping
from tillroll.intake.wordpress.options import ShopOptions
from tillroll.intake.wordpress.rows import Row
from tillroll.intake.wordpress.users import propose_usernames
from tillroll.shop.models import Source
from tillroll.shop.statements import cut

PAGE = 2_000
"""Rows that one statement reads where all are wanted."""


class Gathering:
    """Reads rows, hands them to the mapping and notes their lines for the ledger."""

    def __init__(self, reader: Reader, wanted: Wanted, mapping: Mapping, found: Found) -> None:
        self._reader = reader
        self._wanted = wanted
        self._mapping = mapping
        self._found = found

    def read_options(self) -> ShopOptions:
        self.take_small("options")
        return self._mapping.read_options()

    def take_small(self, *parts: str) -> None:
        """Small tables, whole."""
        for small in self._reader.tables.list_small(*parts):
            self.take(small, self._reader.read_small(small))

    def take_parts(self, parts: Parts) -> None:
        """All rows of what is exchanged, but for the options."""
        if "catalogue" in parts:
            self.take_small("catalogue")
        if "discount" in parts:
            self.take_small("discount", "tax")
        elif "order" in parts:
            self._take_tax_rates()
        if "user" in parts and self._wanted.is_in_network:
            self._mapping.users.note_buyers(self._reader.list_values(BY_NAME["customers"], "user_id"))
        for layout in self._reader.tables.list_layouts():
            if layout.part not in parts or layout.part == "item":
                continue
            members = parts[layout.part]
            if members is None:
                self.take_all(layout)
            else:
                items = self.take_read(layout, self._reader.read_members(layout, members))
                if layout.name == "order items":
                    self._take_item_adjustments(items)

    def _take_tax_rates(self) -> None:
        """Of the discounts those that are tax rates, as older shops have them; then the rates' own table."""
        for small in self._reader.tables.list_small("discount", "tax"):
            if small.table == "edd_adjustments":
                self.take(small, self._reader.read_small(small, "t.type = 'tax_rate'"))
            elif small.table == "edd_tax_rates":
                self.take(small, self._reader.read_small(small))

    def take_all(self, layout: Layout) -> None:
        """All rows of a layout."""
        last = -1
        while reads := self._reader.read_next(layout, last, PAGE):
            last = max(self.take_read(layout, reads))

    def take_read(self, layout: Layout, reads: Iterable[Read]) -> list[int]:
        """Rows that were read; gives their ids."""
        every = list(reads)
        self.take(layout, [read.row for read in every])
        self._found.note(layout, every)
        return [read.line.id for read in every]

    def take(self, part: Layout | Small, rows: list[Row]) -> None:
        if rows:
            self._mapping.tables[self._wanted.get_name(part)].take(rows)

    def _take_item_adjustments(self, items: list[int]) -> None:
        for layout in self._reader.tables.list_layouts():
            if layout.part == "item":
                self.take_read(layout, self._reader.read_members(layout, items))

    def list_names_taken(self, parts: Parts, source: Source, host: str) -> list[str]:
        """The user names that others have here, so that none of the users that come can have them."""
        users = parts.get("user")
        if users is None:
            others = User.objects.filter(is_demo=False).exclude(source=source)
            return list(others.values_list("username", flat=True))
        read = self._mapping.staging.database.execute("SELECT id, login FROM user").fetchall()
        names = [name for id_, login in read for name in propose_usernames((login or "")[:60], id_, host)]
        taken: list[str] = []
        for some in cut(names, PAGE):
            others = User.objects.filter(username__in=some)
            taken += (
                user.username
                for user in others.only("username", "wire_id", "source_id")
                if user.source_id != source.pk or user.wire_id not in users
            )
        return taken
