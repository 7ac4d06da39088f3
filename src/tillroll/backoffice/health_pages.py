"""Tools > Health: what is wrong with the shop or its server, and what to do."""

from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_GET

from tillroll.access.capabilities import Capability
from tillroll.backoffice.rights import may
from tillroll.backoffice.site import site
from tillroll.checks.findings import Finding, State
from tillroll.checks.quick import list_findings

WORDS = {State.WRONG: ("Bad", "bad"), State.NOTE: ("Look", "look"), State.FINE: ("Good", "good")}
"""What a state is called here, and its colour; the worst first."""


class Line(NamedTuple):
    word: str
    colour: str
    finding: Finding


@require_GET
def health_page(request: HttpRequest) -> HttpResponse:
    """All findings, the worst first, otherwise in the order in which one looks."""
    if not may(request.user, Capability.MANAGE_SHOP_SETTINGS):
        raise PermissionDenied
    order = list(WORDS)
    findings = sorted(list_findings(), key=lambda one: order.index(one.state))
    lines = [Line(*WORDS[one.state], one) for one in findings]
    return site.show(
        request,
        "backoffice/health.html",
        "Health",
        lines=lines,
        counts=[(word, colour, sum(line.word == word for line in lines)) for word, colour in WORDS.values()],
        now=timezone.now(),
    )


site.own_pages.append(path("health/", site.admin_view(health_page), name="health"))
