"""What each role sees of each endpoint in each version, and how a missing right shows ([3.6] 2.3 and 2.4)."""

import pytest

from tests.asking import Reply, ask
from tests.shops import (
    setup_customer,
    setup_discount,
    setup_download,
    setup_key,
    setup_order,
    setup_product,
    setup_settings,
    setup_user,
    signed,
)
from tillroll.access.capabilities import ROLES
from tillroll.access.digests import Pair

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

REPORTS, SENSITIVE, DISCOUNTS = (
    "view_shop_reports",
    "view_shop_sensitive_data",
    "manage_shop_discounts",
)
HELD = {
    "administrator": {REPORTS, SENSITIVE, DISCOUNTS},
    "shop_manager": {REPORTS, SENSITIVE, DISCOUNTS},
    "shop_accountant": {REPORTS},
    "shop_worker": set(),
    "shop_vendor": set(),
    "subscriber": set(),
    None: set(),
}
NEEDED = {
    "stats": ("stats", REPORTS),
    "sales": ("sales", REPORTS),
    "customers": ("customers", SENSITIVE),
    "discounts": ("discounts", DISCOUNTS),
    "file-download-logs": ("download_logs", SENSITIVE),
}
"""Endpoint -> the member it answers, and the capability that it takes."""

EVERY_VERSION = pytest.mark.parametrize("version", ["", "v1/", "v2/"])
EVERY_ROLE = pytest.mark.parametrize("role", list(HELD))

PROTECTED = 3


@pytest.fixture(scope="module")
def pairs(kept_shop: None) -> dict[str | None, Pair]:
    """A shop with one record of each kind, and a key for each role and for nobody in particular."""
    product = setup_product(
        id=1, content="Content", excerpt="Excerpt", notes="Notes", files=[{"name": "a", "file": "a.zip"}]
    )
    for number, status in enumerate(("draft", "private", "pending", "future", "trash"), 10):
        setup_product(id=number, status=status)
    setup_product(id=PROTECTED, is_protected=True, content="Content", excerpt="Excerpt")
    customer = setup_customer()
    setup_order(product, customer=customer)
    setup_discount()
    setup_download(product, customer)
    return {role: setup_key(role=role) for role in HELD}


def members(reply: Reply) -> list[str]:
    assert reply.status == 200
    return list(reply.data)


@EVERY_VERSION
@EVERY_ROLE
@pytest.mark.parametrize("endpoint", list(NEEDED))
def test_an_endpoint_answers_whoever_holds_its_capability_and_nobody_else(
    pairs: dict[str | None, Pair], version: str, role: str | None, endpoint: str
) -> None:
    reply = ask(f"/edd-api/{version}{endpoint}/", signed(pairs[role]))
    name, capability = NEEDED[endpoint]
    if capability in HELD[role]:
        assert members(reply) == [name, "request_speed"]
        assert "x-edd-missing-capability" not in reply.headers
    else:
        assert members(reply) == ["request_speed"]
        assert reply.headers["x-edd-missing-capability"] == capability
        assert "x-edd-total" not in reply.headers


def test_every_role_of_the_shop_is_tested() -> None:
    assert ROLES.keys() == HELD.keys() - {None}


@pytest.mark.parametrize(
    ("endpoint", "question"),
    [
        ("customers", {"customer": "99999"}),
        ("sales", {"id": "99999"}),
        ("stats", {"type": "sales", "date": "never"}),
        ("stats", {"type": "sales", "product": "99999"}),
        ("discounts", {"discount": "99999"}),
        ("file-download-logs", {"customer": "nobody"}),
        ("customers", {"number": "ten"}),
        ("sales", {"page": "two"}),
    ],
)
def test_without_the_right_nothing_is_said_about_the_question(
    pairs: dict[str | None, Pair], endpoint: str, question: dict[str, str]
) -> None:
    reply = ask(f"/edd-api/v2/{endpoint}/", signed(pairs["subscriber"], **question))
    assert members(reply) == ["request_speed"]


def test_a_missing_right_is_an_empty_edd_element_in_xml(pairs: dict[str | None, Pair]) -> None:
    reply = ask("/edd-api/v2/sales/", signed(pairs["subscriber"], format="xml"))
    assert reply.content.partition(b"\n")[2].startswith(b"<edd><request_speed>")
    assert reply.headers["x-edd-missing-capability"] == REPORTS


# Users' own grants and denials


@pytest.mark.parametrize("endpoint", list(NEEDED))
def test_a_capability_of_a_users_own_opens_its_endpoints(endpoint: str) -> None:
    name, capability = NEEDED[endpoint]
    setup_order(customer=setup_customer())
    setup_discount()
    setup_download()
    pair = setup_key(user=setup_user(role="subscriber", grants=[capability]))
    assert members(ask(f"/edd-api/v2/{endpoint}/", signed(pair))) == [name, "request_speed"]


@pytest.mark.parametrize("endpoint", list(NEEDED))
def test_a_denial_of_a_users_own_closes_what_their_role_opens(endpoint: str) -> None:
    _, capability = NEEDED[endpoint]
    pair = setup_key(user=setup_user(role="administrator", denials=[capability]))
    assert members(ask(f"/edd-api/v2/{endpoint}/", signed(pair))) == ["request_speed"]


# The download log


@EVERY_VERSION
def test_a_shop_may_open_its_download_log_to_any_key(pairs: dict[str | None, Pair], version: str) -> None:
    setup_settings(open_download_logs=True)
    path = f"/edd-api/{version}file-download-logs/"
    assert members(ask(path, signed(pairs["subscriber"]))) == ["download_logs", "request_speed"]
    assert ask(path).status == 401


