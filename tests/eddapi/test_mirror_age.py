"""A mirrored shop says how old its records are, and refuses to answer from records that are too old."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.test import Client

from tests.asking import ask
from tests.shops import setup_customer, setup_key, setup_mirror, setup_product, setup_settings
from tillroll.eddapi import age
from tillroll.shop.models import Customer, Mirror
from tillroll.shop.services import change_settings, get_mirror, refuse_mirrored
from tillroll.shop.services.privacy import erase_records

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

GOOD_AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def mirror() -> Mirror:
    setup_product()
    setup_customer()
    return setup_mirror(GOOD_AT)


def test_a_shop_of_its_own_says_nothing_of_an_age() -> None:
    setup_product()
    reply = ask("/edd-api/v2/products/")
    assert not [name for name in reply.headers if name.startswith("x-tillroll")]
    assert get_mirror() is None
    refuse_mirrored("Nothing")
    assert Client().get("/healthz/ready").json() == {"status": "ok"}


@pytest.mark.parametrize("path", ["/edd-api/v2/products/", "/edd-api/v2/sales/", "/edd-api/nothing/"])
def test_every_answer_tells_its_age(mirror: Mirror, path: str) -> None:
    for seconds in (0, 42, 43):  # the second and third from what is kept
        with time_machine.travel(GOOD_AT + timedelta(seconds=seconds, milliseconds=600), tick=False):
            reply = ask(path)
        assert reply.headers["x-tillroll-mirror-age"] == str(seconds)
        assert reply.headers["x-tillroll-mirror-round"] == "2026-03-04T05:06:07Z"


def test_a_round_of_another_process_is_seen_within_a_second(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(age, "monotonic", lambda: clock[0])
    with time_machine.travel(GOOD_AT + timedelta(seconds=50), tick=False):
        assert ask("/edd-api/v2/products/").headers["x-tillroll-mirror-age"] == "50"
        Mirror.objects.update(good_at=GOOD_AT + timedelta(seconds=45))
        for later, seconds in ((0.9, "50"), (1.1, "5")):
            clock[0] = 100.0 + later
            assert ask("/edd-api/v2/products/").headers["x-tillroll-mirror-age"] == seconds


def test_an_unchanged_answer_tells_its_age_too(mirror: Mirror) -> None:
    with time_machine.travel(GOOD_AT + timedelta(seconds=9), tick=False):
        etag = ask("/edd-api/v2/products/").headers["etag"]
        reply = ask("/edd-api/v2/products/", headers={"If-None-Match": etag})
    assert (reply.status, reply.headers["x-tillroll-mirror-age"]) == (304, "9")


def test_a_clock_that_was_set_back_makes_no_age_below_zero(mirror: Mirror) -> None:
    with time_machine.travel(GOOD_AT - timedelta(hours=1), tick=False):
        assert ask("/edd-api/v2/products/").headers["x-tillroll-mirror-age"] == "0"


def test_info_tells_the_age(mirror: Mirror) -> None:
    key = setup_key()
    with time_machine.travel(GOOD_AT + timedelta(seconds=12), tick=False):
        answer = ask("/edd-api/v2/info/", {"key": key.public_key, "token": key.token}).data["info"]
    assert answer["mirror"] == {"age": 12, "round": "2026-03-04T05:06:07Z"}


def test_records_that_are_too_old_are_refused(mirror: Mirror) -> None:
    setup_settings(mirror_max_age=60)
    for seconds, status in ((60, 200), (61, 503)):
        with time_machine.travel(GOOD_AT + timedelta(seconds=seconds), tick=False):
            reply = ask("/edd-api/v2/products/")
        assert reply.status == status
    assert reply.data == {"error": "The shop's records are 61 seconds old, which is too old to be shown!"}
    assert reply.headers["retry-after"] == "15"
    assert reply.headers["x-tillroll-mirror-age"] == "61"
    with time_machine.travel(GOOD_AT + timedelta(seconds=61), tick=False):
        reply = ask("/edd-api/v2/products/", {"format": "xml"})
    assert b"<error>The shop's records are 61 seconds old" in reply.content.replace(b"&apos;", b"'").replace(
        b"&#x27;", b"'"
    )


def test_nobody_keeps_what_may_become_too_old(mirror: Mirror) -> None:
    setup_settings(public_max_age=300)
    with time_machine.travel(GOOD_AT, tick=False):
        assert ask("/edd-api/v2/products/").headers["cache-control"] == "public, max-age=300"
        setup_settings(mirror_max_age=60)
        assert ask("/edd-api/v2/products/").headers["cache-control"] == "private, no-cache"


def test_a_server_that_would_refuse_is_not_ready(mirror: Mirror) -> None:
    setup_settings(mirror_max_age=60)
    for seconds, status in ((60, 200), (61, 503)):
        with time_machine.travel(GOOD_AT + timedelta(seconds=seconds), tick=False):
            reply = Client().get("/healthz/ready")
        assert reply.status_code == status
    assert reply.json() == {
        "status": "unready",
        "problems": ["The records are 61 s old, and mirror_max_age is 60."],
    }


def test_the_health_page_tells_age_and_trouble(mirror: Mirror) -> None:
    with time_machine.travel(GOOD_AT + timedelta(seconds=30), tick=False):
        assert Client().get("/healthz/ready").json() == {"status": "ok", "mirror": {"age": 30}}
        Mirror.objects.update(trouble="The mirror's source can't be reached.", problem="At db.internal:3306")
        reply = Client().get("/healthz/ready")
    assert reply.status_code == 200
    assert reply.json()["mirror"] == {"age": 30, "trouble": "The mirror's source can't be reached."}


def test_what_is_the_sources_is_not_changed_here(mirror: Mirror) -> None:
    with pytest.raises(
        ValidationError, match="The setting currency can't be changed here, since this shop follows"
    ):
        change_settings(currency="EUR")
    assert change_settings(mirror_max_age=5).mirror_max_age == 5
    customer = Customer.objects.get()
    with pytest.raises(ValidationError, match="A customer can't be changed here"):
        erase_records(customer)
    customer.refresh_from_db()
    assert "erased" not in customer.email


@pytest.mark.parametrize("value", [-1, 2**31])
def test_an_age_that_is_none_is_refused(value: int) -> None:
    with pytest.raises(ValidationError, match=r"mirror_max_age|Ensure this value"):
        change_settings(mirror_max_age=value)
