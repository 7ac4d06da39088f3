"""Reports: what a shop took in and gave back over some days, by steps of time or by what the orders have in
common, read from the totals that are kept (stats/rollup.py says what enters them).

Amounts are in shop currency, in 10^-9 units. A sale counts on its own day, a refund on its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, NamedTuple

from tillroll.shop.fields import UNITS
from tillroll.shop.kept.ledgers import Run
from tillroll.stats.periods import Step, list_steps

MOST_STEPS = 1_100
"""Rows of a report over time: three years of days."""


class Dimension(StrEnum):
    """What a report goes by."""

    TIME = "time"
    PRODUCT = "product"
    CATEGORY = "category"
    GATEWAY = "gateway"
    DISCOUNT = "discount"
    COUNTRY = "country"

    @property
    def counts_items(self) -> bool:
        """Whether items are counted, not orders."""
        return self in (Dimension.PRODUCT, Dimension.CATEGORY)

    @property
    def adds_up(self) -> bool:
        """Whether each order is in one row, so that the rows are the whole shop together."""
        return self in (Dimension.TIME, Dimension.GATEWAY, Dimension.COUNTRY)


class Sums(NamedTuple):
    """Of some orders, or some items: how many sales and refunds; earnings with tax, the tax in them, and what
    was given back of them, with tax; and what a discount took off."""

    sales: int = 0
    refunds: int = 0
    earnings: int = 0
    tax: int = 0
    refunded: int = 0
    reduced: int = 0

    @property
    def gross(self) -> int:
        """What sales took in, with tax."""
        return self.earnings + self.refunded

    @property
    def net(self) -> int:
        """What is left: gross less what was given back, less tax."""
        return self.earnings - self.tax

    def add(self, other: "Sums") -> "Sums":
        return Sums(*(one + two for one, two in zip(self, other, strict=True)))


class TooManySteps(ValueError):
    """A report over time that would be longer than MOST_STEPS; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which report: days (both included), steps, what it goes by, and `of` one of these alone: a product's or
    a category's id, a gateway, a code or a country."""

    first: date
    last: date
    step: Step = Step.DAY
    by: Dimension = Dimension.TIME
    of: int | str | None = None
    before: tuple[date, date] | None = None
    """The days to compare with."""

    @property
    def is_series(self) -> bool:
        """Whether its rows are steps of time."""
        return self.by is Dimension.TIME or self.of is not None


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its key, which is an id or a text, or the first and the last day of a step."""

    key: Any
    sums: Sums


@dataclass(frozen=True, slots=True)
class Report:
    """Rows in order: steps by time, others by gross, the largest first. `totals` and `before` are of what is
    asked for, in its days and those before; `shop` is the whole shop in the same days, and `listed` the sum
    of the rows, of products each once."""

    question: Question
    rows: list[Row]
    totals: Sums
    before: Sums | None
    shop: Sums
    listed: Sums


class _Table(NamedTuple):
    """Where a dimension's totals are kept: table, column of the key, of sales, and whether a discount."""

    name: str
    key: str = ""
    sales: str = "sales"
    is_reduced: bool = False

    @property
    def sums(self) -> str:
        reduced = ("reduced_whole", "reduced_rest") if self.is_reduced else ("0", "0")
        amounts = (f"{name}_{part}" for name in ("earnings", "tax", "refunded") for part in ("whole", "rest"))
        return ", ".join(f"SUM({column})" for column in (self.sales, "refunds", *amounts, *reduced))


_PRODUCTS = _Table("stats_productdaytotal", "product_id", "sold")
_TABLES = {
    Dimension.TIME: _Table("stats_daytotal"),
    Dimension.PRODUCT: _PRODUCTS,
    Dimension.CATEGORY: _PRODUCTS,
    Dimension.GATEWAY: _Table("stats_gatewaydaytotal", "gateway"),
    Dimension.DISCOUNT: _Table("stats_discountdaytotal", "code", is_reduced=True),
    Dimension.COUNTRY: _Table("stats_countrydaytotal", "country"),
}
_CATEGORIES = """
SELECT x.product_id, x.term_id FROM shop_productterm x
JOIN shop_term t ON t.id = x.term_id WHERE t.taxonomy = 'download_category'
"""


