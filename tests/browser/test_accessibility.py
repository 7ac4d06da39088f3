"""Every page of the back office by the rules of axe, light and dark, wide and on a phone; and by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.backoffice.test_rights import PAGES
from tests.browser.conftest import DEADLINE
from tests.browser.pages import list_places
from tests.cli.running import Server, Shop

PASSWORD = "lantern-in-the-fog"
MODES = (("light", 1400), ("dark", 390))
"""Each scheme and each width once: a fault of both together is rare, and a page takes a third of a second."""
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@pytest.fixture(scope="module")
def filled(shared_shop: Shop) -> Shop:
    """A demo shop with a manager `ada`, and somebody who may see nothing."""
    shared_shop.execute("DELETE FROM shop_shopsettings")  # the template's, which a demo would not replace
    for arguments in (
        ("demo", "--orders", "120"),
        ("user", "add", "ada", "--superuser", "--role", "shop_manager", "--password-stdin"),
        ("user", "add", "nobody", "--password-stdin"),
    ):
        done = shared_shop.run(*arguments, typed=f"{PASSWORD}\n")
        assert done.returncode == 0, done.stderr
    return shared_shop


@pytest.fixture(scope="module")
def filled_server(filled: Shop) -> Server:
    started = filled.serve()
    started.wait_until_ready()
    return started


def log_in(browser: Browser, server: Server, scheme: str, width: int, name: str = "ada") -> Page:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.set_default_timeout(DEADLINE)
    page = context.new_page()
    page.goto(f"{server.url}/admin/")
    page.fill("[name=username]", name)
    page.fill("[name=password]", PASSWORD)
    page.click("#login-form button[type=submit]")
    page.wait_for_load_state("load")
    return page


def find_violations(page: Page) -> list[str]:
    """What axe finds: rule, place, and how it is mended."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": list(TAGS)})
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {node.get('failureSummary', '')}"
        for rule in found.response["violations"]
        for node in rule["nodes"]
    ]


def find_faults(page: Page, width: int) -> list[str]:
    faults = find_violations(page)
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
        faults.append(f"{wide} px wide")
    return faults


@pytest.mark.parametrize(("scheme", "width"), MODES)
def test_no_page_has_a_fault(
    scheme: str, width: int, browser: Browser, filled: Shop, filled_server: Server
) -> None:
    page = log_in(browser, filled_server, scheme, width)
    faults: dict[str, list[str]] = {}
    for path in dict.fromkeys([*PAGES, *(place.path for place in list_places(filled))]):
        page.goto(f"{filled_server.url}{path}")
        if found := find_faults(page, width):
            faults[path] = found
    page.context.close()
    assert faults == {}


@pytest.mark.parametrize(("scheme", "width"), MODES)
def test_what_one_sees_without_rights_has_no_fault(
    scheme: str, width: int, browser: Browser, filled_server: Server
) -> None:
    page = log_in(browser, filled_server, scheme, width, "nobody")
    faults = {"403": find_faults(page, width)}
    page.context.clear_cookies()
    page.goto(f"{filled_server.url}/admin/")
    faults["login"] = find_faults(page, width)
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", "wrong")
    page.click("#login-form button[type=submit]")
    expect(page.get_by_text("Please enter the correct")).to_be_visible()
    faults["wrong password"] = find_faults(page, width)
    page.context.close()
    assert {name: found for name, found in faults.items() if found} == {}


def test_a_page_is_used_by_keyboard(browser: Browser, filled_server: Server) -> None:
    page = log_in(browser, filled_server, "light", 1400)
    page.goto(f"{filled_server.url}/admin/shop/order/")
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#content :focus")).to_be_visible()
    page.get_by_role("link", name="Record an order").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Record the order")).to_be_visible()
    page.get_by_label("E-mail address").focus()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.context.close()


def test_the_menu_opens_on_a_phone(browser: Browser, filled_server: Server) -> None:
    page = log_in(browser, filled_server, "light", 390)
    menu = page.locator("#nav-sidebar")
    expect(menu).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(menu).to_be_visible()
    menu.get_by_role("link", name="Orders").click()
    expect(page.get_by_role("link", name="Record an order")).to_be_visible()
    page.context.close()
