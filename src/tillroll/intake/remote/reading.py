"""What is read of another shop, and in which order: sales before the customers and products that they name,
so that whoever bought while the pull read is there as well.
"""

from collections.abc import Iterator

import msgspec

from tillroll.access.capabilities import Capability
from tillroll.intake.remote.answers import (
    CustomerAnswer,
    DiscountAnswer,
    DownloadAnswer,
    InfoAnswer,
    ProductAnswer,
    SaleAnswer,
    text,
    whole,
)
from tillroll.intake.remote.client import Client
from tillroll.intake.remote.discounts import list_references
from tillroll.intake.remote.lists import ANY_TIME, NUMBER, Listing, ListReader, OnRead, Total
from tillroll.intake.remote.pages import Pages, Place, Record
from tillroll.intake.remote.protected import PUBLIC_PRODUCTS, read_titles
from tillroll.intake.remote.refused import PullRefused
from tillroll.intake.remote.said import refuse_form
from tillroll.intake.remote.unlisted import UNLISTED, read_unlisted

SALES = msgspec.json.Decoder(SaleAnswer)
PRODUCTS = msgspec.json.Decoder(ProductAnswer)
CUSTOMERS = msgspec.json.Decoder(CustomerAnswer)
DISCOUNTS = msgspec.json.Decoder(DiscountAnswer)
DOWNLOADS = msgspec.json.Decoder(DownloadAnswer)
_INFO = msgspec.json.Decoder(dict[str, msgspec.Raw])

NEEDED = (
    Capability.VIEW_SHOP_REPORTS,
    Capability.VIEW_SHOP_SENSITIVE_DATA,
    Capability.MANAGE_SHOP_DISCOUNTS,
)

_HEADLINE = ("complete", "publish", "revoked")
"""The statuses that EDD's total of sales counts ([3.6] 3.6)."""

OTHER_PRODUCTS = "other products"
ASKED_PRODUCTS = "products asked for"


def _key_sale(body: bytes) -> str:
    """By its first item where it has one: a shop may show numbers that it also has as ids."""
    sale = SALES.decode(body)
    items = [number for item in sale.products if (number := whole(item.object_id)) > 0]
    return f"item {min(items)}" if items else f"sale {text(sale.id)}"


def _key_product(body: bytes) -> str:
    return str(whole(PRODUCTS.decode(body).info.id))


def _key_customer(body: bytes) -> str:
    return str(whole(CUSTOMERS.decode(body).info.customer_id))


def _key_discount(body: bytes) -> str:
    return str(whole(DISCOUNTS.decode(body).id))


def _key_download(body: bytes) -> str:
    return str(whole(DOWNLOADS.decode(body).id))


def _ask_total(client: Client, kind: str, member: str) -> int | None:
    reply = client.get("stats", {"type": kind})
    try:
        told = msgspec.json.decode(reply.content, type=dict[str, msgspec.Raw]).get(kind)
        return None if told is None else whole(msgspec.json.decode(told, type=dict[str, int | str])[member])
    except (msgspec.DecodeError, KeyError):
        return None


def _count_sales(client: Client, pages: Pages, place: Place) -> Total | None:
    """Complete and revoked sales: those alone EDD counts."""
    told = _ask_total(client, "sales", "totals")
    if told is None:
        return None
    read = sum(
        SALES.decode(body).status in _HEADLINE for body in pages.list_bodies("sales", at_least=place.round)
    )
    return Total(told, read)


def _count_customers(client: Client, pages: Pages, place: Place) -> Total | None:
    told = _ask_total(client, "customers", "total_customers")
    return None if told is None else Total(told, pages.count("customers", place.round))


LISTINGS = (
    Listing("file downloads", "file-download-logs", "download_logs", _key_download),
    Listing("sales", "sales", "sales", _key_sale, _count_sales),
    Listing("customers", "customers", "customers", _key_customer, _count_customers),
    Listing("discounts", "discounts", "discounts", _key_discount, more={"modified_after": ANY_TIME}),
    Listing("products", "products", "products", _key_product),
)


def read_shop(
    client: Client,
    pages: Pages,
    on_read: OnRead,
    *,
    number: int = NUMBER,
    wants_unlisted: bool | None = None,
) -> None:
    """Reads on from what `pages` has; when it returns, all is there. `wants_unlisted`: whether orders that
    are in no list are asked for; None where they are few. Raises PullRefused."""
    on_read(0, 0, "the key's rights")
    info = _read_info(client, pages)
    _check_rights(client, info)
    reader = ListReader(client, pages, number, on_read)
    for listing in LISTINGS:
        reader.read(listing)
        if listing.name == "sales":
            # at once, while the list and what it leaves out are of the same time
            _find_numbers(client, pages)
            _read_unlisted(client, pages, on_read, is_wanted=wants_unlisted)
    _read_others(client, pages, on_read)
    if client.speaks_tillroll:
        reader.read(Listing(PUBLIC_PRODUCTS, "products", "products", _key_product, as_public=True))
    else:
        read_titles(client, pages, on_read)
    _find_version(client, pages)


