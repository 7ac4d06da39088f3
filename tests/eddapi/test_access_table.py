"""Every role at every endpoint, in every version, with every form of credentials: the right data or nothing,
and the header that says what is missing."""

from collections.abc import Mapping
from itertools import product as combine
from typing import Any

import pytest

from tests.asking import Reply, ask
from tests.shops import (
    basic,
    bearing,
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    setup_user,
    signed,
)
from tillroll.access.capabilities import ENDPOINTS
from tillroll.access.digests import Pair
from tillroll.access.services import save_role

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

REPORTS, SENSITIVE, DISCOUNTS = (
    "view_shop_reports",
    "view_shop_sensitive_data",
    "manage_shop_discounts",
)

ALL = {REPORTS, SENSITIVE, DISCOUNTS}
HOLDERS: dict[str, tuple[set[str], tuple[str, ...]]] = {
    "administrator": (ALL, ENDPOINTS),
    "shop_manager": (ALL, ENDPOINTS),
    "shop_accountant": ({REPORTS}, ENDPOINTS),
    "shop_worker": (set(), ENDPOINTS),
    "shop_vendor": (set(), ENDPOINTS),
    "subscriber": (set(), ENDPOINTS),
    "nobody": (set(), ENDPOINTS),
    "bookkeeper": ({REPORTS}, ("stats", "info")),
    "reader": (ALL, ("customers", "sales", "products")),
}
"""Each role with its capabilities and endpoints: EDD's six, no role at all, and two that were made here."""

NEEDS = {
    "stats": ("stats", REPORTS),
    "sales": ("sales", REPORTS),
    "customers": ("customers", SENSITIVE),
    "discounts": ("discounts", DISCOUNTS),
    "file-download-logs": ("download_logs", SENSITIVE),
    "products": ("products", None),
    "info": ("info", None),
}
"""Endpoint -> the member that it answers, and the capability that it takes."""

VERSIONS = ("", "v1/", "v2/")


def in_query(pair: Pair) -> dict[str, Any]:
    return {"query": signed(pair)}


def in_form(pair: Pair) -> dict[str, Any]:
    return {"method": "POST", "form": signed(pair)}


def as_basic(pair: Pair) -> dict[str, Any]:
    return {"headers": basic(pair)}


def as_bearer(pair: Pair) -> dict[str, Any]:
    return {"headers": bearing(pair)}


def halved(pair: Pair) -> dict[str, Any]:
    return {"query": {"key": pair.public_key}}


def mistaken(pair: Pair) -> dict[str, Any]:
    return {"query": {"key": pair.public_key, "token": "0" * 32}}


def mistaken_bearer(pair: Pair) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {pair.bearer[:-1]}-"}}


def crossed(pair: Pair) -> dict[str, Any]:
    """The bearer secret where the token belongs."""
    return {"query": {"key": pair.public_key, "token": pair.bearer}}


def token_as_bearer(pair: Pair) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {pair.token}"}}


RIGHT = (in_query, in_form, as_basic, as_bearer)


@pytest.fixture(scope="module")
def pairs(kept_shop: None) -> dict[str, Pair]:
    product = setup_product(notes="N", files=[{"name": "a", "file": "a.zip"}])
    customer = setup_customer()
    setup_order(product, customer=customer)
    setup_discount()
    setup_download(product, customer)
    save_role("bookkeeper", capabilities=[REPORTS], endpoints=["stats", "info"])
    save_role("reader", capabilities=ALL, endpoints=["customers", "sales", "products"])
    return {role: setup_key(role=None if role == "nobody" else role) for role in HOLDERS}


@pytest.fixture(autouse=True)
def patient(settings: Any) -> None:
    settings.FAILED_TRIES_A_MINUTE = 100_000


def get_missing(role: str, endpoint: str) -> str | None:
    """What keeps a role from an endpoint."""
    capabilities, endpoints = HOLDERS[role]
    if endpoint not in endpoints:
        return f"endpoint:{endpoint}"
    needed = NEEDS[endpoint][1]
    return needed if needed and needed not in capabilities else None


