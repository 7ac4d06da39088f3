"""The client: what it asks again, what it says of what does not work, and what it never does."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import time_machine

from tests.intake.remote.conftest import Clock
from tests.intake.remote.fake_shop import KEY, TOKEN, Asked, FakeShop, Said
from tests.intake.remote.serving import serve_this_shop
from tests.shops import setup_key
from tillroll.intake.remote import client as client_module
from tillroll.intake.remote.address import read_address
from tillroll.intake.remote.client import TRIES, Client
from tillroll.intake.remote.credentials import Credentials
from tillroll.intake.remote.pace import Pace, read_retry_after
from tillroll.intake.remote.refused import Overwhelmed, PullRefused, Unreached

PAGE = Said(200, b"<!doctype html><title>A shop</title>", {"Content-Type": "text/html"})


def at_first(*said: Said) -> Callable[[Asked], Said | None]:
    """These answers in turn, then the shop's own."""
    left = list(said)
    return lambda _asked: left.pop(0) if left else None


def make_client(url: str, pace: Pace, key: str = KEY, token: str = TOKEN) -> Client:
    return Client(read_address(url), Credentials(key, token), pace)


# Asking again


def test_failures_are_asked_again_after_longer_and_longer_waits(
    fake_shop: FakeShop, client: Client, clock: Clock
) -> None:
    fake_shop.trouble = at_first(Said(500), Said(502), Said(503), Said(504))
    assert client.get("info", {}).status == 200
    assert clock.waits == [1, 2, 4, 8]
    assert len(fake_shop.asked) == 5


def test_a_shop_that_goes_on_failing_is_given_up(fake_shop: FakeShop, client: Client, clock: Clock) -> None:
    fake_shop.trouble = lambda _asked: Said(500, b"<h1>There has been a critical error.</h1>")
    with pytest.raises(Overwhelmed, match=r"^127\.0\.0\.1:\d+ fails \(500\)\.$"):
        client.get("info", {})
    assert len(fake_shop.asked) == TRIES
    assert clock.waits == [1, 2, 4, 8, 16]


def test_an_answer_that_does_not_come_is_asked_again(
    fake_shop: FakeShop, clock: Clock, pace: Pace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "READ_SECONDS", 0.2)
    client = make_client(fake_shop.url, pace)
    fake_shop.trouble = at_first(Said(hangs=True))
    client.recognise()
    client.close()
    assert clock.waits == [1]
    assert len(fake_shop.asked) == 2


def test_an_answer_that_breaks_off_is_asked_again(fake_shop: FakeShop, client: Client, clock: Clock) -> None:
    whole = b'{"info": {"site": {"currency": "EUR"}}, "request_speed": 0.1}'
    fake_shop.trouble = at_first(Said(200, whole, is_cut=True), Said(200, whole[:30]))
    assert b'"EUR"' in client.get("info", {}).content
    assert clock.waits == [1, 2]


def test_too_many_requests_wait_as_long_as_the_shop_says(
    fake_shop: FakeShop, client: Client, clock: Clock
) -> None:
    fake_shop.trouble = at_first(
        Said(429, headers={"Retry-After": "30"}), Said(503, headers={"Retry-After": "7"})
    )
    assert client.get("info", {}).status == 200
    assert clock.waits == [30, 7]


