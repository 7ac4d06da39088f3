"""Cursors: where a list goes on, as the values that its last row has in the list's order.

A client can't make one up or take it to another list: it is signed for the endpoint and the order. However
many rows come and go meanwhile, none comes twice and none is passed over.
"""

from typing import Any

from django.core.signing import BadSignature, Signer

from tillroll.eddapi.errors import BadRequest
from tillroll.eddapi.filters import Order


def make_cursor(endpoint: str, order: Order, position: list[object]) -> str:
    """A text of letters, digits and `-_.` alone."""
    return _get_signer(endpoint, order).sign_object(position)


def read_cursor(endpoint: str, order: Order, cursor: str) -> list[object]:
    """The position in a cursor. Raises BadRequest for one that this list did not give in this order."""
    try:
        position: Any = _get_signer(endpoint, order).unsign_object(cursor)
    except BadSignature as error:
        raise BadRequest(
            "The cursor parameter must be empty, or come from an answer of the same list in the same order!"
        ) from error
    return list(position)


def _get_signer(endpoint: str, order: Order) -> Signer:
    return Signer(sep=".", salt=f"tillroll.eddapi.cursors:{endpoint}:{order.sql}")
