"""A dump goes from the page into the shop, in a real browser: uploaded, watched, and summed up."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DEADLINE, Watched
from tests.browser.test_seed_page import log_in
from tests.cli.running import DEADLINE as SECONDS
from tests.cli.running import Shop

DUMP = Path(__file__).parents[1] / "conformance/data/dump.sql.gz"


@pytest.mark.parametrize("width", [1400, 390], ids=["wide", "phone"])
def test_the_sample_dump_is_imported_from_the_page(width: int, watched: Watched, shop: Shop) -> None:
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    log_in(watched)
    watched.go("/admin/import/")
    page.get_by_label("Dump").set_input_files(DUMP)
    expect(page.get_by_label("Table prefix")).to_have_value("")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("2,009 records of Harbor & Pine Plugins")).to_be_visible(timeout=DEADLINE)
    orders = page.locator("#records tr", has=page.get_by_role("rowheader", name="orders", exact=True))
    expect(orders.locator("td")).to_have_text(["283", "0", "0", "283"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert shop.execute("SELECT count(*) FROM shop_order") == [(283,)]
    page.get_by_role("link", name="Back to imports").click()
    expect(page.locator("td", has_text="dump.sql.gz")).to_be_visible()


def test_what_is_no_dump_is_said_where_it_was_chosen(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    log_in(watched)
    watched.go("/admin/import/")
    wrong = tmp_path / "photo.png"
    wrong.write_bytes(b"no dump")
    page.get_by_label("Dump").set_input_files(wrong)
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("photo.png is no dump: a .sql or .sql.gz file is wanted.")).to_be_visible()
    assert watched.server.url in page.url


def test_it_works_without_its_script(browser: Browser, watched: Watched) -> None:
    plain = browser.new_context()
    plain.route("**/import*.js", lambda route: route.abort())
    page = plain.new_page()
    page.set_default_timeout(DEADLINE)
    page.goto(f"{watched.server.url}/admin/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", "lantern-in-the-fog")
    page.click("#login-form button[type=submit]")
    page.goto(f"{watched.server.url}/admin/import/")
    page.get_by_label("Dump").set_input_files(DUMP)
    page.get_by_label("Table prefix").fill("")  # where the theme's script puts the file's name
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/import/*/")
    summary = page.get_by_text("2,009 records of Harbor & Pine Plugins")
    end = time.monotonic() + SECONDS
    while not summary.is_visible():
        assert time.monotonic() < end, page.url
        page.reload()
    plain.close()
