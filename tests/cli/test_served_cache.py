"""Two workers that keep answers, and records that other processes change: nobody is told what was."""

import http.client
import json
import subprocess
import sys
from urllib.parse import urlencode

from tests.cli.asking_served import issue
from tests.cli.running import Server, Shop
from tillroll.access.digests import Pair

CONNECTIONS = 16
"""So many that both workers have some of them."""

_WRITER = "from tillroll.cli.stores import set_up; set_up(); from tillroll.shop import services; "


def write(shop: Shop, code: str) -> None:
    """Changes records in a process of its own, by the services."""
    subprocess.run([sys.executable, "-c", _WRITER + code], env=shop.environment, check=True, timeout=60)


class Clients:
    """Connections that stay open, each with the ETag of its last answer."""

    def __init__(self, server: Server, pair: Pair) -> None:
        credentials = urlencode({"key": pair.public_key, "token": pair.token})
        self._path = f"/edd-api/v2/customers/?{credentials}"
        self._open = [
            http.client.HTTPConnection("127.0.0.1", server.port, timeout=60) for _ in range(CONNECTIONS)
        ]
        self._etags = [""] * CONNECTIONS

    def ask(self, *, conditionally: bool = False) -> list[object]:
        """What each is told: the number of customers, or 304."""
        told: list[object] = []
        for place, connection in enumerate(self._open):
            headers = {"If-None-Match": self._etags[place]} if conditionally else {}
            connection.request("GET", self._path, headers=headers)
            reply = connection.getresponse()
            body = reply.read()
            self._etags[place] = reply.headers.get("ETag", "")
            told.append(len(json.loads(body).get("customers", ())) if reply.status == 200 else reply.status)
        return told

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def test_a_write_by_another_process_is_seen_by_the_next_request_of_every_worker(shop: Shop) -> None:
    pair = issue(shop)
    write(shop, "services.create_customer('0@example.com')")
    server = shop.serve("--workers", "2")
    server.wait_until_ready()
    clients = Clients(server, pair)
    for number in range(1, 5):
        assert clients.ask() == [number] * CONNECTIONS
        assert clients.ask(conditionally=True) == [304] * CONNECTIONS
        write(shop, f"services.create_customer('{number}@example.com')")
        assert clients.ask(conditionally=True) == [number + 1] * CONNECTIONS
    assert shop.run("keys", "revoke", pair.public_key).returncode == 0
    assert clients.ask(conditionally=True) == [403] * CONNECTIONS
    clients.close()
    assert server.stop() == 0
