"""Logging in, in a real browser: a door that closes, a second factor from its set-up to a lost phone, and an
invitation."""

import base64
import time

from django_otp.oath import TOTP
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_seed_page import PASSWORD, log_in
from tests.cli.running import Shop

STEP = 30
"""Seconds for which an app shows a code."""


def read_code(key: str, ahead: int = 0) -> str:
    """What the app shows now, or some half minutes ahead, which counts while a clock may be off."""
    totp = TOTP(base64.b32decode(key))
    totp.time = time.time() + ahead * STEP
    return f"{totp.token():06d}"


def set_up(page: Page) -> tuple[str, list[str]]:
    """Sets a second factor up on its page: the app's secret, and the recovery codes."""
    expect(page.locator("img.qr")).to_be_visible()
    key = page.inner_text("#secret").replace(" ", "")
    page.fill("[name=code]", read_code(key))
    page.get_by_role("button", name="Switch it on").click()
    codes = page.inner_text("#recovery-codes").split()
    assert len(codes) == 10
    return key, codes


def test_too_many_wrong_passwords_close_the_door_and_the_machine_opens_it(
    watched: Watched, shop: Shop
) -> None:
    page = watched.page
    for _ in range(10):
        log_in(watched, password="guess")
    waits = page.get_by_text(
        "Too many wrong passwords came from your address; wait 15 minutes and try again."
    )
    expect(waits).to_be_visible()
    log_in(watched)
    expect(waits).to_be_visible()
    # the browser itself notes that an answer was 429
    assert all("429" in complaint for complaint in watched.complaints)
    assert len(watched.complaints) == 2
    watched.complaints.clear()
    released = shop.run("user", "unlock", "ada")
    assert released.stdout == "Forgot 10 wrong passwords at ada.\n"
    log_in(watched)
    expect(page.locator("#nav-sidebar")).to_be_visible()


def test_a_second_factor_is_set_up_used_and_recovered(watched: Watched, context: BrowserContext) -> None:
    page = watched.page
    log_in(watched)
    watched.go("/admin/account/")
    page.get_by_role("link", name="Set it up").click()
    key, codes = set_up(page)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("10 recovery codes left.")).to_be_visible()

    context.clear_cookies()
    log_in(watched)
    expect(page.get_by_text("Your password is right. Now the code.")).to_be_visible()
    watched.go("/admin/shop/order/")
    expect(page.locator("#login-form")).to_be_visible()  # the password alone opens nothing
    log_in(watched)
    page.fill("[name=code]", read_code(key, ahead=1))  # that of now was used to set it up
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("#nav-sidebar")).to_be_visible()

    context.clear_cookies()
    log_in(watched)
    page.fill("[name=code]", codes[0])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("That recovery code is used up; 9 are left.")).to_be_visible()

    context.clear_cookies()
    log_in(watched)
    page.fill("[name=code]", codes[0])
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("This code is not right, or was used before.")).to_be_visible()


def test_a_role_that_demands_a_second_factor_shows_nothing_before(watched: Watched, shop: Shop) -> None:
    page = watched.page
    assert shop.run("roles", "set", "shop_manager", "--two-factor").returncode == 0
    log_in(watched)
    expect(page.get_by_text("Your role demands two-factor login.")).to_be_visible()
    watched.go("/admin/shop/order/")
    expect(page.get_by_text("Your role demands two-factor login.")).to_be_visible()
    set_up(page)
    watched.go("/admin/shop/order/")
    expect(page.locator("h1", has_text="Select").or_(page.locator("#main"))).to_be_visible()
    assert page.url.endswith("/admin/shop/order/")


def test_somebody_invited_chooses_a_password(watched: Watched, context: BrowserContext) -> None:
    page = watched.page
    log_in(watched)
    watched.go("/admin/access/user/add/?how=invitation")
    page.fill("[name=username]", "ben")
    page.get_by_label("Shop Accountant").check()
    page.get_by_role("button", name="Add the user").click()
    link = page.inner_text("#link")
    context.clear_cookies()
    page.goto(link)
    assert page.url == f"{watched.server.url}/admin/welcome/"
    page.fill("[name=password]", PASSWORD)
    page.fill("[name=again]", PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    expect(page.get_by_text("Your password is set, ben. Log in with it.")).to_be_visible()
    log_in(watched, "ben")
    expect(page.locator("#nav-sidebar")).to_be_visible()
