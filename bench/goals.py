"""What must hold, as a table: each goal names the rows that it covers, and the worst of them decides."""

from collections.abc import Sequence

import msgspec

from bench.results import Row, Verdict

KILOBYTE = 1024


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A bound on the ratio of rows, or on their own figure (`of_figure`)."""

    name: str
    compares: str
    part: str
    bound: float
    is_most: bool = False
    of_figure: bool = False
    form: str | None = None
    row: str | None = None
    beside: str | None = None
    unit: str | None = None
    largest: int | None = None
    """Bytes of the answers that count."""

    def covers(self, row: Row) -> bool:
        return (
            row.part == self.part
            and self.form in (None, row.form)
            and self.row in (None, row.name)
            and self.beside in (None, row.beside)
            and self.unit in (None, row.unit)
            and (self.largest is None or row.size is None or row.size <= self.largest)
        )

    def read(self, row: Row) -> float | None:
        if not self.of_figure:
            return row.ratio
        return row.ours.median if row.ours else None

    def judge(self, rows: Sequence[Row]) -> Verdict:
        covered = [row for row in rows if self.covers(row)]
        found = [(value, row.name) for row in covered if (value := self.read(row)) is not None]
        bound = f"at {'most' if self.is_most else 'least'} {self.bound:g}"
        if not found:
            reason = next((row.note for row in covered if row.note), "")
            return Verdict(self.name, self.compares, bound, None, reason, "not measured")
        value, where = (max if self.is_most else min)(found)
        is_held = value <= self.bound if self.is_most else value >= self.bound
        return Verdict(self.name, self.compares, bound, value, where, "held" if is_held else "missed")


FIRST, REPEATED, UNCHANGED = "first time", "repeated", "304"
MEANWHILE = "others meanwhile"
GROWTH, FIRST_BYTE = "growth of the worker's memory", "first byte"

GOALS = (
    Goal(
        name="ten customers / F",
        compares="v2 customers, number=10, first time, beside the floor",
        part="answers", form=FIRST, row="v2 customers, 10", beside="F", bound=0.65,
    ),
    Goal(
        name="fifty sales / F",
        compares="v2 sales, number=50, first time, beside the floor",
        part="answers", form=FIRST, row="v2 sales, 50", beside="F", bound=0.75,
    ),
    Goal(
        name="repeated / S",
        compares="every repeated answer of up to 20 KB beside a server of constant bytes",
        part="answers", form=REPEATED, beside="S", largest=20 * KILOBYTE, bound=0.40,
    ),
    Goal(
        name="304 / S",
        compares="every 304 beside a server of constant 304s",
        part="answers", form=UNCHANGED, beside="S", bound=0.40,
    ),
    Goal(
        name="1M / 10k",
        compares="the time of every question, first time, at 1,000,000 orders beside 10,000",
        part="size", form="at 1,000,000 orders", bound=1.5, is_most=True,
    ),
    Goal(
        name="page 10,000 / page 1",
        compares="the time of page 10,000, or the last, of every list at 1,000,000 orders beside page 1",
        part="depth", bound=3, is_most=True,
    ),
    Goal(
        name="a page of the back office",
        compares="milliseconds in the worker of every list, however narrowed or sorted, at 1,000,000 orders",
        part="backoffice", bound=300, is_most=True, of_figure=True,
    ),
    Goal(
        name="memory of a stream",
        compares="what all customers at 1,000,000 orders, streamed, add to the worker's memory, in MB",
        part="streaming", row=GROWTH, bound=40, is_most=True, of_figure=True,
    ),
    Goal(
        name="first byte of a stream",
        compares="the milliseconds until it begins",
        part="streaming", row=FIRST_BYTE, bound=100, is_most=True, of_figure=True,
    ),
    Goal(
        name="beside a stream / alone",
        compares="the time within which half of the answers to others are there",
        part="streaming", form=MEANWHILE, bound=3, is_most=True,
    ),
    Goal(
        name="2 workers / 1 worker",
        compares="a question that is heavy for the server and light for the load generator, first time",
        part="workers", row="v2 sales, 50", bound=1.5,
    ),
    Goal(
        name="start at 1M / at 10k",
        compares="from the start of `tillroll serve` to its first answer",
        part="start", form="at 1,000,000 orders", bound=1.5, is_most=True,
    ),
    Goal(
        name="import / loop",
        compares="the time of an import beside a bare sqlite3 loop that inserts the same rows",
        part="import", row="time", bound=8, is_most=True,
    ),
    Goal(
        name="memory of an import",
        compares="the most memory that the import took, in MB",
        part="import", row="memory", bound=400, is_most=True, of_figure=True,
    ),
    Goal(
        name="a mirror's copy / mysqldump",
        compares="the full copy of a source, with indexes and sums, beside mysqldump of its tables",
        part="mirror", row="copy", bound=3, is_most=True,
    ),
    Goal(
        name="memory of a copy",
        compares="the most memory that a mirror's full copy took, in MB",
        part="mirror", row="memory of the copy", bound=300, is_most=True, of_figure=True,
    ),
    Goal(
        name="a round without news",
        compares="seconds that a mirror's quick round takes where nothing changed",
        part="mirror", row="round without news", bound=1, is_most=True, of_figure=True,
    ),
    Goal(
        name="a round with 1,000 changes",
        compares="seconds that a mirror's quick round takes where 1,000 orders and their items changed",
        part="mirror", row="round with 1,000 changed orders", bound=5, is_most=True, of_figure=True,
    ),
    Goal(
        name="recorded orders / loop",
        compares="orders recorded by the service, durably, beside a bare sqlite3 loop",
        part="recording", bound=0.5,
    ),
    Goal(
        name="page of a report",
        compares="the milliseconds of every page of reports at 1,000,000 orders, in the worker",
        part="reports", bound=300, is_most=True, of_figure=True,
    ),
    Goal(
        name="on PostgreSQL / psycopg",
        compares="v2 customers, 10 and v2 sales, 50, four threads, first time, beside bare psycopg",
        part="postgresql", bound=0.8,
    ),
    Goal(
        name="with log and quotas / without",
        compares="lists with the request log and three limits of a key beside the same server without",
        part="gates", form="lists", bound=0.85,
    ),
)  # fmt: skip
"""More than one row may be covered: then all of them must hold."""


def judge(rows: Sequence[Row], parts: Sequence[str]) -> list[Verdict]:
    """The goals of the parts that ran."""
    return [goal.judge(rows) for goal in GOALS if goal.part in parts]
