"""What an import did, for the terminal and for a page: counts, what was left out and why, and where the
shop's stored figures differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tillroll.intake.apply import Change
from tillroll.intake.wordpress.findings import LeftOut

MOST_SHOWN = 20
"""Differences that are listed; the total says how many there are."""


class Difference(NamedTuple):
    """A figure that the shop stored and that its orders contradict."""

    record: str
    stored: str
    computed: str


@dataclass(frozen=True)
class Summary:
    """`records` by the plural name of their kind, in the order of writing; `size` in bytes of the dump
    file."""

    shop: str
    url: str
    prefix: str
    records: Mapping[str, Change]
    left_out: tuple[LeftOut, ...]
    differences: tuple[Difference, ...]
    differences_total: int
    has_replaced_demo: bool
    invalid_values: int
    seconds: float
    size: int

    @property
    def total(self) -> int:
        """How many records of this source the shop has now."""
        return sum(change.total for change in self.records.values())


def pack_summary(summary: Summary) -> dict[str, object]:
    """The summary as JSON keeps it: rows of numbers and texts, and the sentences below them."""
    return {
        "records": [
            [name, change.added, change.changed, change.removed, change.total]
            for name, change in summary.records.items()
            if change.total or change.removed
        ],
        "left_out": [list(one) for one in summary.left_out],
        "differences": [list(one) for one in summary.differences],
        "differences_total": summary.differences_total,
        "notes": list_notes(summary),
    }


def render_summary(summary: Summary) -> RenderableType:
    """The summary as tables of rich."""
    parts: list[RenderableType] = [render_records(summary.records)]
    if summary.left_out:
        parts.append(render_left_out(summary.left_out))
    if summary.differences:
        parts.append(render_differences(summary.differences, summary.differences_total))
    return Group(*parts, *(Text(note) for note in list_notes(summary)))


def list_notes(summary: Summary) -> list[str]:
    """What there is to say besides the tables."""
    notes = []
    if summary.has_replaced_demo:
        notes.append("The demo shop with its keys and logins was replaced.")
    if summary.invalid_values:
        notes.append(
            f"{summary.invalid_values:,} values held bytes that are no text; they show � in their place."
        )
    notes.append(
        f"{summary.total:,} records of {summary.shop} ({summary.url}) from {summary.size:,} bytes"
        f" in {summary.seconds:.1f} s."
    )
    return notes


def render_records(records: Mapping[str, Change]) -> Table:
    """What was done to the records of each kind."""
    table = Table(title="Records", title_justify="left")
    table.add_column("kind")
    for name in ("added", "changed", "removed", "now"):
        table.add_column(name, justify="right")
    for name, change in records.items():
        if change.total or change.removed:
            numbers = (change.added, change.changed, change.removed, change.total)
            table.add_row(name, *(f"{number:,}" for number in numbers))
    return table


def render_left_out(left_out: Iterable[LeftOut]) -> Table:
    """What did not come in, or not as it was."""
    table = Table(title="Left out or repaired", title_justify="left")
    table.add_column("how many", justify="right")
    table.add_column("what")
    table.add_column("why")
    for count, what, why in left_out:
        table.add_row("" if count is None else f"{count:,}", Text(what), Text(why))
    return table


def render_differences(differences: Sequence[Difference], total: int) -> Table:
    """The first of the figures that differ, under how many there are."""
    shown = len(differences)
    title = f"Stored figures that the orders contradict: {total:,}"
    if shown < total:
        title += f", the first {shown}"
    table = Table(title=title, title_justify="left")
    for name in ("record", "the shop stored", "its orders give"):
        table.add_column(name)
    for difference in differences:
        table.add_row(*(Text(cell) for cell in difference))
    return table
