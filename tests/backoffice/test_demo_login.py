"""The demo's login: worth nothing but on the machine itself, neither as a password nor as a session."""

import pytest
from django.test import Client

from tests.shops import setup_user
from tillroll.access.backends import FORWARDED, is_from_here, is_loopback
from tillroll.access.services import set_password

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

PASSWORD = "lantern-in-the-fog"


@pytest.fixture
def demo() -> None:
    set_password(setup_user("demo", role="shop_manager", is_demo=True), PASSWORD)
    set_password(setup_user("ada", role="shop_manager"), PASSWORD)


def log_in(client: Client, name: str = "demo", **extra: str) -> bool:
    client.post("/admin/login/?next=/admin/", {"username": name, "password": PASSWORD}, **extra)  # type: ignore[arg-type]
    return "sessionid" in client.cookies


def test_the_demo_gets_in_from_here(demo: None) -> None:
    for address in ("127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"):
        client = Client(REMOTE_ADDR=address)
        assert log_in(client), address
        assert client.get("/admin/shop/order/").status_code == 200


def test_the_demo_is_refused_from_elsewhere(demo: None) -> None:
    for address in ("203.0.113.9", "192.168.1.4", "::2", "", "unix:", "::ffff:10.0.0.1"):
        client = Client(REMOTE_ADDR=address)
        assert not log_in(client), address
        assert client.get("/admin/").status_code == 302


@pytest.mark.parametrize("header", FORWARDED)
def test_the_demo_is_refused_behind_a_proxy(demo: None, header: str) -> None:
    client = Client()
    assert not log_in(client, **{header: "127.0.0.1"})


def test_a_wrong_password_is_refused_from_here(demo: None) -> None:
    client = Client()
    client.post("/admin/login/", {"username": "demo", "password": "guess"})
    assert "sessionid" not in client.cookies


def test_a_session_begun_here_is_worth_nothing_elsewhere(demo: None) -> None:
    client = Client()
    assert log_in(client)
    for stolen in ({"REMOTE_ADDR": "203.0.113.9"}, {"HTTP_X_FORWARDED_FOR": "127.0.0.1"}):
        for url in ("/admin/", "/admin/shop/customer/"):
            reply = client.get(url, **stolen)  # type: ignore[arg-type]
            assert reply.status_code == 302
            assert reply.headers["Location"] == f"/admin/login/?next={url}"
    assert client.get("/admin/").status_code == 200


def test_other_people_get_in_from_anywhere(demo: None) -> None:
    client = Client(REMOTE_ADDR="203.0.113.9", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert log_in(client, "ada")
    assert client.get("/admin/shop/order/").status_code == 200


def test_what_is_no_address_is_not_this_machine() -> None:
    assert not any(is_loopback(text) for text in ("", "localhost", "127.0.0.1:80", "::", "128.0.0.1"))
    assert is_loopback("127.0.0.1")
    assert not is_from_here({})