# Products


@EVERY_VERSION
@EVERY_ROLE
def test_products_show_sums_files_and_notes_by_capability(
    pairs: dict[str | None, Pair], version: str, role: str | None
) -> None:
    reply = ask(f"/edd-api/{version}products/", signed(pairs[role], product=1))
    expected = ["info"]
    if REPORTS in HELD[role]:
        expected.append("stats")
    expected.append("pricing")
    if SENSITIVE in HELD[role]:
        expected += ["files", "notes"]
    assert list(reply.data["products"][0]) == expected
    assert "x-edd-missing-capability" not in reply.headers


@EVERY_VERSION
def test_the_public_sees_what_a_product_is_and_costs(pairs: dict[str | None, Pair], version: str) -> None:
    reply = ask(f"/edd-api/{version}products/", "product=1")
    assert list(reply.data["products"][0]) == ["info", "pricing"]


@EVERY_VERSION
@pytest.mark.parametrize("key", [10, 11, 12, 13, 14])
def test_an_unpublished_product_is_shown_only_to_who_may_see_sensitive_data(
    pairs: dict[str | None, Pair], version: str, key: int
) -> None:
    path = f"/edd-api/{version}products/"
    strangers: tuple[dict[str, object], ...] = (
        {},
        signed(pairs["subscriber"]),
        signed(pairs["shop_accountant"]),
    )
    for stranger in strangers:
        reply = ask(path, {**stranger, "product": key})
        assert members(reply) == ["error", "request_speed"]
        assert reply.data["error"] == f"Product {key} not found!"
    shown = ask(path, signed(pairs["shop_manager"], product=key)).data["products"]
    assert [product["info"]["id"] for product in shown] == [key]


@EVERY_VERSION
@EVERY_ROLE
def test_unpublished_products_are_in_nobodys_list(
    pairs: dict[str | None, Pair], version: str, role: str | None
) -> None:
    reply = ask(f"/edd-api/{version}products/", signed(pairs[role], number=-1))
    assert {product["info"]["id"] for product in reply.data["products"]} == {1, PROTECTED}


@EVERY_VERSION
@EVERY_ROLE
def test_a_protected_products_content_is_only_for_who_may_see_sensitive_data(
    pairs: dict[str | None, Pair], version: str, role: str | None
) -> None:
    seen = {
        product["info"]["id"]: (product["info"]["content"], product["info"]["excerpt"])
        for product in ask(f"/edd-api/{version}products/", signed(pairs[role])).data["products"]
    }
    hidden = ("Content", "Excerpt") if SENSITIVE in HELD[role] else ("", "")
    assert seen == {1: ("Content", "Excerpt"), PROTECTED: hidden}


def test_the_public_does_not_see_a_protected_products_content(pairs: dict[str | None, Pair]) -> None:
    [product] = ask("/edd-api/v2/products/", {"product": PROTECTED}).data["products"]
    assert (product["info"]["content"], product["info"]["excerpt"]) == ("", "")


def test_the_public_can_not_find_out_a_protected_products_content(pairs: dict[str | None, Pair]) -> None:
    found = ask("/edd-api/v2/products/", {"s": "content"}).data["products"]
    assert [product["info"]["id"] for product in found] == [1]


@pytest.mark.parametrize("orderby", ["sales", "earnings"])
def test_products_are_ordered_by_sums_only_for_who_may_see_sensitive_data(
    pairs: dict[str | None, Pair], orderby: str
) -> None:
    def first(role: str) -> int:
        question = signed(pairs[role], orderby=orderby)
        return int(ask("/edd-api/v2/products/", question).data["products"][0]["info"]["id"])

    assert first("shop_manager") == 1  # it sold
    assert first("shop_accountant") == PROTECTED  # the newest


# Info


@EVERY_VERSION
@EVERY_ROLE
def test_info_tells_a_key_what_it_may_do(
    pairs: dict[str | None, Pair], version: str, role: str | None
) -> None:
    info = ask(f"/edd-api/{version}info/", signed(pairs[role])).data["info"]
    held = {name: True for name in (REPORTS, SENSITIVE, DISCOUNTS) if name in HELD[role]}
    assert info.get("permissions", {}) == held
    assert ("permissions" in info) is bool(held)
    versions = {"wp_version", "edd_version"} & info["site"].keys()
    assert versions == ({"wp_version", "edd_version"} if SENSITIVE in HELD[role] else set())


def test_info_tells_how_the_shop_writes_amounts() -> None:
    setup_settings(
        currency="EUR",
        currency_position="after",
        decimal_separator=",",
        thousands_separator=".",
        edd_version="3.3.1",
    )
    site = ask("/edd-api/v2/info/", signed(setup_key())).data["info"]["site"]
    assert site == {
        "wp_version": "6.9.7",
        "edd_version": "3.3.1",
        "currency": "EUR",
        "currency_position": "after",
        "decimal_separator": ",",
        "thousands_separator": ".",
    }


def test_info_fills_in_separators_that_a_shop_left_empty() -> None:
    setup_settings(thousands_separator="")
    site = ask("/edd-api/v2/info/", signed(setup_key(role="subscriber"))).data["info"]["site"]
    assert site == {
        "currency": "USD",
        "currency_position": "before",
        "decimal_separator": ".",
        "thousands_separator": ",",
    }
