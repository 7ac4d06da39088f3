"""Rows of a form, such as a product's prices: as many as one likes, with a box that removes each."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from unfold.widgets import UnfoldBooleanWidget

if TYPE_CHECKING:
    _FormSet = forms.BaseFormSet[Any]
else:
    _FormSet = forms.BaseFormSet

SPARE = 2
"""Empty rows that a page shows, for browsers without scripts; others are added by a button."""

MOST_ROWS = 200


class RowSet(NamedTuple):
    """Rows as a page draws them."""

    title: str
    intro: str
    rows: Any
    add: str


class _Rows(_FormSet):
    """Rows in the order in which they stand."""

    deletion_widget = UnfoldBooleanWidget

    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove"

    @property
    def filled(self) -> list[dict[str, Any]]:
        """What the rows say that are filled in and not removed."""
        gone = self.deleted_forms
        return [
            form.cleaned_data
            for form in self.forms
            if form not in gone and (form in self.initial_forms or form.has_changed())
        ]


def make_rows(
    form: type[forms.Form],
    data: Any,
    prefix: str,
    initial: Sequence[dict[str, Any]] = (),
    *,
    spare: int = SPARE,
    **form_kwargs: Any,
) -> Any:
    """The rows of a form of that prefix."""
    made = forms.formset_factory(
        form, formset=_Rows, extra=spare, can_delete=True, max_num=MOST_ROWS, absolute_max=MOST_ROWS + 50
    )
    return made(data, prefix=prefix, initial=list(initial), form_kwargs=form_kwargs)