def get_report(run: Run, question: Question, week_start: int) -> Report:
    """The report. `week_start` is the shop's: 0 is Sunday. Raises TooManySteps."""
    days = (question.first, question.last)
    shop = _sum_days(run, _TABLES[Dimension.TIME], days)
    if question.is_series:
        steps = _list_steps(question, week_start)
        where, values = _narrow(question)
        found = _read(run, _TABLES[question.by], "day", days, where, values)
        rows = _add_to_steps(found, steps)
        totals = listed = _add_up(row.sums for row in rows)
    else:
        rows, listed = _list_rows(run, question)
        where, values, totals = "", (), shop
    before = None
    if question.before:
        table = _TABLES[question.by if question.is_series else Dimension.TIME]
        before = _sum_days(run, table, question.before, where, values)
    return Report(question, rows, totals, before, shop, listed)


def _list_steps(question: Question, week_start: int) -> list[tuple[date, date]]:
    days = (question.last - question.first).days + 1
    least = {Step.DAY: 1, Step.WEEK: 7, Step.MONTH: 31}[question.step]
    if days > MOST_STEPS * least:
        raise TooManySteps(
            f"That is more than {MOST_STEPS:,} {question.step}s, which is as long as a report gets:"
            " choose fewer days or a longer step."
        )
    return list_steps(question.first, question.last, question.step, week_start)


def _add_to_steps(found: Mapping[date, Sums], steps: Sequence[tuple[date, date]]) -> list[Row]:
    """The steps with the sums of their days; both are in order."""
    days, place = sorted(found), 0
    rows = []
    for first, last in steps:
        sums = Sums()
        while place < len(days) and days[place] <= last:
            sums = sums.add(found[days[place]])
            place += 1
        rows.append(Row((first, last), sums))
    return rows


def _list_rows(run: Run, question: Question) -> tuple[list[Row], Sums]:
    """The rows of a dimension that have anything, and the sum of the products, gateways and so on."""
    table = _TABLES[question.by]
    found = _read(run, table, table.key, (question.first, question.last))
    listed = _add_up(found.values())
    if question.by is Dimension.CATEGORY:
        products, found = found, {}
        for product, term in run(_CATEGORIES, ()):
            if product in products:
                found[term] = found.get(term, Sums()).add(products[product])
    rows = [Row(key, sums) for key, sums in found.items() if any(sums)]
    return sorted(rows, key=lambda row: (-row.sums.gross, row.key)), listed


def _narrow(question: Question) -> tuple[str, tuple[object, ...]]:
    """The condition on the rows of one key."""
    if question.of is None:
        return "", ()
    if question.by is Dimension.CATEGORY:
        of = "product_id IN (SELECT product_id FROM shop_productterm WHERE term_id = %s)"
    else:
        of = f"{_TABLES[question.by].key} = %s"
    return f" AND {of}", (question.of,)


def _sum_days(
    run: Run, table: _Table, days: tuple[date, date], where: str = "", values: Sequence[object] = ()
) -> Sums:
    return _add_up(_read(run, table, "1", days, where, values).values())


def _read(
    run: Run,
    table: _Table,
    key: str,
    days: tuple[date, date],
    where: str = "",
    values: Sequence[object] = (),
) -> dict[Any, Sums]:
    rows = run(
        f"SELECT {key}, {table.sums} FROM {table.name} WHERE day >= %s AND day <= %s{where} GROUP BY 1",
        (str(days[0]), str(days[1]), *values),
    )
    return {found: _join(map(int, numbers)) for found, *numbers in rows}


def _join(numbers: Iterable[int]) -> Sums:
    sales, refunds, *parts = numbers
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return Sums(sales, refunds, *(whole * UNITS + rest for whole, rest in pairs))


def _add_up(sums: Iterable[Sums]) -> Sums:
    total = Sums()
    for each in sums:
        total = total.add(each)
    return total
