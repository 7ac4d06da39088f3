"""A server comes up by itself on a fresh folder, says how to reach it, and goes down without losing a line
of its log."""

import fcntl
import http.cookiejar
import json
import os
import re
import signal
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.cli.running import DEADLINE, Server, Shop, find_free_port, refusal
from tillroll.cli.refusals import Refusal
from tillroll.cli.serve import find_place, get_url


def read(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as reply:
        content: bytes = reply.read()
    return content


def test_two_servers_that_start_at_once_on_a_fresh_folder_both_come_up(bare_home: Shop) -> None:
    servers = [bare_home.serve(), bare_home.serve()]
    for server in servers:
        server.wait_until_ready()
    assert [server.stop() for server in servers] == [0, 0]
    migrated = [line for server in servers for line in server.output.splitlines() if "Migrated" in line]
    assert len(migrated) == len(set(migrated)) > 10
    assert (bare_home.home / "tillroll.sqlite3").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stop_ends_it_and_no_line_of_the_request_log_is_lost(shop: Shop, workers: int) -> None:
    shop.run("user", "add", "ann", "--no-password", "--role", "shop_manager")
    key, token = re.findall(r"^(?:key|token) +(\w+)$", shop.run("keys", "issue", "ann").stdout, re.M)
    server = shop.serve("--workers", str(workers))
    server.wait_until_ready()
    assert json.loads(read(f"{server.url}/edd-api/v2/sales/?key={key}&token={token}"))["request_speed"] > 0
    assert server.stop(signal.SIGTERM) == 0
    assert "Traceback" not in server.output
    assert count_logged(shop) == 1


HELD = """
import granian._signals, threading
from tillroll.cli import main

def hold():
    print("A worker is held before it serves.", flush=True)
    threading.Event().wait()

granian._signals.set_sync_signals = hold
main()
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_does_not_wait_for_a_worker_that_is_still_starting(shop: Shop, number: signal.Signals) -> None:
    server = shop.serve(command=(sys.executable, "-c", HELD))
    server.wait_for("A worker is held")
    assert server.stop(number) == 0
    assert "refused" not in server.output
    assert "Traceback" not in server.output


def count_within_a_limit(shop: Shop, limit: int, *arguments: str, environment: dict[str, str]) -> int:
    """How many of many requests, each over a connection of its own, pass a limit a minute. A worker that is
    still starting has its share yet to give: until all is given, the asking goes on."""
    shop.run("user", "add", "ann", "--no-password", "--role", "shop_manager")
    issued = shop.run("keys", "issue", "ann", "--per-minute", str(limit)).stdout
    key, token = re.findall(r"^(?:key|token) +(\w+)$", issued, re.M)
    shop.environment |= environment
    server = shop.serve(*arguments)
    server.wait_until_ready()
    statuses: list[int] = []
    end = time.monotonic() + DEADLINE
    while len(statuses) < limit * 5 or (statuses.count(200) < limit and time.monotonic() < end):
        try:
            read(f"{server.url}/edd-api/v2/info/?key={key}&token={token}")
            statuses.append(200)
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
            error.close()
    assert server.stop() == 0
    assert set(statuses) == {200, 429}
    return statuses.count(200)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        pytest.param(("--workers", "2"), {}, id="by-option"),
        pytest.param((), {"TILLROLL_WORKERS": "2"}, id="by-environment"),
        pytest.param(("--workers", "2"), {"TILLROLL_WORKERS": "1"}, id="the-option-counts"),
    ],
)
def test_two_workers_share_a_limit_of_a_minute(
    shop: Shop, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    limit = 20
    within = count_within_a_limit(shop, limit, *arguments, environment=environment)
    assert limit <= within <= limit + 4  # each its half, and a few where a minute ended in between


def test_one_worker_gives_all_of_a_limit(shop: Shop) -> None:
    assert 20 <= count_within_a_limit(shop, 20, environment={}) <= 24


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("TILLROLL_WORKERS", "many", "Invalid value for '--workers': 'many' is not a valid integer range; see"
         " `tillroll serve --help`."),
        ("TILLROLL_WORKERS", "0", "Invalid value for '--workers': 0 is not in the range 1<=x<=256; see"
         " `tillroll serve --help`."),
        ("TILLROLL_THREADS", "2.5", "TILLROLL_THREADS takes a whole number from 1 up, not 2.5."),
        ("TILLROLL_FAILED_TRIES", "0", "TILLROLL_FAILED_TRIES takes a whole number from 1 up, not 0."),
        ("TILLROLL_REDIS_URL", "db.example:6379", "TILLROLL_REDIS_URL takes the address of a Redis,"
         " redis://:password@host:6379/0; leave it empty for none."),
    ],
)  # fmt: skip
def test_a_variable_that_means_nothing_is_refused_in_a_sentence(
    migrated: Shop, variable: str, value: str, sentence: str
) -> None:
    assert refusal(migrated.run("serve", "--port", "0", **{variable: value})) == sentence


def test_a_worker_that_died_is_replaced(shop: Shop) -> None:
    server = shop.serve()
    server.wait_until_ready()
    first = list_workers(server)
    assert len(first) == 1
    os.kill(first[0], signal.SIGKILL)
    end = time.monotonic() + DEADLINE
    while not (set(list_workers(server)) - set(first)) and time.monotonic() < end:
        time.sleep(0.05)
    server.wait_until_ready()
    assert server.stop() == 0
    assert "Unexpected exit from worker-1" in server.output


def list_workers(server: Server) -> list[int]:
    number = server.process.pid
    children = Path(f"/proc/{number}/task/{number}/children").read_text().split()
    return [int(child) for child in children]


def test_control_c_ends_it_too(shop: Shop) -> None:
    server = shop.serve()
    server.wait_until_ready()
    assert server.stop(signal.SIGINT) == 0
    assert server.output == f"Tillroll listens at {server.url}/ (Ctrl+C stops it)\n"


def count_logged(shop: Shop) -> int:
    query = "SELECT COUNT(*) FROM access_requestlogentry WHERE endpoint = 'sales' AND status = 200"
    return int(shop.execute(query, "logs")[0][0])


def test_a_demo_prints_lines_that_work_as_they_stand(shop: Shop) -> None:
    server = shop.serve("--demo")
    server.wait_until_ready()
    server.wait_for("removes them")
    assert "A demo shop: 17 products" in server.output
    urls = re.findall(rf"curl '({server.url}/edd-api/[^']+)'", server.output)
    members = [next(iter(json.loads(read(url)))) for url in urls[:4]]
    assert members == ["products", "sales", "customers", "earnings"]
    assert read(urls[4]).startswith(b"<?xml")
    assert log_in(server.url, *re.findall(r"^  (?:login|password) +(\S+)$", server.output, re.M)) == 200


def log_in(url: str, login: str, password: str) -> int:
    """The status of the back office's first page after logging in."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    page = browser.open(f"{url}/admin/login/", timeout=30).read().decode()
    hidden = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[0]
    form = {"username": login, "password": password, "csrfmiddlewaretoken": hidden, "next": "/admin/"}
    with browser.open(f"{url}/admin/login/", urllib.parse.urlencode(form).encode(), timeout=30) as reply:
        assert reply.url == f"{url}/admin/"
        status: int = reply.status
    return status


def test_a_demo_is_made_once_and_its_way_in_stays(shop: Shop) -> None:
    outputs = []
    for _ in range(2):
        server = shop.serve("--demo")
        server.wait_until_ready()
        server.stop()
        outputs.append(server.output.replace(str(server.port), "PORT"))
    first, second = outputs
    assert "A demo shop:" in first
    assert second == first[first.index("Tillroll listens") :]
    kept = shop.home / "demo-credentials"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert all(line.split("=")[1] in second for line in kept.read_text().splitlines())


def test_a_shop_with_records_is_not_given_a_demo(shop: Shop) -> None:
    dump = Path(__file__).parents[1] / "conformance/data/dump.sql.gz"
    (shop.home / "demo-credentials").write_text("public_key=a\ntoken=b\nlogin=c\npassword=d\n")
    assert shop.run("import", "wordpress", str(dump)).returncode == 0
    server = shop.serve("--demo")
    server.wait_until_ready()
    assert server.stop() == 0
    assert server.output == f"Tillroll listens at {server.url}/ (Ctrl+C stops it)\n"
    assert not (shop.home / "demo-credentials").exists()


def test_a_port_that_another_server_has_is_refused(shop: Shop) -> None:
    server = shop.serve()
    server.wait_until_ready()
    said = refusal(shop.run("serve", "--port", str(server.port)))
    assert said == f"Port {server.port} of 127.0.0.1 is taken; choose another with --port."
    assert json.loads(read(f"{server.url}/healthz/live")) == {"status": "ok"}


def test_no_server_starts_while_a_backup_is_restored(shop: Shop) -> None:
    with (shop.home / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = refusal(shop.run("serve", "--port", str(find_free_port())))
    assert said == "A backup is being restored here, or the shop moved; start the server when it is done."


def test_no_server_starts_on_the_remains_of_a_restore(shop: Shop) -> None:
    (shop.home / "secrets.before-restore").write_text("")
    said = refusal(shop.run("serve", "--port", str(find_free_port())))
    assert said.startswith("A restore broke off and left secrets.before-restore")


def test_the_access_log_has_a_line_a_request_without_its_query(shop: Shop) -> None:
    server = shop.serve("--access-log")
    server.wait_until_ready()
    read(f"{server.url}/edd-api/v2/products/?s=hush")
    server.wait_for('"GET /edd-api/v2/products/ HTTP/1.1" 200')
    server.stop()
    assert "hush" not in server.output


def test_a_port_of_zero_becomes_a_free_one() -> None:
    address, port = find_place("localhost", 0)
    assert address == "127.0.0.1"
    assert port > 1023


def test_a_port_in_use_is_seen_even_where_its_owner_shares_it() -> None:
    with socket.socket() as owner:
        owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        owner.bind(("127.0.0.1", 0))
        owner.listen()
        port = owner.getsockname()[1]
        with pytest.raises(Refusal, match=f"Port {port} of 127.0.0.1 is taken"):
            find_place("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "words"),
    [("no-such-host.invalid", "no address that this machine knows"), ("203.0.113.9", "can't be listened on")],
)
def test_an_address_that_is_not_ours_is_refused(host: str, words: str) -> None:
    with pytest.raises(Refusal, match=words):
        find_place(host, 8000)


@pytest.mark.parametrize(
    ("address", "prefix", "url"),
    [
        ("127.0.0.1", "", "http://127.0.0.1:80"),
        ("0.0.0.0", "/shop", "http://127.0.0.1:80/shop"),  # noqa: S104 (nothing is bound)
        ("::", "", "http://[::1]:80"),
        ("::1", "", "http://[::1]:80"),
    ],
)
def test_the_address_that_is_shown_can_be_opened_here(
    address: str, prefix: str, url: str, settings: Settings
) -> None:
    settings.PATH_PREFIX = prefix
    assert get_url(address, 80) == url
