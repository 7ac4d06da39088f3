"""The site for WordPress that the documentation gives to a Caddy that has no other server behind it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.running import find_free_port
from tests.deploy.proxies import DEPLOY, Places, Proxy, prepare_caddy, start_proxy
from tests.deploy.standing_in import StandIn, stand_in
from tests.deploy.test_proxies import QUESTION, ask


@pytest.fixture
def php() -> Iterator[StandIn]:
    with stand_in("wordpress") as told:
        yield told


@pytest.fixture
def proxy(tmp_path: Path, php: StandIn) -> Iterator[Proxy]:
    """Caddy in front of itself, and no Tillroll."""
    (tmp_path / "index.php").touch()
    (tmp_path / "page.html").write_text("a page")
    text = (DEPLOY.parent / "docs/drop-in.md").read_text()
    [site] = re.findall(r"^```caddy\n(.+?)^```", text, re.M | re.S)

    def prepare(places: Places) -> list[str]:
        own = places.put_into(
            site,
            (":8080", f":{places.wordpress}"),
            ("/var/www/shop", str(tmp_path)),
            ("unix//run/php/php-fpm.sock", f"127.0.0.1:{php.port}"),
        )
        return prepare_caddy(places, own)

    folder = tmp_path / "proxy"
    folder.mkdir()
    with start_proxy(prepare, folder, find_free_port(), find_free_port()) as running:
        yield running


def test_it_answers_for_the_shops_name(proxy: Proxy, php: StandIn) -> None:
    assert ask(proxy, "/page.html").content == "a page"
    assert ask(proxy, "/about/").answered_by == "wordpress"
    [asked] = php.asked
    assert (asked.target, asked.headers["Host"]) == ("/about/", "shop.example")


def test_wordpress_knows_that_its_visitors_come_by_https(proxy: Proxy, php: StandIn) -> None:
    ask(proxy, "/")
    assert php.asked[0].parameters["HTTPS"] == "on"


def test_it_answers_the_api_while_tillroll_is_away_and_logs_no_token(proxy: Proxy, php: StandIn) -> None:
    assert ask(proxy).answered_by == "wordpress"
    assert [one.target for one in php.asked] == [QUESTION]
    proxy.stop()
    assert {name for name, text in proxy.read_logs().items() if "the-secret" in text} == set()
