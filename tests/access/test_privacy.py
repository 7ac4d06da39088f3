"""One customer's data is exported whole and erased without a trace, and no figure changes by it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.db import router
from django.utils import timezone

from tests.asking import ask
from tests.shops import (
    get_key,
    setup_address,
    setup_customer,
    setup_download,
    setup_fee,
    setup_key,
    setup_line,
    setup_line_of_log,
    setup_note,
    setup_order,
    setup_product,
    setup_refund,
    setup_settings,
    setup_source,
    setup_user,
    signed,
)
from tillroll.access.digests import Pair
from tillroll.access.log import request_log
from tillroll.access.models import ApiKey, KeyUse, RequestLogEntry, User
from tillroll.access.privacy import comes_from_elsewhere, erase_customer, export_customer
from tillroll.access.services import issue_customer_key
from tillroll.checks.basic import check_counts
from tillroll.checks.findings import State
from tillroll.shop.models import Customer, Order, SourceKind

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)

MARKS = (
    "ann@example.com", "ann@work.example", "Ann Quill", "annq", "203.0.113.77", "Lantern Row", "Lyon",
    "69001", "annkey0123456789", "tx-of-ann", "rang about the bill", "Browser of ann", "Ann's phone",
    "198.51.100.0/24",
)  # fmt: skip
"""Whatever names Ann anywhere."""


@dataclass
class Scene:
    """A shop with Ann, who is to be erased, and Ben, who stays."""

    ann: Customer
    ben: Customer
    order: Order
    account: User
    key: Pair
    staff: Pair


@pytest.fixture
def scene() -> Iterator[Scene]:
    setup_settings(taxes_enabled=True)
    account = setup_user(
        "annq", role="subscriber", email="ann@example.com", password="x",
        display_name="Ann Quill",
    )  # fmt: skip
    User.objects.filter(pk=account.pk).update(first_name="Ann Quill", last_name="Ann Quill")
    ann = setup_customer(
        "Ann@example.com", "Ann Quill", user_id=account.wire_id, additional_emails=("ann@work.example",)
    )
    ann.addresses.create(name="Ann Quill", address="Lantern Row 1", city="Lyon", created_at=NOON)
    ben = setup_customer("ben@example.com", "Ben Reed")
    product = setup_product(price="20")
    order = setup_order(
        setup_line(product, "20", tax="4"), customer=ann, at=NOON, fees=[setup_fee()],
        payment_key="annkey0123456789", ip="203.0.113.77", transaction_id="tx-of-ann",
    )  # fmt: skip
    setup_note(order, "Ann Quill rang about the bill")
    setup_address(
        order, name="Ann Quill", address="Lantern Row 1", city="Lyon", postal_code="69001", country="FR"
    )
    setup_refund(order, {order.items.get().pk: "6"}, at=NOON)
    setup_order(setup_line(product, "9"), email="Ann@work.example", ip="203.0.113.77")  # as a guest
    setup_order(setup_line(product, "7"), customer=ben, email="ann@example.com")  # ordered with Ann's address
    setup_download(product, ann, order_id=order.pk, ip="203.0.113.77", user_agent="Browser of ann")
    setup_download(product, ben, ip="192.0.2.1", user_agent="Browser of ben")
    key = setup_key(user=account, label="Ann's phone")
    ApiKey.objects.filter(pk=get_key(key).pk).update(networks="198.51.100.0/24", customer_id=ann.pk)
    staff = setup_key(role="shop_manager", label="Till")
    KeyUse.objects.create(key_id=get_key(key).pk, at=NOON, address="203.0.113.77")
    yield Scene(ann, ben, order, account, key, staff)
    request_log._waiting.clear()


def log_lines(scene: Scene) -> dict[str, RequestLogEntry]:
    """Lines of Ann, about Ann, and about others."""
    holder = {"user_id": 999, "user_name": "manager", "key_label": "Till", "address": "192.0.2.9"}
    own = {"user_name": "annq", "address": "203.0.113.77", "key_label": "Ann's phone"}
    about: dict[str, dict[str, Any]] = {
        "own": {"user_id": scene.account.wire_id, "endpoint": "sales", "question": "s=Ann+Quill", **own},
        "own refused": {"key_id": get_key(scene.key).pk, "status": 403, "error": "Invalid token!", **own},
        "by email": {"endpoint": "sales", "question": "email=Ann%40Example.com&number=5", **holder},
        "by second email": {"endpoint": "customers", "question": "customer=ann@work.example", **holder},
        "by id": {"endpoint": "customers", "question": f"customer={scene.ann.pk}", **holder},
        "by payment key": {"endpoint": "sales", "question": "purchasekey=annkey0123456789", **holder},
        "in an error": {
            "endpoint": "customers", "question": "customer=ann@example.com",
            "error": "Customer ann@example.com not found!", **holder,
        },
        "of Ben": {"endpoint": "customers", "question": f"customer={scene.ben.pk}", **holder},
        "of Joann": {"endpoint": "sales", "question": "email=joann@example.com", **holder},
        "of Ann elsewhere": {"endpoint": "sales", "question": "email=ann@example.com.au", **holder},
        "of another list": {"endpoint": "products", "question": f"customer={scene.ann.pk}", **holder},
        "plain": {"endpoint": "sales", "question": "number=50", **holder},
    }  # fmt: skip
    return {name: setup_line_of_log(NOON, **line) for name, line in about.items()}


NAMING = ("by email", "by second email", "by id", "by payment key", "in an error")
OTHERS = ("of Ben", "of Joann", "of Ann elsewhere", "of another list", "plain")


def dump() -> str:
    """Every text of both databases."""
    return "\n".join(
        str(value)
        for model in apps.get_models()
        if model._meta.managed
        for row in model._default_manager.using(router.db_for_read(model)).values_list()
        for value in row
        if isinstance(value, str)
    )


def ask_figures(scene: Scene) -> dict[str, Any]:
    """What the API says of the shop's figures, and of customers and sales but for whom they name."""
    asked: dict[str, Any] = {}
    for question in (
        "stats",
        "stats?type=sales&date=this_year",
        "stats?type=earnings&date=range&startdate=20260101&enddate=20261231",
        "stats?type=earnings&product=all",
        "stats?type=customers",
        "products",
        "customers",
        "sales",
        "file-download-logs",
    ):
        for version in ("v1", "v2"):
            path, _, query = question.partition("?")
            parameters = dict(piece.split("=") for piece in query.split("&") if piece)
            reply = ask(f"/edd-api/{version}/{path}/", signed(scene.staff, **parameters))
            assert reply.status == 200, (question, reply.content)
            asked[f"{version} {question}"] = _without_names(reply.data)
    return asked


