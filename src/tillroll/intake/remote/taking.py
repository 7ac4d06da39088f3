"""The second half of a pull: what was read becomes staged records, and these the shop's."""

from collections.abc import Callable, Iterator
from datetime import tzinfo
from pathlib import Path
from time import perf_counter

from django.conf import settings

from tillroll.access.models import User
from tillroll.intake.apply import apply
from tillroll.intake.remote.answers import CustomerAnswer, ProductAnswer, SiteAnswer, whole
from tillroll.intake.remote.catalogue import CataloguePart
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.discounts import take_discount
from tillroll.intake.remote.downloads import take_download
from tillroll.intake.remote.options import Named, note_names
from tillroll.intake.remote.pages import Pages
from tillroll.intake.remote.people import PeoplePart
from tillroll.intake.remote.protected import find_protected
from tillroll.intake.remote.reading import (
    CUSTOMERS,
    DISCOUNTS,
    DOWNLOADS,
    OTHER_PRODUCTS,
    PRODUCTS,
    get_info,
    list_orders,
    shows_numbers,
)
from tillroll.intake.remote.refunds import match_refunds
from tillroll.intake.remote.sales import SalePart
from tillroll.intake.remote.summary import PullSummary, Short
from tillroll.intake.remote.unlisted import UNLISTED
from tillroll.intake.remote.zone import Clock, FoundZone
from tillroll.intake.staging import KIND_OF, Staging
from tillroll.intake.wordpress.differences import find_differences
from tillroll.intake.wordpress.findings import Findings
from tillroll.shop.currencies import get_decimals
from tillroll.shop.models import Dialect, Source, SourceKind
from tillroll.shop.services import get_settings
from tillroll.shop.text import fold_case
from tillroll.shop.zone import parse_zone


def take_over(
    pages: Pages,
    folder: Path,
    client: Client,
    *,
    zone: str | None,
    on_step: Callable[[str], None],
    began: float,
) -> PullSummary:
    """Makes what was read this shop's records, all at once."""
    home = client.address.home
    on_step("mapping")
    named, clock = _survey(pages)
    found = clock.find(zone, get_settings().timezone)
    site = get_info(pages).site
    findings = Findings()
    has_demo = Source.objects.filter(kind=SourceKind.DEMO).exists()
    is_new = not Source.objects.filter(kind=SourceKind.REMOTE, name=home).exists()
    path = folder / "staged.sqlite3"
    path.unlink(missing_ok=True)
    with Staging(path) as staging:
        mapped = _map(pages, staging, findings, site, parse_zone(found.name), named, home)
        shop = _list_settings(pages, site, found, mapped)
        if is_new:
            shop |= _list_first_settings(pages, home, client.address.host, is_tillroll=client.speaks_tillroll)
        changes = apply(staging, SourceKind.REMOTE, home, settings=shop, on_step=on_step)
    (Path(settings.TILLROLL_HOME) / "demo-credentials").unlink(missing_ok=True)
    on_step("comparing")
    differences, total = find_differences(path)
    return PullSummary(
        home=home,
        is_tillroll=client.speaks_tillroll,
        has_unlisted=pages.get_fact("unlisted") == "yes",
        records={KIND_OF[model].plural: change for model, change in changes.items()},
        found=_list_found(pages, found, site),
        left_out=tuple(findings.list_left_out()),
        short=tuple(_list_short(pages)),
        differences=differences,
        differences_total=total,
        has_replaced_demo=has_demo,
        requests=client.requests,
        seconds=perf_counter() - began,
    )


def _survey(pages: Pages) -> tuple[Named, Clock]:
    """What all sales together tell: the names of price options, and the shop's clock."""
    named: Named = {}
    clock = Clock()
    for sale in list_orders(pages):
        note_names(named, sale)
        clock.note(sale.date_utc, sale.date)
    return named, clock