def test_a_shop_that_wants_to_be_left_alone_is(fake_shop: FakeShop, client: Client, clock: Clock) -> None:
    fake_shop.trouble = lambda _asked: Said(429, headers={"Retry-After": "7200"})
    with pytest.raises(Unreached, match=r"wants no more requests for 2\.0 hours; come again then\.$"):
        client.get("info", {})
    assert clock.waits == []
    assert len(fake_shop.asked) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30", 30.0),
        ("Sun, 01 Nov 2026 10:00:20 GMT", 20.0),
        ("Sun, 01 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str | None, seconds: float | None) -> None:
    with time_machine.travel(datetime(2026, 11, 1, 10, tzinfo=UTC), tick=False):
        assert read_retry_after(text) == seconds


def test_requests_keep_their_distance(fake_shop: FakeShop, client: Client, clock: Clock) -> None:
    clock.slept.clear()
    for _ in range(4):
        client.get("info", {})
    assert clock.slept == [0.2] * 4
    clock.time += 10
    client.get("info", {})
    assert clock.slept == [0.2] * 4


# What does not work


def refuse(client: Client) -> str:
    """The sentence with which recognising it, or the first question with the key, ends."""

    def begin() -> None:
        client.recognise()
        client.get("info", {})

    with pytest.raises(PullRefused) as refused:
        begin()
    client.close()
    return str(refused.value)


def test_a_wrong_key_is_said(fake_shop: FakeShop, pace: Pace) -> None:
    assert refuse(make_client(fake_shop.url, pace, token="0" * 32)) == (
        f"{fake_shop.url[7:]} does not take the key (Your request could not be authenticated!); it must be an"
        " administrator's, with its token."
    )
    assert [each.target for each in fake_shop.asked] == ["v2/products", "v2/info"]


def test_a_firewall_is_told_from_a_wrong_key(fake_shop: FakeShop, client: Client) -> None:
    fake_shop.trouble = lambda _asked: Said(403, b"<h1>Forbidden</h1>")
    with pytest.raises(PullRefused, match="a firewall there may have to let"):
        client.get("info", {})


def test_a_web_page_is_no_shop(fake_shop: FakeShop, pace: Pace) -> None:
    fake_shop.trouble = lambda _asked: PAGE
    assert refuse(make_client(fake_shop.url, pace)) == (
        f"{fake_shop.url} answers with no EDD API but with a web page (200); give the shop's home address,"
        " below which /edd-api/ is."
    )
    assert all("key" not in each.query and "token" not in each.query for each in fake_shop.asked)


def test_another_api_is_no_shop(fake_shop: FakeShop, pace: Pace) -> None:
    fake_shop.trouble = lambda _asked: Said(200, b'{"hello": "world"}')
    assert refuse(make_client(fake_shop.url, pace)) == (
        f"{fake_shop.url} is no shop with EDD: what answers there knows no products."
    )


def test_a_shop_without_version_2_is_too_old(fake_shop: FakeShop, pace: Pace) -> None:
    fake_shop.trouble = lambda _asked: Said(404, b'{"error": "Invalid API version!"}')
    assert "does not speak version 2 of EDD's API (Invalid API version!)" in refuse(
        make_client(fake_shop.url, pace)
    )


def test_a_shop_without_pretty_addresses_is_found(fake_shop: FakeShop, pace: Pace) -> None:
    fake_shop.trouble = lambda asked: Said(404, b"<h1>Not found</h1>") if "/edd-api/" in asked.path else None
    client = make_client(f"{fake_shop.url}/blog/", pace)
    client.recognise()
    assert client.get("info", {}).status == 200
    client.close()
    assert (fake_shop.asked[-1].path, fake_shop.asked[-1].target) == ("/blog/", "v2/info")


def test_nothing_there_is_said(pace: Pace) -> None:
    with pytest.raises(Unreached, match=r"^127\.0\.0\.1:1 can't be reached: nothing answers there\.$"):
        make_client("http://127.0.0.1:1/", pace).recognise()


def test_a_redirect_to_another_host_is_not_followed(fake_shop: FakeShop, client: Client) -> None:
    target = f"https://www.shop.example/edd-api/v2/info/?key={KEY}&token={TOKEN}"
    fake_shop.trouble = lambda _asked: Said(301, headers={"Location": target})
    with pytest.raises(PullRefused) as refused:
        client.get("info", {})
    assert str(refused.value) == (
        f"{fake_shop.url} redirects to https://www.shop.example, where the key is not sent;"
        " if that is the same shop, pull https://www.shop.example/ instead."
    )
    assert len(fake_shop.asked) == 1


def test_a_redirect_within_the_shop_is_followed(fake_shop: FakeShop, client: Client) -> None:
    fake_shop.trouble = at_first(Said(301, headers={"Location": "/en/edd-api/v2/info/?lang=en"}))
    assert client.get("info", {}).status == 200
    assert fake_shop.asked[-1].path == "/en/edd-api/v2/info/"
    assert fake_shop.asked[-1].query == {"key": KEY, "token": TOKEN}


def test_redirects_in_a_circle_end(fake_shop: FakeShop, client: Client) -> None:
    fake_shop.trouble = lambda asked: Said(302, headers={"Location": asked.path})
    with pytest.raises(PullRefused, match=r"redirects in a circle\.$"):
        client.get("info", {})


def test_http_on_a_tls_port_is_said(fake_shop: FakeShop, pace: Pace) -> None:
    client = make_client(fake_shop.url.replace("http:", "https:"), pace)
    with pytest.raises(
        PullRefused, match=r"^No secure connection to .* comes about; is https:// right there"
    ):
        client.recognise()


# Secrets


def test_a_wordpress_gets_the_key_in_the_query_once_it_is_known(fake_shop: FakeShop, pace: Pace) -> None:
    client = make_client(fake_shop.url, pace)
    client.recognise()
    client.get("info", {})
    client.close()
    assert not client.speaks_tillroll
    assert [each.query for each in fake_shop.asked] == [{"number": "1"}, {"key": KEY, "token": TOKEN}]
    assert "authorization" not in fake_shop.asked[1].headers


@pytest.mark.django_db(databases=["default", "logs"])
@pytest.mark.parametrize("kind", ["token", "bearer"])
def test_a_tillroll_gets_the_key_in_a_header(kind: str, pace: Pace) -> None:
    pair = setup_key()
    seen: list[tuple[str, str]] = []

    def watch(environ: dict[str, str], start_response: object) -> object:
        from tillroll.wsgi import application

        seen.append((environ["QUERY_STRING"], environ.get("HTTP_AUTHORIZATION", "").partition(" ")[0]))
        return application(environ, start_response)  # type: ignore[arg-type]

    with serve_this_shop(watch) as url:
        client = make_client(url, pace, pair.public_key, getattr(pair, kind))
        client.recognise()
        assert client.speaks_tillroll
        assert client.get("info", {}).status == 200
        client.close()
    assert seen == [("number=1", ""), ("", {"token": "Basic", "bearer": "Bearer"}[kind])]


def test_no_secret_is_logged_or_said(
    fake_shop: FakeShop, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("info", {})
        fake_shop.trouble = lambda asked: Said(403, f'{{"error": "Bad {TOKEN} and {KEY}!"}}'.encode())
        with pytest.raises(PullRefused) as refused:
            client.get("info", {})
        fake_shop.trouble = lambda _asked: Said(200, b'{"a": "b"}', is_cut=True)
        with pytest.raises(Overwhelmed) as broken:
            client.get("info", {})
    assert "Bad … and …!" in str(refused.value)
    for text in (caplog.text, str(refused.value), str(broken.value), repr(broken.value.__context__)):
        assert KEY not in text
        assert TOKEN not in text
    assert broken.value.__cause__ is None
    assert broken.value.__suppress_context__


# Addresses


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("https://shop.example", "https://shop.example"),
        (" https://Shop.Example:443/ ", "https://shop.example"),
        ("https://shop.example:8443/store/", "https://shop.example:8443/store"),
        ("https://shop.example/store/edd-api/v2/sales/", "https://shop.example/store"),
        ("https://shop.example/edd-api", "https://shop.example"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://127.0.0.2", "http://127.0.0.2"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
    ],
)
def test_a_shop_is_known_by_its_home(text: str, home: str) -> None:
    assert read_address(text).home == home


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("shop.example", "begins with https://"),
        ("ftp://shop.example", "begins with https://"),
        ("https://", "begins with https://"),
        ("https://ann:secret@shop.example/", "no place for secrets"),
        ("https://shop.example/?key=secret", "without ? and #"),
        ("https://shop.example/#secret", "without ? and #"),
        ("https://shop.example:x/", "no address of a shop"),
        ("https://sh op.example/", "no address of a shop"),
        ("https://shop.example/a b", "no address of a shop"),
        ("https://[::1/", "no address of a shop"),
        ("http://shop.example/", "would carry the key and its token in clear"),
        ("http://localhost.shop.example/", "in clear"),
        ("http://0.0.0.0/", "in clear"),
    ],
)
def test_what_is_no_address_of_a_shop_is_refused(text: str, reason: str) -> None:
    with pytest.raises(PullRefused) as refused:
        read_address(text)
    assert reason in str(refused.value)
    assert "secret@" not in str(refused.value)
    assert "=secret" not in str(refused.value)


def test_http_elsewhere_needs_a_word() -> None:
    assert read_address("http://shop.example/", may_be_insecure=True).home == "http://shop.example"
