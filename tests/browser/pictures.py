"""Takes the pictures of the back office that the documentation shows: every page, light and dark, wide and on
a phone. `script/screenshots` calls it; a page more is a line in pages.py."""

import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import find_chromium
from tests.browser.pages import list_places
from tests.cli.running import DEADLINE, Server, Shop, make_environment

WIDE, PHONE = (1280, 860), (390, 844)
COLOURS = 96
"""Of a picture: text and few plain colours need no more, and a file is a third as large."""

PASSWORD = "lantern-in-the-fog"
QUESTIONS = (
    "sales/",
    "customers/?number=3",
    "stats/?type=earnings",
    "products/",
    "discounts/",
    "sales/?email=x",
)


def main(folder: Path) -> None:
    """Fills a folder with pictures, named by page, width and scheme."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, fill_shop(Path(home) / "home") as shop:
        server = shop.serve()
        server.wait_until_ready()
        ask_api(shop, server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            for width, size in (("wide", WIDE), ("phone", PHONE)):
                for scheme in ("light", "dark"):
                    take_all(browser, server, shop, folder, width, size, scheme)
            browser.close()


@contextmanager
def fill_shop(home: Path) -> Iterator[Shop]:
    """A demo shop with somebody who runs it."""
    home.mkdir()
    shop = Shop(home, make_environment(home))
    for arguments in (
        ("demo", "--orders", "1500"),
        ("user", "add", "ada", "--superuser", "--role", "shop_manager", "--password-stdin"),
    ):
        done = shop.run(*arguments, typed=f"{PASSWORD}\n")
        if done.returncode:
            sys.exit(done.stderr)
    try:
        yield shop
    finally:
        shop.close()


def ask_api(shop: Shop, server: Server) -> None:
    """Some questions, so that the log has lines; one of them with a wrong token."""
    lines = (shop.home / "demo-credentials").read_text().splitlines()
    known = dict(line.split("=", 1) for line in lines if "=" in line)
    for token in (known["token"], "0" * 32):
        for question in QUESTIONS:
            mark = "&" if "?" in question else "?"
            url = f"{server.url}/edd-api/v2/{question}{mark}key={known['public_key']}&token={token}"
            try:
                urllib.request.urlopen(url, timeout=DEADLINE).close()
            except urllib.error.HTTPError as error:
                error.close()


def take_all(
    browser: Browser, server: Server, shop: Shop, folder: Path, width: str, size: tuple[int, int], scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{server.url}/admin/")
    page.wait_for_load_state("networkidle")
    take(page, folder / f"login-{width}-{scheme}.png")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("#login-form button[type=submit]")
    page.wait_for_load_state("load")
    for place in list_places(shop):
        page.goto(f"{server.url}{place.path}")
        page.wait_for_load_state("networkidle")
        take(page, folder / f"{place.name}-{width}-{scheme}.png")
    context.close()


def take(page: Page, path: Path) -> None:
    page.screenshot(path=path)
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(path, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
