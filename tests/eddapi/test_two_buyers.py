"""Two buyers who ask one worker at once."""

import threading
from typing import Any

import pytest
from django.db import connections

from tests.asking import ask
from tests.eddapi.buyers import Buyer, make_buyer
from tests.shops import bearing, setup_settings, signed

pytestmark = pytest.mark.django_db(databases=["default", "logs"])

QUESTIONS = [
    (f"/edd-api/{version}/{endpoint}/", fmt)
    for version in ("v1", "v2")
    for endpoint in ("customers", "sales", "file-download-logs", "info")
    for fmt in ("json", "xml")
]


@pytest.fixture(scope="module")
def buyers(kept_shop: None) -> dict[str, Buyer]:
    setup_settings(dialect="edd3")
    return {name: make_buyer(name) for name in ("ann", "bob")}


def test_two_buyers_in_one_worker_never_see_each_others_bytes(
    buyers: dict[str, Buyer], django_db_blocker: Any
) -> None:
    wrong: list[str] = []
    right: list[bool] = []

    def run(name: str) -> None:
        mine, other = buyers[name], "bob" if name == "ann" else "ann"
        with django_db_blocker.unblock():
            for turn in range(4):
                for path, fmt in QUESTIONS:
                    query, headers = signed(mine.pair, format=fmt), {}
                    if turn % 2:
                        query, headers = {"format": fmt}, bearing(mine.pair)
                    content = ask(path, query, headers=headers).content.decode()
                    if any(trace in content for trace in (f"{other}@", f"of {other}", f"of-{other}")):
                        wrong.append(f"{name} at {path}: {content}")
                    right.append(f"{name}@" in content or f"of {name}" in content or "info" in path)
            connections.close_all()

    threads = [threading.Thread(target=run, args=(name,)) for name in ("ann", "bob", "ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert right == [True] * (4 * 4 * len(QUESTIONS))
