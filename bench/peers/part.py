"""Tillroll, the first time, beside what else one could put in front of the same SQLite file.

Datasette gives the rows of the one table as JSON, which is less than what is asked of Tillroll; FastAPI with
SQLAlchemy's ORM (app.py) gives the same answers. A peer that can't be installed is a row with the reason.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from bench.answers import UNCACHED, compare
from bench.client import fetch
from bench.load import LoadError
from bench.plan import Plan
from bench.questions import ask, find_question
from bench.results import Row
from bench.servers import TILLROLL, run_server, serve
from bench.shops import SMALL, Shop, get_shop
from tillroll.secret_file import load_secrets

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
ZONE = "America/New_York"
"""Of the demo shop."""

_ASKED = ("v2 customers, 10", "v2 sales, 50")
_NET = "complete,partially_refunded,revoked,on_hold"
_TABLES = {
    "v2 customers, 10": ("/tillroll/shop_customer.json?_size=10", "customers"),
    "v2 sales, 50": (f"/tillroll/shop_order.json?_size=50&type=sale&status__in={_NET}", "sales"),
}


class Peer(NamedTuple):
    """How a peer is started in the environment of the peers, what it is asked, and whether it answers as
    Tillroll does (its data, then ours)."""

    name: str
    command: Sequence[str]
    get_urls: Callable[[str, list[str]], list[str]]
    is_right: Callable[[Any, Any], bool]
    note: str


def _get_table_urls(question: str, urls: list[str]) -> list[str]:
    path, _ = _TABLES[question]
    return [f"{path}&_sort_desc=id&_shape=array&_nocount=1"] * len(urls)


def _has_rows(theirs: Any, ours: Any) -> bool:
    [rows] = [value for value in ours.values() if isinstance(value, list)]
    ids = [str(row.get("ID") or row["info"]["customer_id"]) for row in rows]
    return [str(row["id"]) for row in theirs] == ids


def _has_all(theirs: Any, ours: Any) -> bool:
    return {**theirs, "request_speed": 0} == {**ours, "request_speed": 0}


PEERS = (
    Peer(
        "Datasette",
        ("-m", "datasette", "serve", "{database}", "--port", "{port}"),
        _get_table_urls,
        _has_rows,
        "rows of one table alone, the first page",
    ),
    Peer(
        "FastAPI, SQLAlchemy",
        (
            "-m",
            "uvicorn",
            "bench.peers.app:app",
            "--port",
            "{port}",
            "--log-level",
            "warning",
            "--no-access-log",
        ),
        lambda _question, urls: urls,
        _has_all,
        "the same answers, no log or quotas",
    ),
)


def measure_peers(plan: Plan) -> Iterator[Row]:
    shop = get_shop(plan.shops, plan.orders or SMALL)
    python, reason = _install(plan.shops / "peers")
    if reason:
        for peer in PEERS:
            yield Row(part="peers", name=peer.name, beside=peer.name, note=f"Not installed: {reason}")
        return
    with serve(TILLROLL, shop.set_up(**UNCACHED)) as ours:
        sample = shop.learn(ours)
        for peer in PEERS:
            database = str(shop.home / "tillroll.sqlite3")
            command = [python, *(word.replace("{database}", database) for word in peer.command)]
            with run_server(command, _set_up(shop)) as theirs:
                for name in _ASKED:
                    asked = ask(find_question(name), "", sample, shop.pair)
                    urls = [theirs.base + url for url in peer.get_urls(name, asked)]
                    full = fetch(ours.base + asked[0])
                    if not peer.is_right(fetch(urls[0]).data, full.data):
                        raise LoadError(f"{peer.name} answers something else to {name}.")
                    sides = [[ours.base + url for url in asked], urls]
                    mine, others = plan.take_turns(*(plan.load(side) for side in sides))
                    form, size = f"beside {peer.name}", len(full.content)
                    row = compare(name, form, peer.name, mine, others, size, "peers")
                    yield replace(row, note=peer.note)


def _install(folder: Path) -> tuple[str, str]:
    """The Python of the peers' environment, made where it isn't there; and why it could not be."""
    python = folder / "bin/python"
    done_with = folder / "installed"
    wanted = REQUIREMENTS.read_text("utf-8")
    if done_with.exists() and done_with.read_text("utf-8") == wanted:
        return str(python), ""
    steps = (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            str(REQUIREMENTS),
        ],
    )
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode:
            told = (done.stderr or done.stdout).strip().splitlines()
            return str(python), told[-1] if told else "no reason was given"
    done_with.write_text(wanted, "utf-8")
    return str(python), ""


def _set_up(shop: Shop) -> dict[str, str]:
    return shop.set_up(
        PEER_DATABASE=str(shop.home / "tillroll.sqlite3"),
        PEER_PEPPER=load_secrets(shop.home / "secrets").key_pepper,
        PEER_ZONE=ZONE,
    )