def list_orders(pages: Pages) -> Iterator[SaleAnswer]:
    """Those of no list first: should one have become a listed sale since, that one counts."""
    for name in (UNLISTED, "sales"):
        for body in pages.list_bodies(name):
            if body:
                yield SALES.decode(body)


def shows_numbers(pages: Pages) -> bool:
    """Whether the shop shows order numbers in place of ids."""
    return pages.get_fact("shows numbers") == "yes"


def _read_unlisted(client: Client, pages: Pages, on_read: OnRead, *, is_wanted: bool | None) -> None:
    if shows_numbers(pages):
        pages.set_fact("unlisted", "no")  # which ids the listed ones have is not told
        return
    listed = {whole(SALES.decode(body).id) for body in pages.list_bodies("sales")}
    read_unlisted(client, pages, listed, on_read, is_wanted=is_wanted)


def get_info(pages: Pages) -> InfoAnswer:
    """What the shop said of itself."""
    return msgspec.json.decode((pages.get_fact("info") or "{}").encode(), type=InfoAnswer)


def _read_info(client: Client, pages: Pages) -> InfoAnswer:
    """Asked each time: the key may be another one by now."""
    reply = client.get("info", {})
    try:
        told = _INFO.decode(reply.content).get("info")
        if told is None:
            raise PullRefused(
                f"{client.address.host} does not say what the key may do"
                f" ({client.get_reason(reply, 'no info')})."
            )
        pages.set_fact("info", bytes(told).decode())
        return get_info(pages)
    except msgspec.DecodeError as error:
        raise refuse_form("info", error) from None


def _check_rights(client: Client, info: InfoAnswer) -> None:
    """A key that sees less than all would take the rest of the records away here."""
    held = info.permissions if isinstance(info.permissions, dict) else {}
    lacking = [str(name) for name in NEEDED if not held.get(name)]
    if info.customer_id is not None:
        lacking = ["it is a buyer's"]
    elif info.hidden_fields:
        lacking = [f"{name} are hidden from it" for name in info.hidden_fields]
    elif info.endpoints is not None:
        wanted = {listing.endpoint for listing in LISTINGS} | {"stats"}
        lacking += [f"not {name}" for name in sorted(wanted - {*info.endpoints})]
    if lacking:
        raise PullRefused(
            f"The key does not see the whole of {client.address.host} ({', '.join(lacking)});"
            " take an administrator's."
        )


def _read_others(client: Client, pages: Pages, on_read: OnRead) -> None:
    """Products that are in no list, because they are not published, but that a sale, a discount or a
    download names: each by its id."""
    listed = {_key_product(body) for body in pages.list_bodies("products")}
    named = {whole(item.id) for sale in list_orders(pages) for item in sale.products}
    named |= {whole(DOWNLOADS.decode(body).product_id) for body in pages.list_bodies("file downloads")}
    for body in pages.list_bodies("discounts"):
        discount = DISCOUNTS.decode(body)
        for told in (discount.product_requirements, discount.excluded_products):
            named |= {whole(reference.partition("_")[0]) for reference in list_references(told)}
    wanted = sorted(number for number in named if number > 0 and str(number) not in listed)
    for place, number in enumerate(wanted):
        if pages.get_body(ASKED_PRODUCTS, str(number)) is not None:
            continue
        on_read(place, len(wanted), OTHER_PRODUCTS)
        reply = client.get("products", {"product": str(number)})
        try:
            found = _INFO.decode(reply.content).get("products")
            bodies = msgspec.json.decode(found, type=list[msgspec.Raw]) if found else []
            records = [Record(_key_product(bytes(body)), bytes(body)) for body in bodies]
        except msgspec.DecodeError as error:
            raise refuse_form(f"product {number}", error) from None
        pages.put(OTHER_PRODUCTS, Place(1), [record for record in records if record.key == str(number)])
        pages.put(ASKED_PRODUCTS, Place(1), [Record(str(number), b"")])


def _find_numbers(client: Client, pages: Pages) -> None:
    """Whether the shop shows order numbers in place of ids: then asking for such a number as an id, which it
    always is in that parameter, gives another sale or none."""
    if pages.get_fact("shows numbers") is not None:
        return
    shown = [SALES.decode(body) for body in pages.list_bodies("sales")]
    probes = [shown[0], shown[-1]] if shown else []
    pages.set_fact("shows numbers", "yes" if any(_is_number(client, sale) for sale in probes) else "no")


def _is_number(client: Client, sale: SaleAnswer) -> bool:
    if str(whole(sale.id)) != text(sale.id):
        return True
    reply = client.get("sales", {"id": text(sale.id)})
    try:
        found = _INFO.decode(reply.content).get("sales")
        same = msgspec.json.decode(found, type=list[SaleAnswer]) if found else []
    except msgspec.DecodeError:
        return True
    return not any((one.key, one.total, one.email) == (sale.key, sale.total, sale.email) for one in same)


def _find_version(client: Client, pages: Pages) -> None:
    """Which version an address without one speaks, and which dialect: told by a customer's members."""
    if pages.get_fact("default version") is not None:
        return
    reply = client.get("customers", {"number": "1"}, version="")
    pages.set_fact("default version", "v2" if b'"date_created"' in reply.content else "v1")
