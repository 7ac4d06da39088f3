"""What a fresh key is used with, on the one answer that shows it: never in a session, a message, a table or a
log, and no cache may keep the answer."""

from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from tillroll.access.capabilities import Capability
from tillroll.access.digests import Pair
from tillroll.access.models import ApiKey
from tillroll.shop.services import get_settings

_FIRST_TRIES = (
    ("sales", Capability.VIEW_SHOP_REPORTS),
    ("customers", Capability.VIEW_SHOP_SENSITIVE_DATA),
    ("discounts", Capability.MANAGE_SHOP_DISCOUNTS),
)
"""Endpoints that are worth a first call, and what they need."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A fresh pair with lines that try it out; no repr holds a secret."""

    key: ApiKey
    public_key: str
    token: str = field(repr=False)
    bearer: str = field(repr=False)
    curl: str = field(repr=False)
    address: str = field(repr=False)
    """The key and token in the query, as EDD's apps send them; empty where the shop does not take them so."""


def show_pair(request: HttpRequest, key: ApiKey, pair: Pair) -> Shown:
    url = request.build_absolute_uri(f"{settings.PATH_PREFIX}/edd-api/v2/{_choose_endpoint(key)}/")
    in_query = get_settings().query_credentials
    return Shown(
        key,
        pair.public_key,
        pair.token,
        pair.bearer,
        f"curl -H 'Authorization: Bearer {pair.bearer}' '{url}'",
        f"{url}?key={pair.public_key}&token={pair.token}" if in_query else "",
    )


def keep_unstored(response: HttpResponse) -> HttpResponse:
    """The answer, which no cache may keep."""
    response.headers["Cache-Control"] = "no-store, no-cache, private, max-age=0"
    return response


def _choose_endpoint(key: ApiKey) -> str:
    """An endpoint that has something to say to the key."""
    allowed = key.endpoints.split()
    held = key.user.capabilities.split()
    for name, capability in _FIRST_TRIES:
        if (not allowed or name in allowed) and (key.customer_id is not None or capability in held):
            return name
    return allowed[0] if allowed else "info"
