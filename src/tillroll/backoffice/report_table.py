"""A report as people read it: named rows with rounded amounts, for the page and the CSV file alike."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from tillroll.backoffice.report_names import Name, list_names, name_step
from tillroll.shop.currencies import get_decimals
from tillroll.shop.fields import from_units
from tillroll.stats.periods import Step
from tillroll.stats.reports import Dimension, Report, Sums

STEPS = {Step.DAY: "Day", Step.WEEK: "Week from", Step.MONTH: "Month"}
HEADINGS = {
    Dimension.PRODUCT: "Product",
    Dimension.CATEGORY: "Category",
    Dimension.GATEWAY: "Gateway",
    Dimension.DISCOUNT: "Discount code",
    Dimension.COUNTRY: "Country",
}


class Figure(NamedTuple):
    """A column of figures: what it is in a sum, its heading, and what it means."""

    name: str
    label: str
    meaning: str
    is_amount: bool = True


_SALES = Figure(
    "sales",
    "Sales",
    "Orders that were paid for, on the day of the order; not those that were refunded whole. As the API's"
    " stats count them.",
    False,
)
_ITEMS = Figure(
    "sales",
    "Items sold",
    "Lines of orders that were paid for and not refunded whole; not the lines that were given back whole.",
    False,
)
_GROSS = Figure(
    "gross", "Gross", "What sales took in, with tax, on the day of the sale, whatever became of it later."
)
_REFUNDED = Figure("refunded", "Refunds", "What was given back, with tax, on the day of the refund.")
_REFUNDS = Figure("refunds", "Refund count", "How many refunds gave that back.", False)
_TAKEN_BACK = Figure("refunds", "Items given back", "How many lines of refunds gave that back.", False)
_TAX = Figure("tax", "Tax", "The tax in the sales, less the tax that was given back.")
_NET = Figure(
    "net",
    "Net",
    "Gross less refunds less tax: the API's earnings without tax. With tax they are gross less refunds.",
)
_REDUCED = Figure("reduced", "Taken off", "What the code took off the sales; gross is without it.")


def list_figures(by: Dimension) -> tuple[Figure, ...]:
    """The columns of a report."""
    if by.counts_items:
        return (_ITEMS, _GROSS, _REFUNDED, _TAKEN_BACK, _TAX, _NET)
    more = (_REDUCED,) if by is Dimension.DISCOUNT else ()
    return (_SALES, _GROSS, _REFUNDED, _REFUNDS, _TAX, _NET, *more)


@dataclass(frozen=True, slots=True)
class Line:
    """A row with its name; `key` is as in the report."""

    key: Any
    name: Name
    sums: Sums


@dataclass(frozen=True, slots=True)
class Total:
    """A sum, without the figures that it has none of: the whole shop sells orders, not items."""

    label: str
    sums: Sums
    without: frozenset[str] = frozenset()


class Table:
    """The lines of a report in the order that is asked for: by `name` or a figure's name, with a minus before
    it from the largest down."""

    def __init__(self, report: Report, currency: str, user: Any, order: str = "") -> None:
        self.report = report
        self.question = report.question
        self.currency = currency
        self.decimals = get_decimals(currency)
        self.figures = list_figures(self.question.by)
        self.order = order if order.removeprefix("-") in self.sortable else ""
        self.lines = self._sort(list(self._list_lines(user)))

    @property
    def sortable(self) -> tuple[str, ...]:
        return ("name", *(figure.name for figure in self.figures))

    @property
    def heading(self) -> str:
        return STEPS[self.question.step] if self.question.is_series else HEADINGS[self.question.by]

    def _list_lines(self, user: Any) -> Iterator[Line]:
        rows = self.report.rows
        if self.question.is_series:
            for row in rows:
                yield Line(row.key, Name(name_step(row.key[0], self.question.step)), row.sums)
            return
        names = list_names(self.question.by, [row.key for row in rows], user)
        for row in rows:
            yield Line(row.key, names[row.key], row.sums)

    def _sort(self, lines: list[Line]) -> list[Line]:
        if not self.order:
            return lines
        name, is_down = self.order.removeprefix("-"), self.order.startswith("-")
        if name == "name":
            return sorted(lines, key=lambda line: line.name.text.casefold(), reverse=is_down)
        return sorted(lines, key=lambda line: getattr(line.sums, name), reverse=is_down)

    @property
    def shop_figures(self) -> tuple[Figure, ...]:
        """What is told of the totals: those of a report of several rows are the whole shop's."""
        return self.figures if self.question.is_series else list_figures(Dimension.TIME)

    def list_totals(self) -> list[Total]:
        """The sums below the lines."""
        by, report = self.question.by, self.report
        if self.question.is_series or by.adds_up:
            return [Total("Total", report.totals)]
        if by is Dimension.DISCOUNT:
            return [Total("Whole shop", report.shop, frozenset(("reduced",)))]
        return [
            Total("All products", report.listed),
            Total("Whole shop", report.shop, frozenset(("sales", "refunds"))),
        ]

    def round(self, units: int) -> Decimal:
        """An amount to the currency's decimals, half away from zero."""
        return from_units(units).quantize(Decimal(1).scaleb(-self.decimals), ROUND_HALF_UP)

    def format(self, figure: Figure, sums: Sums) -> str:
        """A figure as a cell shows it."""
        value = getattr(sums, figure.name)
        return f"{self.round(value):,.{self.decimals}f}" if figure.is_amount else f"{value:,}"

    def write_rows(self) -> Iterator[list[object]]:
        """The same as rows of a file, a line of headings first."""
        labels = [
            f"{figure.label} ({self.currency})" if figure.is_amount else figure.label
            for figure in self.figures
        ]
        is_series = self.question.is_series
        yield [*(("First day", "Last day") if is_series else (self.heading, "Key")), *labels]
        for line in self.lines:
            keys = [str(day) for day in line.key] if is_series else [line.name.text, line.key]
            yield [*keys, *self._write_figures(line.sums)]
        for total in self.list_totals():
            yield [total.label, "", *self._write_figures(total.sums, total.without)]

    def _write_figures(self, sums: Sums, without: Collection[str] = ()) -> Iterator[object]:
        for figure in self.figures:
            value = getattr(sums, figure.name)
            yield "" if figure.name in without else self.round(value) if figure.is_amount else value
