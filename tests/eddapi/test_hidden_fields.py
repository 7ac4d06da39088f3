"""Kinds of personal data that a role or a key leaves out: the members stay, are empty, and can't be asked
by."""

from typing import Any

import pytest

from tests.asking import ask
from tests.shops import (
    setup_customer,
    setup_download,
    setup_key,
    setup_note,
    setup_order,
    setup_product,
    setup_settings,
    setup_user,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.access.services import save_role

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

WORDS = {
    "emails": ["jane@example.com", "second@example.com", "login@example.com"],
    "names": ["Jane", "Doe", "jane-login", "Janey"],
    "addresses": ["203.0.113.9"],
    "payments": ["the-payment-key", "the-transaction", "ch_noted"],
}
"""What of each kind the records hold."""

QUESTIONS = [
    f"{version}/{endpoint}"
    for version in ("v1", "v2")
    for endpoint in ("customers/", "sales/", "file-download-logs/", "products/", "stats/", "info/")
]


@pytest.fixture(params=["documented", "edd3"], autouse=True)
def records(request: pytest.FixtureRequest) -> None:
    setup_settings(dialect=request.param)
    user = setup_user("jane-login", display_name="Janey")
    other = setup_user("x", display_name="login@example.com", wire_id=900)
    other.login = "login@example.com"
    other.save()
    product = setup_product()
    jane = setup_customer(
        "jane@example.com", "Jane Doe", user_id=user.wire_id, additional_emails=("second@example.com",)
    )
    setup_customer("plain@example.org", "login@example.com", user_id=900)
    setup_order(
        product,
        customer=jane,
        email="jane@example.com",
        payment_key="the-payment-key",
        transaction_id="the-transaction",
    )
    noted = setup_order(product, customer=jane, email="jane@example.com", gateway="stripe")
    setup_note(noted, "Stripe Charge ID: ch_noted")
    setup_download(product, jane, ip="203.0.113.9")


def read_all(pair: Pair) -> str:
    return "\n".join(
        ask(f"/edd-api/{question}", signed(pair, number=-1)).content.decode() for question in QUESTIONS
    )


def test_without_hiding_all_is_there() -> None:
    text = read_all(setup_key())
    assert [word for words in WORDS.values() for word in words if word not in text] == []


@pytest.mark.parametrize("where", ["key", "role"])
@pytest.mark.parametrize("kind", WORDS)
def test_what_is_hidden_is_nowhere_and_the_rest_is_there(kind: str, where: str) -> None:
    if where == "key":
        pair = setup_key(hidden_fields=kind)
    else:
        save_role(
            "reader", capabilities=["view_shop_reports", "view_shop_sensitive_data"], hidden_fields=[kind]
        )
        pair = setup_key(role="reader")
    text = read_all(pair)
    assert [word for word in WORDS[kind] if word in text] == []
    others = [word for other, words in WORDS.items() if other != kind for word in words]
    names_too = {"login@example.com"} if kind in ("emails", "names") else set()
    assert [word for word in others if word not in text and word not in names_too] == []


def test_all_at_once() -> None:
    text = read_all(setup_key(hidden_fields=" ".join(WORDS)))
    assert [word for words in WORDS.values() for word in words if word in text] == []


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_shape_of_an_answer_stays(version: str) -> None:
    open_key, closed_key = setup_key(), setup_key(hidden_fields=" ".join(WORDS))
    for endpoint, member in (
        ("customers", "customers"),
        ("sales", "sales"),
        ("file-download-logs", "download_logs"),
    ):
        shown, hidden = (
            ask(f"/edd-api/{version}/{endpoint}/", signed(pair)).data[member]
            for pair in (open_key, closed_key)
        )
        assert len(shown) == len(hidden)
        for one, other in zip(shown, hidden, strict=True):
            assert get_shape(one) == get_shape(other)


def get_shape(value: Any) -> Any:
    """Names of members, at any depth; of further addresses there are as many as there are."""
    if isinstance(value, dict):
        return {name: get_shape(member) for name, member in value.items() if name != "additional_emails"}
    return None


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("emails", "v1/customers/?customer=jane@example.com"),
        ("emails", "v2/customers/?customer=second@example.com"),
        ("emails", "v1/sales/?email=jane@example.com"),
        ("emails", "v2/sales/?email=jane@example.com"),
        ("emails", "v2/file-download-logs/?customer=jane@example.com"),
        ("payments", "v1/sales/?purchasekey=the-payment-key"),
        ("payments", "v2/sales/?purchasekey=the-payment-key"),
    ],
)
def test_what_is_hidden_can_not_be_asked_by(kind: str, question: str) -> None:
    path, _, query = question.partition("?")
    name, _, value = query.partition("=")
    right, wrong = (
        ask(f"/edd-api/{path}", signed(setup_key(hidden_fields=kind), **{name: asked})).data
        for asked in (value, value.replace("example.com", "example.net").replace("payment", "other"))
    )
    assert set(right) <= {"error", "request_speed"}
    assert set(right) == set(wrong)
    assert len(ask(f"/edd-api/{path}", signed(setup_key(), **{name: value})).data) == 2
    assert "error" not in ask(f"/edd-api/{path}", signed(setup_key(), **{name: value})).data


def test_info_says_what_is_hidden() -> None:
    info = ask("/edd-api/v2/info/", signed(setup_key(hidden_fields="names emails"))).data["info"]
    assert info["hidden_fields"] == ["emails", "names"]
