"""Wrong passwords count together in all workers of a server."""

import http.client
import re
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.cli.running import Server, Shop


def send(server: Server, password: str) -> int:
    """Sends the login form on a connection of its own, which any worker may take: the answer's status."""
    there = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    try:
        there.request("GET", "/admin/login/")
        reply = there.getresponse()
        cookie = SimpleCookie(reply.headers["Set-Cookie"])["csrftoken"].value
        token = re.search(r'csrfmiddlewaretoken" value="(\w+)"', reply.read().decode())
        assert token
        form = {"csrfmiddlewaretoken": token[1], "username": "ada", "password": password}
        headers = {"Cookie": f"csrftoken={cookie}", "Content-Type": "application/x-www-form-urlencoded"}
        there.request("POST", "/admin/login/", urlencode(form), headers)
        status = there.getresponse().status
    finally:
        there.close()
    return status


def test_two_workers_count_wrong_passwords_together(shop: Shop) -> None:
    added = shop.run("user", "add", "ada", "--superuser", "--password-stdin", typed="lantern-in-the-fog\n")
    assert added.returncode == 0, added.stderr
    server = shop.serve("--workers", "2")
    server.wait_until_ready()
    assert [send(server, "guess") for _ in range(9)] == [200] * 9
    assert send(server, "guess") == 429
    assert {send(server, "lantern-in-the-fog") for _ in range(6)} == {429}
