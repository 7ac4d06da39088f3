"""The whole way of EDD's page about its API, in a real browser: a key is made on a user's page, used, seen in
the log and revoked."""

import re
import time
import urllib.error
import urllib.request

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import Watched
from tests.cli.running import DEADLINE, Shop

PASSWORD = "lantern-in-the-fog"


def ask(watched: Watched, key: str, token: str) -> tuple[int, str]:
    """What an app gets that asks with key and token: status and body."""
    url = f"{watched.server.url}/edd-api/v2/stats/?key={key}&token={token}"
    try:
        with urllib.request.urlopen(url, timeout=DEADLINE) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def log_in(watched: Watched, name: str = "ada", password: str = PASSWORD) -> None:
    watched.go("/admin/")
    watched.page.fill("[name=username]", name)
    watched.page.fill("[name=password]", password)
    watched.page.click("#login-form button[type=submit]")


def open_user(watched: Watched, name: str = "ada") -> None:
    """Users > Edit, by the menu."""
    watched.page.locator("#nav-sidebar a[href='/admin/access/user/']").click()
    watched.page.get_by_role("link", name=name, exact=True).click()


def find_lines(watched: Watched, path: str, count: int) -> Locator:
    """The rows of the log once there are so many: they are written behind the answers."""
    rows = watched.page.locator("#result_list tr:has(.field-status)")
    end = time.monotonic() + DEADLINE
    watched.go(path)
    while rows.count() != count:
        assert time.monotonic() < end, f"The log has {rows.count()} lines, not {count}."
        watched.go(path)
    return rows


def test_a_key_is_generated_used_seen_in_the_log_and_revoked(
    watched: Watched, context: BrowserContext
) -> None:
    page = watched.page
    context.grant_permissions(["clipboard-read", "clipboard-write"], origin=watched.server.url)
    log_in(watched)
    open_user(watched)
    expect(page.get_by_text("ada has no API key yet.")).to_be_visible()

    page.get_by_label("Generate API Key").check()
    page.locator("#keys-form [name=label]").fill("Phone app")
    page.locator("#keys-form button[name=_save]").click()
    expect(page.locator("#new-key")).to_be_visible()
    key, token = page.locator("#public-key").inner_text(), page.locator("#token").inner_text()
    assert re.fullmatch("[0-9a-f]{32}", key)
    assert re.fullmatch("[0-9a-f]{32}", token)
    page.locator("[data-copy=token]").click()
    expect(page.locator("[data-copy=token]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == token
    expect(page.get_by_role("link", name="Phone app")).to_be_visible()

    status, body = ask(watched, key, token)
    assert status == 200
    assert '"current_month"' in body

    line = find_lines(watched, "/admin/access/requestlogentry/", 1)
    expect(line).to_contain_text("200")
    expect(line).to_contain_text("Phone app")
    assert token not in page.content()

    open_user(watched)
    assert token not in page.content()
    page.get_by_label("Revoke API Keys").check()
    page.locator("#keys-form button[name=_save]").click()
    expect(page.get_by_text("1 key was revoked")).to_be_visible()
    expect(page.locator("#api-keys .state")).to_have_text("Revoked")

    status, body = ask(watched, key, token)
    assert (status, "Invalid API key!" in body) == (403, True)
    lines = find_lines(watched, "/admin/access/requestlogentry/", 2)
    expect(lines.first).to_contain_text("403")


def test_reloading_the_answer_with_the_secret_makes_no_second_key(watched: Watched, shop: Shop) -> None:
    page = watched.page
    log_in(watched)
    open_user(watched)
    page.get_by_label("Generate API Key").check()
    page.locator("#keys-form button[name=_save]").click()
    token = page.locator("#token").inner_text()
    page.reload()
    expect(page.get_by_text("This form was saved before")).to_be_visible()
    assert token not in page.content()
    assert shop.execute("SELECT count(*) FROM access_apikey") == [(1,)]


@pytest.mark.parametrize("width", [1400, 390], ids=["wide", "phone"])
def test_the_pages_of_tools_work_at_any_width(width: int, watched: Watched) -> None:
    """Issue, rotate and revoke with a mouse, where nothing may stick out of the page."""
    page = watched.page
    page.set_viewport_size({"width": width, "height": 900})
    log_in(watched)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()

    def check_width() -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url

    watched.go("/admin/access/apikey/")
    check_width()
    page.get_by_role("link", name="Issue a key").click()
    page.get_by_role("link", name="A new service account").click()
    page.locator("[name=username]").fill("warehouse")
    page.get_by_label("Shop Accountant").check()
    page.locator("[name=quota_day]").fill("100")
    check_width()
    page.get_by_role("button", name="Issue the key").click()
    first = page.locator("#public-key").inner_text()
    check_width()
    page.get_by_role("link", name="To the key").click()
    expect(page.get_by_text("100 a day").first).to_be_visible()
    check_width()
    page.get_by_role("link", name="Rotate").click()
    page.locator("[name=grace]").select_option("24")
    page.get_by_role("button", name="Rotate").click()
    assert page.locator("#public-key").inner_text() != first
    page.get_by_role("link", name="To the key").click()
    expect(page.get_by_text("(this one)")).to_be_visible()
    check_width()
    page.get_by_role("link", name="Revoke").click()
    page.get_by_role("button", name="Revoke the key").click()
    expect(page.get_by_text("This key was revoked")).to_be_visible()
    for path in ("/admin/access/role/", "/admin/access/role/add/", "/admin/my-keys/", "/admin/access/user/"):
        watched.go(path)
        expect(page.locator("#main")).to_be_visible()
        check_width()
