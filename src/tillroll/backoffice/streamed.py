"""Files that are sent as they are read. Each takes a place of those that the API's long lists take too."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from tillroll.access.streams import Place, streams

RETRY_SECONDS = "30"
"""How soon to come again when all places are taken: about as long as a large file takes."""


def send_file(name: str, content_type: str, pieces: Iterator[Any]) -> HttpResponseBase:
    """A file of pieces (text or bytes), or 429 where there is no place for it.

    The first piece is read at once: what it raises is raised here, before anything is sent.
    """
    place = streams.take()
    if place is None:
        text = "Too many files and long lists are being sent; try again when one is done.\n"
        return HttpResponse(
            text, status=429, content_type="text/plain", headers={"Retry-After": RETRY_SECONDS}
        )
    try:
        first = next(pieces, None)
    except BaseException:
        place.give_back()
        raise
    return _File(
        place,
        _chain(first, pieces),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


class _File(StreamingHttpResponse):
    """Gives its place back when it is closed, which the server does however it ends."""

    def __init__(self, place: Place, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._place = place

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._place.give_back()


def _chain(first: Any, pieces: Iterator[Any]) -> Iterator[Any]:
    if first is not None:
        yield first
        yield from pieces
