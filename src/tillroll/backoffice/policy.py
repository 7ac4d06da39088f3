"""What a page of ours may load: from this server alone, and no script or style that is written into it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

STRICT = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
BACK_OFFICE = f"{STRICT}; script-src 'self' 'unsafe-eval'; img-src 'self' data:"
"""Alpine.js, on which the back office's pages stand, makes functions of the texts in their attributes."""


def content_security_policy(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that sends the policy with every page."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_back_office = request.path.startswith(reverse("admin:index"))
        response.headers.setdefault("Content-Security-Policy", BACK_OFFICE if is_back_office else STRICT)
        return response

    return answer
