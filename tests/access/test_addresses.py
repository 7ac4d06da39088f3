"""Whose address is logged: X-Forwarded-For counts only from proxies that the settings trust."""

from typing import Any

import pytest

from tillroll.access.addresses import get_client_address

PROXIES = ["10.0.0.0/8", "192.0.2.7", "2001:db8:ffff::/48"]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        pytest.param("203.0.113.9", None, "203.0.113.9", id="no proxy"),
        pytest.param("203.0.113.9", "198.51.100.1", "203.0.113.9", id="a stranger's header"),
        pytest.param("10.1.2.3", None, "10.1.2.3", id="a proxy itself"),
        pytest.param("10.1.2.3", "", "10.1.2.3", id="an empty header"),
        pytest.param("10.1.2.3", "198.51.100.1", "198.51.100.1", id="behind a proxy"),
        pytest.param("192.0.2.7", "198.51.100.1", "198.51.100.1", id="behind a proxy by its address"),
        pytest.param("192.0.2.8", "198.51.100.1", "192.0.2.8", id="beside a proxy"),
        pytest.param("10.1.2.3", "198.51.100.1, 10.9.9.9", "198.51.100.1", id="behind two proxies"),
        pytest.param(
            "10.1.2.3",
            "1.1.1.1, 198.51.100.1, 10.9.9.9",
            "198.51.100.1",
            id="what a client made up is left out",
        ),
        pytest.param("10.1.2.3", "10.7.7.7, 10.9.9.9", "10.7.7.7", id="proxies alone"),
        pytest.param("10.1.2.3", "198.51.100.1, nonsense", "10.1.2.3", id="nonsense from a proxy"),
        pytest.param("10.1.2.3", "nonsense, 198.51.100.1", "198.51.100.1", id="nonsense from a client"),
        pytest.param("10.1.2.3", "a, 10.9.9.9", "10.9.9.9", id="nonsense in front of a proxy"),
        pytest.param("10.1.2.3", "unknown", "10.1.2.3", id="an unknown client"),
        pytest.param("2001:DB8:FFFF::1", "2001:0DB8::00FF", "2001:db8::ff", id="IPv6, in its short form"),
        pytest.param("::ffff:10.1.2.3", "198.51.100.1", "198.51.100.1", id="a proxy's IPv4 inside IPv6"),
        pytest.param("::ffff:203.0.113.9", None, "203.0.113.9", id="IPv4 inside IPv6"),
        pytest.param("fe80::1%eth0", None, "fe80::1", id="a zone"),
        pytest.param("", None, "", id="no address"),
        pytest.param("", "198.51.100.1", "", id="no address but a header"),
        pytest.param("unix:", "198.51.100.1", "", id="a socket"),
    ],
)
def test_the_nearest_address_that_is_no_trusted_proxy_counts(
    settings: Any, peer: str, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXIES = PROXIES
    environ = {"REMOTE_ADDR": peer}
    if forwarded is not None:
        environ["HTTP_X_FORWARDED_FOR"] = forwarded
    assert get_client_address(environ) == expected


def test_without_trusted_proxies_the_header_counts_for_nothing(settings: Any) -> None:
    settings.TRUSTED_PROXIES = []
    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "198.51.100.1"}
    assert get_client_address(environ) == "127.0.0.1"


def test_an_environment_without_an_address_has_none(settings: Any) -> None:
    assert get_client_address({}) == ""