def _without_names(data: Any) -> Any:
    names = (
        "email", "key", "name", "first_name", "last_name", "display_name", "username", "user_id", "ip",
        "user", "additional_emails", "transaction_id", "request_speed", "address", "user_agent",
        "payment_key", "notes", "info",
    )  # fmt: skip
    if isinstance(data, dict):
        return {name: _without_names(value) for name, value in data.items() if name not in names}
    return [_without_names(value) for value in data] if isinstance(data, list) else data


def test_an_erased_customer_is_nowhere(scene: Scene) -> None:
    log_lines(scene)
    text = dump()
    for mark in MARKS:
        assert mark.casefold() in text.casefold(), mark
    erase_customer(scene.ann)
    left = [
        line
        for line in dump().splitlines()
        if any(mark.casefold() in line.casefold() for mark in MARKS)
        and "joann@" not in line
        and ".au" not in line
    ]
    assert left == []
    for mark in ("ben@example.com", "Ben Reed", "192.0.2.1", "Browser of ben"):
        assert mark in dump()


def test_no_figure_changes(scene: Scene) -> None:
    before, value = ask_figures(scene), Customer.objects.get(pk=scene.ann.pk).purchase_value
    assert value == 20
    erase_customer(scene.ann)
    assert ask_figures(scene) == before
    assert Customer.objects.get(pk=scene.ann.pk).purchase_value == value
    assert [finding.state for finding in check_counts()] == [State.FINE]
    order = Order.objects.get(pk=scene.order.pk)
    assert (order.total, order.tax, order.status, order.created_at) == (26, 4, "partially_refunded", NOON)
    assert order.addresses.get().country == "FR"


def test_what_was_erased_is_counted_and_a_second_time_does_no_harm(scene: Scene) -> None:
    log_lines(scene)
    done = erase_customer(scene.ann)
    assert (done.account, done.keys, done.lines) == (True, 1, 7)
    records = done.records
    assert (records.orders, records.addresses, records.emails) == (3, 2, 2)
    assert (records.transactions, records.notes, records.file_downloads) == (1, 1, 1)
    text = dump()
    again = erase_customer(Customer.objects.get(pk=scene.ann.pk))
    assert (again.account, again.records.emails) == (False, 1)
    assert sorted(dump().split("\n")) == sorted(text.split("\n"))


def test_the_placeholders_can_not_be_mistaken(scene: Scene) -> None:
    erase_customer(scene.ann)
    ann = Customer.objects.get(pk=scene.ann.pk)
    assert (ann.name, ann.user_id) == ("(erased)", 0)
    assert ann.email == ann.email_folded == f"erased-{ann.pk}@erased.invalid"
    assert [one.email for one in ann.emails.all()] == [ann.email]
    order = Order.objects.get(pk=scene.order.pk)
    assert (order.email, order.ip, order.user_id) == (ann.email, "", 0)
    assert order.payment_key == order.payment_key_folded == f"erased-{order.pk}"
    assert order.notes.get().content == "(erased)"
    account = User.objects.get(pk=scene.account.pk)
    assert account.username == f"erased-{account.wire_id}"
    assert (account.is_active, account.email, account.has_usable_password()) == (False, "", False)


