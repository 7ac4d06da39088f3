"""The front page: how the shop does, who bought last, what sells best, how the API is used, and what needs
attention. Each part is for those alone who may see it elsewhere; none reads more than a page of records."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from tillroll.access.capabilities import Capability
from tillroll.access.logbook import DayCount, Selection, count_by_day
from tillroll.backoffice.attention import list_matters
from tillroll.backoffice.charts import DayChart, Series, Step, TimeChart, draw_days, draw_steps
from tillroll.backoffice.columns import format_amount
from tillroll.backoffice.rights import may
from tillroll.shop.fields import from_units, join_sum
from tillroll.shop.models import Order, Product, ShopSettings, Tally
from tillroll.shop.services import get_settings
from tillroll.shop.statements import run
from tillroll.shop.zone import parse_zone
from tillroll.stats.figures import Figures, list_days, sum_days
from tillroll.stats.periods import get_today

CHART_DAYS = 30
LATEST = 10
BEST = 5
API_DAYS = 7


@dataclass(frozen=True, slots=True)
class Tile:
    """Sales and earnings of a stretch of time, beside those of the one before."""

    title: str
    sales: int
    earnings: str
    before: str
    change: str
    is_up: bool
    url: str


class Best(NamedTuple):
    """A product with what it brought in."""

    title: str
    url: str
    sold: int
    earnings: str


def describe_shop(request: HttpRequest) -> dict[str, Any]:
    """What the front page shows to a user."""
    user, now = request.user, timezone.now()
    shop = get_settings()
    zone = parse_zone(shop.timezone)
    sees_figures = may(user, Capability.VIEW_SHOP_REPORTS)
    sees_orders = sees_figures or may(user, Capability.EDIT_ORDERS)
    found: dict[str, Any] = {
        "zone": shop.timezone,
        "is_empty": is_empty(),
        "matters": list_matters(user, now),
    }
    if found["is_empty"]:
        return found | {"steps": list(_list_first_steps(user))}
    if sees_figures:
        found |= _describe_figures(shop, zone, now)
    if sees_orders:
        latest: list[Any] = list(Order.objects.filter(type="sale").order_by("-pk")[:LATEST])
        for order in latest:
            order.shown_total = format_amount(order.total, order.currency)
            order.shown_status = order.status.replace("_", " ")
        found["latest"] = latest
    if may(user, Capability.VIEW_SHOP_SENSITIVE_DATA):
        found["api"] = draw_api(zone, now)
    return found


def is_empty() -> bool:
    """Whether the shop has neither orders nor products."""
    return not Tally.objects.filter(value__gt=0).exclude(name__startswith="customer").exists()


def _list_first_steps(user: Any) -> Iterable[tuple[str, str, str]]:
    """What one does first in a new shop: title, what it is, where."""
    if may(user, Capability.EDIT_PRODUCTS):
        add = reverse("admin:shop_product_add")
        yield "Add a product", "With its prices and files; the API shows it at once.", add
    if may(user, Capability.EDIT_ORDERS):
        record = reverse("admin:shop_order_add")
        yield "Record an order", "By hand; figures, reports and the API follow.", record
    if may(user, Capability.MANAGE_SHOP_SETTINGS):
        settings = reverse("admin:shop_shopsettings_changelist")
        yield "Set the shop up", "Its name, currency and the zone that decides days.", settings
        yield "Make an API key", "For an app, with rights and limits.", reverse("admin:access_apikey_add")


def _describe_figures(shop: ShopSettings, zone: tzinfo, now: datetime) -> dict[str, Any]:
    today = get_today(now, zone)
    days = list_days(run, today - timedelta(days=CHART_DAYS - 1), today)
    return {
        "tiles": list_tiles(shop.currency, today),
        "earnings_chart": _draw_earnings(days, today, shop.currency),
        "sales_chart": _draw_sales(days, today),
        "days": [
            (day, days.get(day, Figures()).sales, _show(days.get(day, Figures()), shop.currency))
            for day in reversed(_list_last_days(today))
        ],
        "best": list_best(today, shop.currency),
    }


def list_tiles(currency: str, today: date) -> list[Tile]:
    """Today, this month, last month and all time, each against the stretch before: a whole yesterday, the
    same days of last month, the month before. Earnings are less refunds, with tax, as the API's stats."""
    month = today.replace(day=1)
    last_end = month - timedelta(days=1)
    last = last_end.replace(day=1)
    before_end = last - timedelta(days=1)
    so_far = min(last + timedelta(days=today.day - 1), last_end)
    yesterday = today - timedelta(days=1)
    stretches = (
        ("Today", (today, today), (yesterday, yesterday), "yesterday"),
        ("This month", (month, today), (last, so_far), f"{last:%-d} to {so_far:%-d %B}"),
        ("Last month", (last, last_end), (before_end.replace(day=1), before_end), f"{before_end:%B %Y}"),
    )
    figures = sum_days(run, [*(part for one in stretches for part in one[1:3]), None])
    tiles = [
        _make_tile(title, figures[2 * place], figures[2 * place + 1], name, currency, days)
        for place, (title, days, _, name) in enumerate(stretches)
    ]
    ever = figures[-1]
    return [
        *tiles,
        Tile(
            "All time", ever.sales, _show(ever, currency), _tell_average(ever, today, currency), "", True, ""
        ),
    ]