@pytest.mark.parametrize("endpoint", ENDPOINTS)
@pytest.mark.parametrize("role", HOLDERS)
def test_the_right_data_or_nothing_and_the_header_that_says_why(
    role: str, endpoint: str, pairs: Mapping[str, Pair]
) -> None:
    missing = get_missing(role, endpoint)
    for version, form in combine(VERSIONS, RIGHT):
        reply = ask(f"/edd-api/{version}{endpoint}/", **form(pairs[role]))
        assert reply.status == 200, (version, form)
        assert reply.headers.get("x-edd-missing-capability") == missing, (version, form)
        members = set(reply.data) - {"request_speed"}
        assert members == (set() if missing else {NEEDS[endpoint][0]}), (version, form)
        if endpoint == "products" and not missing:
            check_product(reply, HOLDERS[role][0])


def check_product(reply: Reply, capabilities: set[str]) -> None:
    [product] = reply.data["products"]
    assert ("stats" in product) == (REPORTS in capabilities)
    assert ("files" in product) == ("notes" in product) == (SENSITIVE in capabilities)


@pytest.mark.parametrize(
    ("form", "status"),
    [(halved, 401), (mistaken, 403), (mistaken_bearer, 403), (crossed, 403), (token_as_bearer, 401)],
)
@pytest.mark.parametrize("endpoint", [name for name in ENDPOINTS if name != "products"])
@pytest.mark.parametrize("role", HOLDERS)
def test_with_wrong_credentials_nobody_gets_anything(
    role: str, endpoint: str, form: Any, status: int, pairs: Mapping[str, Pair]
) -> None:
    for version in VERSIONS:
        reply = ask(f"/edd-api/{version}{endpoint}/", **form(pairs[role]))
        assert reply.status == status
        assert list(reply.data) == ["error"]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_anonymous_sees_products_alone(endpoint: str, pairs: Mapping[str, Pair]) -> None:
    for version in VERSIONS:
        reply = ask(f"/edd-api/{version}{endpoint}/")
        if endpoint == "products":
            assert reply.status == 200
            check_product(reply, set())
        else:
            assert (reply.status, list(reply.data)) == (401, ["error"])


@pytest.mark.parametrize("role", HOLDERS)
def test_info_tells_a_key_what_it_may_do(role: str, pairs: Mapping[str, Pair]) -> None:
    capabilities, endpoints = HOLDERS[role]
    info = ask("/edd-api/v2/info/", signed(pairs[role])).data.get("info")
    if "info" not in endpoints:
        assert info is None
        return
    assert info.get("permissions", {}) == dict.fromkeys(sorted(capabilities), True)
    assert info["endpoints"] == [name for name in ENDPOINTS if name in endpoints]
    assert info["limits"] == {}


@pytest.mark.parametrize("form", RIGHT)
def test_a_keys_own_endpoints_narrow_its_roles(form: Any) -> None:
    pair = setup_key(role="administrator", endpoints="sales info")
    seen = {name: ask(f"/edd-api/v2/{name}/", **form(pair)) for name in ENDPOINTS}
    told = {name: reply.headers.get("x-edd-missing-capability") for name, reply in seen.items()}
    assert told == {name: None if name in ("sales", "info") else f"endpoint:{name}" for name in ENDPOINTS}
    assert all(list(seen[name].data) == ["request_speed"] for name in ENDPOINTS if told[name])


def test_of_two_roles_both_count() -> None:
    save_role("first", capabilities=[REPORTS], endpoints=["stats"])
    save_role("second", capabilities=[SENSITIVE], endpoints=["customers", "info"])
    user = setup_user()
    from tillroll.access.services import set_roles

    set_roles(user, ["first", "second"])
    pair = setup_key(user=user)
    info = ask("/edd-api/v2/info/", signed(pair)).data["info"]
    assert info["endpoints"] == ["stats", "customers", "info"]
    assert set(info["permissions"]) == {REPORTS, SENSITIVE}


def test_a_changed_role_counts_from_the_next_request_on() -> None:
    save_role("clerk", capabilities=[REPORTS], endpoints=["stats"])
    pair = setup_key(role="clerk")
    assert "stats" in ask("/edd-api/v2/stats/", signed(pair)).data
    save_role("clerk", endpoints=["sales"])
    assert "stats" not in ask("/edd-api/v2/stats/", signed(pair)).data
    save_role("clerk", endpoints=[], capabilities=[])
    reply = ask("/edd-api/v2/stats/", signed(pair))
    assert reply.headers["x-edd-missing-capability"] == REPORTS
