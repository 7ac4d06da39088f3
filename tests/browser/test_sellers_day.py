"""A seller's day in a real browser: a product is made and sold, a part of it given back, and every place that
tells of it says the same."""

import csv
import io
import json
import re
import urllib.parse
import urllib.request
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.conftest import Watched
from tests.browser.test_seed_page import log_in
from tests.cli.running import DEADLINE, Shop

REPORT = "/admin/reports/?period=today"


def ask(watched: Watched, endpoint: str, **parameters: str) -> Any:
    """What the API answers."""
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(
        f"{watched.server.url}/edd-api/v2/{endpoint}/?{query}", timeout=DEADLINE
    ) as reply:
        return json.load(reply)


def make_key(shop: Shop) -> dict[str, str]:
    issued = shop.run("keys", "issue", "ada", "--label", "Till")
    assert issued.returncode == 0, issued.stderr
    key, token = re.findall(r"\b[0-9a-f]{32}\b", issued.stdout)[:2]
    return {"key": key, "token": token}


def read_tile(page: Page, title: str) -> tuple[str, str]:
    """What a tile of the dashboard says: earnings and sales."""
    tile = page.locator(".tile").filter(has=page.get_by_role("heading", name=title, exact=True))
    return tile.locator(".figure").inner_text(), tile.locator("p").nth(1).inner_text().split(" sale")[0]


def export_totals(watched: Watched, path: str, button: str) -> list[dict[str, str]]:
    """A page's file, taken by its button."""
    watched.go(path)
    with watched.page.expect_download() as started:
        watched.page.get_by_role("link", name=button).click()
    text = started.value.path().read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text)))


def assert_agreed(watched: Watched, key: dict[str, str], earnings: str, totals: list[str]) -> None:
    """Dashboard, API and the file of orders tell of the same money."""
    watched.go("/admin/")
    for title in ("Today", "This month", "All time"):
        assert read_tile(watched.page, title) == (f"{earnings} USD", "1")
    assert ask(watched, "stats", type="sales", **key)["sales"]["today"] == 1
    assert ask(watched, "stats", type="earnings", **key)["earnings"]["today"] == float(earnings)
    rows = export_totals(watched, "/admin/shop/order/", "Export CSV")
    assert [row["total"] for row in rows] == totals
    assert sum(float(row["total"]) for row in rows) == float(earnings)
    day, total = export_totals(watched, REPORT, "CSV file")
    assert (day["Sales"], total["First day"]) == ("1", "Total")
    assert float(day["Gross (USD)"]) - float(day["Refunds (USD)"]) == float(earnings)
    assert float(day["Net (USD)"]) + float(day["Tax (USD)"]) == float(earnings)
    product, *_ = export_totals(watched, f"{REPORT}&by=product", "CSV file")
    assert (product["Product"], product["Items sold"]) == ("Brush set", "1")


def make_product(watched: Watched) -> None:
    page = watched.page
    watched.go("/admin/shop/term/add/?taxonomy=download_category")
    page.get_by_label("Name").fill("Brushes & ink")
    page.get_by_role("button", name="Save").click()
    page.locator("#nav-sidebar").get_by_role("link", name="All downloads").click()
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Title").fill("Brush set")
    page.get_by_label("Status").select_option("publish")
    page.get_by_label("Several prices").check()
    page.locator("[name=prices-0-name]").fill("Personal")
    page.locator("[name=prices-0-amount]").fill("12.5")
    page.locator("[name=prices-1-name]").fill("Studio")
    page.locator("[name=prices-1-amount]").fill("40")
    page.locator("[name=files-0-name]").fill("Brushes")
    page.get_by_role("button", name="Add a file").click()
    page.locator("[name=files-2-file]").fill("https://files.example/notes.txt")
    page.locator("[name=files-0-file]").fill("https://files.example/brushes.zip")
    page.get_by_label("Brushes & ink").check()
    page.get_by_label("Tags").fill("soft, wet")
    page.get_by_role("button", name="Save the product").click()
    expect(page.get_by_text("Brush set was saved.")).to_be_visible()


def test_a_product_is_made_sold_and_partly_given_back(watched: Watched, shop: Shop) -> None:
    page = watched.page
    key = make_key(shop)
    log_in(watched)
    expect(page.get_by_role("heading", name="Welcome")).to_be_visible()

    make_product(watched)
    (found,) = ask(watched, "products", s="brush", category="brushes-ink", tag="wet", **key)["products"]
    assert found["pricing"] == {"personal": "12.50", "studio": "40.00"}
    assert [one["name"] for one in found["files"]] == ["Brushes", ""]
    watched.go("/admin/shop/product/?q=brush")
    expect(page.get_by_role("link", name="Brush set")).to_be_visible()

    watched.go("/admin/shop/order/")
    page.get_by_role("link", name="Record an order").click()
    page.get_by_label("E-mail address").fill("jane@example.com")
    page.locator("[name=items-0-product]").fill(f"{found['info']['id']}_1")
    page.locator("[name=items-0-quantity]").fill("3")
    page.get_by_label("Tax (per cent)").fill("20")
    page.get_by_role("button", name="Reckon").click()
    expect(page.locator(".summary")).to_contain_text("45.00 USD")
    page.get_by_role("button", name="Record the order").click()
    expect(page.get_by_text("was recorded.")).to_be_visible()
    order = page.url
    assert_agreed(watched, key, "45.00", ["45.00"])

    page.goto(order)
    page.get_by_role("link", name="Refund…").click()
    page.get_by_label("Brush set").fill("50")
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("That is more than is left of it: at most 45.00 USD.")).to_be_visible()
    page.get_by_label("Brush set").fill("9")
    page.get_by_role("button", name="Give it back").click()
    expect(page.get_by_text("9.00 USD were given back")).to_be_visible()
    assert_agreed(watched, key, "36.00", ["45.00", "-9.00"])

    page.goto(order)
    expect(page.locator("#changes")).to_contain_text("refunded")
    expect(page.locator("#changes")).to_contain_text("given back: 9.00 USD")
