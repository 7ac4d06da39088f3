"""The whole demo shop, from nothing to its last sale a moment ago."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.utils import timezone

from tillroll.intake.apply import apply
from tillroll.intake.demo.books import Books
from tillroll.intake.demo.people import People
from tillroll.intake.demo.sales import Life
from tillroll.intake.demo.shelf import stage_catalogue, stage_discounts
from tillroll.intake.demo.users import stage_staff
from tillroll.intake.sparing import spare_memory
from tillroll.intake.staging import Staging
from tillroll.shop.models import Customer, Discount, FileDownload, Order, Product, Source, SourceKind, Term
from tillroll.shop.zone import parse_zone

URL = "https://shop.example"
ZONE = "America/New_York"
SETTINGS: dict[str, object] = {
    "name": "Paper Lantern",
    "url": URL,
    "timezone": ZONE,
    "currency": "USD",
    "skus_enabled": True,
    "taxes_enabled": True,
}

OnProgress = Callable[[int, str], None]


class NotADemo(Exception):
    """The shop has records that are not a demo's, which a demo must not replace."""

    def __str__(self) -> str:
        return (
            "This shop has records that are not a demo's; name another folder by TILLROLL_HOME"
            " (or another database) for a demo shop."
        )


@dataclass(frozen=True)
class Counts:
    """What is in a demo shop."""

    products: int
    customers: int
    orders: int
    refunds: int
    downloads: int


def is_empty() -> bool:
    """True for a shop without any records, a demo's included."""
    return not _has_records(only_real=False)


def _has_records(*, only_real: bool) -> bool:
    demos = (
        list(Source.objects.filter(kind=SourceKind.DEMO).values_list("pk", flat=True)) if only_real else []
    )
    for model in (Product, Term, Customer, Order, Discount, FileDownload):
        rows = model.objects.order_by()
        # a demo's own rows come first and may be a million: what is not theirs is counted by subtraction
        if rows.count() > (rows.filter(source__in=demos).count() if demos else 0):
            return True
    return not demos and Source.objects.exists()


@spare_memory()
def fill_demo(
    orders: int,
    *,
    seed: int = 1,
    dialect: str = "documented",
    on_progress: OnProgress = lambda _done, _label: None,
) -> Counts:
    """Replaces an empty shop or a demo by a demo with so many sales; raises NotADemo for any other shop.

    `on_progress` is called with the sales made so far and what is being done.
    """
    if _has_records(only_real=True):
        raise NotADemo
    now = int(timezone.now().timestamp())
    home: Path = settings.TILLROLL_HOME
    home.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="scratch-", dir=home) as folder,
        Staging(Path(folder) / "staged.sqlite3") as staging,
    ):
        stage_demo(staging, orders, seed, now, on_progress)
        shop = SETTINGS | {"dialect": dialect}
        changes = apply(
            staging,
            SourceKind.DEMO,
            URL,
            settings=shop,
            on_step=lambda step: on_progress(orders, f"Writing {step}"),
        )
    return Counts(
        products=changes[Product].total,
        customers=changes[Customer].total,
        orders=orders,
        refunds=changes[Order].total - orders,
        downloads=changes[FileDownload].total,
    )


def stage_demo(staging: Staging, orders: int, seed: int, now: int, on_progress: OnProgress) -> None:
    """Makes up the records of a shop up to `now` (seconds since 1970)."""
    staff = stage_staff(staging, now)
    stage_catalogue(staging, URL, parse_zone(ZONE), now, staff)
    life = Life(seed, Books(staging, staff, now), People(seed, staff[-1]), now)
    for number in life.run(orders):
        if number % 1_000 == 0:
            on_progress(number, "Making orders")
    stage_discounts(staging, now, life.discount_uses)
