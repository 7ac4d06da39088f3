"""What is asked of a report: its days, its steps, and what it goes by; all of it stands in the address."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from django import forms
from unfold.widgets import INPUT_CLASSES

from tillroll.backoffice.fields import choice
from tillroll.backoffice.forms import PageForm
from tillroll.shop.models import ShopSettings
from tillroll.shop.zone import parse_zone
from tillroll.stats.periods import InvalidDay, Step, get_days_before, get_period_days, parse_day
from tillroll.stats.reports import Dimension, Question

RANGE = "range"
"""The period that has a first and a last day of its own."""

PERIODS = {
    "today": "Today",
    "yesterday": "Yesterday",
    "this_week": "This week",
    "last_week": "Last week",
    "last_30_days": "Last 30 days",
    "this_month": "This month",
    "last_month": "Last month",
    "this_quarter": "This quarter",
    "last_quarter": "Last quarter",
    "this_year": "This year",
    "last_year": "Last year",
    RANGE: "From one day to another",
}
DIMENSIONS = {
    Dimension.TIME: "Over time",
    Dimension.PRODUCT: "By product",
    Dimension.CATEGORY: "By category",
    Dimension.GATEWAY: "By gateway",
    Dimension.DISCOUNT: "By discount",
    Dimension.COUNTRY: "By country",
}
DEFAULTS = {"period": "last_30_days", "step": "day", "by": "time"}

_LARGEST_ID = 2**63 - 1


class _Day(forms.Field):
    """A calendar day, as the API's ranges take it too."""

    def __init__(self, label: str, help_text: str = "") -> None:
        day = forms.DateInput(attrs={"type": "date", "class": " ".join(INPUT_CLASSES)}, format="%Y-%m-%d")
        super().__init__(label=label, help_text=help_text, required=False, widget=day)

    def to_python(self, value: Any) -> date | None:
        if not value:
            return None
        try:
            return parse_day(str(value).strip())
        except InvalidDay as error:
            raise forms.ValidationError(str(error)) from error


class ReportForm(PageForm):
    """Asked by GET; what is not said is as in DEFAULTS."""

    period = choice("Period", PERIODS.items())
    since = _Day("First day", f"Where the period is “{PERIODS[RANGE]}”.")
    until = _Day("Last day")
    step = choice("Each row is", [(Step.DAY, "A day"), (Step.WEEK, "A week"), (Step.MONTH, "A month")])
    by = forms.ChoiceField(
        choices=list(DIMENSIONS.items()),
        widget=forms.HiddenInput,
        error_messages={
            "invalid_choice": f"There is no report by %(value)s; there are {', '.join(DIMENSIONS)}."
        },
    )

    def __init__(self, asked: Mapping[str, str], shop: ShopSettings, now: Any) -> None:
        data = DEFAULTS | {name: value for name, value in asked.items() if value}
        super().__init__(data, auto_id="report-%s")
        self.shop, self.now = shop, now
        self.zone = parse_zone(shop.timezone)
        self.of, self.order = asked.get("of"), asked.get("o")
        self.days = self._get_days(data["period"])

    def _get_days(self, period: str) -> tuple[date, date] | None:
        if period not in PERIODS or period == RANGE:
            return None
        return get_period_days(period, self.now, self.zone, self.shop.week_start)

    @property
    def asks_steps(self) -> bool:
        """Whether the rows are steps of time."""
        return self.of is not None or self.data["by"] == Dimension.TIME

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = self.cleaned_data
        if cleaned.get("period") == RANGE:
            self._check_range(cleaned)
        if self._needs_id(cleaned.get("by")) and self._read_id() is None:
            self.add_error(None, f"{self.of!r} is no {cleaned['by']}: the report takes its id, a number.")
        if "\0" in (self.of or ""):
            self.add_error(None, "A name has no zero byte in it.")
        return cleaned

    def _check_range(self, cleaned: dict[str, Any]) -> None:
        since, until = cleaned.get("since"), cleaned.get("until")
        for name, day in (("since", since), ("until", until)):
            if day is None and name not in self.errors:
                self.add_error(name, "A day is wanted, such as 2026-01-31.")
        if since and until:
            if until < since:
                self.add_error("until", f"The last day, {until}, is before the first, {since}.")
            self.days = (since, until)

    def _needs_id(self, by: str | None) -> bool:
        return self.of is not None and by in (Dimension.PRODUCT, Dimension.CATEGORY)

    def _read_id(self) -> int | None:
        text = self.of or ""
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(_LARGEST_ID))
        return int(text) if is_number and int(text) <= _LARGEST_ID else None

    def get_question(self) -> Question:
        """What a form that is right asks for."""
        cleaned = self.cleaned_data
        by = Dimension(cleaned["by"])
        first, last = cast(tuple[date, date], self.days)
        before = get_days_before(cleaned["period"], first, last)
        of = None if by is Dimension.TIME else self._read_id() if self._needs_id(by) else self.of
        return Question(first, last, Step(cleaned["step"]), by, of, before)
