"""What a pull did, for the terminal: counts, what was found out or assumed, and what the API does not
tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tillroll.intake.apply import Change
from tillroll.intake.wordpress.findings import LeftOut
from tillroll.intake.wordpress.summary import (
    Difference,
    render_differences,
    render_left_out,
    render_records,
)

UNLISTED = (
    ("refunds", "of a sale that was given back in part, all counts as earned; by day, so does no refund"),
    ("refunded, unfinished and failed orders", "they are not here; clients that ask for them find nothing"),
)
LISTED = (("which sale a refund takes back", "the latest of the same customer that has its products"),)
"""What it does not tell of orders that are in no list: where they were not asked for, and where they were."""

NOT_TOLD = (
    ("exchange rates", "a sale in another currency counts as if it were in the shop's"),
    ("taxes and discounts of items", "shared out from the order's, by what the items cost"),
    ("addresses, IPs and notes of orders, credits", "they are not here, nor customers' postal addresses"),
    ("users' rights, passwords and API keys", "of users who bought the names are here; make keys anew"),
    ("products that are not published and not sold", "they are not here, nor are terms without products"),
    ("passwords of products", "those that a sale or a download calls protected are hidden here, too"),
    ("ids of price options", "numbered from 1 in their order, where no fee tells; names as sales have them"),
    ("what bundles hold, download limits, menu order", "bundles are plain products here"),
    ("prices beyond the currency's decimals", "rounded, as the API shows them; a missing price is 0"),
    ("archived discounts (of a WordPress), their categories", "they are not here"),
    ("name, tax settings, first day of the week", "as they are set here: tillroll settings list"),
)
"""What EDD's API keeps to itself, and what that means here."""


@dataclass(frozen=True)
class Short:
    """A list that did not come out at the shop's own count."""

    name: str
    told: int
    read: int


@dataclass(frozen=True)
class PullSummary:
    """`records` by the plural name of their kind; `found` are sentences on what was found out or assumed."""

    home: str
    is_tillroll: bool
    has_unlisted: bool
    records: Mapping[str, Change]
    found: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    short: tuple[Short, ...]
    differences: tuple[Difference, ...]
    differences_total: int
    has_replaced_demo: bool
    requests: int
    seconds: float

    @property
    def total(self) -> int:
        """How many records of this source the shop has now."""
        return sum(change.total for change in self.records.values())


def render_pull(summary: PullSummary) -> RenderableType:
    """The summary as tables of rich."""
    parts: list[RenderableType] = [render_records(summary.records)]
    if summary.left_out:
        parts.append(render_left_out(summary.left_out))
    parts.append(_render_not_told(summary))
    if summary.differences:
        parts.append(render_differences(summary.differences, summary.differences_total))
    notes = list(summary.found)
    notes += (
        f"The shop counts {short.told:,} {short.name}, but lists {short.read:,}; those are here."
        for short in summary.short
    )
    if summary.has_replaced_demo:
        notes.append("The demo shop with its keys and logins was replaced.")
    kind = "a Tillroll" if summary.is_tillroll else "a WordPress with EDD"
    notes.append(
        f"{summary.total:,} records of {summary.home} ({kind}) by {summary.requests:,} requests"
        f" in {summary.seconds:.1f} s."
    )
    return Group(*parts, *(Text(note) for note in notes))


def _render_not_told(summary: PullSummary) -> Table:
    table = Table(title="What the API does not tell", title_justify="left")
    table.add_column("what")
    table.add_column("and so")
    for row in (*(LISTED if summary.has_unlisted else UNLISTED), *NOT_TOLD):
        table.add_row(*map(Text, row))
    return table
