"""Tillroll in front of a WordPress: whoever asks the API gets an answer, from WordPress where Tillroll has
none, and nobody who reads a log gets a token."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.cli.conftest import migrated, shop
from tests.cli.running import DEADLINE, Shop, find_free_port
from tests.deploy.proxies import PROXIES, WAIT, Prepare, Proxy, start_proxy
from tests.deploy.standing_in import StandIn, stand_in

__all__ = ["migrated", "shop"]

QUESTION = "/edd-api/v2/sales/?key=public-part&token=the-secret&s=a%2Fb%20c"


@dataclass(frozen=True)
class Reply:
    status: int
    content: str
    retry_after: str | None
    seconds: float

    @property
    def answered_by(self) -> str:
        """Which stand-in it was; Tillroll itself writes other answers."""
        return self.content.partition('{"answered_by":"')[2].rstrip('"}') or "tillroll"


def ask(proxy: Proxy, target: str = QUESTION, method: str = "GET", form: str = "", **headers: str) -> Reply:
    connection = HTTPConnection("127.0.0.1", proxy.port, timeout=DEADLINE)
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    start = time.monotonic()
    try:
        connection.request(method, target, form or None, {"Host": "shop.example", **headers})
        reply = connection.getresponse()
        content = reply.read().decode()
        return Reply(reply.status, content, reply.headers["Retry-After"], time.monotonic() - start)
    finally:
        connection.close()


Start = Callable[[int], Proxy]


@pytest.fixture(params=list(PROXIES))
def prepare(request: pytest.FixtureRequest) -> Prepare:
    return PROXIES[request.param]


@pytest.fixture
def wordpress() -> Iterator[StandIn]:
    with stand_in("wordpress") as told:
        yield told


@pytest.fixture
def tillroll() -> Iterator[StandIn]:
    with stand_in("tillroll") as told:
        yield told


@pytest.fixture
def start(prepare: Prepare, wordpress: StandIn, tmp_path: Path) -> Iterator[Start]:
    """Starts the proxy in front of a port."""
    tmp_path.parent.chmod(0o755)
    folder = tmp_path / "proxy"
    folder.mkdir()
    with ExitStack() as running:
        yield lambda port: running.enter_context(start_proxy(prepare, folder, port, wordpress.port))


@pytest.fixture
def proxy(start: Start, tillroll: StandIn) -> Proxy:
    return start(tillroll.port)


@pytest.mark.parametrize(
    "target",
    [
        "/edd-api/v2/sales/",
        "/edd-api/v2/sales?number=2",
        "//edd-api/products",
        "/index.php/edd-api/v2/sales/",
        "/?edd-api=v2/sales&number=2",
        "/?number=2&edd-api=v2%2Fsales",
        "/index.php?edd-api=v1/sales",
    ],
)
def test_a_question_to_the_api_goes_to_tillroll_as_it_was_asked(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, target: str
) -> None:
    assert ask(proxy, target).answered_by == "tillroll"
    assert [one.target.lstrip("/") for one in tillroll.asked] == [target.lstrip("/")]
    assert wordpress.asked == []


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/?p=1",
        "/shop/edd-apis/",
        "/?s=edd-api",
        "/?x=edd-api=v2",
        "/wp-login.php?edd-api=1",
        "/edd-api2/",
    ],
)
def test_everything_else_goes_to_wordpress(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, target: str
) -> None:
    assert ask(proxy, target).answered_by == "wordpress"
    assert [one.target for one in wordpress.asked] == [target]
    assert tillroll.asked == []


def test_query_form_client_host_and_scheme_arrive(proxy: Proxy, tillroll: StandIn) -> None:
    ask(proxy, QUESTION, "POST", "number=7", **{"X-Forwarded-For": "203.0.113.9"})
    [asked] = tillroll.asked
    assert (asked.method, asked.target, asked.form) == ("POST", QUESTION, b"number=7")
    assert asked.headers["Host"] == "shop.example"
    assert asked.headers["X-Forwarded-For"].split(", ")[-1] == "127.0.0.1"
    assert asked.headers["X-Forwarded-Proto"] == "http"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 405, 429, 500])
def test_what_tillroll_answers_passes_as_it_is(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, status: int
) -> None:
    tillroll.status = status
    reply = ask(proxy)
    assert (reply.status, reply.answered_by, reply.retry_after) == (status, "tillroll", "5")
    assert wordpress.asked == []


@pytest.mark.parametrize("target", [QUESTION, "/?edd-api=v2/sales&token=the-secret"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("status", [502, 503, 504])
def test_where_tillroll_gives_no_answer_wordpress_is_asked_the_same(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, status: int, method: str, target: str
) -> None:
    tillroll.status = status
    assert ask(proxy, target, method).status == 200
    assert len(tillroll.asked) == 1
    [asked] = wordpress.asked
    assert (asked.target, asked.headers["Host"]) == (target, "shop.example")
    assert asked.headers.get("X-Forwarded-For", "127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize(
    "target",
    [
        "/x/../edd-api/v2/sales?token=the-secret",
        "/x/%2E%2e/edd-api/v2/sales?token=the-secret",
        "/edd-api/./v2/sales?token=the-secret",
        "/edd-api/v2%2F..?token=the-secret",
        "/edd-api/x/..?token=the-secret",
    ],
)
@pytest.mark.parametrize("prepare", [PROXIES["nginx before PHP"], PROXIES["nginx"]], ids=["php", "proxy"])
def test_nginx_refuses_the_api_by_a_detour(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, target: str
) -> None:
    assert ask(proxy, target).status == 400
    assert tillroll.asked == wordpress.asked == []
    assert ask(proxy, "/edd-api/v2/sales?s=a/../b").answered_by == "tillroll"
    proxy.stop()
    assert {name for name, text in proxy.read_logs().items() if "the-secret" in text} == set()


@pytest.mark.parametrize("prepare", [PROXIES["nginx before PHP"]], ids=["php"])
def test_wordpress_own_php_is_asked_as_the_site_asks_it(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn
) -> None:
    tillroll.status = 503
    assert ask(proxy, QUESTION, "POST", "number=7").answered_by == "wordpress"
    [asked] = wordpress.asked
    assert asked.form == b"number=7"
    expected = {
        "CONTENT_LENGTH": "8",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "HTTP_HOST": "shop.example",
        "QUERY_STRING": QUESTION.partition("?")[2],
        "REMOTE_ADDR": "127.0.0.1",
        "REQUEST_METHOD": "POST",
        "REQUEST_URI": QUESTION,
        "SCRIPT_NAME": "/index.php",
    }
    assert {name: asked.parameters.get(name) for name in expected} == expected
    assert asked.parameters["SCRIPT_FILENAME"].endswith("/html/index.php")
    assert "HTTPS" not in asked.parameters


def test_a_tillroll_that_is_not_there_costs_nobody_an_answer(start: Start, wordpress: StandIn) -> None:
    proxy = start(find_free_port())
    for _ in range(3):
        reply = ask(proxy)
        assert (reply.status, reply.answered_by) == (200, "wordpress")
        assert reply.seconds < 5
    assert [one.target for one in wordpress.asked] == [QUESTION] * 3


def test_a_tillroll_that_hangs_is_passed_by(proxy: Proxy, tillroll: StandIn, wordpress: StandIn) -> None:
    tillroll.status = None
    reply = ask(proxy)
    assert (reply.status, reply.answered_by) == (200, "wordpress")
    assert WAIT <= reply.seconds < DEADLINE / 2
    assert [one.target for one in wordpress.asked] == [QUESTION]


def test_a_wordpress_slower_than_what_tillroll_is_waited_for_still_answers(
    start: Start, wordpress: StandIn
) -> None:
    proxy = start(find_free_port())
    for wordpress.seconds in (WAIT + 0.5, WAIT + 0.5, 0):
        reply = ask(proxy)
        assert (reply.status, reply.answered_by) == (200, "wordpress")
    assert [one.target for one in wordpress.asked] == [QUESTION] * 3


def test_a_wordpress_that_fails_is_asked_again_by_the_next(start: Start, wordpress: StandIn) -> None:
    proxy = start(find_free_port())
    for wordpress.status in (503, 200):
        assert ask(proxy).status == wordpress.status
    assert {one.target for one in wordpress.asked} == {QUESTION}


@pytest.mark.parametrize("origin", ["http://shop.example", "HTTPS://shop.example:443"])
def test_a_target_that_names_the_host_is_asked_of_wordpress_as_any_other(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, origin: str
) -> None:
    tillroll.status = 503
    reply = ask(proxy, origin + QUESTION)
    assert (reply.status, reply.answered_by) == (200, "wordpress")
    assert [one.target for one in wordpress.asked] == [QUESTION]


@pytest.mark.parametrize(
    "target",
    [
        "/%65dd-api/v2/sales?token=the-secret",
        "/index.php/edd%2Dapi/v2/sales?token=the-secret",
        "/?%65dd-ap%69=v2/sales&token=the-secret",
        "/index.php?token=the-secret&edd%2dapi=v2/sales",
    ],
)
def test_a_question_with_escapes_in_its_name_is_one_to_the_api(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, target: str
) -> None:
    for tillroll.status in (200, 503):
        assert ask(proxy, target).status == 200
    assert (len(tillroll.asked), len(wordpress.asked)) == (2, 1)
    proxy.stop()
    assert {name for name, text in proxy.read_logs().items() if "the-secret" in text} == set()


def test_a_question_by_post_reaches_wordpress_once_tillroll_is_known_to_be_away(
    start: Start, wordpress: StandIn
) -> None:
    proxy = start(find_free_port())
    ask(proxy)
    reply = ask(proxy, "/edd-api/v2/sales/", "POST", urlencode({"token": "the-secret"}))
    assert (reply.status, reply.answered_by) == (200, "wordpress")
    assert [(one.method, one.form) for one in wordpress.asked] == [
        ("GET", b""),
        ("POST", b"token=the-secret"),
    ]


@pytest.mark.parametrize("method", ["DELETE", "PUT"])
def test_what_is_no_question_never_reaches_wordpress(
    proxy: Proxy, tillroll: StandIn, wordpress: StandIn, method: str
) -> None:
    tillroll.status = 405
    assert ask(proxy, method=method).status == 405
    tillroll.status = 503
    assert ask(proxy, method=method).status == 503
    assert [one.method for one in tillroll.asked] == [method, method]
    assert wordpress.asked == []


def test_a_real_tillroll_is_used_while_it_is_there(start: Start, shop: Shop, wordpress: StandIn) -> None:
    port = find_free_port()
    shop.serve(port=port).wait_until_ready()
    proxy = start(port)
    question = "/edd-api/v2/products/?number=1"
    assert ask(proxy, question).content.startswith('{"products":[]')
    refused = ask(proxy, "/edd-api/v2/sales/?key=public-part&token=the-secret")
    assert (refused.status, refused.content) == (403, '{"error":"Invalid API key!"}')
    assert ask(proxy, question, "DELETE").status == 405
    assert wordpress.asked == []

    shop.servers[0].stop()
    assert [ask(proxy, question).answered_by for _ in range(2)] == ["wordpress"] * 2

    shop.serve(port=port).wait_until_ready()
    end = time.monotonic() + DEADLINE
    while ask(proxy, question).answered_by != "tillroll":
        assert time.monotonic() < end, "It stays with WordPress."
    assert ask(proxy, question).content.startswith('{"products":[]')


def test_no_log_holds_a_token(proxy: Proxy, tillroll: StandIn, wordpress: StandIn) -> None:
    targets = (
        QUESTION,
        "/?edd-api=v2/sales&token=the-secret",
        "/index.php/edd-api/v2/sales?token=the-secret",
    )
    for tillroll.status in (200, 403, 503, None):
        for target in targets:
            ask(proxy, target)
    for target in targets:
        ask(proxy, target, "DELETE") if tillroll.status else None
    ask(proxy, "/?page=a-page")
    proxy.stop()
    logs = proxy.read_logs()
    assert {name: text for name, text in logs.items() if "the-secret" in text} == {}
    everything = "".join(logs.values())
    assert "/edd-api/v2/sales/" in everything
    assert "a-page" in everything, "the site's own log is on"
