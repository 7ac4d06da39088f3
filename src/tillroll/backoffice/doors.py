"""Pages in front of the back office, for who is not in yet: a form or a sentence. No cache keeps them. Their
addresses hold no secret; to forbid referrers would have browsers send the forms without an origin, and
such are refused."""

from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from tillroll.backoffice.site import site

TEMPLATE = "backoffice/door.html"


def show_door(request: HttpRequest, title: str, **context: Any) -> TemplateResponse:
    """A page of the login's look: `subtitle`, sentences (`intro`), `form` with `save`, `back`."""
    request.current_app = site.name
    frame = {**site.each_context(request), "title": title, **context}
    response = TemplateResponse(request, TEMPLATE, frame)
    response.headers["Cache-Control"] = "no-store, private"
    return response