def _map(
    pages: Pages,
    staging: Staging,
    findings: Findings,
    site: SiteAnswer,
    zone: tzinfo,
    named: Named,
    home: str,
) -> CataloguePart:
    """Stages all that was read; gives the products, who know whether they have SKUs."""
    products = {whole(product.info.id): product for product in _list_products(pages)}
    catalogue = CataloguePart(staging, findings, site, zone, find_protected(pages, products))
    for id_, product in sorted(products.items()):
        catalogue.take(product, named.get(id_, {}))
    others = User.objects.filter(is_demo=False).exclude(source__kind=SourceKind.REMOTE, source__name=home)
    people = PeoplePart(staging, findings, home, set(others.values_list("username", flat=True)))
    for body in pages.list_bodies("customers"):
        people.take(CUSTOMERS.decode(body))
    codes = {}
    for body in pages.list_bodies("discounts"):
        discount = DISCOUNTS.decode(body)
        codes[fold_case(discount.code)] = whole(discount.id)
        take_discount(staging, findings, discount)
    sales = SalePart(
        staging,
        findings,
        catalogue,
        zone=zone,
        currency=site.currency or get_settings().currency,
        decimals=get_decimals(site.currency),
        shows_numbers=shows_numbers(pages),
        discounts=codes,
        matches=match_refunds(list_orders(pages)),
    )
    for sale in list_orders(pages):
        sales.take(sale)
    for body in pages.list_bodies("file downloads"):
        take_download(staging, DOWNLOADS.decode(body))
    staging.flush()
    return catalogue


def _list_products(pages: Pages) -> Iterator[ProductAnswer]:
    """The listed ones last: they were read later than those that were asked for one by one, in a pull that
    went on from another."""
    for name in (OTHER_PRODUCTS, "products"):
        for body in pages.list_bodies(name):
            yield PRODUCTS.decode(body)


def _list_settings(
    pages: Pages, site: SiteAnswer, zone: FoundZone, catalogue: CataloguePart
) -> dict[str, object]:
    """What the shop tells of itself, each time anew."""
    shop: dict[str, object] = {
        "timezone": zone.name,
        "currency_position": "after" if site.currency_position == "after" else "before",
        "decimal_separator": site.decimal_separator[:5] or ".",
        "thousands_separator": site.thousands_separator[:5],
        "skus_enabled": catalogue.shows_skus,
        "sequential_numbers": shows_numbers(pages),
        "edd_version": site.edd_version[:40],
    }
    if site.currency:
        shop["currency"] = site.currency[:20]
    return shop


def _list_first_settings(pages: Pages, home: str, host: str, *, is_tillroll: bool) -> dict[str, object]:
    """What the owner may change afterwards."""
    dialect = Dialect.EDD3
    if is_tillroll and any(_is_documented(CUSTOMERS.decode(body)) for body in pages.list_bodies("customers")):
        dialect = Dialect.DOCUMENTED
    first: dict[str, object] = {"url": home, "dialect": dialect}
    if get_settings().name == "My shop":
        first["name"] = host
    first["default_version"] = pages.get_fact("default version") or "v1"
    return first


def _is_documented(customer: CustomerAnswer) -> bool:
    """The documented dialect has a member of its own ([CONTRACT] dialects)."""
    return customer.info.id is not None


def _list_found(pages: Pages, zone: FoundZone, site: SiteAnswer) -> tuple[str, ...]:
    found = [
        f"Time zone {zone.name}: {zone.reason}.",
        f"Currency {site.currency}: as the shop's info says."
        if site.currency
        else f"Currency {get_settings().currency}: as it is set here, the shop tells none.",
    ]
    asked, count = pages.get_fact("unlisted"), int(pages.get_fact("unlisted ids") or 0)
    if asked == "yes":
        orders = sum(1 for body in pages.list_bodies(UNLISTED) if body)
        found.append(f"{orders:,} orders that are in no list were asked for by their ids.")
    elif count:
        found.append(
            f"{count:,} ids that the list of sales leaves out were not asked for; --unlisted all asks."
        )
    if shows_numbers(pages):
        found.append(
            "The shop shows order numbers in place of ids: an order goes by the id of its first item, and"
            " lines of the download log name orders by ids that are not known here."
        )
    return tuple(found)


def _list_short(pages: Pages) -> Iterator[Short]:
    for name in ("sales", "customers", "file downloads", "discounts", "products"):
        if told := pages.get_fact(f"short {name}"):
            counts = told.split()
            yield Short(name, int(counts[0]), int(counts[1]))
