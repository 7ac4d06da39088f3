"""A real Chromium before a real server. Where there is no Chromium the tests are skipped, and fail where
TILLROLL_TEST_REQUIRE=1 says that everything has to be there."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright

from tests.cli.conftest import migrated, shared_shop, shop
from tests.cli.running import Server, Shop

__all__ = ["migrated", "shared_shop", "shop"]

NAMES = ("chromium", "chromium-browser", "google-chrome")
DEADLINE = 30_000
"""Milliseconds after which a page that should have answered has failed: far more than a loaded machine
needs."""


def find_chromium() -> str:
    """The browser of this machine; skips, or fails where it is required."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    reason = f"There is no Chromium ({', '.join(NAMES)}) on this machine."
    if os.environ.get("TILLROLL_TEST_REQUIRE") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Closed behind each file: while it is open, Django takes its thread for one that must not wait."""
    path = find_chromium()
    with sync_playwright() as playwright:
        # in a container Chromium's own sandbox and its shared memory are not to be had
        started = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield started
        started.close()


@dataclass
class Watched:
    """A page, with what it should not have done: complaints on its console and requests to other hosts."""

    page: Page
    server: Server
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(f"{self.server.url}{path}")

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    def note_error(self, error: Exception) -> None:
        self.complaints.append(f"{self.page.url}: {error}")

    def note_request(self, request: Request) -> None:
        asked = urlsplit(request.url)
        is_own = f"{asked.scheme}://{asked.netloc}" == self.server.url
        if not is_own and asked.scheme not in ("data", "blob"):
            self.foreign.append(request.url)


@pytest.fixture
def server(shop: Shop) -> Server:
    """A server of the shop with a manager `ada`, whom a password lets in."""
    added = shop.run(
        "user", "add", "ada", "--superuser", "--role", "shop_manager", "--password-stdin",
        typed="lantern-in-the-fog\n",
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    started = shop.serve()
    started.wait_until_ready()
    return started


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1400, "height": 900})
    made.set_default_timeout(DEADLINE)
    yield made
    made.close()


@pytest.fixture
def watched(context: BrowserContext, server: Server) -> Iterator[Watched]:
    """A page that is watched; at the end it must not have complained, nor asked anybody else."""
    made = Watched(context.new_page(), server)
    made.page.on("console", made.note_message)
    made.page.on("pageerror", made.note_error)
    context.on("request", made.note_request)
    yield made
    assert made.complaints == []
    assert made.foreign == []
