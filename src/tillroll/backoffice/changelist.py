"""Orders of a list that an address may ask for: those that its columns offer.

Django takes any column that could be sorted by, and sorting a million records by one without an index takes
seconds. What is not offered is left out of the address, so that the list stands in its own order.
"""

from typing import TYPE_CHECKING, Any

from django.contrib.admin.views.main import ORDER_VAR

if TYPE_CHECKING:
    from django.contrib.admin.views.main import ChangeList as _List
else:
    _List = object


class OfferedOrder(_List):
    """Goes before a list's class."""

    def get_ordering(self, request: Any, queryset: Any) -> Any:
        asked = str(self.params.get(ORDER_VAR, ""))
        kept = [piece for piece in asked.split(".") if self._is_offered(piece)]
        if kept:
            self.params[ORDER_VAR] = ".".join(kept)
        else:
            self.params.pop(ORDER_VAR, None)
        return super().get_ordering(request, queryset)

    def _is_offered(self, piece: str) -> bool:
        """Whether `3` or `-3` is the place of a column that is offered; the rows' checkbox is the first."""
        place = piece.removeprefix("-")
        return (
            place.isascii()
            and place.isdecimal()
            and int(place[:4]) < len(self.list_display)
            and self.list_display[int(place[:4])] in (self.sortable_by or ())
        )
