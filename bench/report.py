"""Rows as tables, for the terminal and for docs/performance.md.

    python -m bench.report FILE                        # prints markdown of what `--save FILE` wrote
    python -m bench.report FILE docs/performance.md    # puts it between the page's marks of the same names

A page marks a place by `<!-- bench: NAME -->` and `<!-- /bench -->`; a name is `machine`, `goals` or a part.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from bench.results import Line, Machine, Row, Spread, Verdict, list_rows, load

Cells = Sequence[str]


class Table(NamedTuple):
    """A heading, the columns' names and the rows' cells; the first column and notes are text."""

    title: str
    columns: Cells
    rows: Sequence[Cells]


def show(spread: Spread | None) -> str:
    """The median with the least and the most."""
    if spread is None:
        return ""
    if spread.least == spread.most:
        return show_number(spread.median)
    return f"{show_number(spread.median)} ({show_number(spread.least)}-{show_number(spread.most)})"


def show_number(value: float | None) -> str:
    """Three digits that count, at least."""
    if value is None:
        return ""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def _show_size(size: int | None) -> str:
    return "" if size is None else f"{size / 1024:,.1f}"


def tabulate(rows: Sequence[Row]) -> list[Table]:
    """A table for each part, form and unit, in the order in which they were measured; empty columns are left
    out."""
    groups: dict[tuple[str, str, str, str], list[Row]] = {}
    units: dict[tuple[str, str], tuple[str, str]] = {}
    for row in rows:
        if row.ours is None:  # a row without figures stands with those that have some
            unit, beside = units.get((row.part, row.form), ("", ""))
        else:
            unit, beside = units[row.part, row.form] = row.unit, row.beside
        groups.setdefault((row.part, row.form, unit, beside), []).append(row)
    return [_tabulate(*key, group) for key, group in groups.items()]


def _tabulate(part: str, form: str, unit: str, beside: str, rows: Sequence[Row]) -> Table:
    ours = "Tillroll" if beside else unit
    columns: list[tuple[str, Callable[[Row], str]]] = [
        ("", lambda row: row.name),
        (ours, lambda row: show(row.ours)),
        (beside, lambda row: show(row.other)),
        ("ratio", lambda row: "" if row.ratio is None else f"{row.ratio:.2f}"),
        ("p50 ms", lambda row: show_number(row.p50)),
        ("p99 ms", lambda row: show_number(row.p99)),
        ("KB", lambda row: _show_size(row.size)),
        ("", lambda row: row.note),
    ]
    cells = [[read(row) for _, read in columns] for row in rows]
    kept = [place for place in range(len(columns)) if any(line[place] for line in cells)]
    title = ", ".join(word for word in (part, form, unit if beside else "") if word)
    return Table(
        title, [columns[place][0] for place in kept], [[line[place] for place in kept] for line in cells]
    )


def tabulate_verdicts(verdicts: Iterable[Verdict]) -> Table:
    return Table(
        "goals",
        ("goal", "compares", "bound", "found", "", "worst"),
        [
            (one.goal, one.compares, one.bound, show_number(one.found), one.outcome, one.where)
            for one in verdicts
        ],
    )


def write_markdown(table: Table) -> str:
    lines = [table.columns, ["---"] * len(table.columns), *table.rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def describe(machine: Machine) -> str:
    """The machine in a sentence or two."""
    return (
        f"Measured on {machine.day}: {machine.cores} cores of {machine.processor},"
        f" {machine.memory_gb:.0f} GB, {machine.system}, Python {machine.python}, SQLite {machine.sqlite}."
        f" The load generator, {machine.generator}, runs on the same cores. {machine.asked}"
    )


def write_sections(lines: Sequence[Line]) -> dict[str, str]:
    """The markdown of each name that a page may mark."""
    sections = {}
    machines = list(dict.fromkeys(describe(line) for line in lines if isinstance(line, Machine)))
    if machines:
        sections["machine"] = "\n\n".join(machines)
    if verdicts := [line for line in lines if isinstance(line, Verdict)]:
        sections["goals"] = write_markdown(tabulate_verdicts(verdicts))
    rows = list_rows(lines)
    for part in dict.fromkeys(row.part for row in rows):
        tables = tabulate([row for row in rows if row.part == part])
        sections[part] = "\n\n".join(f"*{table.title}*\n\n{write_markdown(table)}" for table in tables)
    return sections


def fill(page: str, sections: dict[str, str]) -> str:
    """The page with each marked place that there is a section for written anew."""

    def write(found: re.Match[str]) -> str:
        section = sections.get(found[1])
        return found[0] if section is None else f"<!-- bench: {found[1]} -->\n\n{section}\n\n<!-- /bench -->"

    return re.sub(r"<!-- bench: ([\w-]+) -->.*?<!-- /bench -->", write, page, flags=re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path)
    parser.add_argument("page", type=Path, nargs="?")
    asked = parser.parse_args()
    sections = write_sections(load(asked.file))
    if asked.page is None:
        for name, text in sections.items():
            sys.stdout.write(f"## {name}\n\n{text}\n\n")
    else:
        asked.page.write_text(fill(asked.page.read_text("utf-8"), sections), "utf-8")


if __name__ == "__main__":
    main()