def test_lines_are_emptied_and_none_is_removed(scene: Scene) -> None:
    lines = log_lines(scene)
    erase_customer(scene.ann)
    for line in lines.values():
        line.refresh_from_db()
    own = lines["own"]
    assert (own.user_name, own.address, own.key_label, own.question) == ("(erased)", "", "", "(erased)")
    refused = lines["own refused"]
    assert (refused.status, refused.error, refused.question) == (403, "Invalid token!", "")
    for name in NAMING:
        line = lines[name]
        assert line.question == "(erased)", name
        assert (line.user_name, line.address, line.key_label) == ("manager", "192.0.2.9", "Till")
    assert lines["in an error"].error == "(erased)"  # and so still an error
    assert [lines[name].question for name in OTHERS] == [
        f"customer={scene.ben.pk}",
        "email=joann@example.com",
        "email=ann@example.com.au",
        f"customer={scene.ann.pk}",
        "number=50",
    ]


def test_the_keys_of_an_erased_customer_open_nothing(scene: Scene) -> None:
    ApiKey.objects.update(networks="")
    other = get_key(setup_key(user=scene.account))
    guest, _ = issue_customer_key(scene.ann)
    assert ask("/edd-api/v2/sales/", signed(scene.key)).status == 200
    erase_customer(scene.ann)
    assert ask("/edd-api/v2/sales/", signed(scene.key)).status == 403
    assert set(ApiKey.objects.exclude(revoked_at=None).values_list("pk", flat=True)) == {
        get_key(scene.key).pk,
        other.pk,
        guest.pk,
    }
    assert ask("/edd-api/v2/sales/", signed(scene.staff)).status == 200


def test_somebody_of_the_staff_who_also_buys_keeps_their_account(scene: Scene) -> None:
    manager = get_key(scene.staff).user
    Customer.objects.filter(pk=scene.ann.pk).update(user_id=manager.wire_id)
    line = setup_line_of_log(NOON, user_id=manager.wire_id, user_name=manager.username, question="number=5")
    done = erase_customer(Customer.objects.get(pk=scene.ann.pk))
    assert done.account is False
    manager.refresh_from_db()
    line.refresh_from_db()
    assert (manager.is_active, line.question, line.user_name) == (True, "number=5", manager.username)
    assert get_key(scene.staff).revoked_at is None
    assert Customer.objects.get(pk=scene.ann.pk).user_id == 0


def test_an_export_has_everything_and_no_secret(scene: Scene) -> None:
    log_lines(scene)
    data = export_customer(scene.ann)
    text = json.dumps(data, ensure_ascii=False)
    for mark in MARKS:
        assert mark.casefold() in text.casefold(), mark
    key = get_key(scene.key)
    scene.account.refresh_from_db()
    for secret in (scene.key.token, key.token_digest, scene.account.password):
        assert secret not in text
    assert "ben@example.com" not in text
    assert data["customer"]["purchase_value"] == "20"
    orders = {order["id"]: order for order in data["orders"]}
    assert len(orders) == 3
    order = orders[scene.order.pk]
    assert (order["total"], order["created_at"]) == ("26", "2026-03-04T12:00:00+00:00")
    assert [len(order[part]) for part in ("items", "adjustments", "transactions", "addresses", "notes")] == [
        1
    ] * 5
    assert [one["public_key"] for one in data["keys"]] == [scene.key.public_key]
    assert data["user"]["username"] == "annq"
    assert len(data["requests"]) == 2 + len(NAMING)
    assert data["file_downloads"][0]["ip"] == "203.0.113.77"


def test_an_export_of_an_erased_customer_names_nobody(scene: Scene) -> None:
    log_lines(scene)
    erase_customer(scene.ann)
    text = json.dumps(export_customer(Customer.objects.get(pk=scene.ann.pk)))
    assert [mark for mark in MARKS if mark.casefold() in text.casefold()] == []


def test_an_imported_customer_may_come_back(scene: Scene) -> None:
    assert not comes_from_elsewhere(scene.ann)
    scene.ann.source = setup_source()
    assert comes_from_elsewhere(scene.ann)
    scene.ann.source = setup_source(SourceKind.DEMO, "demo")
    assert not comes_from_elsewhere(scene.ann)


def test_a_guest_without_anything_can_be_erased() -> None:
    guest = setup_customer("guest@example.com")
    done = erase_customer(guest)
    assert (done.account, done.keys, done.lines, done.records.orders) == (False, 0, 0, 0)
    assert timezone.now() >= guest.created_at