def _make_tile(
    title: str, now: Figures, before: Figures, name: str, currency: str, days: tuple[date, date]
) -> Tile:
    new, old = now.earnings(include_tax=True), before.earnings(include_tax=True)
    orders = reverse("admin:shop_order_changelist")
    return Tile(
        title,
        now.sales,
        _show(now, currency),
        f"{_show(before, currency)} and {before.sales:,} sales {name}",
        f"{(new - old) * 100 / old:+.0f} %" if old > 0 else "",
        new >= old,
        f"{orders}?since={days[0]}&until={days[1]}",
    )


def _tell_average(ever: Figures, today: date, currency: str) -> str:
    first = run("SELECT MIN(day) FROM stats_daytotal WHERE sales > 0")[0][0]
    if first is None:
        return "no sale yet"
    since = date.fromisoformat(str(first))
    months = max((today.year - since.year) * 12 + today.month - since.month + 1, 1)
    average = from_units(ever.earnings(include_tax=True)) / months
    return f"since {since}, {format_amount(average, currency)} a month"


def _show(figures: Figures, currency: str) -> str:
    return format_amount(from_units(figures.earnings(include_tax=True)), currency)


def _list_last_days(today: date) -> list[date]:
    return [today - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]


def _draw_earnings(days: dict[date, Figures], today: date, currency: str) -> TimeChart:
    steps = []
    for day in _list_last_days(today):
        figures = days.get(day, Figures())
        amount = from_units(figures.earnings(include_tax=True))
        steps.append(Step(f"{day:%-d %b}", f"{day}: {format_amount(amount, currency)}", (amount,)))
    return draw_steps((Series("net", f"Earnings in {currency}"),), steps)


def _draw_sales(days: dict[date, Figures], today: date) -> TimeChart:
    steps = []
    for day in _list_last_days(today):
        sales = days.get(day, Figures()).sales
        steps.append(Step(f"{day:%-d %b}", f"{day}: {sales:,} sales", (Decimal(sales),)))
    return draw_steps((Series("gross", "Sales"),), steps)


_BEST = """
SELECT t.product_id, SUM(t.sold), SUM(t.earnings_whole), SUM(t.earnings_rest) FROM stats_productdaytotal t
WHERE t.day >= %s AND t.day <= %s GROUP BY t.product_id
ORDER BY SUM(t.earnings_whole) DESC, t.product_id LIMIT %s
"""


def list_best(today: date, currency: str) -> list[Best]:
    """The products that brought in most in the last 30 days, less what was given back, with tax."""
    rows = run(_BEST, (str(today - timedelta(days=CHART_DAYS - 1)), str(today), BEST))
    titles = dict(Product.objects.filter(pk__in=[row[0] for row in rows]).values_list("pk", "title"))
    return [
        Best(
            titles.get(key, f"Product {key} (gone)"),
            reverse("admin:shop_product_change", args=(key,)) if key in titles else "",
            int(sold),
            format_amount(join_sum(whole, rest), currency),
        )
        for key, sold, whole, rest in rows
    ]


def draw_api(zone: tzinfo, now: datetime) -> DayChart:
    """Calls and errors of the last seven days."""
    today = get_today(now, zone)
    counts: list[DayCount] = count_by_day(
        Selection(since=today - timedelta(days=API_DAYS - 1), until=today), zone, now
    )
    return draw_days(counts)
