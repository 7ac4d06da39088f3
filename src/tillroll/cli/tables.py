"""Tables for people: on a terminal they fit it, in a pipe no line is broken or cut."""

import sys
from collections.abc import Iterable, Sequence

PIPE_WIDTH = 400
"""Columns where no terminal sets a limit: no cell that we print is longer."""


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints rows of plain text under their headings."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    print_rich(table)


def print_rich(what: object) -> None:
    """Prints something that rich draws."""
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=PIPE_WIDTH, no_color=True)
    console.print(what)
